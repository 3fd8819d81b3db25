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

-- ------------------------------------------------------------------------------- carriers

-- Who of a tenant speaks for one of its carriers only; unset: for the tenant as a whole.
CREATE FUNCTION current_carrier() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
RETURN nullif(current_setting('ubertruck.carrier', true), '');

-- What says something about a person is sealed; beside it stands a blind index to find it by.
CREATE TABLE carriers (
    created_at timestamptz NOT NULL DEFAULT now(),
    tenant_key int NOT NULL REFERENCES tenants (key),
    version int NOT NULL DEFAULT 1,
    id text NOT NULL CHECK (id ~ '^[A-Za-z0-9_-]{1,64}$'),
    name text NOT NULL,
    phone_sealed bytea,
    phone_index bytea,
    email_sealed bytea,
    email_index bytea,
    gstin_sealed bytea,
    gstin_index bytea,
    pan_sealed bytea,
    pan_index bytea,
    bank_account_sealed bytea,
    bank_account_index bytea,
    PRIMARY KEY (tenant_key, id)
);
CREATE INDEX carriers_phone ON carriers (tenant_key, phone_index);
CREATE INDEX carriers_email ON carriers (tenant_key, email_index);
CREATE INDEX carriers_gstin ON carriers (tenant_key, gstin_index);
CREATE INDEX carriers_pan ON carriers (tenant_key, pan_index);
ALTER TABLE carriers ENABLE ROW LEVEL SECURITY;
ALTER TABLE carriers FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON carriers USING (tenant_key = (SELECT current_tenant_key()));
CREATE POLICY administration ON carriers TO ubertruck_owner USING (true) WITH CHECK (true);
CREATE POLICY own_carrier ON carriers AS RESTRICTIVE
    USING ((SELECT current_carrier()) IS NULL OR id = (SELECT current_carrier()));
GRANT SELECT, INSERT, UPDATE, DELETE ON carriers TO ubertruck_app;

ALTER TABLE trucks ADD COLUMN carrier text,
    ADD CONSTRAINT trucks_carrier_fkey FOREIGN KEY (tenant_key, carrier)
        REFERENCES carriers (tenant_key, id);
CREATE INDEX trucks_carrier ON trucks (tenant_key, carrier) WHERE carrier IS NOT NULL;
GRANT INSERT (carrier), UPDATE (carrier) ON trucks TO ubertruck_app;

-- Beside the tenant's policy, not instead of it: a carrier's own trucks, and none that are
-- nobody's. What is known of a truck follows the truck.
CREATE POLICY own_carrier ON trucks AS RESTRICTIVE
    USING ((SELECT current_carrier()) IS NULL OR carrier = (SELECT current_carrier()));
CREATE POLICY own_carrier ON events AS RESTRICTIVE
    USING ((SELECT current_carrier()) IS NULL OR truck_key IN (SELECT key FROM trucks));
CREATE POLICY own_carrier ON rejections AS RESTRICTIVE
    USING ((SELECT current_carrier()) IS NULL);

CREATE FUNCTION carrier_is_used(carrier_id text) RETURNS boolean LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    holder regclass;
    used boolean;
BEGIN
    FOR holder IN SELECT c.oid FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND NOT a.attisdropped
            AND a.attname = 'carrier' AND a.atttypid = 'text'::regtype
    LOOP
        EXECUTE format(
            'SELECT EXISTS (SELECT FROM %s WHERE tenant_key = $1 AND carrier = $2)', holder
        ) INTO used USING current_tenant_key(), carrier_id;
        IF used THEN
            RETURN true;
        END IF;
    END LOOP;
    RETURN false;
END $$;
REVOKE ALL ON FUNCTION carrier_is_used FROM PUBLIC;
GRANT EXECUTE ON FUNCTION carrier_is_used TO ubertruck_app;

-- As in 0002, and for whom inside of the tenant.
DROP FUNCTION last_fix_of(int, text);
CREATE FUNCTION last_fix_of(as_tenant_key int, truck_id text, as_carrier text)
RETURNS SETOF fixes LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM set_config('ubertruck.tenant_key', as_tenant_key::text, true);
    IF as_carrier IS NOT NULL THEN
        PERFORM set_config('ubertruck.carrier', as_carrier, true);
    END IF;
    RETURN QUERY SELECT newest.* FROM trucks CROSS JOIN LATERAL (
        SELECT * FROM fixes WHERE truck_key = trucks.key ORDER BY ts DESC LIMIT 1
    ) newest WHERE trucks.id = truck_id AND trucks.deleted_at IS NULL;
END $$;
REVOKE ALL ON FUNCTION last_fix_of FROM PUBLIC;
GRANT EXECUTE ON FUNCTION last_fix_of TO ubertruck_app;

-- ---------------------------------------------------------------------------- offboarding

