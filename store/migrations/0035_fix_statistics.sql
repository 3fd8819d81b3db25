-- A day's partition of fixes grows from nothing to millions of rows. Counted anew at every tenth
-- more, as the server does by itself, its statistics took 4 of 100 parts of a core under load; and
-- what is asked of it is answered by its keys whatever they say. So: whenever it has doubled.
CREATE OR REPLACE FUNCTION ensure_fix_partition(day date) RETURNS boolean LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
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
    EXECUTE format('CREATE TABLE public.%I (LIKE public.fixes INCLUDING ALL) '
        'WITH (autovacuum_analyze_scale_factor = 1)', name);
    EXECUTE format('ALTER TABLE public.%I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('ALTER TABLE public.%I FORCE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE POLICY own_tenant ON public.%I '
        'USING (tenant_key = (SELECT public.current_tenant_key()))', name);
    EXECUTE format('ALTER TABLE public.fixes ATTACH PARTITION public.%I '
        'FOR VALUES FROM (%L) TO (%L)',
        name, day::timestamp AT TIME ZONE 'UTC', (day + 1)::timestamp AT TIME ZONE 'UTC');
    RETURN true;
END $$;

DO $$
DECLARE
    part regclass;
BEGIN
    FOR part IN SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'fixes'::regclass LOOP
        EXECUTE format('ALTER TABLE %s SET (autovacuum_analyze_scale_factor = 1)', part);
    END LOOP;
END $$;
