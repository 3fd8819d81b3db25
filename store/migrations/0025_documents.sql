-- Papers and pictures: what is kept of each, and who looked at it.

-- A row is there only when its file is whole. The file is sealed with a key of its own, which
-- stands here sealed itself: whatever erases the row makes the file unreadable.
CREATE TABLE documents (
    nr bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    uploaded_at timestamptz NOT NULL DEFAULT now(),
    keep_until timestamptz,  -- none: until somebody deletes it
    scanned_at timestamptz,
    subject_key bigint,  -- of a truck or driver: another one may get its id
    valid_until date,  -- the last day; none: without end
    size_bytes int NOT NULL CHECK (size_bytes > 0),
    tenant_key int NOT NULL REFERENCES tenants (key),
    for_shipper boolean NOT NULL,
    for_carrier boolean NOT NULL,
    personal boolean NOT NULL,
    id text NOT NULL CHECK (id ~ '^[A-Za-z0-9_-]{1,64}$'),
    kind text NOT NULL,
    form text NOT NULL,
    name text,
    subject text NOT NULL CHECK (subject ~ '^(bookings|trucks|drivers|carriers|shippers)/.+$'),
    booking text,
    leg text,
    stop text,
    paper text,  -- of a truck or carrier: which of its papers it shows
    uploaded_by text NOT NULL,
    scan text NOT NULL CHECK (scan IN ('none', 'pending', 'clean', 'infected')),
    finding text,
    sha256 bytea NOT NULL CHECK (octet_length(sha256) = 32),
    content_secret_sealed bytea NOT NULL,
    PRIMARY KEY (tenant_key, id),
    UNIQUE NULLS NOT DISTINCT (tenant_key, subject, subject_key, kind, leg, stop, paper, sha256),
    FOREIGN KEY (tenant_key, booking) REFERENCES bookings (tenant_key, id),
    CHECK ((booking IS NULL) = (subject NOT LIKE 'bookings/%')),
    CHECK (leg IS NULL OR booking IS NOT NULL),
    CHECK ((subject_key IS NOT NULL) = (subject LIKE 'trucks/%' OR subject LIKE 'drivers/%'))
);
CREATE INDEX documents_newest ON documents (tenant_key, nr);
CREATE INDEX documents_subject ON documents (tenant_key, subject, nr);
CREATE INDEX documents_waiting ON documents (nr) WHERE scan = 'pending';
CREATE INDEX documents_ending ON documents (keep_until) WHERE keep_until IS NOT NULL;
ALTER TABLE documents ENABLE ROW LEVEL SECURITY;
ALTER TABLE documents FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON documents USING (tenant_key = (SELECT current_tenant_key()));
CREATE POLICY own_shipper ON documents AS RESTRICTIVE TO ubertruck_app
    USING ((SELECT current_shipper()) IS NULL OR for_shipper AND (
        booking IN (SELECT id FROM bookings)
        OR subject = 'shippers/' || (SELECT current_shipper())));
CREATE POLICY own_carrier ON documents AS RESTRICTIVE TO ubertruck_app
    USING ((SELECT current_carrier()) IS NULL OR for_carrier AND (
        leg IS NULL AND booking IN (SELECT booking FROM booking_legs)
        OR (booking, leg) IN (SELECT booking, leg FROM booking_legs)
        OR subject = 'carriers/' || (SELECT current_carrier())
        OR subject LIKE 'trucks/%' AND subject_key IN (SELECT key FROM trucks)
        OR subject LIKE 'drivers/%' AND subject_key IN (SELECT key FROM drivers)));
GRANT SELECT, DELETE,
    INSERT (keep_until, scanned_at, subject_key, valid_until, size_bytes, tenant_key, for_shipper,
        for_carrier, personal, id, kind, form, name, subject, booking, leg, stop, paper,
        uploaded_by, scan, sha256, content_secret_sealed)
    ON documents TO ubertruck_app;
GRANT SELECT, DELETE, UPDATE (scanned_at, scan, finding, content_secret_sealed)
    ON documents TO ubertruck_system;

-- What lets somebody read one document without signing in. The token itself is kept nowhere: it
-- is signed, and names the link.
CREATE TABLE document_links (
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    used_at timestamptz,  -- first
    tenant_key int NOT NULL,
    single_use boolean NOT NULL,
    id text NOT NULL CHECK (id ~ '^[A-Za-z0-9_-]{1,64}$'),
    document text NOT NULL,
    created_by text NOT NULL,
    PRIMARY KEY (tenant_key, id),
    FOREIGN KEY (tenant_key, document) REFERENCES documents (tenant_key, id) ON DELETE CASCADE
);
CREATE INDEX document_links_of ON document_links (tenant_key, document, created_at);
ALTER TABLE document_links ENABLE ROW LEVEL SECURITY;
ALTER TABLE document_links FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON document_links USING (tenant_key = (SELECT current_tenant_key()));
CREATE POLICY own_document ON document_links AS RESTRICTIVE TO ubertruck_app
    USING (((SELECT current_shipper()) IS NULL AND (SELECT current_carrier()) IS NULL)
        OR document IN (SELECT id FROM documents));
GRANT SELECT, INSERT (expires_at, tenant_key, single_use, id, document, created_by),
    UPDATE (revoked_at, used_at)
    ON document_links TO ubertruck_app;

-- Who read what. It outlives the document, and nobody may change it.
CREATE TABLE document_accesses (
    nr bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    tenant_key int NOT NULL REFERENCES tenants (key),
    document text NOT NULL,
    by text NOT NULL,
    link text,
    origin text
);
CREATE INDEX document_accesses_of ON document_accesses (tenant_key, document, nr);
CREATE INDEX document_accesses_age ON document_accesses (at);
ALTER TABLE document_accesses ENABLE ROW LEVEL SECURITY;
ALTER TABLE document_accesses FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON document_accesses USING (tenant_key = (SELECT current_tenant_key()));
CREATE POLICY own_document ON document_accesses AS RESTRICTIVE FOR SELECT TO ubertruck_app
    USING (((SELECT current_shipper()) IS NULL AND (SELECT current_carrier()) IS NULL)
        OR document IN (SELECT id FROM documents));
CREATE POLICY retention ON document_accesses TO ubertruck_owner USING (true) WITH CHECK (true);
GRANT SELECT, INSERT (tenant_key, document, by, link, origin)
    ON document_accesses TO ubertruck_app;

-- Whole spells of the oldest, a few at a time.
CREATE FUNCTION forget_document_accesses(before timestamptz, most int) RETURNS int
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    WITH gone AS (
        DELETE FROM document_accesses WHERE nr IN
            (SELECT nr FROM document_accesses WHERE at < before ORDER BY at LIMIT most)
        RETURNING 1)
    SELECT count(*)::int FROM gone
$$;
REVOKE ALL ON FUNCTION forget_document_accesses FROM PUBLIC;
GRANT EXECUTE ON FUNCTION forget_document_accesses TO ubertruck_system;
