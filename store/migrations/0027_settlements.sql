-- Settlements of carriers, payouts, and statements held against the books.

-- ------------------------------------------------------------------------------ settlements

-- `state` is what the log gives, so that nobody has to read the log to go on.
CREATE TABLE settlements (
    nr bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    opened_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    ready_at timestamptz,
    due_at timestamptz,  -- when it can go on without anybody's doing; none: it cannot
    balance_minor bigint NOT NULL,
    gross_minor bigint NOT NULL,
    tenant_key int NOT NULL REFERENCES tenants (key),
    version int NOT NULL CHECK (version > 0),
    part int NOT NULL,
    supplement int NOT NULL,
    id text NOT NULL CHECK (id ~ '^[A-Za-z0-9_-]{1,64}$'),
    kind text NOT NULL,
    carrier text NOT NULL,
    status text NOT NULL,
    booking text,
    leg text,
    cycle text,
    taken_into text,
    state bytea NOT NULL,
    PRIMARY KEY (tenant_key, id),
    FOREIGN KEY (tenant_key, carrier) REFERENCES carriers (tenant_key, id)
);
CREATE UNIQUE INDEX settlements_leg ON settlements (tenant_key, booking, leg, part, supplement)
    WHERE kind = 'leg';
CREATE INDEX settlements_newest ON settlements (tenant_key, nr);
CREATE INDEX settlements_carrier ON settlements (tenant_key, carrier, nr);
CREATE INDEX settlements_status ON settlements (tenant_key, status, nr);
CREATE INDEX settlements_due ON settlements (due_at) WHERE due_at IS NOT NULL;

-- The truth: every event of every settlement. Nobody may change or remove one.
CREATE TABLE settlement_log (
    at timestamptz NOT NULL,
    tenant_key int NOT NULL,
    version int NOT NULL CHECK (version > 0),  -- the settlement's after this event
    settlement text NOT NULL,
    type text NOT NULL,
    event json NOT NULL,
    PRIMARY KEY (tenant_key, settlement, version),
    FOREIGN KEY (tenant_key, settlement) REFERENCES settlements (tenant_key, id)
        DEFERRABLE INITIALLY DEFERRED
);

-- What was credited to a carrier in a financial year, and deducted from it; an approval that is
-- taken back has a row below zero.
CREATE TABLE tds_deductions (
    at timestamptz NOT NULL,
    credited_minor bigint NOT NULL,
    exempt_minor bigint NOT NULL,
    taxed_minor bigint NOT NULL,
    deducted_minor bigint NOT NULL,
    tenant_key int NOT NULL,
    year int NOT NULL,  -- in which the financial year began
    version int NOT NULL,  -- the settlement's
    rate_bp int NOT NULL,
    settlement text NOT NULL,
    carrier text NOT NULL,
    code text NOT NULL,
    why text NOT NULL,
    PRIMARY KEY (tenant_key, settlement, version),
    FOREIGN KEY (tenant_key, settlement) REFERENCES settlements (tenant_key, id)
        DEFERRABLE INITIALLY DEFERRED
);
CREATE INDEX tds_deductions_year ON tds_deductions (tenant_key, carrier, year);

-- --------------------------------------------------------------------------------- payouts

CREATE TABLE payouts (
    nr bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    look_at timestamptz,  -- when its provider is to be asked, for it or about it; none: never
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    tenant_key int NOT NULL REFERENCES tenants (key),
    version int NOT NULL CHECK (version > 0),
    looks int NOT NULL DEFAULT 0,  -- in vain, since it moved
    id text NOT NULL CHECK (id ~ '^[A-Za-z0-9_-]{1,32}$'),
    purpose text NOT NULL,
    settlement text NOT NULL,
    carrier text NOT NULL,
    status text NOT NULL,
    utr text,
    trouble text,  -- why the last look was in vain
    state bytea NOT NULL,
    PRIMARY KEY (tenant_key, id),
    FOREIGN KEY (tenant_key, settlement) REFERENCES settlements (tenant_key, id),
    FOREIGN KEY (tenant_key, carrier) REFERENCES carriers (tenant_key, id)
);
CREATE INDEX payouts_newest ON payouts (tenant_key, nr);
CREATE INDEX payouts_carrier ON payouts (tenant_key, carrier, nr);
CREATE INDEX payouts_settlement ON payouts (tenant_key, settlement, nr);
CREATE INDEX payouts_status ON payouts (tenant_key, status, nr);
CREATE INDEX payouts_look ON payouts (look_at) WHERE look_at IS NOT NULL;
CREATE INDEX payouts_utr ON payouts (tenant_key, utr) WHERE utr IS NOT NULL;

