-- Secrets' use, and keys that encrypt personal data.
--
-- Secrets themselves are never in the database: here is only which of them was read, and when.

CREATE TABLE secret_uses (
    last_used_at timestamptz NOT NULL,
    uses bigint NOT NULL,
    tenant_key int NOT NULL,  -- 0: the installation's own
    version int NOT NULL,
    name text NOT NULL,
    PRIMARY KEY (tenant_key, name, version)
);
ALTER TABLE secret_uses ENABLE ROW LEVEL SECURITY;
ALTER TABLE secret_uses FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON secret_uses USING (tenant_key = (SELECT current_tenant_key()));
GRANT SELECT ON secret_uses TO ubertruck_app;
GRANT SELECT, INSERT, UPDATE (last_used_at, uses) ON secret_uses TO ubertruck_system;

-- After a rotation of the key file what older keys sealed is moved to the newest one, for all
-- tenants: store/reseal.py. Signing keys are not: they end by themselves.
DO $$
DECLARE
    sealed record;
BEGIN
    FOR sealed IN
        SELECT table_name, string_agg(quote_ident(column_name), ', ') AS names
        FROM information_schema.columns
        WHERE table_schema = 'public' AND column_name LIKE '%\_sealed'
            AND table_name <> 'signing_keys'
        GROUP BY table_name
    LOOP
        EXECUTE format('GRANT SELECT, UPDATE (%s) ON %I TO ubertruck_system',
            sealed.names, sealed.table_name);
    END LOOP;
END $$;
