-- E-way bills, and tasks for people.

SELECT 1;  -- reserved
