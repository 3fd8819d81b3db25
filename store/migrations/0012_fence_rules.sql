-- What a fence tells, of which trucks, and the group it belongs to.

ALTER TABLE fences
    ADD COLUMN crossings boolean NOT NULL DEFAULT false,
    ADD COLUMN "group" text,
    ADD COLUMN notify text[] CHECK (notify <@ ARRAY['entered', 'exited', 'dwelled']),
    ADD COLUMN truck_classes text[] CHECK (cardinality(truck_classes) > 0);
GRANT INSERT (crossings, "group", notify, truck_classes),
    UPDATE (crossings, "group", notify, truck_classes) ON fences TO ubertruck_app;
CREATE INDEX fences_kind ON fences (tenant_key, kind, id) WHERE deleted_at IS NULL;
CREATE INDEX fences_group ON fences (tenant_key, "group", id) WHERE deleted_at IS NULL;

ALTER TABLE fence_versions
    ADD COLUMN crossings boolean NOT NULL DEFAULT false,
    ADD COLUMN "group" text,
    ADD COLUMN notify text[],
    ADD COLUMN truck_classes text[];

CREATE OR REPLACE FUNCTION keep_fence_version() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    INSERT INTO fence_versions (revision, dwell_s, speed_limit_kmh, tenant_key, version, deleted,
        fence_id, name, kind, shape, schedule, crossings, "group", notify, truck_classes)
    VALUES (NEW.revision, NEW.dwell_s, NEW.speed_limit_kmh, NEW.tenant_key, NEW.version,
        NEW.deleted_at IS NOT NULL, NEW.id, NEW.name, NEW.kind, NEW.shape, NEW.schedule,
        NEW.crossings, NEW."group", NEW.notify, NEW.truck_classes);
    RETURN NULL;
END $$;
