-- Requests that must not be done twice: the row is written in the transaction of what it guards.

CREATE TABLE idempotency_keys (
    claimed_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    tenant_key int NOT NULL REFERENCES tenants (key),
    status int,  -- NULL until there is an answer to give again
    principal text NOT NULL,
    key text NOT NULL,
    fingerprint bytea NOT NULL,
    subject text NOT NULL,
    headers jsonb,
    body bytea,  -- sealed: answers carry personal data, and secrets that are shown once
    PRIMARY KEY (tenant_key, principal, key)
);
CREATE INDEX ON idempotency_keys (expires_at);
ALTER TABLE idempotency_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE idempotency_keys FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON idempotency_keys USING (tenant_key = (SELECT current_tenant_key()));
GRANT SELECT, INSERT, UPDATE ON idempotency_keys TO ubertruck_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON idempotency_keys TO ubertruck_system;
