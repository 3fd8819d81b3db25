-- Payments and refunds: what was decided about each, how it stands, and what providers told us.

-- One row a payment, written with its log in one transaction.
CREATE TABLE payments (
    nr bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    expires_at timestamptz,
    -- When the provider is to be asked again, or time runs out; NULL: nothing is unfinished.
    look_at timestamptz,
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    captured_minor bigint NOT NULL CHECK (captured_minor >= 0),
    refunded_minor bigint NOT NULL CHECK (refunded_minor >= 0),
    tenant_key int NOT NULL REFERENCES tenants (key),
    version int NOT NULL CHECK (version > 0),
    looks int NOT NULL DEFAULT 0,  -- in vain, one after another
    id text NOT NULL CHECK (id ~ '^[A-Za-z0-9_-]{1,64}$'),
    status text NOT NULL,
    method text NOT NULL,
    purpose text NOT NULL,
    booking text,
    due text,
    shipper text,
    provider text,
    troubles text[] NOT NULL,
    trouble text,  -- why the last look was in vain
    state bytea NOT NULL,
    PRIMARY KEY (tenant_key, id)
);
CREATE INDEX payments_newest ON payments (tenant_key, nr);
CREATE INDEX payments_status ON payments (tenant_key, status, nr);
CREATE INDEX payments_booking ON payments (tenant_key, booking, nr) WHERE booking IS NOT NULL;
CREATE INDEX payments_shipper ON payments (tenant_key, shipper, nr) WHERE shipper IS NOT NULL;
CREATE INDEX payments_troubled ON payments (tenant_key, nr) WHERE troubles <> '{}';
CREATE INDEX payments_due ON payments (look_at) WHERE look_at IS NOT NULL;

-- The truth: every event of every payment. Nobody may change or remove one.
CREATE TABLE payment_log (
    at timestamptz NOT NULL,
    tenant_key int NOT NULL,
    version int NOT NULL CHECK (version > 0),
    payment text NOT NULL,
    type text NOT NULL,
    told_by text NOT NULL,
    event json NOT NULL,
    PRIMARY KEY (tenant_key, payment, version),
    FOREIGN KEY (tenant_key, payment) REFERENCES payments (tenant_key, id)
        DEFERRABLE INITIALLY DEFERRED
);

-- By which names of the provider's, or of a bank, a payment is known; a name is one payment's.
CREATE TABLE payment_refs (
    tenant_key int NOT NULL,
    provider text NOT NULL,
    ref text NOT NULL,
    payment text NOT NULL,
    PRIMARY KEY (tenant_key, provider, ref),
    FOREIGN KEY (tenant_key, payment) REFERENCES payments (tenant_key, id)
        DEFERRABLE INITIALLY DEFERRED
);
-- Whose it is, of what comes for an account that all tenants share.
CREATE INDEX payment_refs_ref ON payment_refs (ref);
CREATE INDEX payment_refs_of ON payment_refs (tenant_key, payment);

-- Refunds as they are listed; each is a part of its payment's state too.
CREATE TABLE refunds (
    nr bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    asked_at timestamptz NOT NULL,
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    tenant_key int NOT NULL,
    id text NOT NULL,
    payment text NOT NULL,
    booking text,
    shipper text,
    status text NOT NULL,
    cause text NOT NULL,
    PRIMARY KEY (tenant_key, id),
    FOREIGN KEY (tenant_key, payment) REFERENCES payments (tenant_key, id)
);
CREATE INDEX refunds_newest ON refunds (tenant_key, nr);
CREATE INDEX refunds_payment ON refunds (tenant_key, payment);

-- ----------------------------------------------------------------------------------- inbox

-- What providers sent us, believed or not. Nothing about cards or people stands in a body: what of
-- it could is taken out before; the digest is that of the body as it came.
CREATE TABLE provider_inbox (
    nr bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    received_at timestamptz NOT NULL,
    told_at timestamptz,  -- when the provider says that it happened
    processed_at timestamptz,
    look_at timestamptz,  -- when it is tried again; NULL: it is done with
    -- Whose it is; none where no tenant's secret fits. Then no tenant sees it.
    tenant_key int,
    tries int NOT NULL DEFAULT 0,
    repeats int NOT NULL DEFAULT 0,  -- how often the same came again
    provider text NOT NULL,
    event text NOT NULL,  -- the provider's name for this event
    type text,
    state text NOT NULL CHECK (state IN ('new', 'done', 'waiting', 'ignored', 'failed', 'refused')),
    why text,
    refs text[] NOT NULL DEFAULT '{}',  -- names of what it is about
    digest bytea NOT NULL CHECK (length(digest) = 32),
    headers jsonb NOT NULL,
    body text NOT NULL
);
CREATE UNIQUE INDEX provider_inbox_event ON provider_inbox (tenant_key, provider, event)
    WHERE state <> 'refused';
