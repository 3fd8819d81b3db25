-- Credentials of devices, who they are bound to, and what brokers refused them.

-- ------------------------------------------------------------------------------- tenants

-- Devices of a tenant that is not active are refused. The number tells every process's directory.
ALTER TABLE tenants ADD COLUMN directory_revision bigint NOT NULL DEFAULT 0;

CREATE FUNCTION stamp_directory_revision() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(20267, 1);
    NEW.directory_revision := nextval('revisions');
    RETURN NEW;
END $$;
CREATE TRIGGER stamp_directory BEFORE UPDATE OF status ON tenants
    FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status)
    EXECUTE FUNCTION stamp_directory_revision();

-- --------------------------------------------------------------------------- credentials

ALTER TABLE device_credentials
    ADD COLUMN id text CHECK (id ~ '^[A-Za-z0-9_-]{1,64}$'),
    ADD COLUMN revision bigint UNIQUE,
    ADD COLUMN version int NOT NULL DEFAULT 1,
    ADD COLUMN rotated_at timestamptz,
    ADD COLUMN revoked_at timestamptz,
    -- Until then the secret before this one is good, too.
    ADD COLUMN previous_until timestamptz,
    ADD COLUMN previous_hash text,
    -- For a broker that must be told the secret itself: under the installation's key, which no
    -- database holds. Empty for every other broker.
    ADD COLUMN sealed_secret bytea,
    ADD COLUMN previous_sealed bytea,
    -- The IMEI or what else the device calls itself by in a dialect that knows no truck.
    ADD COLUMN unique_id text CHECK (unique_id ~ '^[A-Za-z0-9_-]{1,64}$');

-- The owner is bound by row level security like everybody, and these rows are of all tenants.
ALTER TABLE trucks NO FORCE ROW LEVEL SECURITY;
ALTER TABLE device_credentials NO FORCE ROW LEVEL SECURITY;
DELETE FROM device_credentials c USING trucks t
    WHERE t.key = c.truck_key AND t.deleted_at IS NOT NULL;
UPDATE device_credentials c SET id = t.id, revision = t.revision
    FROM trucks t WHERE t.key = c.truck_key;
ALTER TABLE trucks FORCE ROW LEVEL SECURITY;
ALTER TABLE device_credentials FORCE ROW LEVEL SECURITY;

ALTER TABLE device_credentials ALTER COLUMN id SET NOT NULL, ALTER COLUMN revision SET NOT NULL;
CREATE UNIQUE INDEX device_credentials_id ON device_credentials (tenant_key, id);
-- Across tenants: one device in the world has this number.
CREATE UNIQUE INDEX device_credentials_unique_id ON device_credentials (unique_id);

CREATE TRIGGER hold_lock BEFORE INSERT OR UPDATE ON device_credentials
    FOR EACH STATEMENT EXECUTE FUNCTION hold_revision_lock();
CREATE TRIGGER stamp BEFORE INSERT OR UPDATE ON device_credentials
    FOR EACH ROW EXECUTE FUNCTION stamp_revision();

-- Who rotates a secret cannot read the one before: the row keeps it by itself.
CREATE FUNCTION keep_previous_secret() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NEW.revoked_at IS NOT NULL OR NEW.previous_until IS NULL THEN
        NEW.previous_hash := NULL;
        NEW.previous_sealed := NULL;
    ELSIF NEW.secret_hash IS DISTINCT FROM OLD.secret_hash THEN
        NEW.previous_hash := OLD.secret_hash;
        NEW.previous_sealed := OLD.sealed_secret;
    ELSE
        NEW.previous_hash := OLD.previous_hash;
        NEW.previous_sealed := OLD.previous_sealed;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER keep_previous BEFORE UPDATE ON device_credentials
    FOR EACH ROW EXECUTE FUNCTION keep_previous_secret();

CREATE POLICY administration ON device_credentials
    TO ubertruck_owner USING (true) WITH CHECK (true);
CREATE POLICY own_carrier ON device_credentials AS RESTRICTIVE TO ubertruck_app
    USING ((SELECT current_carrier()) IS NULL OR truck_key IN (SELECT key FROM trucks));

-- A removed truck's device is nobody's: its id and its number may be given again.
CREATE FUNCTION forget_device() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    DELETE FROM device_credentials WHERE truck_key = NEW.key;
    RETURN NULL;
END $$;
CREATE TRIGGER forget_device AFTER UPDATE OF deleted_at ON trucks
    FOR EACH ROW WHEN (NEW.deleted_at IS NOT NULL) EXECUTE FUNCTION forget_device();

-- All but the hashes may be read by the tenant.
GRANT SELECT (truck_key, created_at, tenant_key, id, revision, version, rotated_at, revoked_at,
        previous_until, unique_id),
    UPDATE (secret_hash, sealed_secret, previous_until, rotated_at, revoked_at, unique_id)
    ON device_credentials TO ubertruck_app;

-- ------------------------------------------------------------------------------ refusals

-- One row a device, minute, reason and topic, however often it was tried.
CREATE TABLE device_refusals (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    truck_key bigint,  -- unknown when the tenant has no such truck
    minute timestamptz NOT NULL,
    first_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    count bigint NOT NULL CHECK (count > 0),
    tenant_key int NOT NULL REFERENCES tenants (key),
    username text NOT NULL,
    reason text NOT NULL,
    topic text NOT NULL,
    client_id text NOT NULL,
    origin text NOT NULL,
    UNIQUE NULLS NOT DISTINCT (tenant_key, truck_key, minute, reason, topic)
);
CREATE INDEX device_refusals_tenant ON device_refusals (tenant_key, id);
CREATE INDEX device_refusals_truck ON device_refusals (truck_key, id);
ALTER TABLE device_refusals ENABLE ROW LEVEL SECURITY;
ALTER TABLE device_refusals FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON device_refusals USING (tenant_key = (SELECT current_tenant_key()));
CREATE POLICY own_carrier ON device_refusals AS RESTRICTIVE TO ubertruck_app
    USING ((SELECT current_carrier()) IS NULL OR truck_key IN (SELECT key FROM trucks));
GRANT SELECT ON device_refusals TO ubertruck_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON device_refusals TO ubertruck_system;
