-- Parties and what they are told: shippers, the tenant's registrations, and documents without gaps
-- in their numbers.

-- ---------------------------------------------------------------------------------- parties

CREATE TABLE shippers (
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    tenant_key int NOT NULL REFERENCES tenants (key),
    version int NOT NULL DEFAULT 1,
    is_registered boolean NOT NULL,
    id text NOT NULL CHECK (id ~ '^[A-Za-z0-9_-]{1,64}$'),
    name text NOT NULL,
    state text CHECK (state ~ '^[0-9]{2}$'),
    pin text CHECK (pin ~ '^[1-9][0-9]{5}$'),
    gst_mode text,
    ifsc text,
    address_sealed bytea,
    phone_sealed bytea,
    phone_index bytea,
    email_sealed bytea,
    email_index bytea,
    gstin_sealed bytea,
    gstin_index bytea,
    pan_sealed bytea,
    pan_index bytea,
    bank_account_sealed bytea,
    bank_account_index bytea,
    CHECK (is_registered = (gstin_sealed IS NOT NULL)),
    PRIMARY KEY (tenant_key, id)
);
CREATE INDEX shippers_gstin ON shippers (tenant_key, gstin_index) WHERE gstin_index IS NOT NULL;
CREATE INDEX shippers_pan ON shippers (tenant_key, pan_index) WHERE pan_index IS NOT NULL;

-- What papers and taxes want to know of a carrier, beside its row among the carriers.
ALTER TABLE carriers
    ADD COLUMN address_sealed bytea,
    ADD COLUMN state text CHECK (state ~ '^[0-9]{2}$'),
    ADD COLUMN pin text CHECK (pin ~ '^[1-9][0-9]{5}$'),
    ADD COLUMN transin text,  -- of the portal of e-way bills, for one without a GSTIN
    ADD COLUMN is_individual boolean;  -- for income tax; null: as the PAN says

-- A transporter's word, for one financial year, that it owns few trucks.
CREATE TABLE carrier_declarations (
    updated_at timestamptz NOT NULL DEFAULT now(),
    tenant_key int NOT NULL,
    version int NOT NULL DEFAULT 1,
    year int NOT NULL,  -- in which the financial year began
    trucks_owned int NOT NULL CHECK (trucks_owned >= 0),  -- the most at any time of it
    declared_on date NOT NULL,
    exceeded_on date,  -- since when they are too many
    carrier text NOT NULL,
    document text,
    PRIMARY KEY (tenant_key, carrier, year),
    FOREIGN KEY (tenant_key, carrier) REFERENCES carriers (tenant_key, id)
);

-- The tenant itself, state by state: what stands above its invoices.
CREATE TABLE tenant_registrations (
    updated_at timestamptz NOT NULL DEFAULT now(),
    tenant_key int NOT NULL REFERENCES tenants (key),
    version int NOT NULL DEFAULT 1,
    state text NOT NULL CHECK (state ~ '^[0-9]{2}$'),
    name text NOT NULL,
    address text NOT NULL,
    pin text CHECK (pin ~ '^[1-9][0-9]{5}$'),
    gstin text CHECK (left(gstin, 2) = state),  -- none: not registered for GST
    pan text,
    PRIMARY KEY (tenant_key, state)
);

-- -------------------------------------------------------------------------------- documents

-- How far each series has come. Who issues a document holds its row until the commit, so that
-- numbers follow one another without a gap, whoever dies in between.
CREATE TABLE invoice_series (
    tenant_key int NOT NULL REFERENCES tenants (key),
    year int NOT NULL,
    last int NOT NULL DEFAULT 0 CHECK (last >= 0),
    series text NOT NULL,
    state text NOT NULL,
    last_digest bytea,
    PRIMARY KEY (tenant_key, series, state, year)
);

