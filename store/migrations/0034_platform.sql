-- Which piece of work a fact came of: under this id and this part of a trace it is told, in log
-- lines and spans, wherever the fact is gone on with. Neither is a part of what the fact is.
ALTER TABLE events ADD COLUMN correlation text, ADD COLUMN traceparent text;
ALTER TABLE outbox ADD COLUMN correlation text, ADD COLUMN traceparent text;
