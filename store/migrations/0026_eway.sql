-- E-way bills: what was decided about each and how it stands; and tasks for people.

-- One row a bill, written with its log in one transaction.
CREATE TABLE eway_bills (
    nr bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    valid_until timestamptz,
    -- When somebody is to look at it; NULL: nothing is to come.
    look_at timestamptz,
    -- Since when the portal is being asked for what is pending; NULL: nobody has asked it yet.
    tried_at timestamptz,
    tenant_key int NOT NULL,
    version int NOT NULL CHECK (version > 0),
    document_year int NOT NULL,  -- in which its document's financial year began
    -- Others may have changed it on the portal: look there.
    stale boolean NOT NULL DEFAULT false,
    id text NOT NULL CHECK (id ~ '^[A-Za-z0-9_-]{1,64}$'),
    booking text NOT NULL,
    leg text NOT NULL,
    status text NOT NULL,
    sender_gstin text NOT NULL,
    document_kind text NOT NULL,
    document_number text NOT NULL,
    number text CHECK (number ~ '^[0-9]{12}$'),
    vehicle text,
    trouble text,  -- why the portal could not be asked
    state bytea NOT NULL,
    PRIMARY KEY (tenant_key, id),
    FOREIGN KEY (tenant_key, booking, leg) REFERENCES booking_legs (tenant_key, booking, leg)
);
CREATE INDEX eway_bills_newest ON eway_bills (tenant_key, nr);
CREATE INDEX eway_bills_leg ON eway_bills (tenant_key, booking, leg);
CREATE INDEX eway_bills_due ON eway_bills (look_at) WHERE look_at IS NOT NULL;
CREATE INDEX eway_bills_ending ON eway_bills (tenant_key, valid_until)
    WHERE status IN ('active', 'expired');
CREATE UNIQUE INDEX eway_bills_number ON eway_bills (tenant_key, number) WHERE number IS NOT NULL;
-- A document goes with one bill, as on the portal.
CREATE UNIQUE INDEX eway_bills_document ON eway_bills
    (tenant_key, sender_gstin, document_kind, upper(document_number), document_year)
    WHERE status <> 'cancelled';

-- The truth: every event of every bill. Nobody may change or remove one.
CREATE TABLE eway_log (
    at timestamptz NOT NULL,
    tenant_key int NOT NULL,
    version int NOT NULL CHECK (version > 0),
    bill text NOT NULL,
    type text NOT NULL,
    told_by text NOT NULL,
    event json NOT NULL,
    PRIMARY KEY (tenant_key, bill, version),
    FOREIGN KEY (tenant_key, bill) REFERENCES eway_bills (tenant_key, id)
        DEFERRABLE INITIALLY DEFERRED
);

-- What people are to do; a task's id is made from its cause, so that none is there twice.
CREATE TABLE tasks (
    nr bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    opened_at timestamptz NOT NULL,
    from_ts timestamptz,
    to_ts timestamptz,
    escalated_at timestamptz,
    settled_at timestamptz,
    tenant_key int NOT NULL REFERENCES tenants (key),
    version int NOT NULL CHECK (version > 0),
    id text NOT NULL CHECK (id ~ '^[A-Za-z0-9_-]{1,64}$'),
    kind text NOT NULL,
    subject text NOT NULL,
    title text NOT NULL,
    state text NOT NULL CHECK (state IN ('open', 'done', 'dismissed', 'lapsed')),
    booking text,
    leg text,
    assigned_to text,
    settled_by text,
    note text,
    facts jsonb NOT NULL,
    PRIMARY KEY (tenant_key, id),
    CHECK ((state = 'open') = (settled_at IS NULL))
);
CREATE INDEX tasks_newest ON tasks (tenant_key, nr);
CREATE INDEX tasks_open ON tasks (tenant_key, nr) WHERE state = 'open';
CREATE INDEX tasks_subject ON tasks (tenant_key, subject);

-- -------------------------------------------------------------------------------- rights

-- Who sees a leg sees its bills.
ALTER TABLE eway_bills ENABLE ROW LEVEL SECURITY;
ALTER TABLE eway_bills FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON eway_bills USING (tenant_key = (SELECT current_tenant_key()));
CREATE POLICY own_leg ON eway_bills AS RESTRICTIVE TO ubertruck_app
    USING (((SELECT current_shipper()) IS NULL AND (SELECT current_carrier()) IS NULL)
        OR (booking, leg) IN (SELECT booking, leg FROM booking_legs));
GRANT SELECT,
    INSERT (created_at, updated_at, valid_until, look_at, tenant_key, version, document_year, id,
        booking, leg, status, sender_gstin, document_kind, document_number, number, vehicle, state),
    UPDATE (updated_at, valid_until, look_at, tried_at, version, stale, status, number, vehicle,
        trouble, state)
    ON eway_bills TO ubertruck_app;
GRANT SELECT ON eway_bills TO ubertruck_system;

ALTER TABLE eway_log ENABLE ROW LEVEL SECURITY;
ALTER TABLE eway_log FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON eway_log USING (tenant_key = (SELECT current_tenant_key()));
CREATE POLICY own_bill ON eway_log AS RESTRICTIVE FOR SELECT TO ubertruck_app
    USING (((SELECT current_shipper()) IS NULL AND (SELECT current_carrier()) IS NULL)
        OR bill IN (SELECT id FROM eway_bills));
GRANT SELECT, INSERT ON eway_log TO ubertruck_app;

-- Tasks are the tenant's own people's.
ALTER TABLE tasks ENABLE ROW LEVEL SECURITY;
ALTER TABLE tasks FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON tasks USING (tenant_key = (SELECT current_tenant_key()));
CREATE POLICY nobodys ON tasks AS RESTRICTIVE TO ubertruck_app
    USING ((SELECT current_carrier()) IS NULL AND (SELECT current_shipper()) IS NULL);
GRANT SELECT,
    INSERT (opened_at, from_ts, to_ts, tenant_key, version, id, kind, subject, title, state,
        booking, leg, assigned_to, facts),
    UPDATE (escalated_at, settled_at, version, state, assigned_to, settled_by, note)
    ON tasks TO ubertruck_app;
