-- Bookings: what was decided about each, how it stands, and which truck is promised to which leg.

-- Who of a tenant speaks for one shipper only; unset: for the tenant as a whole.
CREATE FUNCTION current_shipper() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
RETURN nullif(current_setting('ubertruck.shipper', true), '');

-- ---------------------------------------------------------------------------- how they stand

-- One row a booking, written with its log in one transaction; `state` is what its log gives, so
-- that nobody has to read the log to go on.
CREATE TABLE bookings (
    nr bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    pickup_from timestamptz,
    pickup_to timestamptz,
    total_minor bigint,
    tenant_key int NOT NULL REFERENCES tenants (key),
    version int NOT NULL CHECK (version > 0),
    weight_kg int NOT NULL,
    id text NOT NULL CHECK (id ~ '^[A-Za-z0-9_-]{1,64}$'),
    status text NOT NULL,
    shipper text,
    material text NOT NULL,
    -- What people look for: references, places, trucks, in lower case.
    words text NOT NULL,
    state bytea NOT NULL,
    PRIMARY KEY (tenant_key, id)
);
CREATE INDEX bookings_newest ON bookings (tenant_key, nr);
CREATE INDEX bookings_status ON bookings (tenant_key, status, nr);
CREATE INDEX bookings_shipper ON bookings (tenant_key, shipper, nr) WHERE shipper IS NOT NULL;

CREATE TABLE booking_legs (
    -- Since when it waits for a truck, while it does.
    waiting_since timestamptz,
    pickup_lat float8 NOT NULL,
    pickup_lon float8 NOT NULL,
    truck_key bigint,
    tenant_key int NOT NULL,
    weight_kg int NOT NULL,
    shard smallint NOT NULL,  -- whose bookings it is among
    -- Whether its truck's facts may still move it.
    drives boolean NOT NULL,
    booking text NOT NULL,
    leg text NOT NULL,
    status text NOT NULL,
    shipper text,
    carrier text,
    driver text,
    PRIMARY KEY (tenant_key, booking, leg),
    FOREIGN KEY (tenant_key, booking) REFERENCES bookings (tenant_key, id)
);
CREATE INDEX booking_legs_waiting ON booking_legs (tenant_key, waiting_since)
    WHERE waiting_since IS NOT NULL;
CREATE INDEX booking_legs_truck ON booking_legs (truck_key) WHERE truck_key IS NOT NULL AND drives;
CREATE INDEX booking_legs_carrier ON booking_legs (tenant_key, carrier) WHERE carrier IS NOT NULL;

-- ------------------------------------------------------------------------- what was decided

-- The truth: every event of every booking. Nobody may change or remove one.
CREATE TABLE booking_log (
    at timestamptz NOT NULL,
    tenant_key int NOT NULL,
    version int NOT NULL CHECK (version > 0),  -- the booking's after this event
    booking text NOT NULL,
    type text NOT NULL,
    event json NOT NULL,
    PRIMARY KEY (tenant_key, booking, version),
    FOREIGN KEY (tenant_key, booking) REFERENCES bookings (tenant_key, id)
        DEFERRABLE INITIALLY DEFERRED
);

-- --------------------------------------------------------------------------------- awards

-- A truck, and a driver, promised to a leg for a time. What was over early is cut short and stays:
-- so it can be read from the table, and not only hoped, that nothing was ever promised twice.
CREATE TABLE awards (
    nr bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    during tstzrange NOT NULL,
    truck_key bigint NOT NULL,
    tenant_key int NOT NULL,
    -- The leg counts on it: neither done nor taken back.
    stands boolean NOT NULL DEFAULT true,
    booking text NOT NULL,
    leg text NOT NULL,
    carrier text,
    driver text,
    ended text,  -- why it does not
    CHECK (stands = (ended IS NULL)),
    FOREIGN KEY (tenant_key, booking, leg) REFERENCES booking_legs (tenant_key, booking, leg)
        DEFERRABLE INITIALLY DEFERRED,
    FOREIGN KEY (truck_key, tenant_key) REFERENCES trucks (key, tenant_key),
    CONSTRAINT awards_truck EXCLUDE USING gist
        (int8range(truck_key, truck_key, '[]') WITH &&, during WITH &&),
    CONSTRAINT awards_driver EXCLUDE USING gist
        (int8range(hashtextextended(driver, tenant_key), hashtextextended(driver, tenant_key), '[]')
            WITH &&, during WITH &&)
        WHERE (driver IS NOT NULL)
);
CREATE UNIQUE INDEX awards_leg ON awards (tenant_key, booking, leg) WHERE stands;
CREATE INDEX awards_of_leg ON awards (tenant_key, booking, leg, nr);

