-- A password that somebody else knows: it opens nothing but the way to choose one's own.

ALTER TABLE users ADD COLUMN one_time_until timestamptz;
GRANT SELECT (one_time_until), INSERT (one_time_until), UPDATE (one_time_until)
    ON users TO ubertruck_app;
