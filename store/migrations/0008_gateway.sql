-- What a repeated request is answered with.
SELECT 1;
