-- A tenant from its first day to its last; carriers inside of it.
SELECT 1;
