-- Tenants, fleet, fences, telemetry and what keeps the shards honest.
--
-- Row level security is enabled and forced on every table, also on those that no tenant owns: a
-- table without a policy for a role shows that role nothing. The telemetry and system roles pass by
-- row level security (COPY FROM is refused under it) and are held by narrow grants instead.

REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO ubertruck_app, ubertruck_telemetry, ubertruck_system;

CREATE FUNCTION current_tenant_key() RETURNS int LANGUAGE sql STABLE PARALLEL SAFE
RETURN nullif(current_setting('ubertruck.tenant_key', true), '')::int;

-- ------------------------------------------------------------------------------ revisions

-- Trucks and fences carry one ever-growing revision that other processes poll. A number is taken
-- and its transaction committed under one lock, so that revisions become visible in their order:
-- who has read up to N misses nothing at or below N.
CREATE SEQUENCE revisions;

CREATE FUNCTION hold_revision_lock() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(20267, 1);
    RETURN NULL;
END $$;

CREATE FUNCTION stamp_revision() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    NEW.revision := nextval('revisions');
    NEW.version := CASE TG_OP WHEN 'INSERT' THEN 1 ELSE OLD.version + 1 END;
    RETURN NEW;
END $$;

-- -------------------------------------------------------------------------------- tenants

CREATE TABLE tenants (
    key int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    created_at timestamptz NOT NULL DEFAULT now(),
    id text NOT NULL UNIQUE CHECK (id ~ '^[a-z0-9-]{1,32}$'),
    name text NOT NULL
);
ALTER TABLE tenants ENABLE ROW LEVEL SECURITY;
ALTER TABLE tenants FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON tenants USING (key = (SELECT current_tenant_key()));
CREATE POLICY administration ON tenants TO ubertruck_owner USING (true) WITH CHECK (true);
GRANT SELECT ON tenants TO ubertruck_app, ubertruck_system;
GRANT SELECT (key, id) ON tenants TO ubertruck_telemetry;

CREATE TABLE oauth_clients (
    created_at timestamptz NOT NULL DEFAULT now(),
    tenant_key int NOT NULL REFERENCES tenants (key),
    id text PRIMARY KEY CHECK (id ~ '^[A-Za-z0-9_.-]{1,64}$'),
    secret_hash text NOT NULL,
    role text NOT NULL,
    permissions text[] NOT NULL
);
CREATE INDEX ON oauth_clients (tenant_key);
ALTER TABLE oauth_clients ENABLE ROW LEVEL SECURITY;
ALTER TABLE oauth_clients FORCE ROW LEVEL SECURITY;
CREATE POLICY administration ON oauth_clients TO ubertruck_owner USING (true) WITH CHECK (true);
GRANT SELECT ON oauth_clients TO ubertruck_system;

-- --------------------------------------------------------------------------------- trucks

CREATE TABLE trucks (
    key bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    revision bigint NOT NULL UNIQUE,
    created_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz,
    capacity_t float8 CHECK (capacity_t >= 0),
    tenant_key int NOT NULL REFERENCES tenants (key),
    version int NOT NULL,
    id text NOT NULL CHECK (id ~ '^[A-Za-z0-9_-]{1,64}$'),
    registration text,
    truck_class text,
    UNIQUE (key, tenant_key)
);
-- A deleted truck's id may be used again; the new truck has a new key and so its own history.
CREATE UNIQUE INDEX trucks_live_id ON trucks (tenant_key, id) WHERE deleted_at IS NULL;
CREATE TRIGGER hold_lock BEFORE INSERT OR UPDATE ON trucks
    FOR EACH STATEMENT EXECUTE FUNCTION hold_revision_lock();
CREATE TRIGGER stamp BEFORE INSERT OR UPDATE ON trucks
    FOR EACH ROW EXECUTE FUNCTION stamp_revision();
