-- Routes in immutable versions, and journeys: which truck follows which of them, from when on.

-- --------------------------------------------------------------------------------- routes

-- The head: which version holds. A deleted route's id may be used again; versions go on counting.
CREATE TABLE routes (
    created_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz,
    tenant_key int NOT NULL REFERENCES tenants (key),
    version int NOT NULL DEFAULT 1 CHECK (version > 0),
    id text NOT NULL CHECK (id ~ '^[A-Za-z0-9_-]{1,64}$'),
    PRIMARY KEY (tenant_key, id)
);
ALTER TABLE routes ENABLE ROW LEVEL SECURITY;
ALTER TABLE routes FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON routes USING (tenant_key = (SELECT current_tenant_key()));
GRANT SELECT, INSERT (tenant_key, id), UPDATE (version, created_at, deleted_at)
    ON routes TO ubertruck_app;

-- Nobody may change or remove one: a journey follows a version, and what was derived from it
-- stays explained.
CREATE TABLE route_versions (
    made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    length_m float8 NOT NULL CHECK (length_m > 0),
    duration_s float8 CHECK (duration_s >= 0),
    tenant_key int NOT NULL,
    version int NOT NULL,
    points int NOT NULL CHECK (points >= 2),
    route_id text NOT NULL,
    name text NOT NULL,
    source text NOT NULL,
    line text NOT NULL,  -- encoded polyline of precision 6
    sections jsonb,  -- [[first segment, road class, km/h], ...], each up to the next
    asked jsonb,  -- what a router was asked: via, vehicle, avoid
    PRIMARY KEY (tenant_key, route_id, version),
    FOREIGN KEY (tenant_key, route_id) REFERENCES routes (tenant_key, id)
);
ALTER TABLE route_versions ENABLE ROW LEVEL SECURITY;
ALTER TABLE route_versions FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON route_versions USING (tenant_key = (SELECT current_tenant_key()));
GRANT SELECT, INSERT (length_m, duration_s, tenant_key, version, points, route_id, name, source,
    line, sections, asked) ON route_versions TO ubertruck_app;
GRANT SELECT ON route_versions TO ubertruck_system;

-- ------------------------------------------------------------------------------- journeys

-- Times of a journey are the truck's: fixes of [starts_at, ended_at) by the device's clock count.
CREATE TABLE journeys (
    revision bigint NOT NULL UNIQUE,
    truck_key bigint NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    starts_at timestamptz NOT NULL,
    departs_from timestamptz,
    departs_until timestamptz,
    arrives_from timestamptz,
    arrives_until timestamptz,
    arrived_at timestamptz,
    ended_at timestamptz,
    corridor_m float8 CHECK (corridor_m > 0),
    paise_per_km bigint CHECK (paise_per_km >= 0),
    paise_per_hour bigint CHECK (paise_per_hour >= 0),
    tenant_key int NOT NULL REFERENCES tenants (key),
    version int NOT NULL,
    route_version int NOT NULL,
    id text NOT NULL CHECK (id ~ '^[A-Za-z0-9_-]{1,64}$'),
    route_id text NOT NULL,
    -- Other routes that count as on the way, each in the version at the same place.
    alternate_ids text[] NOT NULL DEFAULT '{}',
    alternate_versions int[] NOT NULL DEFAULT '{}',
    end_reason text,
    stops jsonb NOT NULL,
    allowed jsonb NOT NULL,
    PRIMARY KEY (tenant_key, id),
    FOREIGN KEY (truck_key, tenant_key) REFERENCES trucks (key, tenant_key),
    FOREIGN KEY (tenant_key, route_id, route_version)
        REFERENCES route_versions (tenant_key, route_id, version),
    CHECK (cardinality(alternate_ids) = cardinality(alternate_versions)),
    CHECK (departs_until >= departs_from),
    CHECK (arrives_until >= arrives_from)
);
-- A truck follows one route at a time.
CREATE UNIQUE INDEX journeys_open ON journeys (truck_key) WHERE ended_at IS NULL;
CREATE INDEX journeys_open_of_tenant ON journeys (tenant_key, id) WHERE ended_at IS NULL;
CREATE INDEX journeys_truck ON journeys (truck_key, id);
CREATE TRIGGER hold_lock BEFORE INSERT OR UPDATE ON journeys
    FOR EACH STATEMENT EXECUTE FUNCTION hold_revision_lock();
-- That the truck has arrived is derived from its fixes, and changes nothing of what it was told.
CREATE TRIGGER stamp BEFORE INSERT OR UPDATE OF starts_at, departs_from, departs_until,
    arrives_from, arrives_until, ended_at, corridor_m, paise_per_km, paise_per_hour,
    route_id, route_version, alternate_ids, alternate_versions, stops, allowed
    ON journeys FOR EACH ROW EXECUTE FUNCTION stamp_revision();