CREATE TABLE payout_log (
    at timestamptz NOT NULL,
    tenant_key int NOT NULL,
    version int NOT NULL CHECK (version > 0),
    payout text NOT NULL,
    type text NOT NULL,
    event json NOT NULL,
    PRIMARY KEY (tenant_key, payout, version),
    FOREIGN KEY (tenant_key, payout) REFERENCES payouts (tenant_key, id)
        DEFERRABLE INITIALLY DEFERRED
);

-- By which the provider's news find their payout.
CREATE TABLE payout_attempts (
    tenant_key int NOT NULL,
    nr int NOT NULL,
    payout text NOT NULL,
    reference text NOT NULL,
    provider_id text,
    PRIMARY KEY (tenant_key, payout, nr),
    FOREIGN KEY (tenant_key, payout) REFERENCES payouts (tenant_key, id)
        DEFERRABLE INITIALLY DEFERRED
);
CREATE UNIQUE INDEX payout_attempts_reference ON payout_attempts (tenant_key, reference);
CREATE UNIQUE INDEX payout_attempts_provider ON payout_attempts (tenant_key, provider_id)
    WHERE provider_id IS NOT NULL;
-- The same for whoever does not know the tenant yet.
CREATE INDEX payout_attempts_any_reference ON payout_attempts (reference);
CREATE INDEX payout_attempts_any_provider ON payout_attempts (provider_id);

-- -------------------------------------------------------------------------- reconciliation

-- A statement as it was handed in: the same one twice is the same import.
CREATE TABLE statement_imports (
    nr bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    at timestamptz NOT NULL,
    tenant_key int NOT NULL REFERENCES tenants (key),
    rows int NOT NULL,
    new_rows int NOT NULL,
    id text NOT NULL,  -- digest of its source and bytes
    source text NOT NULL CHECK (source IN ('bank', 'provider')),
    account text NOT NULL,
    told_by text NOT NULL,
    PRIMARY KEY (tenant_key, id)
);
CREATE INDEX statement_imports_newest ON statement_imports (tenant_key, nr);

CREATE TABLE statement_lines (
    nr bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    amount_minor bigint NOT NULL,  -- above zero: money came in
    fee_minor bigint NOT NULL DEFAULT 0,
    tax_minor bigint NOT NULL DEFAULT 0,
    expected_minor bigint,  -- what the books say, where something matches
    tenant_key int NOT NULL REFERENCES tenants (key),
    version int NOT NULL DEFAULT 1,
    day date NOT NULL,
    id text NOT NULL,  -- digest of what it says, and of how often it was said before
    import text NOT NULL,
    source text NOT NULL,
    account text NOT NULL,
    kind text NOT NULL,  -- payment, refund, settlement, payout, transfer, other
    status text NOT NULL CHECK (status IN ('open', 'matched', 'confirmed', 'ignored')),
    entity text,  -- the provider's id
    settlement text,  -- the provider's settlement that it is part of
    utr text,
    narration text,
    matched text,  -- what it is, on our side: payments/x, payouts/x, provider-settlements/x
    cause text,  -- why it differs, as suggested
    entry text,  -- that confirming posted
    told_by text,
    reason text,
    PRIMARY KEY (tenant_key, id),
    FOREIGN KEY (tenant_key, import) REFERENCES statement_imports (tenant_key, id)
);
CREATE INDEX statement_lines_status ON statement_lines (tenant_key, status, nr);
CREATE INDEX statement_lines_utr ON statement_lines (tenant_key, utr) WHERE utr IS NOT NULL;
CREATE INDEX statement_lines_entity ON statement_lines (tenant_key, entity)
    WHERE entity IS NOT NULL;
CREATE INDEX statement_lines_settlement ON statement_lines (tenant_key, settlement)
    WHERE settlement IS NOT NULL;

-- ------------------------------------------------------------------------------------ rights

ALTER TABLE settlements ENABLE ROW LEVEL SECURITY;
ALTER TABLE settlements FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON settlements USING (tenant_key = (SELECT current_tenant_key()));
CREATE POLICY own_carrier ON settlements AS RESTRICTIVE TO ubertruck_app
    USING ((SELECT current_shipper()) IS NULL
        AND ((SELECT current_carrier()) IS NULL OR carrier = (SELECT current_carrier())));
GRANT SELECT,
    INSERT (tenant_key, id, version, kind, carrier, status, booking, leg, part, supplement, cycle,
        taken_into, balance_minor, gross_minor, opened_at, updated_at, ready_at, due_at, state),
    UPDATE (version, status, taken_into, balance_minor, gross_minor, updated_at, ready_at, due_at,
        state)
    ON settlements TO ubertruck_app;
