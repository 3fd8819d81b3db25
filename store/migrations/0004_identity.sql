-- Users, clients, keys, tokens: who may speak for a tenant.

-- -------------------------------------------------------------------------------- clients

-- What a client may do is what its roles allow when it asks for a token.
ALTER TABLE oauth_clients
    ADD COLUMN roles text[] NOT NULL DEFAULT '{}',
    ADD COLUMN name text,
    ADD COLUMN carrier text,
    ADD COLUMN shipper text,
    ADD COLUMN version int NOT NULL DEFAULT 1,
    ADD COLUMN rotated_at timestamptz,
    ADD COLUMN revoked_at timestamptz,
    -- After a rotation the secret before stays good until then.
    ADD COLUMN previous_hash text,
    ADD COLUMN previous_until timestamptz;
UPDATE oauth_clients SET roles = ARRAY[role];
ALTER TABLE oauth_clients DROP COLUMN role, DROP COLUMN permissions;
CREATE POLICY own_tenant ON oauth_clients USING (tenant_key = (SELECT current_tenant_key()));
CREATE INDEX oauth_clients_page ON oauth_clients (tenant_key, id);

-- Who rotates a secret cannot read the one before: the row keeps it by itself.
CREATE FUNCTION keep_previous_client_secret() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    NEW.previous_hash := CASE
        WHEN NEW.revoked_at IS NOT NULL OR NEW.previous_until IS NULL THEN NULL
        WHEN NEW.secret_hash IS DISTINCT FROM OLD.secret_hash THEN OLD.secret_hash
        ELSE OLD.previous_hash END;
    RETURN NEW;
END $$;
CREATE TRIGGER keep_previous BEFORE UPDATE ON oauth_clients
    FOR EACH ROW EXECUTE FUNCTION keep_previous_client_secret();

GRANT SELECT (created_at, tenant_key, id, roles, name, carrier, shipper, version, rotated_at,
        revoked_at, previous_until),
    INSERT (tenant_key, id, secret_hash, roles, name, carrier, shipper),
    UPDATE (secret_hash, roles, name, carrier, shipper, version, rotated_at, revoked_at,
        previous_until) ON oauth_clients TO ubertruck_app;

-- ---------------------------------------------------------------------------------- users

CREATE TABLE users (
    created_at timestamptz NOT NULL DEFAULT now(),
    disabled_at timestamptz,
    password_changed_at timestamptz NOT NULL DEFAULT now(),
    totp_confirmed_at timestamptz,
    totp_last_step bigint NOT NULL DEFAULT 0,  -- a one-time code is good one time
    tenant_key int NOT NULL REFERENCES tenants (key),
    version int NOT NULL DEFAULT 1,
    id text PRIMARY KEY CHECK (id ~ '^[A-Za-z0-9_-]{1,64}$'),
    roles text[] NOT NULL,
    carrier text,
    shipper text,
    password_hash text NOT NULL,
    -- Personal data is sealed; its blind index finds equal values without opening them.
    email_sealed bytea NOT NULL,
    email_index bytea NOT NULL,
    name_sealed bytea,
    phone_sealed bytea,
    phone_index bytea,
    totp_sealed bytea,
    recovery_hashes bytea[] NOT NULL DEFAULT '{}',
    UNIQUE (id, tenant_key)
);
CREATE UNIQUE INDEX users_email ON users (tenant_key, email_index);
CREATE INDEX users_phone ON users (tenant_key, phone_index);
CREATE INDEX users_page ON users (tenant_key, id);
ALTER TABLE users ENABLE ROW LEVEL SECURITY;
ALTER TABLE users FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON users USING (tenant_key = (SELECT current_tenant_key()));
GRANT SELECT (created_at, disabled_at, password_changed_at, totp_confirmed_at, tenant_key, version,
        id, roles, carrier, shipper, email_sealed, email_index, name_sealed, phone_sealed,
        phone_index, totp_last_step, recovery_hashes),
    INSERT (tenant_key, id, roles, carrier, shipper, password_hash, email_sealed, email_index,
        name_sealed, phone_sealed, phone_index),
    UPDATE (disabled_at, password_changed_at, totp_confirmed_at, totp_last_step, version, roles,
        carrier, shipper, password_hash, email_sealed, email_index, name_sealed, phone_sealed,
        phone_index, totp_sealed, recovery_hashes) ON users TO ubertruck_app;
