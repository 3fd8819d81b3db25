-- Versions and values of the configuration tree. A row without a tenant is of the tree of all
-- tenants (*), which operators write and every tenant inherits from.

CREATE TABLE config_versions (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    tenant_key int REFERENCES tenants (key),
    version int NOT NULL CHECK (version > 0),
    author text NOT NULL,
    reason text NOT NULL,
    -- What was asked for: a path below the tenant, empty for the whole tree.
    path text NOT NULL,
    -- The version this one goes back to, when it is a rollback.
    restores int,
    correlation_id text,
    UNIQUE NULLS NOT DISTINCT (tenant_key, version)
);

-- What a version changed: its diff, key by key. Null is what is not set (JSON's null is no value).
CREATE TABLE config_changes (
    tenant_key int REFERENCES tenants (key),
    version int NOT NULL,
    key text NOT NULL,
    before jsonb,
    after jsonb,
    UNIQUE NULLS NOT DISTINCT (tenant_key, version, key)
);
CREATE INDEX config_changes_key ON config_changes (tenant_key, key text_pattern_ops, version);

-- What is set now, kept beside the changes it follows from because every process reads it whole.
CREATE TABLE config_values (
    tenant_key int REFERENCES tenants (key),
    version int NOT NULL,
    key text NOT NULL,
    value jsonb NOT NULL,
    UNIQUE NULLS NOT DISTINCT (tenant_key, key)
);

ALTER TABLE config_versions ENABLE ROW LEVEL SECURITY;
ALTER TABLE config_versions FORCE ROW LEVEL SECURITY;
ALTER TABLE config_changes ENABLE ROW LEVEL SECURITY;
ALTER TABLE config_changes FORCE ROW LEVEL SECURITY;
ALTER TABLE config_values ENABLE ROW LEVEL SECURITY;
ALTER TABLE config_values FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON config_versions USING (tenant_key = (SELECT current_tenant_key()));
CREATE POLICY own_tenant ON config_changes USING (tenant_key = (SELECT current_tenant_key()));
CREATE POLICY own_tenant ON config_values USING (tenant_key = (SELECT current_tenant_key()));
-- A tenant's values are what it set and, below that, what holds for all; who set that is not its
-- business.
CREATE POLICY inherited ON config_values FOR SELECT TO ubertruck_app
    USING (tenant_key IS NULL AND (SELECT current_tenant_key()) IS NOT NULL);

-- Versions and changes are written once: nobody holds UPDATE or DELETE.
GRANT SELECT, INSERT (tenant_key, version, author, reason, path, restores, correlation_id)
    ON config_versions TO ubertruck_app, ubertruck_system;
GRANT SELECT, INSERT ON config_changes TO ubertruck_app, ubertruck_system;
GRANT SELECT, INSERT, UPDATE (value, version), DELETE
    ON config_values TO ubertruck_app, ubertruck_system;

-- Every process asks again and again whether something changed: one number answers. Changes are
-- made one at a time, under this lock, so numbers become visible in their order.
CREATE FUNCTION hold_config_lock() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(20267, 5);
    RETURN NULL;
END $$;
CREATE TRIGGER hold_lock BEFORE INSERT ON config_versions
    FOR EACH STATEMENT EXECUTE FUNCTION hold_config_lock();

-- Facts that are no truck's (config.changed) are told by the transaction that makes them true.
CREATE POLICY told_by_owner ON outbox FOR INSERT TO ubertruck_app
    WITH CHECK (tenant_key = (SELECT current_tenant_key()));
GRANT INSERT ON events, outbox TO ubertruck_app;
GRANT SELECT, INSERT ON events TO ubertruck_system;
GRANT INSERT ON outbox TO ubertruck_system;

-- ------------------------------------------------------------------------------- retention

-- Removes the oldest day of fixes before this one; its name, or null when there is none. One at a
-- time: dropping locks the whole of fixes for a moment. The last month is never removed, whatever
-- is asked: devices may still send fixes of it.
CREATE FUNCTION drop_oldest_fix_partition(before date) RETURNS text LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    name text;
BEGIN
    PERFORM pg_advisory_xact_lock(20267, 2);
    SELECT c.relname INTO name
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'public.fixes'::regclass AND c.relname ~ '^fixes_\d{8}$'
        AND to_date(right(c.relname, 8), 'YYYYMMDD') < least(before, current_date - 31)
    ORDER BY c.relname LIMIT 1;
    IF name IS NOT NULL THEN
        EXECUTE format('DROP TABLE public.%I', name);
    END IF;
    RETURN name;
END $$;
REVOKE ALL ON FUNCTION drop_oldest_fix_partition FROM PUBLIC;
GRANT EXECUTE ON FUNCTION drop_oldest_fix_partition TO ubertruck_system;
