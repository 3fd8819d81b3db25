-- Alerts: how each stands, all that was decided and said about it; and when nobody could watch.

-- One row an alert, written with its log in one transaction. One that is `pending` waits for its
-- trigger time and is shown to nobody.
CREATE TABLE alerts (
    nr bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    began_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    raised_at timestamptz,
    due_at timestamptz,  -- when it is to be looked at without anything having happened
    truck_key bigint,
    tenant_key int NOT NULL REFERENCES tenants (key),
    version int NOT NULL CHECK (version > 0),
    level smallint NOT NULL,
    -- Whether the truck's carrier and the booking's shipper may see it.
    for_carrier boolean NOT NULL,
    for_shipper boolean NOT NULL,
    id text NOT NULL CHECK (id ~ '^[A-Za-z0-9_-]{1,64}$'),
    kind text NOT NULL,
    severity text NOT NULL,
    status text NOT NULL
        CHECK (status IN
            ('pending', 'lapsed', 'raised', 'acknowledged', 'resolved', 'retracted')),
    dedup text NOT NULL,
    -- What it is the only open one of: its dedup key, or more where that reaches too far.
    once text NOT NULL,
    subject text NOT NULL,
    booking text,
    assigned_to text,
    judged text,  -- whether it was right, as a person says
    marks text[] NOT NULL,  -- by which facts find it that concern it
    state bytea NOT NULL,
    PRIMARY KEY (tenant_key, id),
    FOREIGN KEY (truck_key, tenant_key) REFERENCES trucks (key, tenant_key)
);
-- What concerns one cause is one alert as long as that is open, whoever writes it.
CREATE UNIQUE INDEX alerts_open_once ON alerts (tenant_key, once)
    WHERE status IN ('pending', 'raised', 'acknowledged');