ALTER TABLE trucks ENABLE ROW LEVEL SECURITY;
ALTER TABLE trucks FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON trucks USING (tenant_key = (SELECT current_tenant_key()));
GRANT SELECT ON trucks TO ubertruck_app, ubertruck_system;
GRANT INSERT (tenant_key, id, registration, truck_class, capacity_t),
    UPDATE (registration, truck_class, capacity_t, deleted_at) ON trucks TO ubertruck_app;

CREATE TABLE device_credentials (
    truck_key bigint PRIMARY KEY,
    created_at timestamptz NOT NULL DEFAULT now(),
    tenant_key int NOT NULL,
    secret_hash text NOT NULL,
    FOREIGN KEY (truck_key, tenant_key) REFERENCES trucks (key, tenant_key)
);
ALTER TABLE device_credentials ENABLE ROW LEVEL SECURITY;
ALTER TABLE device_credentials FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON device_credentials USING (tenant_key = (SELECT current_tenant_key()));
-- Written by the tenant's own administrators, read only by who checks devices.
GRANT INSERT ON device_credentials TO ubertruck_app;
GRANT SELECT ON device_credentials TO ubertruck_system;

-- --------------------------------------------------------------------------------- fences

CREATE TABLE fences (
    revision bigint NOT NULL UNIQUE,
    created_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz,
    dwell_s float8 CHECK (dwell_s >= 0),
    speed_limit_kmh float8 CHECK (speed_limit_kmh > 0),
    tenant_key int NOT NULL REFERENCES tenants (key),
    version int NOT NULL,
    id text NOT NULL CHECK (id ~ '^[A-Za-z0-9_-]{1,64}$'),
    name text NOT NULL,
    kind text,
    shape jsonb NOT NULL,
    schedule jsonb,
    PRIMARY KEY (tenant_key, id)
);
CREATE TRIGGER hold_lock BEFORE INSERT OR UPDATE ON fences
    FOR EACH STATEMENT EXECUTE FUNCTION hold_revision_lock();
CREATE TRIGGER stamp BEFORE INSERT OR UPDATE ON fences
    FOR EACH ROW EXECUTE FUNCTION stamp_revision();
ALTER TABLE fences ENABLE ROW LEVEL SECURITY;
ALTER TABLE fences FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON fences USING (tenant_key = (SELECT current_tenant_key()));
GRANT SELECT ON fences TO ubertruck_app;
GRANT INSERT (tenant_key, id, name, kind, shape, dwell_s, speed_limit_kmh, schedule),
    UPDATE (name, kind, shape, dwell_s, speed_limit_kmh, schedule, created_at, deleted_at)
    ON fences TO ubertruck_app;

-- Every version a fence ever had: the rule an event was derived from stays readable, and a shard
-- that recovers folds each batch against the fences of that time. Nobody may change or remove one.
CREATE TABLE fence_versions (
    revision bigint PRIMARY KEY,
    valid_from timestamptz NOT NULL DEFAULT clock_timestamp(),
    dwell_s float8,
    speed_limit_kmh float8,
    tenant_key int NOT NULL,
    version int NOT NULL,
    deleted boolean NOT NULL,
    fence_id text NOT NULL,
    name text NOT NULL,
    kind text,
    shape jsonb NOT NULL,
    schedule jsonb,
    UNIQUE (tenant_key, fence_id, version),
    FOREIGN KEY (tenant_key, fence_id) REFERENCES fences (tenant_key, id)
);
ALTER TABLE fence_versions ENABLE ROW LEVEL SECURITY;
ALTER TABLE fence_versions FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON fence_versions USING (tenant_key = (SELECT current_tenant_key()));
CREATE POLICY history ON fence_versions FOR INSERT TO ubertruck_owner WITH CHECK (true);
GRANT SELECT ON fence_versions TO ubertruck_app, ubertruck_system;

CREATE FUNCTION keep_fence_version() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    INSERT INTO fence_versions (revision, dwell_s, speed_limit_kmh, tenant_key, version, deleted,
        fence_id, name, kind, shape, schedule)
    VALUES (NEW.revision, NEW.dwell_s, NEW.speed_limit_kmh, NEW.tenant_key, NEW.version,
        NEW.deleted_at IS NOT NULL, NEW.id, NEW.name, NEW.kind, NEW.shape, NEW.schedule);
    RETURN NULL;
