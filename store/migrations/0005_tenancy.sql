-- A tenant from its first day to its last, the roles it gives out, and carriers inside of it.

-- -------------------------------------------------------------------------------- tenants

ALTER TABLE tenants
    -- Who onboarded it; none for a tenant that the installation itself made.
    ADD COLUMN parent_key int REFERENCES tenants (key),
    ADD COLUMN status text NOT NULL DEFAULT 'active'
        CHECK (status IN ('active', 'suspended', 'offboarding', 'erased')),
    ADD COLUMN status_reason text,
    ADD COLUMN status_since timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN version int NOT NULL DEFAULT 1;
CREATE INDEX tenants_parent ON tenants (parent_key, id);
-- What every process asks again and again: few are not active.
CREATE INDEX tenants_closed ON tenants (key, status) WHERE status <> 'active';
GRANT INSERT (id, name, parent_key),
    UPDATE (name, status, status_reason, status_since, version) ON tenants TO ubertruck_system;

-- ---------------------------------------------------------------------------------- roles

CREATE TABLE roles (
    created_at timestamptz NOT NULL DEFAULT now(),
    tenant_key int NOT NULL REFERENCES tenants (key),
    version int NOT NULL DEFAULT 1,
    -- Came with the product, and follows it for as long as the tenant has not edited it.
    seeded boolean NOT NULL DEFAULT false,
    edited boolean NOT NULL DEFAULT false,
    name text NOT NULL CHECK (name ~ '^[A-Za-z0-9_-]{1,64}$'),
    permissions text[] NOT NULL,
    PRIMARY KEY (tenant_key, name)
);
ALTER TABLE roles ENABLE ROW LEVEL SECURITY;
ALTER TABLE roles FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON roles USING (tenant_key = (SELECT current_tenant_key()));
CREATE POLICY administration ON roles TO ubertruck_owner USING (true) WITH CHECK (true);
GRANT SELECT, INSERT (tenant_key, name, permissions), UPDATE (permissions, edited, version),
    DELETE ON roles TO ubertruck_app;
GRANT SELECT, INSERT (tenant_key, name, permissions, seeded),
    UPDATE (permissions, version) ON roles TO ubertruck_system;

-- Whoever of the current tenant may be given roles: found from the catalogue by the column, so
-- that a later kind of principal is covered by itself.
CREATE FUNCTION role_is_used(role_name text) RETURNS boolean LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    holder record;
    used boolean;
BEGIN
    FOR holder IN SELECT c.oid::regclass AS of, a.attname AS held
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND NOT a.attisdropped
            AND (a.attname, a.atttypid)
                IN (('roles', 'text[]'::regtype), ('role', 'text'::regtype))
    LOOP
        EXECUTE format(
            'SELECT EXISTS (SELECT FROM %s WHERE tenant_key = $1 AND $2 = ANY (%s))',
            holder.of,
            CASE holder.held WHEN 'roles' THEN 'roles' ELSE 'ARRAY[role]' END
        ) INTO used USING current_tenant_key(), role_name;
        IF used THEN
            RETURN true;
        END IF;
    END LOOP;
    RETURN false;
END $$;
REVOKE ALL ON FUNCTION role_is_used FROM PUBLIC;
GRANT EXECUTE ON FUNCTION role_is_used TO ubertruck_app;

-- The first client of a tenant is made with it, by who operates the installation.
GRANT INSERT ON oauth_clients TO ubertruck_system;
