-- What must be known of trucks, drivers and carriers before a load is given to them.

-- --------------------------------------------------------------------------------- trucks

ALTER TABLE trucks
    ADD COLUMN home_lat float8 CHECK (home_lat BETWEEN -90 AND 90),
    ADD COLUMN home_lon float8 CHECK (home_lon BETWEEN -180 AND 180),
    ADD COLUMN payload_kg int CHECK (payload_kg > 0),  -- of the RC, as the next
    ADD COLUMN gvw_kg int CHECK (gvw_kg > 0),
    ADD COLUMN body text,
    ADD COLUMN home_name text,
    ADD CONSTRAINT trucks_weights CHECK (gvw_kg > payload_kg),
    ADD CONSTRAINT trucks_home CHECK ((home_lat IS NULL) = (home_lon IS NULL)
        AND (home_name IS NULL OR home_lat IS NOT NULL));
GRANT INSERT (home_lat, home_lon, payload_kg, gvw_kg, body, home_name),
    UPDATE (home_lat, home_lon, payload_kg, gvw_kg, body, home_name) ON trucks TO ubertruck_app;

CREATE TABLE truck_papers (
    truck_key bigint NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(),
    valid_until date,  -- the last day; none: without end
    tenant_key int NOT NULL,
    version int NOT NULL DEFAULT 1,
    kind text NOT NULL,
    number text,
    states text[] NOT NULL DEFAULT '{}',  -- of a state permit
    PRIMARY KEY (truck_key, kind),
    FOREIGN KEY (truck_key, tenant_key) REFERENCES trucks (key, tenant_key)
);
CREATE INDEX truck_papers_ending ON truck_papers (tenant_key, valid_until)
    WHERE valid_until IS NOT NULL;
ALTER TABLE truck_papers ENABLE ROW LEVEL SECURITY;
ALTER TABLE truck_papers FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON truck_papers USING (tenant_key = (SELECT current_tenant_key()));
CREATE POLICY own_carrier ON truck_papers AS RESTRICTIVE TO ubertruck_app
    USING ((SELECT current_carrier()) IS NULL OR truck_key IN (SELECT key FROM trucks));
GRANT SELECT, INSERT, UPDATE, DELETE ON truck_papers TO ubertruck_app;
GRANT SELECT ON truck_papers TO ubertruck_system;

-- When a truck is not to be had. What is over stays: it says why a truck did nothing.
CREATE TABLE truck_absences (
    truck_key bigint NOT NULL,
    from_ts timestamptz NOT NULL,
    to_ts timestamptz,  -- none: until somebody says so
    created_at timestamptz NOT NULL DEFAULT now(),
    tenant_key int NOT NULL,
    version int NOT NULL DEFAULT 1,
    id text NOT NULL CHECK (id ~ '^[A-Za-z0-9_-]{1,64}$'),
    reason text NOT NULL,
    PRIMARY KEY (truck_key, id),
    FOREIGN KEY (truck_key, tenant_key) REFERENCES trucks (key, tenant_key),
    CHECK (to_ts > from_ts),
    CONSTRAINT truck_absences_apart EXCLUDE USING gist
        (int8range(truck_key, truck_key, '[]') WITH &&, tstzrange(from_ts, to_ts) WITH &&)
);
CREATE INDEX truck_absences_ending ON truck_absences (tenant_key, to_ts);
ALTER TABLE truck_absences ENABLE ROW LEVEL SECURITY;
ALTER TABLE truck_absences FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON truck_absences USING (tenant_key = (SELECT current_tenant_key()));
CREATE POLICY own_carrier ON truck_absences AS RESTRICTIVE TO ubertruck_app
    USING ((SELECT current_carrier()) IS NULL OR truck_key IN (SELECT key FROM trucks));
GRANT SELECT, INSERT, UPDATE, DELETE ON truck_absences TO ubertruck_app;
GRANT SELECT ON truck_absences TO ubertruck_system;

-- -------------------------------------------------------------------------------- drivers

