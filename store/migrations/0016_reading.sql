-- What is read back most: a truck's newest facts, a booking's, and where trucks stood at a time.

CREATE INDEX events_truck_seq ON events (truck_key, seq) WHERE truck_key IS NOT NULL;
-- Few facts are about bookings: those about trucks need not be in here.
CREATE INDEX events_booking ON events (tenant_key, subject, seq) WHERE subject LIKE 'bookings/%';
-- Stops of an interval: by their ends, for it is asked where trucks stood of late; and
-- not as ranges, whose operators row level security lets no index answer.
CREATE INDEX spans_stops ON spans (tenant_key, to_ts) WHERE kind = 'stop';