END $$;
CREATE TRIGGER keep_version AFTER INSERT OR UPDATE ON fences
    FOR EACH ROW EXECUTE FUNCTION keep_fence_version();

-- ---------------------------------------------------------------------------------- fixes

-- Wide columns first, so that no row carries padding. `extra` is json and not jsonb: it keeps what
-- the device said byte for byte, and takes text (\u0000) that jsonb refuses, which would stop a
-- whole batch.
CREATE TABLE fixes (
    truck_key bigint NOT NULL,
    ts timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    lat float8 NOT NULL CHECK (lat >= -90 AND lat <= 90),
    lon float8 NOT NULL CHECK (lon >= -180 AND lon <= 180),
    batch bigint NOT NULL,
    odometer_km float8,
    seq bigint,
    tenant_key int NOT NULL,
    speed_kmh float4,
    heading_deg float4,
    accuracy_m float4,
    altitude_m float4,
    hdop float4,
    battery_v float4,
    external_v float4,
    fuel_pct float4,
    shard smallint NOT NULL,
    satellites smallint,
    alarm smallint,
    ignition boolean,
    extra json,
    PRIMARY KEY (truck_key, ts)
) PARTITION BY RANGE (ts);
-- Finds the rows of a shard's last batches for recovery. Rows of a batch lie together, so that a
-- summary of block ranges is enough and costs the COPY nothing; the multi form keeps the batch
-- numbers of several shards apart.
CREATE INDEX fixes_batch ON fixes USING brin (batch int8_minmax_multi_ops, shard)
    WITH (pages_per_range = 32, autosummarize = on);
ALTER TABLE fixes ENABLE ROW LEVEL SECURITY;
ALTER TABLE fixes FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON fixes USING (tenant_key = (SELECT current_tenant_key()));
GRANT SELECT, INSERT ON fixes TO ubertruck_telemetry;
GRANT SELECT ON fixes TO ubertruck_app;

-- A partition queried by its own name does not inherit the parent's row level security, so each
-- gets its own and no grants. It is attached rather than created in place: that locks out nobody.
CREATE FUNCTION ensure_fix_partition(day date) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    name text := 'fixes_' || to_char(day, 'YYYYMMDD');
BEGIN
    IF day NOT BETWEEN '2000-01-01' AND '2099-12-31' THEN
        RAISE EXCEPTION 'no fix partition for %', day USING ERRCODE = 'check_violation';
    END IF;
    IF to_regclass('public.' || name) IS NOT NULL THEN
        RETURN false;
    END IF;
    PERFORM pg_advisory_xact_lock(20267, 2);
    -- Not to_regclass: its cache does not see what was committed while we waited for the lock.
    IF EXISTS (SELECT FROM pg_class
        WHERE relname = name AND relnamespace = 'public'::regnamespace) THEN
        RETURN false;
    END IF;
    EXECUTE format('CREATE TABLE public.%I (LIKE public.fixes INCLUDING ALL)', name);
    EXECUTE format('ALTER TABLE public.%I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('ALTER TABLE public.%I FORCE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE POLICY own_tenant ON public.%I '
        'USING (tenant_key = (SELECT public.current_tenant_key()))', name);
    EXECUTE format('ALTER TABLE public.fixes ATTACH PARTITION public.%I '
        'FOR VALUES FROM (%L) TO (%L)',
        name, day::timestamp AT TIME ZONE 'UTC', (day + 1)::timestamp AT TIME ZONE 'UTC');
    RETURN true;
END $$;
REVOKE ALL ON FUNCTION ensure_fix_partition FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ensure_fix_partition TO ubertruck_telemetry;

-- --------------------------------------------------------------------------------- events

