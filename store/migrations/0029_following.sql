-- Those who follow the log of facts: how far each has come, and what it took up beyond that.

CREATE TABLE follower_cursors (
    seq bigint NOT NULL,
    follower text PRIMARY KEY
);

-- Numbers of facts are drawn before they are committed, so that an older number may appear after
-- a newer one: what is taken up beyond the cursor is known one by one. Written in the transaction
-- that says what follows from the fact, so that each is taken up once.
CREATE TABLE follower_taken (
    event_seq bigint NOT NULL,
    tenant_key int NOT NULL REFERENCES tenants (key),
    follower text NOT NULL,
    -- Why nothing followed from it though something should have; such a row stays.
    trouble text,
    PRIMARY KEY (follower, event_seq)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);
CREATE INDEX follower_troubles ON follower_taken (follower) WHERE trouble IS NOT NULL;

-- -------------------------------------------------------------------------------- rights

ALTER TABLE follower_cursors ENABLE ROW LEVEL SECURITY;
ALTER TABLE follower_cursors FORCE ROW LEVEL SECURITY;
GRANT SELECT, INSERT, UPDATE ON follower_cursors TO ubertruck_system;

ALTER TABLE follower_taken ENABLE ROW LEVEL SECURITY;
ALTER TABLE follower_taken FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON follower_taken USING (tenant_key = (SELECT current_tenant_key()));
GRANT SELECT, INSERT ON follower_taken TO ubertruck_app;
GRANT SELECT, DELETE ON follower_taken TO ubertruck_system;
