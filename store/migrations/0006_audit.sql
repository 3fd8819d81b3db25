-- The chain of who did what.
SELECT 1;