CREATE TABLE events (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id uuid NOT NULL UNIQUE,
    time timestamptz NOT NULL,
    known_at timestamptz NOT NULL,
    truck_key bigint,
    tenant_key int NOT NULL,
    type text NOT NULL,
    subject text NOT NULL,
    data jsonb NOT NULL
);
CREATE INDEX events_tenant ON events (tenant_key, seq);
CREATE INDEX events_type ON events (tenant_key, type, seq);
CREATE INDEX events_truck ON events (truck_key, time);
ALTER TABLE events ENABLE ROW LEVEL SECURITY;
ALTER TABLE events FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON events USING (tenant_key = (SELECT current_tenant_key()));
GRANT SELECT, INSERT ON events TO ubertruck_telemetry;
GRANT SELECT ON events TO ubertruck_app;

CREATE TABLE outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_seq bigint NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    tenant_key int NOT NULL,
    body bytea NOT NULL
    -- Every row is soon deleted: clean up by the number of them, not by the share of none.
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);
ALTER TABLE outbox ENABLE ROW LEVEL SECURITY;
ALTER TABLE outbox FORCE ROW LEVEL SECURITY;
GRANT INSERT ON outbox TO ubertruck_telemetry;
-- UPDATE of a column is what SELECT ... FOR UPDATE asks for; no statement of ours updates a row.
GRANT SELECT, DELETE, UPDATE (created_at) ON outbox TO ubertruck_system;

CREATE TABLE rejections (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    received_at timestamptz NOT NULL,
    tenant_key int,  -- unknown when the message names no tenant of ours; then no tenant sees it
    tenant text NOT NULL,
    truck text NOT NULL,
    topic text NOT NULL,
    reason text NOT NULL,
    detail text NOT NULL,
    raw bytea NOT NULL
);
CREATE INDEX rejections_tenant ON rejections (tenant_key, id);
ALTER TABLE rejections ENABLE ROW LEVEL SECURITY;
ALTER TABLE rejections FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON rejections USING (tenant_key = (SELECT current_tenant_key()));
GRANT INSERT ON rejections TO ubertruck_telemetry;
GRANT SELECT ON rejections TO ubertruck_app, ubertruck_system;

-- --------------------------------------------------------------------------------- shards

CREATE TABLE shard_leases (
    epoch bigint NOT NULL,
    acquired_at timestamptz NOT NULL,
    -- Every truck of the shard is in truck_snapshots as of this batch or a later one.
    snapshot_batch bigint NOT NULL DEFAULT 0,
    shard smallint PRIMARY KEY,
    -- Not in use since the number of shards went down; kept, for its batch numbers are used up.
    retired boolean NOT NULL DEFAULT false,
    holder text NOT NULL
);
ALTER TABLE shard_leases ENABLE ROW LEVEL SECURITY;
ALTER TABLE shard_leases FORCE ROW LEVEL SECURITY;
GRANT SELECT, INSERT, UPDATE ON shard_leases TO ubertruck_telemetry;

CREATE TABLE shard_batches (
    batch bigint NOT NULL,
    epoch bigint NOT NULL,
    fence_revision bigint NOT NULL,
    committed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    fixes int NOT NULL,
    shard smallint NOT NULL,
    PRIMARY KEY (shard, batch)
);
ALTER TABLE shard_batches ENABLE ROW LEVEL SECURITY;
ALTER TABLE shard_batches FORCE ROW LEVEL SECURITY;
GRANT SELECT, INSERT, DELETE ON shard_batches TO ubertruck_telemetry;

CREATE TABLE truck_snapshots (
    truck_key bigint PRIMARY KEY,
    batch bigint NOT NULL,
    tenant_key int NOT NULL,
    shard smallint NOT NULL,
    state bytea NOT NULL
    -- Rewritten every few seconds: room on the page keeps the rewriting out of the indexes.
) WITH (fillfactor = 70);
CREATE INDEX truck_snapshots_shard ON truck_snapshots (shard);
ALTER TABLE truck_snapshots ENABLE ROW LEVEL SECURITY;
ALTER TABLE truck_snapshots FORCE ROW LEVEL SECURITY;
GRANT SELECT, INSERT, UPDATE ON truck_snapshots TO ubertruck_telemetry;
