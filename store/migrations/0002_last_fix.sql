-- The most asked question in one round trip: who asks and what, in one statement. The tenant is set
-- for this statement's transaction only; row level security holds inside as it does outside.
CREATE FUNCTION last_fix_of(as_tenant_key int, truck_id text) RETURNS SETOF fixes LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM set_config('ubertruck.tenant_key', as_tenant_key::text, true);
    RETURN QUERY SELECT newest.* FROM trucks CROSS JOIN LATERAL (
        SELECT * FROM fixes WHERE truck_key = trucks.key ORDER BY ts DESC LIMIT 1
    ) newest WHERE trucks.id = truck_id AND trucks.deleted_at IS NULL;
END $$;
REVOKE ALL ON FUNCTION last_fix_of FROM PUBLIC;
GRANT EXECUTE ON FUNCTION last_fix_of TO ubertruck_app;
