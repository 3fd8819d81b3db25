-- The books: entries that only grow, each balanced by the database, and sums to read them by.
--
-- Nobody writes these tables but the functions below. The form of the rows leaves no room for a
-- posting that was not there when its entry was checked: an entry says how many postings it has,
-- a posting which of so many it is, and the deferred constraint wants all of them to be there.

CREATE TABLE ledger_entries (
    nr bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at_ms bigint NOT NULL CHECK (at_ms >= 0),  -- when it counts
    written_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    tenant_key int NOT NULL,  -- no reference: all posters would lock the tenant's one row
    cause_version int,
    config_version int,
    lines smallint NOT NULL CHECK (lines >= 2),
    id text COLLATE "C" NOT NULL CHECK (id <> ''),
    cause_kind text COLLATE "C" NOT NULL CHECK (cause_kind <> ''),
    cause_about text COLLATE "C" NOT NULL CHECK (cause_about <> ''),
    rule text,
    memo text NOT NULL,
    digest bytea NOT NULL CHECK (length(digest) = 32),
    UNIQUE (tenant_key, id)
);
CREATE INDEX ledger_entries_at ON ledger_entries (tenant_key, at_ms, nr);

CREATE TABLE ledger_postings (
    entry_nr bigint NOT NULL,
    at_ms bigint NOT NULL,  -- its entry's, as the next two
    amount_minor bigint NOT NULL CHECK (amount_minor <> 0),
    tenant_key int NOT NULL,
    lines smallint NOT NULL,
    line smallint NOT NULL CHECK (line BETWEEN 1 AND lines),
    account text COLLATE "C" NOT NULL CHECK (account <> ''),
    party text COLLATE "C" CHECK (party <> ''),
    booking text COLLATE "C" CHECK (booking <> ''),
    PRIMARY KEY (entry_nr, line),
    CONSTRAINT ledger_control_party CHECK (party IS NOT NULL OR account NOT IN
        ('receivables', 'customer_advances', 'wallets', 'refunds_in_transit', 'carrier_payables',
        'carrier_advances', 'payouts_in_transit'))
);
CREATE INDEX ledger_postings_account
    ON ledger_postings (tenant_key, account, at_ms, entry_nr, line) INCLUDE (amount_minor);
CREATE INDEX ledger_postings_party
    ON ledger_postings (tenant_key, party, account, at_ms, entry_nr, line) INCLUDE (amount_minor)
    WHERE party IS NOT NULL;
CREATE INDEX ledger_postings_booking ON ledger_postings (tenant_key, booking, account)
    WHERE booking IS NOT NULL;

-- Derived: what has been posted in each day, and each block of 32 days, since the epoch. Made in
-- goes, long after posting, so that posters never meet on a row of it; what is not in it yet
-- stands in ledger_unsummed and is added by whoever reads.
CREATE TABLE ledger_sums (
    debit_minor numeric NOT NULL,
    credit_minor numeric NOT NULL,
    postings bigint NOT NULL,
    tenant_key int NOT NULL,
    first_day int NOT NULL,
    days smallint NOT NULL CHECK (days IN (1, 32)),
    account text COLLATE "C" NOT NULL,
    party text COLLATE "C" NOT NULL,  -- empty: of all and of none together
    PRIMARY KEY (tenant_key, party, account, days, first_day)
);
CREATE TABLE ledger_unsummed (
    entry_nr bigint PRIMARY KEY,
    at_ms bigint NOT NULL,
    tenant_key int NOT NULL
);
CREATE INDEX ledger_unsummed_tenant ON ledger_unsummed (tenant_key, entry_nr);

-- Each seal names the entries that were summed with it, over their digests and the seal before.
CREATE TABLE ledger_seals (
    sealed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    tenant_key int NOT NULL REFERENCES tenants (key),
    seq int NOT NULL,
    entries bigint[] NOT NULL,
    digest bytea NOT NULL CHECK (length(digest) = 32),
    PRIMARY KEY (tenant_key, seq)
);

-- ---------------------------------------------------------------------------- what must hold

CREATE FUNCTION check_ledger_entry() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    found_lines bigint;
    off_minor numeric;
BEGIN
    -- Their numbers, which say nothing new, keep a planner without statistics to the primary key.
    SELECT count(*), coalesce(sum(amount_minor), 0) INTO found_lines, off_minor
    FROM public.ledger_postings WHERE entry_nr = NEW.nr AND line BETWEEN 1 AND NEW.lines;
    IF found_lines <> NEW.lines OR off_minor <> 0 THEN
        RAISE EXCEPTION 'entry % of tenant % does not balance: % of % postings, off by % paise',
            NEW.id, NEW.tenant_key, found_lines, NEW.lines, off_minor
            USING ERRCODE = 'integrity_constraint_violation',
                CONSTRAINT = 'ledger_entry_balances', TABLE = 'ledger_entries';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER ledger_entry_balances AFTER INSERT ON ledger_entries
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_ledger_entry();

