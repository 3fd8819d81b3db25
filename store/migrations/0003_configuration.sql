-- Versions and values of the configuration tree.
SELECT 1;
