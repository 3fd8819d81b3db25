-- Settlements of carriers, payouts, and statements held against the books.

SELECT 1;  -- reserved
