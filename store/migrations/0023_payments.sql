-- Payments and refunds, and what payment providers told about them.

SELECT 1;  -- reserved
