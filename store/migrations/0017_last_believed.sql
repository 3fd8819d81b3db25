-- As in 0005, but of the fixes whose place is believed: a receiver that lost its way for a moment
-- has not moved the truck. 4 came too late to change what was told (freight.tracking.facts.Flaw).
CREATE OR REPLACE FUNCTION last_fix_of(as_tenant_key int, truck_id text, as_carrier text)
RETURNS SETOF fixes LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM set_config('ubertruck.tenant_key', as_tenant_key::text, true);
    IF as_carrier IS NOT NULL THEN
        PERFORM set_config('ubertruck.carrier', as_carrier, true);
    END IF;
    RETURN QUERY SELECT newest.* FROM trucks CROSS JOIN LATERAL (
        SELECT * FROM fixes WHERE truck_key = trucks.key AND (flaw IS NULL OR flaw = 4)
        ORDER BY ts DESC LIMIT 1
    ) newest WHERE trucks.id = truck_id AND trucks.deleted_at IS NULL;
END $$;
