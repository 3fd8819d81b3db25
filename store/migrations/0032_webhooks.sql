-- Outgoing webhooks: who wants which facts, what is due to them, and every attempt to tell them.

CREATE TABLE webhook_endpoints (
    nr bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    rotated_at timestamptz,
    previous_until timestamptz,  -- until then the secret before signs too
    failing_since timestamptz,
    paused_at timestamptz,
    probe_at timestamptz,
    removed_at timestamptz,  -- what was sent to it stays to be read
    tenant_key int NOT NULL REFERENCES tenants (key),
    version int NOT NULL CHECK (version > 0),
    failures int NOT NULL DEFAULT 0,  -- in a row
    id text NOT NULL CHECK (id ~ '^[A-Za-z0-9_-]{1,64}$'),
    url text NOT NULL,
    description text,
    state text NOT NULL CHECK (state IN ('active', 'paused', 'disabled')),
    why text CHECK ((why IS NULL) = (state = 'active')),
    created_by text NOT NULL,
    types text[] NOT NULL,
    subjects text[] NOT NULL,
    secret_sealed bytea,
    previous_secret_sealed bytea,
    PRIMARY KEY (tenant_key, id),
    CHECK (removed_at IS NOT NULL OR secret_sealed IS NOT NULL)
);
CREATE INDEX webhook_endpoints_there ON webhook_endpoints (tenant_key, id)
    WHERE removed_at IS NULL;

-- One row for an endpoint and a fact, and one more for each replay. The body stays as it was made,
-- to the byte, since receivers check it by its signature.
CREATE TABLE webhook_deliveries (
    nr bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    created_at timestamptz NOT NULL,
    time timestamptz NOT NULL,  -- of the fact
    due_at timestamptz,
    finished_at timestamptz,
    claimed_until timestamptz,  -- somebody is sending it
    claim uuid,
    tenant_key int NOT NULL,
    tries int NOT NULL DEFAULT 0,  -- of its present schedule
    attempts int NOT NULL DEFAULT 0,
    id text NOT NULL CHECK (id ~ '^[A-Za-z0-9_-]{1,64}$'),
    endpoint text NOT NULL,
    message text NOT NULL,
    replay text NOT NULL DEFAULT '',
    type text NOT NULL,
    subject text NOT NULL,
    origin text NOT NULL CHECK (origin IN ('fact', 'replay', 'test')),
    state text NOT NULL CHECK (state IN ('pending', 'delivered', 'failed', 'withdrawn')),
    error text,
    body bytea NOT NULL,
    PRIMARY KEY (tenant_key, id),
    UNIQUE (tenant_key, endpoint, message, replay),
    FOREIGN KEY (tenant_key, endpoint) REFERENCES webhook_endpoints (tenant_key, id),
    CHECK ((due_at IS NOT NULL) = (state = 'pending'))
);
CREATE INDEX webhook_deliveries_newest ON webhook_deliveries (tenant_key, nr);
CREATE INDEX webhook_deliveries_endpoint ON webhook_deliveries (tenant_key, endpoint, nr);
CREATE INDEX webhook_deliveries_subject ON webhook_deliveries (tenant_key, subject, nr);
-- What holds back what: the older of the same subject.
CREATE INDEX webhook_deliveries_queue ON webhook_deliveries (tenant_key, endpoint, subject, nr)
    WHERE state = 'pending';
CREATE INDEX webhook_deliveries_over ON webhook_deliveries (finished_at)
    WHERE finished_at IS NOT NULL;

-- Every request and what was answered. Nobody may change one; they go with their delivery.
CREATE TABLE webhook_attempts (
    nr bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL,
    took_ms float8 NOT NULL,
    tenant_key int NOT NULL,
    number int NOT NULL,
    status int,
    is_probe boolean NOT NULL,
    delivery text NOT NULL,
    url text NOT NULL,
    address text,  -- that the name led to
    verdict text NOT NULL,
    error text,
    request_headers jsonb NOT NULL,
    response_headers jsonb,
    body_sha256 bytea NOT NULL,
    response_body bytea,  -- its beginning
    FOREIGN KEY (tenant_key, delivery) REFERENCES webhook_deliveries (tenant_key, id)
        ON DELETE CASCADE
);
CREATE INDEX webhook_attempts_of ON webhook_attempts (tenant_key, delivery, nr);