-- --------------------------------------------------------------------------- truck facts

-- How far each booking shard has read the facts about trucks.
CREATE TABLE booking_cursors (
    seq bigint NOT NULL,
    shard smallint PRIMARY KEY
);

-- -------------------------------------------------------------------------------- rights

ALTER TABLE bookings ENABLE ROW LEVEL SECURITY;
ALTER TABLE bookings FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON bookings USING (tenant_key = (SELECT current_tenant_key()));
CREATE POLICY own_shipper ON bookings AS RESTRICTIVE TO ubertruck_app
    USING ((SELECT current_shipper()) IS NULL OR shipper = (SELECT current_shipper()));
CREATE POLICY own_carrier ON bookings AS RESTRICTIVE TO ubertruck_app
    USING ((SELECT current_carrier()) IS NULL OR id IN (SELECT booking FROM booking_legs));
GRANT SELECT, UPDATE,
    INSERT (tenant_key, id, created_at, updated_at, pickup_from, pickup_to, total_minor, version,
        weight_kg, status, shipper, material, words, state)
    ON bookings TO ubertruck_app;
GRANT SELECT ON bookings TO ubertruck_system;

ALTER TABLE booking_legs ENABLE ROW LEVEL SECURITY;
ALTER TABLE booking_legs FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON booking_legs USING (tenant_key = (SELECT current_tenant_key()));
CREATE POLICY own_shipper ON booking_legs AS RESTRICTIVE TO ubertruck_app
    USING ((SELECT current_shipper()) IS NULL OR shipper = (SELECT current_shipper()));
CREATE POLICY own_carrier ON booking_legs AS RESTRICTIVE TO ubertruck_app
    USING ((SELECT current_carrier()) IS NULL OR carrier = (SELECT current_carrier()));
GRANT SELECT, INSERT, UPDATE ON booking_legs TO ubertruck_app;
GRANT SELECT, UPDATE (shard) ON booking_legs TO ubertruck_system;

ALTER TABLE booking_log ENABLE ROW LEVEL SECURITY;
ALTER TABLE booking_log FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON booking_log USING (tenant_key = (SELECT current_tenant_key()));
CREATE POLICY own_booking ON booking_log AS RESTRICTIVE FOR SELECT TO ubertruck_app
    USING (((SELECT current_shipper()) IS NULL AND (SELECT current_carrier()) IS NULL)
        OR booking IN (SELECT id FROM bookings));
GRANT SELECT, INSERT ON booking_log TO ubertruck_app;

ALTER TABLE awards ENABLE ROW LEVEL SECURITY;
ALTER TABLE awards FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON awards USING (tenant_key = (SELECT current_tenant_key()));
CREATE POLICY own_leg ON awards AS RESTRICTIVE FOR SELECT TO ubertruck_app
    USING (((SELECT current_shipper()) IS NULL AND (SELECT current_carrier()) IS NULL)
        OR (booking, leg) IN (SELECT booking, leg FROM booking_legs));
GRANT SELECT, UPDATE (during, stands, ended),
    INSERT (during, truck_key, tenant_key, booking, leg, carrier, driver)
    ON awards TO ubertruck_app;
GRANT SELECT ON awards TO ubertruck_system;

ALTER TABLE booking_cursors ENABLE ROW LEVEL SECURITY;
ALTER TABLE booking_cursors FORCE ROW LEVEL SECURITY;
GRANT SELECT, INSERT, UPDATE ON booking_cursors TO ubertruck_system;