-- Once for all rows of a statement; a foreign key would lock the entry's row for each of them.
CREATE FUNCTION check_ledger_postings() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM added WHERE (
        SELECT e.tenant_key = added.tenant_key AND e.lines = added.lines AND e.at_ms = added.at_ms
        FROM public.ledger_entries e WHERE e.nr = added.entry_nr) IS NOT TRUE)
    THEN
        RAISE EXCEPTION 'a posting is not one of its entry'
            USING ERRCODE = 'integrity_constraint_violation',
                CONSTRAINT = 'ledger_posting_of_entry', TABLE = 'ledger_postings';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER ledger_posting_of_entry AFTER INSERT ON ledger_postings
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION check_ledger_postings();

CREATE FUNCTION refuse_ledger_change() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RAISE EXCEPTION '% of % is refused: the books only grow', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$;
-- A tenant that goes takes its books along.
CREATE FUNCTION refuse_ledger_removal() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM gone WHERE tenant_key NOT IN
        (SELECT key FROM public.tenants WHERE status = 'offboarding'))
    THEN
        RAISE EXCEPTION 'DELETE of % is refused: the books only grow', TG_TABLE_NAME
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER only_grows BEFORE UPDATE OR TRUNCATE ON ledger_entries
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_ledger_change();
CREATE TRIGGER only_grows BEFORE UPDATE OR TRUNCATE ON ledger_postings
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_ledger_change();
CREATE TRIGGER only_grows BEFORE UPDATE OR TRUNCATE ON ledger_seals
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_ledger_change();
CREATE TRIGGER removes_nothing AFTER DELETE ON ledger_entries
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION refuse_ledger_removal();
CREATE TRIGGER removes_nothing AFTER DELETE ON ledger_postings
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION refuse_ledger_removal();
CREATE TRIGGER removes_nothing AFTER DELETE ON ledger_seals
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION refuse_ledger_removal();

-- ------------------------------------------------------------------------------------ rights

ALTER TABLE ledger_entries ENABLE ROW LEVEL SECURITY;
ALTER TABLE ledger_entries FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON ledger_entries USING (tenant_key = (SELECT current_tenant_key()));
CREATE POLICY own_party ON ledger_entries AS RESTRICTIVE FOR SELECT TO ubertruck_app
    USING (((SELECT current_shipper()) IS NULL AND (SELECT current_carrier()) IS NULL)
        OR EXISTS (SELECT FROM ledger_postings WHERE entry_nr = nr));
GRANT SELECT ON ledger_entries TO ubertruck_app;

ALTER TABLE ledger_postings ENABLE ROW LEVEL SECURITY;
ALTER TABLE ledger_postings FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON ledger_postings USING (tenant_key = (SELECT current_tenant_key()));
CREATE POLICY own_shipper ON ledger_postings AS RESTRICTIVE FOR SELECT TO ubertruck_app
    USING ((SELECT current_shipper()) IS NULL
        OR party = (SELECT 'shippers/' || current_shipper()));
CREATE POLICY own_carrier ON ledger_postings AS RESTRICTIVE FOR SELECT TO ubertruck_app
    USING ((SELECT current_carrier()) IS NULL
        OR party = (SELECT 'carriers/' || current_carrier()));
GRANT SELECT ON ledger_postings TO ubertruck_app;

ALTER TABLE ledger_sums ENABLE ROW LEVEL SECURITY;
ALTER TABLE ledger_sums FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON ledger_sums USING (tenant_key = (SELECT current_tenant_key()));
CREATE POLICY own_shipper ON ledger_sums AS RESTRICTIVE FOR SELECT TO ubertruck_app
    USING ((SELECT current_shipper()) IS NULL
        OR party = (SELECT 'shippers/' || current_shipper()));
CREATE POLICY own_carrier ON ledger_sums AS RESTRICTIVE FOR SELECT TO ubertruck_app
    USING ((SELECT current_carrier()) IS NULL
        OR party = (SELECT 'carriers/' || current_carrier()));
GRANT SELECT ON ledger_sums TO ubertruck_app;

ALTER TABLE ledger_unsummed ENABLE ROW LEVEL SECURITY;
ALTER TABLE ledger_unsummed FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON ledger_unsummed USING (tenant_key = (SELECT current_tenant_key()));
GRANT SELECT ON ledger_unsummed TO ubertruck_app, ubertruck_system;

ALTER TABLE ledger_seals ENABLE ROW LEVEL SECURITY;
ALTER TABLE ledger_seals FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON ledger_seals USING (tenant_key = (SELECT current_tenant_key()));
GRANT SELECT ON ledger_seals TO ubertruck_app;