CREATE TABLE invoices (
    seq bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    issued_at timestamptz NOT NULL,
    taxable_minor bigint NOT NULL,
    tax_minor bigint NOT NULL,
    total_minor bigint NOT NULL,
    tenant_key int NOT NULL,
    year int NOT NULL,
    nr int NOT NULL CHECK (nr > 0),
    day date NOT NULL,
    id text NOT NULL CHECK (id ~ '^[A-Za-z0-9_-]{1,64}$'),
    cause text NOT NULL,
    kind text NOT NULL,
    series text NOT NULL,
    state text NOT NULL,
    number text NOT NULL CHECK (length(number) <= 16),
    party text NOT NULL,
    shipper text,
    carrier text,
    booking text,
    leg text,
    about text,  -- the document that this one is a note to
    digest bytea NOT NULL,
    body bytea NOT NULL CHECK (sha256(body) = digest),
    PRIMARY KEY (tenant_key, id),
    CONSTRAINT invoices_cause UNIQUE (tenant_key, cause),
    CONSTRAINT invoices_nr UNIQUE (tenant_key, series, state, year, nr),
    CONSTRAINT invoices_number UNIQUE (tenant_key, state, year, number),
    FOREIGN KEY (tenant_key, series, state, year)
        REFERENCES invoice_series (tenant_key, series, state, year)
);
CREATE INDEX invoices_newest ON invoices (tenant_key, seq);
CREATE INDEX invoices_party ON invoices (tenant_key, party, seq);
CREATE INDEX invoices_booking ON invoices (tenant_key, booking, seq) WHERE booking IS NOT NULL;
CREATE INDEX invoices_about ON invoices (tenant_key, about, seq) WHERE about IS NOT NULL;
CREATE INDEX invoices_day ON invoices (tenant_key, day, seq);

-- -------------------------------------------------------------------------------- rights

ALTER TABLE shippers ENABLE ROW LEVEL SECURITY;
ALTER TABLE shippers FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON shippers USING (tenant_key = (SELECT current_tenant_key()));
CREATE POLICY own_shipper ON shippers AS RESTRICTIVE TO ubertruck_app
    USING ((SELECT current_carrier()) IS NULL
        AND ((SELECT current_shipper()) IS NULL OR id = (SELECT current_shipper())));
GRANT SELECT, INSERT, UPDATE ON shippers TO ubertruck_app;
GRANT SELECT, UPDATE (address_sealed, phone_sealed, email_sealed, gstin_sealed, pan_sealed,
    bank_account_sealed) ON shippers TO ubertruck_system;
GRANT UPDATE (address_sealed) ON carriers TO ubertruck_system;

ALTER TABLE carrier_declarations ENABLE ROW LEVEL SECURITY;
ALTER TABLE carrier_declarations FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON carrier_declarations
    USING (tenant_key = (SELECT current_tenant_key()));
CREATE POLICY own_carrier ON carrier_declarations AS RESTRICTIVE TO ubertruck_app
    USING ((SELECT current_shipper()) IS NULL
        AND ((SELECT current_carrier()) IS NULL OR carrier = (SELECT current_carrier())));
GRANT SELECT, INSERT, UPDATE ON carrier_declarations TO ubertruck_app;

ALTER TABLE tenant_registrations ENABLE ROW LEVEL SECURITY;
ALTER TABLE tenant_registrations FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON tenant_registrations
    USING (tenant_key = (SELECT current_tenant_key()));
GRANT SELECT, INSERT, UPDATE ON tenant_registrations TO ubertruck_app;

ALTER TABLE invoice_series ENABLE ROW LEVEL SECURITY;
ALTER TABLE invoice_series FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON invoice_series USING (tenant_key = (SELECT current_tenant_key()));
CREATE POLICY nobodys ON invoice_series AS RESTRICTIVE TO ubertruck_app
    USING ((SELECT current_carrier()) IS NULL AND (SELECT current_shipper()) IS NULL);
GRANT SELECT, INSERT (tenant_key, series, state, year), UPDATE (last, last_digest)
    ON invoice_series TO ubertruck_app;

ALTER TABLE invoices ENABLE ROW LEVEL SECURITY;
ALTER TABLE invoices FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON invoices USING (tenant_key = (SELECT current_tenant_key()));
CREATE POLICY own_shipper ON invoices AS RESTRICTIVE TO ubertruck_app
    USING ((SELECT current_shipper()) IS NULL OR shipper = (SELECT current_shipper()));
CREATE POLICY own_carrier ON invoices AS RESTRICTIVE TO ubertruck_app
    USING ((SELECT current_carrier()) IS NULL OR carrier = (SELECT current_carrier()));
GRANT SELECT, INSERT (issued_at, taxable_minor, tax_minor, total_minor, tenant_key, year, nr, day,
    id, cause, kind, series, state, number, party, shipper, carrier, booking, leg, about, digest,
    body) ON invoices TO ubertruck_app;
