-- What lasts, the states that late fixes are folded in from, and what every fact was decided by.

-- ---------------------------------------------------------------------------------- fixes

-- Why a fix is not believed (freight.tracking.facts.Flaw); a late fix may change it.
ALTER TABLE fixes ADD COLUMN flaw smallint;
GRANT UPDATE (flaw) ON fixes TO ubertruck_telemetry;

-- --------------------------------------------------------------------------------- events

ALTER TABLE events
    -- Device time of the fix that decided it; a fact about the past may be decided later. None:
    -- it is not about a fix.
    ADD COLUMN decided_at timestamptz,
    -- The revision of the fences in force.
    ADD COLUMN fence_revision bigint,
    -- The fact that this one corrects or takes back.
    ADD COLUMN replaces uuid,
    -- The rules in force, see rule_sets.
    ADD COLUMN rules text;

-- The owner is bound by row level security like everybody, and these rows are of all tenants.
ALTER TABLE events NO FORCE ROW LEVEL SECURITY;
UPDATE events SET replaces = (data ->> 'replaces')::uuid
    WHERE type IN ('event.corrected', 'event.retracted');
ALTER TABLE events FORCE ROW LEVEL SECURITY;

CREATE INDEX events_decided ON events (truck_key, decided_at) WHERE decided_at IS NOT NULL;
CREATE INDEX events_replaces ON events (replaces) WHERE replaces IS NOT NULL;
-- A fact may be decided by another fix once a late one has come; nothing else of it changes.
GRANT UPDATE (decided_at) ON events TO ubertruck_telemetry;

-- Rules as they were, under a name made of what they say.
CREATE TABLE rule_sets (
    known_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    tenant_key int NOT NULL REFERENCES tenants (key),
    digest text NOT NULL CHECK (digest ~ '^[0-9a-f]{32}$'),
    rules jsonb NOT NULL,
    PRIMARY KEY (tenant_key, digest)
);
ALTER TABLE rule_sets ENABLE ROW LEVEL SECURITY;
ALTER TABLE rule_sets FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON rule_sets USING (tenant_key = (SELECT current_tenant_key()));
GRANT SELECT, INSERT ON rule_sets TO ubertruck_telemetry;
GRANT SELECT ON rule_sets TO ubertruck_app;

-- Which rules a tenant's fixes were folded by from when on.
CREATE TABLE rule_spells (
    from_ts timestamptz NOT NULL,
    tenant_key int NOT NULL,
    digest text NOT NULL,
    PRIMARY KEY (tenant_key, from_ts),
    FOREIGN KEY (tenant_key, digest) REFERENCES rule_sets (tenant_key, digest)
);
ALTER TABLE rule_spells ENABLE ROW LEVEL SECURITY;
ALTER TABLE rule_spells FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON rule_spells USING (tenant_key = (SELECT current_tenant_key()));
GRANT SELECT, INSERT ON rule_spells TO ubertruck_telemetry;
GRANT SELECT ON rule_spells TO ubertruck_app;

-- ---------------------------------------------------------------------------------- spans

-- Trips, stops, visits, episodes: what begins and ends.
CREATE TABLE spans (
    truck_key bigint NOT NULL,
    from_ts timestamptz NOT NULL,
    to_ts timestamptz,  -- none: it goes on
    known_at timestamptz NOT NULL,
    -- Device times of the fixes that decided its begin and its end, and what was said when it
    -- began: a late fix may undo the one or the other.
    begun_at timestamptz,
    ended_at timestamptz,
    tenant_key int NOT NULL,
    kind text NOT NULL,
    about text NOT NULL,
    data jsonb NOT NULL,
    begun jsonb,
    PRIMARY KEY (truck_key, kind, about, from_ts)
);
CREATE INDEX spans_truck ON spans (truck_key, from_ts);
CREATE INDEX spans_open ON spans (tenant_key, kind) WHERE to_ts IS NULL;
ALTER TABLE spans ENABLE ROW LEVEL SECURITY;
ALTER TABLE spans FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON spans USING (tenant_key = (SELECT current_tenant_key()));
CREATE POLICY own_carrier ON spans AS RESTRICTIVE TO ubertruck_app
    USING ((SELECT current_carrier()) IS NULL OR truck_key IN (SELECT key FROM trucks));
GRANT SELECT, INSERT, UPDATE, DELETE ON spans TO ubertruck_telemetry;
GRANT SELECT ON spans TO ubertruck_app;

-- ---------------------------------------------------------------------------- checkpoints

-- A truck's state after all its fixes before `ts` and none from it on.
CREATE TABLE truck_checkpoints (
    truck_key bigint NOT NULL,
    ts timestamptz NOT NULL,
    tenant_key int NOT NULL,
    state bytea NOT NULL,
    PRIMARY KEY (truck_key, ts)
);
ALTER TABLE truck_checkpoints ENABLE ROW LEVEL SECURITY;
ALTER TABLE truck_checkpoints FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON truck_checkpoints USING (tenant_key = (SELECT current_tenant_key()));
CREATE POLICY own_carrier ON truck_checkpoints AS RESTRICTIVE TO ubertruck_app
    USING ((SELECT current_carrier()) IS NULL OR truck_key IN (SELECT key FROM trucks));
GRANT SELECT, INSERT, UPDATE, DELETE ON truck_checkpoints TO ubertruck_telemetry;
GRANT SELECT ON truck_checkpoints TO ubertruck_app;

-- Late fixes that were too many for the transaction that stored them: from where on the truck's
-- fixes are still to be folded again, and the last late one.
CREATE TABLE late_work (
    truck_key bigint PRIMARY KEY,
    from_ts timestamptz NOT NULL,
    last_late_ts timestamptz NOT NULL,
    tenant_key int NOT NULL
);
ALTER TABLE late_work ENABLE ROW LEVEL SECURITY;
ALTER TABLE late_work FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON late_work USING (tenant_key = (SELECT current_tenant_key()));
GRANT SELECT, INSERT, UPDATE, DELETE ON late_work TO ubertruck_telemetry;