-- Replays ask for what we learned in a while; the log grows in nearly that order.
CREATE INDEX events_known ON events USING brin (known_at) WITH (autosummarize = on);

-- -------------------------------------------------------------------------------- rights

-- An endpoint gets facts about everybody's trucks and bookings: it is the tenant's as a whole, and
-- nobody's who speaks for one carrier or shipper.
ALTER TABLE webhook_endpoints ENABLE ROW LEVEL SECURITY;
ALTER TABLE webhook_endpoints FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON webhook_endpoints
    USING (tenant_key = (SELECT current_tenant_key()));
CREATE POLICY unbound ON webhook_endpoints AS RESTRICTIVE TO ubertruck_app
    USING ((SELECT current_carrier()) IS NULL AND (SELECT current_shipper()) IS NULL);
GRANT SELECT,
    INSERT (created_at, updated_at, tenant_key, version, id, url, description, state, created_by,
        types, subjects, secret_sealed),
    UPDATE (updated_at, rotated_at, previous_until, failing_since, paused_at, probe_at, removed_at,
        version, failures, url, description, state, why, types, subjects, secret_sealed,
        previous_secret_sealed)
    ON webhook_endpoints TO ubertruck_app;
GRANT SELECT, UPDATE (secret_sealed, previous_secret_sealed)
    ON webhook_endpoints TO ubertruck_system;

ALTER TABLE webhook_deliveries ENABLE ROW LEVEL SECURITY;
ALTER TABLE webhook_deliveries FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON webhook_deliveries
    USING (tenant_key = (SELECT current_tenant_key()));
CREATE POLICY unbound ON webhook_deliveries AS RESTRICTIVE TO ubertruck_app
    USING ((SELECT current_carrier()) IS NULL AND (SELECT current_shipper()) IS NULL);
CREATE POLICY retention ON webhook_deliveries TO ubertruck_owner USING (true) WITH CHECK (true);
GRANT SELECT,
    INSERT (created_at, time, due_at, finished_at, tenant_key, id, endpoint, message, replay, type,
        subject, origin, state, error, body),
    UPDATE (due_at, finished_at, claimed_until, claim, tries, attempts, state, error)
    ON webhook_deliveries TO ubertruck_app;
GRANT SELECT ON webhook_deliveries TO ubertruck_system;

ALTER TABLE webhook_attempts ENABLE ROW LEVEL SECURITY;
ALTER TABLE webhook_attempts FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON webhook_attempts
    USING (tenant_key = (SELECT current_tenant_key()));
CREATE POLICY unbound ON webhook_attempts AS RESTRICTIVE TO ubertruck_app
    USING ((SELECT current_carrier()) IS NULL AND (SELECT current_shipper()) IS NULL);
CREATE POLICY retention ON webhook_attempts TO ubertruck_owner USING (true) WITH CHECK (true);
GRANT SELECT,
    INSERT (at, took_ms, tenant_key, number, status, is_probe, delivery, url, address, verdict,
        error, request_headers, response_headers, body_sha256, response_body)
    ON webhook_attempts TO ubertruck_app;

-- Whole spells of the oldest, a few at a time.
CREATE FUNCTION forget_webhook_deliveries(before timestamptz, most int) RETURNS int
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    WITH gone AS (
        DELETE FROM webhook_deliveries WHERE (tenant_key, id) IN
            (SELECT tenant_key, id FROM webhook_deliveries
             WHERE finished_at < before ORDER BY finished_at LIMIT most)
        RETURNING 1)
    SELECT count(*)::int FROM gone
$$;
REVOKE ALL ON FUNCTION forget_webhook_deliveries FROM PUBLIC;
GRANT EXECUTE ON FUNCTION forget_webhook_deliveries TO ubertruck_system;
