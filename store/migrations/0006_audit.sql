-- The chain of who did what.
--
-- The body of a row is the exact text that is signed; what it is searched by is generated from that
-- text, so the two cannot differ. The signing key is not in the database. Rows are only ever added,
-- each behind the one before it: the head says which that is, and moves with every new row.
--
-- Key 0 stands for the installation itself: what its operators do to all tenants together.

CREATE TABLE audit_log (
    tenant_key int GENERATED ALWAYS AS (((body::jsonb) ->> 'tenant_key')::int) STORED NOT NULL,
    seq bigint GENERATED ALWAYS AS (((body::jsonb) ->> 'seq')::bigint) STORED NOT NULL,
    at_ms bigint GENERATED ALWAYS AS (((body::jsonb) ->> 'at_ms')::bigint) STORED NOT NULL,
    actor text COLLATE "C" GENERATED ALWAYS AS ((body::jsonb) ->> 'actor') STORED NOT NULL,
    action text COLLATE "C" GENERATED ALWAYS AS ((body::jsonb) ->> 'action') STORED NOT NULL,
    subject text COLLATE "C" GENERATED ALWAYS AS ((body::jsonb) ->> 'subject') STORED NOT NULL,
    outcome text COLLATE "C" GENERATED ALWAYS AS ((body::jsonb) ->> 'outcome') STORED NOT NULL,
    mac bytea NOT NULL CHECK (octet_length(mac) = 32),
    body text NOT NULL,
    PRIMARY KEY (tenant_key, seq)
);
CREATE INDEX audit_log_at ON audit_log (tenant_key, at_ms, seq);
CREATE INDEX audit_log_subject ON audit_log (tenant_key, subject, seq);
CREATE INDEX audit_log_actor ON audit_log (tenant_key, actor, seq);
CREATE INDEX audit_log_action ON audit_log (tenant_key, action, seq);
ALTER TABLE audit_log ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_log FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON audit_log USING (tenant_key = (SELECT current_tenant_key()));
GRANT SELECT, INSERT (body, mac) ON audit_log TO ubertruck_app, ubertruck_system;

CREATE TABLE audit_heads (
    seq bigint NOT NULL,
    tenant_key int PRIMARY KEY,
    tenant text NOT NULL,  -- the id by which the chain is asked for; the tenant itself may be gone
    mac bytea NOT NULL
);
ALTER TABLE audit_heads ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_heads FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON audit_heads USING (tenant_key = (SELECT current_tenant_key()));
CREATE POLICY administration ON audit_heads TO ubertruck_owner USING (true) WITH CHECK (true);
GRANT SELECT ON audit_heads TO ubertruck_app, ubertruck_system;

-- Held from here to the end of the transaction: a tenant's rows are added one behind the other.
CREATE FUNCTION lock_audit_head(of_tenant_key int, of_tenant text)
RETURNS TABLE (last_seq bigint, last_mac bytea) LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF session_user <> 'ubertruck_system'
        AND of_tenant_key IS DISTINCT FROM public.current_tenant_key() THEN
        RAISE EXCEPTION 'not the chain of this transaction''s tenant'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN QUERY SELECT seq, mac FROM audit_heads WHERE tenant_key = of_tenant_key FOR UPDATE;
    IF NOT FOUND THEN
        INSERT INTO audit_heads (tenant_key, seq, mac, tenant)
        VALUES (of_tenant_key, 0, '', of_tenant) ON CONFLICT (tenant_key) DO NOTHING;
        RETURN QUERY SELECT seq, mac FROM audit_heads WHERE tenant_key = of_tenant_key FOR UPDATE;
    END IF;
END $$;
REVOKE ALL ON FUNCTION lock_audit_head FROM PUBLIC;
GRANT EXECUTE ON FUNCTION lock_audit_head TO ubertruck_app, ubertruck_system;

CREATE FUNCTION follow_audit_head() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    UPDATE audit_heads SET seq = NEW.seq, mac = NEW.mac
    WHERE tenant_key = NEW.tenant_key AND seq = NEW.seq - 1
        AND encode(mac, 'hex') = (NEW.body::jsonb) ->> 'prev';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'audit row % does not follow the head of its chain', NEW.seq
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER follow_head AFTER INSERT ON audit_log
    FOR EACH ROW EXECUTE FUNCTION follow_audit_head();

CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RAISE EXCEPTION '% of % is refused: the audit trail only grows', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change();
CREATE TRIGGER only_grows BEFORE DELETE OR TRUNCATE ON audit_heads
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change();
