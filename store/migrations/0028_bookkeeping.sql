-- What bookings owe, and which of them the books have yet to look at.

-- A row whenever a booking changed that was agreed on. Appended only, so that nobody who writes a
-- booking waits here for who reads; filled by a trigger, so that nobody can forget it.
CREATE TABLE books_queue (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    not_before timestamptz NOT NULL DEFAULT clock_timestamp(),
    tenant_key int NOT NULL REFERENCES tenants (key),
    tries int NOT NULL DEFAULT 0,
    booking text NOT NULL,
    trouble text  -- why the last look at it came to nothing
);
CREATE INDEX books_queue_next ON books_queue (not_before, seq);
CREATE INDEX books_queue_booking ON books_queue (tenant_key, booking, seq);

CREATE FUNCTION note_for_the_books() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO books_queue (tenant_key, booking) VALUES (NEW.tenant_key, NEW.id);
    RETURN NULL;
END
$$;
CREATE TRIGGER bookings_to_the_books AFTER INSERT OR UPDATE OF version ON bookings
    FOR EACH ROW WHEN (NEW.status <> 'created') EXECUTE FUNCTION note_for_the_books();

-- Bookings that were written before there were books.
ALTER TABLE bookings NO FORCE ROW LEVEL SECURITY;
INSERT INTO books_queue (tenant_key, booking) SELECT tenant_key, id FROM bookings
    WHERE status <> 'created' ORDER BY nr;
ALTER TABLE bookings FORCE ROW LEVEL SECURITY;

-- The parts of what a booking owes, as its state and its documents have it: derived, and written
-- anew at every look.
CREATE TABLE dues (
    due_at timestamptz,  -- unknown while what it waits for has not happened
    updated_at timestamptz NOT NULL,
    amount_minor bigint NOT NULL CHECK (amount_minor >= 0),
    paid_minor bigint NOT NULL CHECK (paid_minor BETWEEN 0 AND amount_minor),
    tenant_key int NOT NULL,
    booking text NOT NULL,
    due text NOT NULL,
    kind text NOT NULL,
    shipper text,
    PRIMARY KEY (tenant_key, booking, due),
    FOREIGN KEY (tenant_key, booking) REFERENCES bookings (tenant_key, id)
);
CREATE INDEX dues_open ON dues (tenant_key, due_at, booking) WHERE paid_minor < amount_minor;
CREATE INDEX dues_shipper ON dues (tenant_key, shipper, due_at) WHERE paid_minor < amount_minor;

-- -------------------------------------------------------------------------------- rights

ALTER TABLE books_queue ENABLE ROW LEVEL SECURITY;
ALTER TABLE books_queue FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON books_queue USING (tenant_key = (SELECT current_tenant_key()));
GRANT SELECT, DELETE, INSERT (tenant_key, booking), UPDATE (not_before, tries, trouble)
    ON books_queue TO ubertruck_app;
GRANT SELECT ON books_queue TO ubertruck_system;

ALTER TABLE dues ENABLE ROW LEVEL SECURITY;
ALTER TABLE dues FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON dues USING (tenant_key = (SELECT current_tenant_key()));
CREATE POLICY own_shipper ON dues AS RESTRICTIVE FOR SELECT TO ubertruck_app
    USING ((SELECT current_carrier()) IS NULL
        AND ((SELECT current_shipper()) IS NULL OR shipper = (SELECT current_shipper())));
GRANT SELECT, INSERT, UPDATE, DELETE ON dues TO ubertruck_app;
