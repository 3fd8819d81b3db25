-- What foreign issuers signed buys a token once.

CREATE TABLE used_assertions (
    until timestamptz NOT NULL,  -- after that it is refused for its age
    hash bytea PRIMARY KEY CHECK (octet_length(hash) = 32)  -- of tenant, issuer and its jti
);
CREATE INDEX used_assertions_expiry ON used_assertions (until);
ALTER TABLE used_assertions ENABLE ROW LEVEL SECURITY;
ALTER TABLE used_assertions FORCE ROW LEVEL SECURITY;
GRANT SELECT, INSERT, DELETE ON used_assertions TO ubertruck_system;