GRANT SELECT ON settlements TO ubertruck_system;

ALTER TABLE settlement_log ENABLE ROW LEVEL SECURITY;
ALTER TABLE settlement_log FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON settlement_log USING (tenant_key = (SELECT current_tenant_key()));
CREATE POLICY own_carrier ON settlement_log AS RESTRICTIVE TO ubertruck_app
    USING ((SELECT current_shipper()) IS NULL AND ((SELECT current_carrier()) IS NULL
        OR settlement IN (SELECT id FROM settlements)));
GRANT SELECT, INSERT ON settlement_log TO ubertruck_app;

ALTER TABLE tds_deductions ENABLE ROW LEVEL SECURITY;
ALTER TABLE tds_deductions FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON tds_deductions USING (tenant_key = (SELECT current_tenant_key()));
CREATE POLICY own_carrier ON tds_deductions AS RESTRICTIVE TO ubertruck_app
    USING ((SELECT current_shipper()) IS NULL
        AND ((SELECT current_carrier()) IS NULL OR carrier = (SELECT current_carrier())));
GRANT SELECT, INSERT ON tds_deductions TO ubertruck_app;

ALTER TABLE payouts ENABLE ROW LEVEL SECURITY;
ALTER TABLE payouts FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON payouts USING (tenant_key = (SELECT current_tenant_key()));
CREATE POLICY own_carrier ON payouts AS RESTRICTIVE TO ubertruck_app
    USING ((SELECT current_shipper()) IS NULL
        AND ((SELECT current_carrier()) IS NULL OR carrier = (SELECT current_carrier())));
GRANT SELECT,
    INSERT (tenant_key, id, version, purpose, settlement, carrier, status, amount_minor, utr,
        created_at, updated_at, look_at, looks, trouble, state),
    UPDATE (version, status, utr, updated_at, look_at, looks, trouble, state)
    ON payouts TO ubertruck_app;
GRANT SELECT ON payouts TO ubertruck_system;
-- What comes for an account that all tenants share is given to whose payout it is about.
GRANT SELECT (tenant_key, provider_id, reference) ON payout_attempts TO ubertruck_system;

ALTER TABLE payout_log ENABLE ROW LEVEL SECURITY;
ALTER TABLE payout_log FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON payout_log USING (tenant_key = (SELECT current_tenant_key()));
CREATE POLICY nobodys ON payout_log AS RESTRICTIVE TO ubertruck_app
    USING ((SELECT current_carrier()) IS NULL AND (SELECT current_shipper()) IS NULL);
GRANT SELECT, INSERT ON payout_log TO ubertruck_app;

ALTER TABLE payout_attempts ENABLE ROW LEVEL SECURITY;
ALTER TABLE payout_attempts FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON payout_attempts USING (tenant_key = (SELECT current_tenant_key()));
CREATE POLICY nobodys ON payout_attempts AS RESTRICTIVE TO ubertruck_app
    USING ((SELECT current_carrier()) IS NULL AND (SELECT current_shipper()) IS NULL);
GRANT SELECT, INSERT, UPDATE (provider_id) ON payout_attempts TO ubertruck_app;

ALTER TABLE statement_imports ENABLE ROW LEVEL SECURITY;
ALTER TABLE statement_imports FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON statement_imports USING (tenant_key = (SELECT current_tenant_key()));
CREATE POLICY nobodys ON statement_imports AS RESTRICTIVE TO ubertruck_app
    USING ((SELECT current_carrier()) IS NULL AND (SELECT current_shipper()) IS NULL);
GRANT SELECT, INSERT (tenant_key, id, at, rows, new_rows, source, account, told_by)
    ON statement_imports TO ubertruck_app;

ALTER TABLE statement_lines ENABLE ROW LEVEL SECURITY;
ALTER TABLE statement_lines FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON statement_lines USING (tenant_key = (SELECT current_tenant_key()));
CREATE POLICY nobodys ON statement_lines AS RESTRICTIVE TO ubertruck_app
    USING ((SELECT current_carrier()) IS NULL AND (SELECT current_shipper()) IS NULL);
GRANT SELECT,
    INSERT (tenant_key, id, import, source, account, kind, status, day, amount_minor, fee_minor,
        tax_minor, expected_minor, entity, settlement, utr, narration, matched, cause),
    UPDATE (version, kind, status, expected_minor, matched, cause, entry, told_by, reason)
    ON statement_lines TO ubertruck_app;
