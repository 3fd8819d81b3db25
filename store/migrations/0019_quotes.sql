-- Quotes: prices that were told, with all that they were computed from. Nobody may change one.

-- The rates that held when a quote was made, once for all quotes that were made with them.
CREATE TABLE quote_rates (
    kept_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    tenant_key int NOT NULL REFERENCES tenants (key),
    digest bytea NOT NULL CHECK (length(digest) = 32),
    body bytea NOT NULL CHECK (sha256(body) = digest),
    PRIMARY KEY (tenant_key, digest)
);
ALTER TABLE quote_rates ENABLE ROW LEVEL SECURITY;
ALTER TABLE quote_rates FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON quote_rates USING (tenant_key = (SELECT current_tenant_key()));
GRANT SELECT, INSERT (tenant_key, digest, body) ON quote_rates TO ubertruck_app;

CREATE TABLE quotes (
    nr bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    made_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL CHECK (expires_at > made_at),
    priced_for timestamptz NOT NULL,  -- the moment whose rates hold
    total_minor bigint NOT NULL CHECK (total_minor >= 0),
    tenant_key int NOT NULL,
    id text NOT NULL CHECK (id ~ '^[A-Za-z0-9_-]{1,64}$'),
    shipper text,
    signature text NOT NULL,
    rates bytea NOT NULL,
    body bytea NOT NULL,  -- as it was signed
    PRIMARY KEY (tenant_key, id),
    FOREIGN KEY (tenant_key, rates) REFERENCES quote_rates (tenant_key, digest)
);
CREATE INDEX quotes_newest ON quotes (tenant_key, nr);
CREATE INDEX quotes_shipper ON quotes (tenant_key, shipper, nr) WHERE shipper IS NOT NULL;
CREATE INDEX quotes_priced_for ON quotes (tenant_key, priced_for);
ALTER TABLE quotes ENABLE ROW LEVEL SECURITY;
ALTER TABLE quotes FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON quotes USING (tenant_key = (SELECT current_tenant_key()));
CREATE POLICY own_shipper ON quotes AS RESTRICTIVE TO ubertruck_app
    USING ((SELECT current_shipper()) IS NULL OR shipper = (SELECT current_shipper()));
-- A carrier has no business with what shippers are asked for.
CREATE POLICY no_carrier ON quotes AS RESTRICTIVE TO ubertruck_app
    USING ((SELECT current_carrier()) IS NULL);
GRANT SELECT, INSERT (tenant_key, id, made_at, expires_at, priced_for, total_minor, shipper,
    signature, rates, body) ON quotes TO ubertruck_app;