-- Belongs to the operator that offboards; the tenant's own rows all go.
CREATE TABLE offboardings (
    created_at timestamptz NOT NULL DEFAULT now(),
    confirm_until timestamptz NOT NULL,
    confirmed_at timestamptz,
    exported_at timestamptz,
    erased_at timestamptz,
    downloaded_at timestamptz,
    export_bytes bigint,
    tenant_key int NOT NULL REFERENCES tenants (key),
    offboarded_key int PRIMARY KEY REFERENCES tenants (key),
    phase text NOT NULL DEFAULT 'requested'
        CHECK (phase IN ('requested', 'exporting', 'erasing', 'done')),
    requested_by text NOT NULL,
    token_hash text NOT NULL,
    export_file text,
    trouble text
);
CREATE INDEX offboardings_operator ON offboardings (tenant_key);
ALTER TABLE offboardings ENABLE ROW LEVEL SECURITY;
ALTER TABLE offboardings FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON offboardings USING (tenant_key = (SELECT current_tenant_key()));
GRANT SELECT, INSERT, UPDATE ON offboardings TO ubertruck_system;

-- Its rows are written and read by roles that pass by row level security; the owner erases them.
CREATE POLICY erasing ON outbox TO ubertruck_owner
    USING (tenant_key = (SELECT current_tenant_key()));
CREATE POLICY erasing ON truck_snapshots TO ubertruck_owner
    USING (tenant_key = (SELECT current_tenant_key()));

-- What follows acts on a tenant that is being offboarded, and on no other.
CREATE FUNCTION speak_for_offboarded(of_key int) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM tenants WHERE key = of_key AND status = 'offboarding') THEN
        RAISE EXCEPTION 'tenant % is not being offboarded', of_key
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    PERFORM set_config('ubertruck.tenant_key', of_key::text, true);
END $$;
REVOKE ALL ON FUNCTION speak_for_offboarded FROM PUBLIC;

-- A later table may have no policy that shows the owner a tenant's rows: it gets one, once.
CREATE FUNCTION admit_owner(holder regclass) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_policy WHERE polrelid = holder AND polpermissive
        AND polcmd = '*' AND polroles && ARRAY[0::oid, 'ubertruck_owner'::regrole::oid])
    THEN
        EXECUTE format('CREATE POLICY erasing ON %s TO ubertruck_owner '
            'USING (tenant_key = (SELECT public.current_tenant_key()))', holder);
    END IF;
END $$;
REVOKE ALL ON FUNCTION admit_owner FROM PUBLIC;

-- The truck directories and fence books of all processes forget what is deleted.
CREATE FUNCTION close_tenant_fleet(of_key int, at_most int) RETURNS bigint LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    closed_trucks bigint;
    closed_fences bigint;
BEGIN
    PERFORM speak_for_offboarded(of_key);
    UPDATE trucks SET deleted_at = now() WHERE key IN (SELECT key FROM trucks
        WHERE tenant_key = of_key AND deleted_at IS NULL LIMIT at_most);
    GET DIAGNOSTICS closed_trucks = ROW_COUNT;
    UPDATE fences SET deleted_at = now() WHERE tenant_key = of_key AND id IN (SELECT id FROM fences
        WHERE tenant_key = of_key AND deleted_at IS NULL LIMIT at_most);
    GET DIAGNOSTICS closed_fences = ROW_COUNT;
    RETURN closed_trucks + closed_fences;
END $$;
REVOKE ALL ON FUNCTION close_tenant_fleet FROM PUBLIC;
GRANT EXECUTE ON FUNCTION close_tenant_fleet TO ubertruck_system;

-- By blocks of the table: bounded, whatever the table holds, and without an index on the tenant.
CREATE FUNCTION export_tenant_rows(
    of_key int, holder regclass, columns text[], from_block bigint, to_block bigint
) RETURNS SETOF text LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    wanted text := (SELECT string_agg(quote_ident(name), ', ') FROM unnest(columns) AS name);
BEGIN
    PERFORM speak_for_offboarded(of_key);
    PERFORM admit_owner(holder);
    RETURN QUERY EXECUTE format('SELECT row_to_json(found)::text FROM (SELECT %s FROM ONLY %s '
        'WHERE tenant_key = %s AND ctid >= ''(%s,0)''::tid AND ctid < ''(%s,0)''::tid) found',
        wanted, holder, of_key, from_block, to_block);
END $$;
REVOKE ALL ON FUNCTION export_tenant_rows FROM PUBLIC;
GRANT EXECUTE ON FUNCTION export_tenant_rows TO ubertruck_system;

-- The audit trail stays: it says who did what, also to a tenant that is no more.
CREATE FUNCTION erase_tenant_rows(
    of_key int, holder regclass, from_block bigint, to_block bigint
) RETURNS bigint LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    erased bigint;
BEGIN
    IF (SELECT relname LIKE 'audit%' OR relnamespace <> 'public'::regnamespace
        FROM pg_class WHERE oid = holder) THEN
        RAISE EXCEPTION '% is kept', holder USING ERRCODE = 'insufficient_privilege';
    END IF;
    PERFORM speak_for_offboarded(of_key);
    PERFORM admit_owner(holder);
    EXECUTE format('DELETE FROM ONLY %s WHERE tenant_key = %s '
        'AND ctid >= ''(%s,0)''::tid AND ctid < ''(%s,0)''::tid',
        holder, of_key, from_block, to_block);
    GET DIAGNOSTICS erased = ROW_COUNT;
    RETURN erased;
END $$;
REVOKE ALL ON FUNCTION erase_tenant_rows FROM PUBLIC;
GRANT EXECUTE ON FUNCTION erase_tenant_rows TO ubertruck_system;

-- Messages that were still on their way when their tenant went are not kept under its name.
GRANT SELECT (status) ON tenants TO ubertruck_telemetry;