ALTER TABLE journeys ENABLE ROW LEVEL SECURITY;
ALTER TABLE journeys FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON journeys USING (tenant_key = (SELECT current_tenant_key()));
CREATE POLICY own_carrier ON journeys AS RESTRICTIVE TO ubertruck_app
    USING ((SELECT current_carrier()) IS NULL OR truck_key IN (SELECT key FROM trucks));
GRANT SELECT,
    INSERT (tenant_key, id, truck_key, starts_at, departs_from, departs_until, arrives_from,
        arrives_until, corridor_m, paise_per_km, paise_per_hour, route_id,
        route_version, alternate_ids, alternate_versions, stops, allowed),
    UPDATE (starts_at, departs_from, departs_until, arrives_from, arrives_until, ended_at,
        end_reason, corridor_m, paise_per_km, paise_per_hour, route_id,
        route_version, alternate_ids, alternate_versions, stops, allowed)
    ON journeys TO ubertruck_app;
GRANT SELECT (tenant_key, id, truck_key, ended_at), UPDATE (arrived_at)
    ON journeys TO ubertruck_telemetry;

-- Every version a journey ever had, for shards that fold a batch as of its time.
CREATE TABLE journey_versions (
    revision bigint PRIMARY KEY,
    truck_key bigint NOT NULL,
    valid_from timestamptz NOT NULL DEFAULT clock_timestamp(),
    starts_at timestamptz NOT NULL,
    departs_from timestamptz,
    departs_until timestamptz,
    arrives_from timestamptz,
    arrives_until timestamptz,
    ended_at timestamptz,
    corridor_m float8,
    paise_per_km bigint,
    paise_per_hour bigint,
    tenant_key int NOT NULL,
    version int NOT NULL,
    route_version int NOT NULL,
    journey_id text NOT NULL,
    route_id text NOT NULL,
    alternate_ids text[] NOT NULL,
    alternate_versions int[] NOT NULL,
    stops jsonb NOT NULL,
    allowed jsonb NOT NULL,
    UNIQUE (tenant_key, journey_id, version),
    FOREIGN KEY (tenant_key, journey_id) REFERENCES journeys (tenant_key, id)
);
ALTER TABLE journey_versions ENABLE ROW LEVEL SECURITY;
ALTER TABLE journey_versions FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON journey_versions USING (tenant_key = (SELECT current_tenant_key()));
CREATE POLICY history ON journey_versions FOR INSERT TO ubertruck_owner WITH CHECK (true);
GRANT SELECT ON journey_versions TO ubertruck_system;

CREATE FUNCTION keep_journey_version() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    INSERT INTO journey_versions (revision, truck_key, starts_at, departs_from, departs_until,
        arrives_from, arrives_until, ended_at, corridor_m, paise_per_km,
        paise_per_hour, tenant_key, version, route_version, journey_id, route_id,
        alternate_ids, alternate_versions, stops, allowed)
    VALUES (NEW.revision, NEW.truck_key, NEW.starts_at, NEW.departs_from, NEW.departs_until,
        NEW.arrives_from, NEW.arrives_until, NEW.ended_at, NEW.corridor_m, NEW.paise_per_km,
        NEW.paise_per_hour, NEW.tenant_key, NEW.version, NEW.route_version, NEW.id,
        NEW.route_id, NEW.alternate_ids, NEW.alternate_versions, NEW.stops, NEW.allowed);
    RETURN NULL;
END $$;
CREATE TRIGGER keep_version_of_new AFTER INSERT ON journeys
    FOR EACH ROW EXECUTE FUNCTION keep_journey_version();
CREATE TRIGGER keep_version AFTER UPDATE ON journeys
    FOR EACH ROW WHEN (NEW.revision <> OLD.revision) EXECUTE FUNCTION keep_journey_version();

-- ------------------------------------------------------------------- what goes with a truck

CREATE FUNCTION end_journey_of_truck() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    UPDATE journeys SET ended_at = now(), end_reason = 'truck deleted'
    WHERE truck_key = NEW.key AND ended_at IS NULL;
    RETURN NULL;
END $$;
CREATE TRIGGER end_journey AFTER UPDATE OF deleted_at ON trucks
    FOR EACH ROW WHEN (NEW.deleted_at IS NOT NULL) EXECUTE FUNCTION end_journey_of_truck();

-- ------------------------------------------------------------------------------- carriers

-- A carrier sees the routes that its own trucks follow now, and no other lane of the tenant.
CREATE POLICY own_carrier ON routes AS RESTRICTIVE TO ubertruck_app
    USING ((SELECT current_carrier()) IS NULL OR id IN (
        SELECT unnest(route_id || alternate_ids) FROM journeys WHERE ended_at IS NULL));
CREATE POLICY own_carrier ON route_versions AS RESTRICTIVE TO ubertruck_app
    USING ((SELECT current_carrier()) IS NULL OR route_id IN (
        SELECT unnest(route_id || alternate_ids) FROM journeys WHERE ended_at IS NULL));
