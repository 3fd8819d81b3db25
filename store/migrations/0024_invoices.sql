-- Parties, and documents of sale numbered without gaps.

SELECT 1;  -- reserved