-- A deleted driver's row stays for the history, without what says who that was.
CREATE TABLE drivers (
    key bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    truck_key bigint,  -- which it drives now
    created_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz,
    duty_since timestamptz,  -- none: off duty
    licence_valid_until date,
    hazardous_valid_until date,  -- the endorsement for dangerous goods; none: has none
    tenant_key int NOT NULL REFERENCES tenants (key),
    version int NOT NULL DEFAULT 1,
    id text NOT NULL CHECK (id ~ '^[A-Za-z0-9_-]{1,64}$'),
    carrier text,
    name_sealed bytea,
    phone_sealed bytea,
    phone_index bytea,
    licence_sealed bytea,
    licence_index bytea,
    UNIQUE (key, tenant_key),
    FOREIGN KEY (tenant_key, carrier) REFERENCES carriers (tenant_key, id),
    FOREIGN KEY (truck_key, tenant_key) REFERENCES trucks (key, tenant_key),
    CHECK ((name_sealed IS NULL) = (deleted_at IS NOT NULL)),
    CHECK (deleted_at IS NULL OR truck_key IS NULL)
);
CREATE UNIQUE INDEX drivers_live_id ON drivers (tenant_key, id) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX drivers_truck ON drivers (truck_key) WHERE truck_key IS NOT NULL;
CREATE INDEX drivers_carrier ON drivers (tenant_key, carrier) WHERE carrier IS NOT NULL;
CREATE INDEX drivers_phone ON drivers (tenant_key, phone_index);
CREATE INDEX drivers_licence ON drivers (tenant_key, licence_index);
ALTER TABLE drivers ENABLE ROW LEVEL SECURITY;
ALTER TABLE drivers FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON drivers USING (tenant_key = (SELECT current_tenant_key()));
CREATE POLICY own_carrier ON drivers AS RESTRICTIVE TO ubertruck_app
    USING ((SELECT current_carrier()) IS NULL OR carrier = (SELECT current_carrier()));
GRANT SELECT,
    INSERT (tenant_key, id, carrier, truck_key, duty_since, licence_valid_until,
        hazardous_valid_until, name_sealed, phone_sealed, phone_index, licence_sealed,
        licence_index),
    UPDATE (deleted_at, carrier, truck_key, duty_since, licence_valid_until,
        hazardous_valid_until, version, name_sealed, phone_sealed, phone_index, licence_sealed,
        licence_index)
    ON drivers TO ubertruck_app;
GRANT SELECT, UPDATE (name_sealed, phone_sealed, licence_sealed) ON drivers TO ubertruck_system;

-- Who drove which truck when: a driver's hours are those of the trucks at those times.
CREATE TABLE driver_turns (
    driver_key bigint NOT NULL,
    truck_key bigint NOT NULL,
    from_ts timestamptz NOT NULL,
    to_ts timestamptz,
    tenant_key int NOT NULL,
    PRIMARY KEY (driver_key, from_ts),
    FOREIGN KEY (driver_key, tenant_key) REFERENCES drivers (key, tenant_key),
    FOREIGN KEY (truck_key, tenant_key) REFERENCES trucks (key, tenant_key)
);
CREATE INDEX driver_turns_truck ON driver_turns (truck_key, from_ts);
ALTER TABLE driver_turns ENABLE ROW LEVEL SECURITY;
ALTER TABLE driver_turns FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON driver_turns USING (tenant_key = (SELECT current_tenant_key()));
CREATE POLICY own_carrier ON driver_turns AS RESTRICTIVE TO ubertruck_app
    USING ((SELECT current_carrier()) IS NULL OR driver_key IN (SELECT key FROM drivers));
CREATE POLICY history ON driver_turns TO ubertruck_owner USING (true) WITH CHECK (true);
GRANT SELECT ON driver_turns TO ubertruck_app, ubertruck_system;

CREATE FUNCTION keep_driver_turn() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.truck_key IS NOT NULL THEN
        UPDATE driver_turns SET to_ts = clock_timestamp()
        WHERE driver_key = NEW.key AND to_ts IS NULL;
    END IF;
    IF NEW.truck_key IS NOT NULL THEN
        INSERT INTO driver_turns (driver_key, truck_key, from_ts, tenant_key)
        VALUES (NEW.key, NEW.truck_key, clock_timestamp(), NEW.tenant_key);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER keep_turn_of_new AFTER INSERT ON drivers
    FOR EACH ROW WHEN (NEW.truck_key IS NOT NULL) EXECUTE FUNCTION keep_driver_turn();
CREATE TRIGGER keep_turn AFTER UPDATE OF truck_key ON drivers
    FOR EACH ROW WHEN (NEW.truck_key IS DISTINCT FROM OLD.truck_key)
    EXECUTE FUNCTION keep_driver_turn();

