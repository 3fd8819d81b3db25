-- Links by which others follow a booking, who opened them, and who agreed to being followed.

CREATE TABLE booking_shares (
    nr bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    tenant_key int NOT NULL,
    coarse boolean NOT NULL,
    id text NOT NULL CHECK (id ~ '^[A-Za-z0-9_-]{1,64}$'),
    booking text NOT NULL,
    language text NOT NULL,
    label text,
    created_by text NOT NULL,
    -- The token itself is kept nowhere.
    token_digest bytea NOT NULL UNIQUE CHECK (length(token_digest) = 32),
    PRIMARY KEY (tenant_key, id),
    FOREIGN KEY (tenant_key, booking) REFERENCES bookings (tenant_key, id)
);
CREATE INDEX booking_shares_of ON booking_shares (tenant_key, booking, nr);

-- Who opened which link, as far as the network tells. Nobody may change a row.
CREATE TABLE share_accesses (
    nr bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL,
    tenant_key int NOT NULL,
    share text NOT NULL,
    form text NOT NULL,
    origin text,
    FOREIGN KEY (tenant_key, share) REFERENCES booking_shares (tenant_key, id)
);
CREATE INDEX share_accesses_of ON share_accesses (tenant_key, share, nr);
CREATE INDEX share_accesses_age ON share_accesses (at);

-- Who agreed to being followed, or agrees no more, and by whom: a ledger, the newest row counts.
CREATE TABLE tracking_consents (
    nr bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL,
    driver_key bigint,
    tenant_key int NOT NULL REFERENCES tenants (key),
    agreed boolean NOT NULL,
    driver text,
    carrier text,
    shipper text,  -- for whose bookings; none: for all
    how text NOT NULL,
    recorded_by text NOT NULL,
    CHECK ((driver IS NULL) <> (carrier IS NULL)),
    CHECK ((driver IS NULL) = (driver_key IS NULL)),
    FOREIGN KEY (driver_key, tenant_key) REFERENCES drivers (key, tenant_key),
    FOREIGN KEY (tenant_key, carrier) REFERENCES carriers (tenant_key, id)
);
CREATE INDEX tracking_consents_driver ON tracking_consents (driver_key, nr)
    WHERE driver_key IS NOT NULL;
CREATE INDEX tracking_consents_carrier ON tracking_consents (tenant_key, carrier, nr)
    WHERE carrier IS NOT NULL;

-- -------------------------------------------------------------------------------- rights

ALTER TABLE booking_shares ENABLE ROW LEVEL SECURITY;
ALTER TABLE booking_shares FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON booking_shares USING (tenant_key = (SELECT current_tenant_key()));
CREATE POLICY own_booking ON booking_shares AS RESTRICTIVE TO ubertruck_app
    USING ((SELECT current_carrier()) IS NULL
        AND ((SELECT current_shipper()) IS NULL OR booking IN (SELECT id FROM bookings)));
GRANT SELECT,
    INSERT (created_at, expires_at, tenant_key, coarse, id, booking, language, label, created_by,
        token_digest),
    UPDATE (revoked_at)
    ON booking_shares TO ubertruck_app;
-- Who opens a link is of no tenant yet.
GRANT SELECT (tenant_key, id, token_digest) ON booking_shares TO ubertruck_system;

ALTER TABLE share_accesses ENABLE ROW LEVEL SECURITY;
ALTER TABLE share_accesses FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON share_accesses USING (tenant_key = (SELECT current_tenant_key()));
CREATE POLICY own_booking ON share_accesses AS RESTRICTIVE FOR SELECT TO ubertruck_app
    USING (((SELECT current_shipper()) IS NULL AND (SELECT current_carrier()) IS NULL)
        OR share IN (SELECT id FROM booking_shares));
CREATE POLICY retention ON share_accesses TO ubertruck_owner USING (true) WITH CHECK (true);
GRANT SELECT, INSERT (at, tenant_key, share, form, origin) ON share_accesses TO ubertruck_app;

ALTER TABLE tracking_consents ENABLE ROW LEVEL SECURITY;
ALTER TABLE tracking_consents FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON tracking_consents USING (tenant_key = (SELECT current_tenant_key()));
CREATE POLICY own_carrier ON tracking_consents AS RESTRICTIVE TO ubertruck_app
    USING ((SELECT current_shipper()) IS NULL
        AND ((SELECT current_carrier()) IS NULL OR carrier = (SELECT current_carrier())
            OR driver_key IN (SELECT key FROM drivers)));
GRANT SELECT,
    INSERT (at, driver_key, tenant_key, agreed, driver, carrier, shipper, how, recorded_by)
    ON tracking_consents TO ubertruck_app;

-- Whole spells of the oldest, a few at a time.
CREATE FUNCTION forget_share_accesses(before timestamptz, most int) RETURNS int
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    WITH gone AS (
        DELETE FROM share_accesses WHERE nr IN
            (SELECT nr FROM share_accesses WHERE at < before ORDER BY at LIMIT most)
        RETURNING 1)
    SELECT count(*)::int FROM gone
$$;
REVOKE ALL ON FUNCTION forget_share_accesses FROM PUBLIC;
GRANT EXECUTE ON FUNCTION forget_share_accesses TO ubertruck_system;