-- Who signs in is not known yet. The first user of a tenant is made with it.
GRANT SELECT, INSERT ON users TO ubertruck_system;

-- ------------------------------------------------------------------------------- sessions

-- A session is one sign-in: the family of all refresh tokens that follow from it.
CREATE TABLE sessions (
    created_at timestamptz NOT NULL DEFAULT now(),
    used_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    ended_at timestamptz,
    tenant_key int NOT NULL,
    id text PRIMARY KEY,
    user_id text NOT NULL,
    end_reason text,
    origin text,
    user_agent text,
    UNIQUE (id, tenant_key),
    FOREIGN KEY (user_id, tenant_key) REFERENCES users (id, tenant_key) ON DELETE CASCADE
);
CREATE INDEX sessions_page ON sessions (tenant_key, user_id, id);
CREATE INDEX sessions_expiry ON sessions (expires_at);
ALTER TABLE sessions ENABLE ROW LEVEL SECURITY;
ALTER TABLE sessions FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON sessions USING (tenant_key = (SELECT current_tenant_key()));
GRANT SELECT, INSERT, UPDATE (used_at, ended_at, end_reason) ON sessions TO ubertruck_app;
GRANT SELECT, DELETE ON sessions TO ubertruck_system;

-- Used ones stay until they expire: one that comes back was stolen, or its thief was first.
CREATE TABLE refresh_tokens (
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    tenant_key int NOT NULL,
    session_id text NOT NULL,
    hash bytea PRIMARY KEY CHECK (octet_length(hash) = 32),
    FOREIGN KEY (session_id, tenant_key) REFERENCES sessions (id, tenant_key) ON DELETE CASCADE
);
CREATE INDEX refresh_tokens_session ON refresh_tokens (session_id);
CREATE INDEX refresh_tokens_expiry ON refresh_tokens (expires_at);
ALTER TABLE refresh_tokens ENABLE ROW LEVEL SECURITY;
ALTER TABLE refresh_tokens FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON refresh_tokens USING (tenant_key = (SELECT current_tenant_key()));
GRANT SELECT, INSERT, UPDATE (used_at) ON refresh_tokens TO ubertruck_app;
GRANT SELECT, DELETE ON refresh_tokens TO ubertruck_system;

-- ------------------------------------------------------------------------------- API keys

CREATE TABLE api_keys (
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    revoked_at timestamptz,
    tenant_key int NOT NULL REFERENCES tenants (key),
    version int NOT NULL DEFAULT 1,
    id text PRIMARY KEY,
    name text NOT NULL,
    scopes text[] NOT NULL,
    carrier text,
    shipper text,
    created_by text NOT NULL,  -- as principals are named: user:..., client:...
    hash bytea NOT NULL UNIQUE CHECK (octet_length(hash) = 32)
);
CREATE INDEX api_keys_page ON api_keys (tenant_key, id);
CREATE INDEX api_keys_creator ON api_keys (tenant_key, created_by);
ALTER TABLE api_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE api_keys FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON api_keys USING (tenant_key = (SELECT current_tenant_key()));
GRANT SELECT (created_at, expires_at, used_at, revoked_at, tenant_key, version, id, name, scopes,
        carrier, shipper, created_by),
    INSERT (tenant_key, id, name, scopes, carrier, shipper, created_by, expires_at, hash),
    UPDATE (revoked_at, version) ON api_keys TO ubertruck_app;
GRANT SELECT, UPDATE (used_at) ON api_keys TO ubertruck_system;

-- ----------------------------------------------------------------------- external issuers