-- The name of an event is not signed, its body is.
CREATE UNIQUE INDEX provider_inbox_body ON provider_inbox (tenant_key, provider, digest)
    WHERE state <> 'refused';
CREATE INDEX provider_inbox_newest ON provider_inbox (tenant_key, nr);
CREATE INDEX provider_inbox_due ON provider_inbox (look_at) WHERE look_at IS NOT NULL;
CREATE INDEX provider_inbox_waiting ON provider_inbox USING gin (refs) WHERE state = 'waiting';
CREATE INDEX provider_inbox_nobodys ON provider_inbox (nr)
    WHERE tenant_key IS NULL AND state = 'waiting';
CREATE INDEX provider_inbox_refused ON provider_inbox (nr) WHERE state = 'refused';

-- ---------------------------------------------------------------------------------- rights

ALTER TABLE payments ENABLE ROW LEVEL SECURITY;
ALTER TABLE payments FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON payments USING (tenant_key = (SELECT current_tenant_key()));
CREATE POLICY own_shipper ON payments AS RESTRICTIVE TO ubertruck_app
    USING ((SELECT current_shipper()) IS NULL OR shipper = (SELECT current_shipper()));
-- What shippers pay is no carrier's business.
CREATE POLICY no_carrier ON payments AS RESTRICTIVE TO ubertruck_app
    USING ((SELECT current_carrier()) IS NULL);
GRANT SELECT, UPDATE,
    INSERT (tenant_key, id, created_at, updated_at, expires_at, look_at, amount_minor,
        captured_minor, refunded_minor, version, looks, status, method, purpose, booking, due,
        shipper, provider, troubles, state)
    ON payments TO ubertruck_app;
GRANT SELECT ON payments TO ubertruck_system;

ALTER TABLE payment_log ENABLE ROW LEVEL SECURITY;
ALTER TABLE payment_log FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON payment_log USING (tenant_key = (SELECT current_tenant_key()));
CREATE POLICY own_payment ON payment_log AS RESTRICTIVE FOR SELECT TO ubertruck_app
    USING (((SELECT current_shipper()) IS NULL AND (SELECT current_carrier()) IS NULL)
        OR payment IN (SELECT id FROM payments));
GRANT SELECT, INSERT ON payment_log TO ubertruck_app;

ALTER TABLE payment_refs ENABLE ROW LEVEL SECURITY;
ALTER TABLE payment_refs FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON payment_refs USING (tenant_key = (SELECT current_tenant_key()));
CREATE POLICY own_payment ON payment_refs AS RESTRICTIVE FOR SELECT TO ubertruck_app
    USING (((SELECT current_shipper()) IS NULL AND (SELECT current_carrier()) IS NULL)
        OR payment IN (SELECT id FROM payments));
GRANT SELECT, INSERT ON payment_refs TO ubertruck_app;
GRANT SELECT ON payment_refs TO ubertruck_system;

ALTER TABLE refunds ENABLE ROW LEVEL SECURITY;
ALTER TABLE refunds FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON refunds USING (tenant_key = (SELECT current_tenant_key()));
CREATE POLICY own_shipper ON refunds AS RESTRICTIVE TO ubertruck_app
    USING ((SELECT current_shipper()) IS NULL OR shipper = (SELECT current_shipper()));
CREATE POLICY no_carrier ON refunds AS RESTRICTIVE TO ubertruck_app
    USING ((SELECT current_carrier()) IS NULL);
GRANT SELECT, UPDATE (status),
    INSERT (tenant_key, id, asked_at, amount_minor, payment, booking, shipper, status, cause)
    ON refunds TO ubertruck_app;

ALTER TABLE provider_inbox ENABLE ROW LEVEL SECURITY;
ALTER TABLE provider_inbox FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON provider_inbox USING (tenant_key = (SELECT current_tenant_key()));
CREATE POLICY nobodys ON provider_inbox AS RESTRICTIVE TO ubertruck_app
    USING ((SELECT current_carrier()) IS NULL AND (SELECT current_shipper()) IS NULL);
GRANT SELECT, UPDATE (state, why, tries, repeats, look_at, processed_at),
    INSERT (received_at, told_at, look_at, tenant_key, provider, event, type, state, why, refs,
        digest, headers, body)
    ON provider_inbox TO ubertruck_app;
-- What is nobody's is written, and what is old is removed, across tenants.
GRANT SELECT, DELETE, UPDATE (tenant_key, look_at),
    INSERT (received_at, told_at, look_at, tenant_key, provider, event, type, state, why, refs,
        digest, headers, body)
    ON provider_inbox TO ubertruck_system;