-- A deleted truck has no driver; one given to another carrier leaves the old one's driver behind.
CREATE FUNCTION take_driver_off() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    UPDATE drivers SET truck_key = NULL, version = version + 1 WHERE truck_key = NEW.key
        AND (NEW.deleted_at IS NOT NULL
            OR carrier IS NOT NULL AND carrier IS DISTINCT FROM NEW.carrier);
    RETURN NULL;
END $$;
CREATE POLICY administration ON drivers TO ubertruck_owner USING (true) WITH CHECK (true);
CREATE TRIGGER take_driver_off AFTER UPDATE OF deleted_at, carrier ON trucks
    FOR EACH ROW WHEN (NEW.deleted_at IS DISTINCT FROM OLD.deleted_at
        OR NEW.carrier IS DISTINCT FROM OLD.carrier) EXECUTE FUNCTION take_driver_off();

-- Trips of late, by their ends: who has driven for how long is asked for whole fleets.
CREATE INDEX spans_trips ON spans (tenant_key, to_ts) WHERE kind = 'trip';
GRANT SELECT ON spans, journeys TO ubertruck_system;

-- ------------------------------------------------------------------------------- carriers

ALTER TABLE carriers
    ADD COLUMN kyc_since timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN kyc_state text NOT NULL DEFAULT 'draft'
        CHECK (kyc_state IN ('draft', 'submitted', 'verified', 'rejected', 'suspended')),
    ADD COLUMN kyc_reason text,
    ADD COLUMN ifsc text;
GRANT SELECT ON carriers TO ubertruck_system;

CREATE TABLE carrier_documents (
    updated_at timestamptz NOT NULL DEFAULT now(),
    valid_until date,
    tenant_key int NOT NULL,
    version int NOT NULL DEFAULT 1,
    carrier_id text NOT NULL,
    kind text NOT NULL,
    number text,
    PRIMARY KEY (tenant_key, carrier_id, kind),
    FOREIGN KEY (tenant_key, carrier_id) REFERENCES carriers (tenant_key, id) ON DELETE CASCADE
);
ALTER TABLE carrier_documents ENABLE ROW LEVEL SECURITY;
ALTER TABLE carrier_documents FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON carrier_documents USING (tenant_key = (SELECT current_tenant_key()));
CREATE POLICY own_carrier ON carrier_documents AS RESTRICTIVE TO ubertruck_app
    USING ((SELECT current_carrier()) IS NULL OR carrier_id = (SELECT current_carrier()));
GRANT SELECT, INSERT, UPDATE, DELETE ON carrier_documents TO ubertruck_app;
GRANT SELECT ON carrier_documents TO ubertruck_system;

-- Who drives for whom: `blocked` keeps a carrier from loads (a shipper's, or all), `exclusive`
-- leaves a shipper's loads to its carriers alone, `dedicated` leaves a carrier to its shippers.
CREATE TABLE carrier_ties (
    created_at timestamptz NOT NULL DEFAULT now(),
    tenant_key int NOT NULL,
    version int NOT NULL DEFAULT 1,
    id text NOT NULL CHECK (id ~ '^[A-Za-z0-9_-]{1,64}$'),
    carrier_id text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('blocked', 'exclusive', 'dedicated')),
    shipper text CHECK (shipper <> ''),  -- none: the tenant as a whole
    reason text,
    PRIMARY KEY (tenant_key, id),
    UNIQUE NULLS NOT DISTINCT (tenant_key, carrier_id, kind, shipper),
    FOREIGN KEY (tenant_key, carrier_id) REFERENCES carriers (tenant_key, id) ON DELETE CASCADE,
    CHECK (kind = 'blocked' OR shipper IS NOT NULL)
);
ALTER TABLE carrier_ties ENABLE ROW LEVEL SECURITY;
ALTER TABLE carrier_ties FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON carrier_ties USING (tenant_key = (SELECT current_tenant_key()));
CREATE POLICY own_shipper ON carrier_ties AS RESTRICTIVE TO ubertruck_app
    USING ((SELECT current_shipper()) IS NULL OR shipper = (SELECT current_shipper()));
CREATE POLICY own_carrier ON carrier_ties AS RESTRICTIVE TO ubertruck_app
    USING ((SELECT current_carrier()) IS NULL);
GRANT SELECT, INSERT, DELETE ON carrier_ties TO ubertruck_app;
GRANT SELECT ON carrier_ties TO ubertruck_system;