CREATE INDEX alerts_dedup ON alerts (tenant_key, dedup, began_at);
CREATE INDEX alerts_marks ON alerts USING gin (marks) WITH (fastupdate = off);
CREATE INDEX alerts_due ON alerts (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX alerts_newest ON alerts (tenant_key, raised_at, nr) WHERE raised_at IS NOT NULL;
CREATE INDEX alerts_open ON alerts (tenant_key, kind)
    WHERE status IN ('pending', 'raised', 'acknowledged');
CREATE INDEX alerts_truck ON alerts (truck_key, began_at) WHERE truck_key IS NOT NULL;
CREATE INDEX alerts_booking ON alerts (tenant_key, booking) WHERE booking IS NOT NULL;
CREATE INDEX alerts_lapsed ON alerts (updated_at) WHERE status = 'lapsed' AND raised_at IS NULL;
CREATE INDEX alerts_judged ON alerts (kind) WHERE judged IS NOT NULL;

-- The truth: every event of every alert, what people said among themselves too, which no carrier
-- and no shipper reads. Nobody may change or remove one.
CREATE TABLE alert_log (
    at timestamptz NOT NULL,
    tenant_key int NOT NULL,
    version int NOT NULL CHECK (version > 0),
    alert text NOT NULL,
    type text NOT NULL,
    told_by text NOT NULL,
    event json NOT NULL,
    PRIMARY KEY (tenant_key, alert, version),
    FOREIGN KEY (tenant_key, alert) REFERENCES alerts (tenant_key, id)
        DEFERRABLE INITIALLY DEFERRED
);

-- ------------------------------------------------------------------------------ blind times

-- When what a tenant's alerts are made from was impaired, so that quiet meant nothing.
CREATE TABLE watch_spells (
    nr bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    began_at timestamptz NOT NULL,
    ended_at timestamptz,
    -- Until when what happened then may still become known late.
    settles_at timestamptz,
    tenant_key int NOT NULL REFERENCES tenants (key),
    cause text NOT NULL,
    detail text NOT NULL,
    missed jsonb,  -- what may have been missed, once that can be said
    CHECK (ended_at >= began_at)
);
CREATE UNIQUE INDEX watch_spells_open ON watch_spells (tenant_key, cause) WHERE ended_at IS NULL;
CREATE INDEX watch_spells_newest ON watch_spells (tenant_key, nr);
CREATE INDEX watch_spells_settling ON watch_spells (settles_at) WHERE missed IS NULL;

-- When who watches did so last: a gap is a time in which nobody did.
CREATE TABLE watch_beats (
    at timestamptz NOT NULL,
    name text PRIMARY KEY
);

-- ----------------------------------------------------------------------------------- rights

-- A carrier sees those of its trucks, a shipper those of its bookings that are for shippers.
ALTER TABLE alerts ENABLE ROW LEVEL SECURITY;
ALTER TABLE alerts FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON alerts USING (tenant_key = (SELECT current_tenant_key()));
CREATE POLICY own_carrier ON alerts AS RESTRICTIVE TO ubertruck_app
    USING ((SELECT current_carrier()) IS NULL
        OR (for_carrier AND truck_key IN (SELECT key FROM trucks)));
CREATE POLICY own_shipper ON alerts AS RESTRICTIVE TO ubertruck_app
    USING ((SELECT current_shipper()) IS NULL
        OR (for_shipper AND booking IN (SELECT id FROM bookings)));
GRANT SELECT,
    INSERT (began_at, updated_at, raised_at, due_at, truck_key, tenant_key, version, level,
        for_carrier, for_shipper, id, kind, severity, status, dedup, once, subject, booking,
        assigned_to, judged, marks, state),
    UPDATE (began_at, updated_at, raised_at, due_at, truck_key, version, level, for_carrier,
        for_shipper, severity, status, once, booking, assigned_to, judged, marks, state)
    ON alerts TO ubertruck_app;
GRANT SELECT ON alerts TO ubertruck_system;

ALTER TABLE alert_log ENABLE ROW LEVEL SECURITY;
ALTER TABLE alert_log FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON alert_log USING (tenant_key = (SELECT current_tenant_key()));
CREATE POLICY own_alert ON alert_log AS RESTRICTIVE FOR SELECT TO ubertruck_app
    USING (((SELECT current_shipper()) IS NULL AND (SELECT current_carrier()) IS NULL)
        OR (type <> 'commented' AND alert IN (SELECT id FROM alerts)));
GRANT SELECT, INSERT ON alert_log TO ubertruck_app;

ALTER TABLE watch_spells ENABLE ROW LEVEL SECURITY;
ALTER TABLE watch_spells FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON watch_spells USING (tenant_key = (SELECT current_tenant_key()));
CREATE POLICY nobodys ON watch_spells AS RESTRICTIVE TO ubertruck_app
    USING ((SELECT current_carrier()) IS NULL AND (SELECT current_shipper()) IS NULL);
GRANT SELECT ON watch_spells TO ubertruck_app;
GRANT SELECT, INSERT (began_at, ended_at, settles_at, tenant_key, cause, detail),
    UPDATE (ended_at, settles_at, detail, missed) ON watch_spells TO ubertruck_system;

ALTER TABLE watch_beats ENABLE ROW LEVEL SECURITY;
ALTER TABLE watch_beats FORCE ROW LEVEL SECURITY;
GRANT SELECT, INSERT, UPDATE ON watch_beats TO ubertruck_system;

-- Causes that went before anybody had to be told are of use only as long as they may turn out to
-- have lasted; nothing that anybody was ever told of is forgotten.
CREATE POLICY forgetting ON alerts TO ubertruck_owner USING (true);
CREATE POLICY forgetting ON alert_log TO ubertruck_owner USING (true);
CREATE FUNCTION forget_lapsed_alerts(until timestamptz, most int) RETURNS int LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    forgotten int;
BEGIN
    WITH old AS (
        SELECT tenant_key, id FROM alerts
        WHERE status = 'lapsed' AND raised_at IS NULL AND updated_at < until
        ORDER BY updated_at LIMIT most FOR UPDATE SKIP LOCKED
    ), steps AS (
        DELETE FROM alert_log l USING old
        WHERE l.tenant_key = old.tenant_key AND l.alert = old.id
    )
    DELETE FROM alerts a USING old WHERE a.tenant_key = old.tenant_key AND a.id = old.id;
    GET DIAGNOSTICS forgotten = ROW_COUNT;
    RETURN forgotten;
END $$;
REVOKE ALL ON FUNCTION forget_lapsed_alerts FROM PUBLIC;
GRANT EXECUTE ON FUNCTION forget_lapsed_alerts TO ubertruck_system;

-- What alerts are made from beside the log of facts.
GRANT SELECT ON dues, fixes TO ubertruck_system;