CREATE TABLE oidc_issuers (
    created_at timestamptz NOT NULL DEFAULT now(),
    tenant_key int NOT NULL REFERENCES tenants (key),
    version int NOT NULL DEFAULT 1,
    is_enabled boolean NOT NULL DEFAULT true,
    id text NOT NULL CHECK (id ~ '^[A-Za-z0-9_-]{1,64}$'),
    issuer text NOT NULL,
    audience text NOT NULL,
    role_claim text NOT NULL,
    roles_of jsonb NOT NULL,  -- value of the claim -> names of roles
    roles text[] NOT NULL,  -- all that it may give, so that no such role is deleted
    carrier_claim text,
    shipper_claim text,
    PRIMARY KEY (tenant_key, id)
);
CREATE UNIQUE INDEX oidc_issuers_trusted ON oidc_issuers (tenant_key, issuer, audience);
ALTER TABLE oidc_issuers ENABLE ROW LEVEL SECURITY;
ALTER TABLE oidc_issuers FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON oidc_issuers USING (tenant_key = (SELECT current_tenant_key()));
GRANT SELECT, INSERT, UPDATE, DELETE ON oidc_issuers TO ubertruck_app;
GRANT SELECT ON oidc_issuers TO ubertruck_system;

-- ----------------------------------------------------------------------------- revocation

-- What must not pass any more although its token is still signed and unexpired. Every gateway
-- polls by revision; the number is taken and committed under one lock, so none is overlooked.
CREATE TABLE revocations (
    revision bigint PRIMARY KEY,
    until timestamptz NOT NULL,  -- by then every token concerned has expired
    tenant_key int NOT NULL REFERENCES tenants (key),
    below_version int,  -- of a subject: tokens issued to an older version of it
    kind text NOT NULL CHECK (kind IN ('token', 'session', 'subject')),
    id text NOT NULL
);
CREATE INDEX revocations_expiry ON revocations (until);
CREATE SEQUENCE revocation_revisions;

CREATE FUNCTION hold_revocation_lock() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(20267, 4);
    RETURN NULL;
END $$;
CREATE FUNCTION stamp_revocation() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    NEW.revision := nextval('revocation_revisions');
    RETURN NEW;
END $$;
CREATE TRIGGER hold_lock BEFORE INSERT ON revocations
    FOR EACH STATEMENT EXECUTE FUNCTION hold_revocation_lock();
CREATE TRIGGER stamp BEFORE INSERT ON revocations
    FOR EACH ROW EXECUTE FUNCTION stamp_revocation();
ALTER TABLE revocations ENABLE ROW LEVEL SECURITY;
ALTER TABLE revocations FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON revocations USING (tenant_key = (SELECT current_tenant_key()));
GRANT INSERT (until, tenant_key, below_version, kind, id) ON revocations TO ubertruck_app;
GRANT SELECT, DELETE ON revocations TO ubertruck_system;

-- --------------------------------------------------------------------------- failed sign-ins

-- Of accounts that exist and of such that do not, and of addresses; keys are hashes.
CREATE TABLE sign_in_failures (
    key bytea PRIMARY KEY CHECK (octet_length(key) = 32),
    failures int NOT NULL,
    last_at timestamptz NOT NULL,
    locked_until timestamptz NOT NULL
);
CREATE INDEX sign_in_failures_age ON sign_in_failures (last_at);
ALTER TABLE sign_in_failures ENABLE ROW LEVEL SECURITY;
ALTER TABLE sign_in_failures FORCE ROW LEVEL SECURITY;
GRANT SELECT, INSERT, UPDATE, DELETE ON sign_in_failures TO ubertruck_system;

-- ---------------------------------------------------------------------------- signing keys

-- Published from its row's beginning, signing from active_from until another's active_from.
CREATE TABLE signing_keys (
    created_at timestamptz NOT NULL DEFAULT now(),
    active_from timestamptz NOT NULL,
    id text PRIMARY KEY,
    private_sealed bytea,  -- of the installation's key file: nothing, the file has it
    public_jwk jsonb NOT NULL
);
ALTER TABLE signing_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE signing_keys FORCE ROW LEVEL SECURITY;
GRANT SELECT, INSERT, DELETE ON signing_keys TO ubertruck_system;
