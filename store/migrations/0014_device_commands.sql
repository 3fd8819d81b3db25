-- What devices tell of themselves besides fixes, and what they are told to do.

-- ---------------------------------------------------------------------------------- states

-- The last word of a device, or of its broker in its place, on whether it is connected.
CREATE TABLE device_states (
    truck_key bigint PRIMARY KEY,
    -- Since when it is so, and when it was last said.
    changed_at timestamptz NOT NULL,
    told_at timestamptz NOT NULL,
    tenant_key int NOT NULL,
    is_online boolean NOT NULL,
    FOREIGN KEY (truck_key, tenant_key) REFERENCES trucks (key, tenant_key)
);
CREATE INDEX ON device_states (tenant_key);
ALTER TABLE device_states ENABLE ROW LEVEL SECURITY;
ALTER TABLE device_states FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON device_states USING (tenant_key = (SELECT current_tenant_key()));
CREATE POLICY own_carrier ON device_states AS RESTRICTIVE TO ubertruck_app
    USING ((SELECT current_carrier()) IS NULL OR truck_key IN (SELECT key FROM trucks));
GRANT SELECT ON device_states TO ubertruck_app;
GRANT SELECT, INSERT, UPDATE ON device_states TO ubertruck_system;

-- -------------------------------------------------------------------------------- commands

CREATE TABLE device_commands (
    id uuid PRIMARY KEY,
    truck_key bigint NOT NULL,
    nr bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    -- When the broker last took it over, and when it is to be sent (again).
    sent_at timestamptz,
    due_at timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz,
    tenant_key int NOT NULL,
    sendings int NOT NULL DEFAULT 0,
    state text NOT NULL DEFAULT 'queued'
        CHECK (state IN ('queued', 'sent', 'acknowledged', 'expired', 'failed')),
    kind text NOT NULL,
    payload json,
    created_by text NOT NULL,
    result text,
    detail text,
    CHECK ((ended_at IS NOT NULL) = (state NOT IN ('queued', 'sent'))),
    FOREIGN KEY (truck_key, tenant_key) REFERENCES trucks (key, tenant_key)
);
CREATE INDEX device_commands_truck ON device_commands (truck_key, nr);
CREATE INDEX device_commands_tenant ON device_commands (tenant_key);
CREATE INDEX device_commands_open ON device_commands (due_at) WHERE state IN ('queued', 'sent');
CREATE INDEX device_commands_ended ON device_commands (ended_at) WHERE ended_at IS NOT NULL;
ALTER TABLE device_commands ENABLE ROW LEVEL SECURITY;
ALTER TABLE device_commands FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON device_commands USING (tenant_key = (SELECT current_tenant_key()));
CREATE POLICY own_carrier ON device_commands AS RESTRICTIVE TO ubertruck_app
    USING ((SELECT current_carrier()) IS NULL OR truck_key IN (SELECT key FROM trucks));
GRANT SELECT, INSERT (id, truck_key, tenant_key, expires_at, kind, payload, created_by)
    ON device_commands TO ubertruck_app;
GRANT SELECT, DELETE, UPDATE (sent_at, due_at, ended_at, sendings, state, result, detail)
    ON device_commands TO ubertruck_system;

-- ----------------------------------------------------------------------------- repetitions

-- How many fixes a truck's device has sent that were stored already, by the day they came. Written
-- in the fixes' own transaction, which no reference may stop.
CREATE TABLE fix_repeats (
    truck_key bigint NOT NULL,
    repeated bigint NOT NULL CHECK (repeated > 0),
    tenant_key int NOT NULL,
    day date NOT NULL,
    PRIMARY KEY (truck_key, day)
);
CREATE INDEX ON fix_repeats (tenant_key);
ALTER TABLE fix_repeats ENABLE ROW LEVEL SECURITY;
ALTER TABLE fix_repeats FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON fix_repeats USING (tenant_key = (SELECT current_tenant_key()));
CREATE POLICY own_carrier ON fix_repeats AS RESTRICTIVE TO ubertruck_app
    USING ((SELECT current_carrier()) IS NULL OR truck_key IN (SELECT key FROM trucks));
GRANT SELECT ON fix_repeats TO ubertruck_app;
GRANT SELECT, INSERT, UPDATE ON fix_repeats TO ubertruck_telemetry;

-- Rejections of one truck, for its own page.
CREATE INDEX rejections_truck ON rejections (tenant_key, truck, received_at);