-- ----------------------------------------------------------------------------------- writing

-- Who speaks for one shipper may set off postings of others, and must not see these: hence with
-- the owner's rights. Returns what stands under the ids that were there before.
CREATE FUNCTION post_to_ledger(
    of_tenant int, ids text[], ats bigint[], kinds text[], abouts text[], versions int[],
    rules text[], configs int[], memos text[], digests bytea[], counts smallint[],
    of_entry int[], numbers smallint[], accounts text[], amounts bigint[], parties text[],
    bookings text[]
) RETURNS TABLE (posted_id text, kind text, about text, postings json)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    new_ids text[];
BEGIN
    WITH added AS (
        INSERT INTO ledger_entries (tenant_key, id, at_ms, cause_kind, cause_about, cause_version,
            rule, config_version, memo, digest, lines)
        SELECT of_tenant, * FROM unnest(ids, ats, kinds, abouts, versions, rules, configs, memos,
            digests, counts)
        ON CONFLICT ON CONSTRAINT ledger_entries_tenant_key_id_key DO NOTHING
        RETURNING nr, at_ms, lines, id
    ), booked AS (
        INSERT INTO ledger_postings
            (entry_nr, at_ms, tenant_key, lines, line, account, amount_minor, party, booking)
        SELECT nr, at_ms, of_tenant, lines, line, account, amount_minor, party, booking
        FROM unnest(of_entry, numbers, accounts, amounts, parties, bookings)
            AS p (entry, line, account, amount_minor, party, booking)
        JOIN added ON added.id = ids[p.entry]
    ), noted AS (
        INSERT INTO ledger_unsummed (entry_nr, at_ms, tenant_key)
        SELECT nr, at_ms, of_tenant FROM added
    )
    SELECT coalesce(array_agg(id), '{}') INTO new_ids FROM added;
    IF cardinality(new_ids) = cardinality(ids) THEN
        RETURN;
    END IF;
    RETURN QUERY SELECT e.id, e.cause_kind, e.cause_about,
        (SELECT json_agg(json_build_array(account, amount_minor, party, booking) ORDER BY line)
            FROM ledger_postings WHERE entry_nr = e.nr)
    FROM ledger_entries e WHERE e.tenant_key = of_tenant AND e.id = ANY (ids)
        AND e.id <> ALL (new_ids);
END $$;
REVOKE ALL ON FUNCTION post_to_ledger FROM PUBLIC;
GRANT EXECUTE ON FUNCTION post_to_ledger TO ubertruck_app;

-- One at a time for a tenant; how many entries were taken into the sums, and sealed.
CREATE FUNCTION sum_ledger(of_tenant int, at_most int) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    day_ms CONSTANT bigint := 86400000;
    taken bigint[];
    last record;
BEGIN
    IF NOT pg_try_advisory_xact_lock(202670022, of_tenant) THEN
        RETURN 0;
    END IF;
    taken := ARRAY(SELECT entry_nr FROM ledger_unsummed WHERE tenant_key = of_tenant
        ORDER BY entry_nr LIMIT at_most);
    IF cardinality(taken) = 0 THEN
        RETURN 0;
    END IF;
    INSERT INTO ledger_sums AS s
        (tenant_key, party, account, days, first_day, debit_minor, credit_minor, postings)
    SELECT of_tenant, kept.party, p.account, kept.days, p.at_ms / day_ms / kept.days * kept.days,
        sum(greatest(p.amount_minor, 0)), sum(greatest(-p.amount_minor, 0)), count(*)
    FROM ledger_postings p
    CROSS JOIN LATERAL (VALUES ('', 1), ('', 32), (p.party, 32)) AS kept (party, days)
    WHERE p.entry_nr = ANY (taken) AND kept.party IS NOT NULL
    GROUP BY 2, 3, 4, 5
    ON CONFLICT (tenant_key, party, account, days, first_day) DO UPDATE
    SET debit_minor = s.debit_minor + excluded.debit_minor,
        credit_minor = s.credit_minor + excluded.credit_minor,
        postings = s.postings + excluded.postings;
    SELECT seq, digest INTO last FROM ledger_seals WHERE tenant_key = of_tenant
    ORDER BY seq DESC LIMIT 1;
    INSERT INTO ledger_seals (tenant_key, seq, entries, digest)
    SELECT of_tenant, coalesce(last.seq, 0) + 1, taken, sha256(coalesce(last.digest, '')
        || string_agg(int8send(nr) || digest, '' ORDER BY nr))
    FROM ledger_entries WHERE nr = ANY (taken);
    DELETE FROM ledger_unsummed WHERE entry_nr = ANY (taken);
    RETURN cardinality(taken);
END $$;
REVOKE ALL ON FUNCTION sum_ledger FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sum_ledger TO ubertruck_app;
