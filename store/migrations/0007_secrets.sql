-- Secrets' use, and keys that encrypt personal data.
SELECT 1;
