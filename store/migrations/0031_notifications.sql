-- Messages to people: what is to be said to whom, every attempt at it, and what people wish.

-- One row a message, written with its log in one transaction. What says who somebody is, or was
-- said to them, is sealed, and forgotten when it is old.
CREATE TABLE notifications (
    nr bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    due_at timestamptz,  -- when it is looked at next; NULL: never
    over_at timestamptz,  -- since when nothing more is done about it by itself
    tenant_key int NOT NULL REFERENCES tenants (key),
    version int NOT NULL CHECK (version > 0),
    id text NOT NULL CHECK (id ~ '^[A-Za-z0-9_-]{1,64}$'),
    status text NOT NULL,
    kind text NOT NULL,
    severity text NOT NULL,
    subject text NOT NULL,
    person text NOT NULL,
    channel text,
    booking text,
    truck text,
    state bytea NOT NULL,
    address_sealed bytea,  -- where the person is reached, as it was when this was planned
    facts_sealed bytea,  -- what there is to say
    said_sealed bytea,  -- what the last attempt said, so that a repetition says the same
    PRIMARY KEY (tenant_key, id)
);
CREATE INDEX notifications_newest ON notifications (tenant_key, nr);
CREATE INDEX notifications_status ON notifications (tenant_key, status, nr);
CREATE INDEX notifications_person ON notifications (tenant_key, person, nr);
CREATE INDEX notifications_subject ON notifications (tenant_key, subject, nr);
CREATE INDEX notifications_booking ON notifications (tenant_key, booking, nr)
    WHERE booking IS NOT NULL;
-- Of each tenant by itself: none waits behind another's many.
CREATE INDEX notifications_due ON notifications (tenant_key, due_at, nr) WHERE due_at IS NOT NULL;
CREATE INDEX notifications_collected ON notifications (due_at) WHERE status = 'collected';
CREATE INDEX notifications_waiting ON notifications (tenant_key)
    WHERE status IN ('waiting', 'collected');
CREATE INDEX notifications_over ON notifications (over_at)
    WHERE over_at IS NOT NULL AND facts_sealed IS NOT NULL;

-- The truth: everything that happened to every message. Nobody may change or remove one.
CREATE TABLE notification_log (
    at timestamptz NOT NULL,
    tenant_key int NOT NULL,
    version int NOT NULL CHECK (version > 0),  -- the message's after it
    notification text NOT NULL,
    type text NOT NULL,
    event json NOT NULL,
    PRIMARY KEY (tenant_key, notification, version),
    FOREIGN KEY (tenant_key, notification) REFERENCES notifications (tenant_key, id)
        DEFERRABLE INITIALLY DEFERRED
);

-- Every attempt, committed before anybody was asked; and so also how much a person was sent.
CREATE TABLE notification_attempts (
    asked_at timestamptz NOT NULL,
    tenant_key int NOT NULL,
    nr int NOT NULL CHECK (nr > 0),
    notification text NOT NULL,
    attempt text NOT NULL,  -- as the provider is told it
    person text NOT NULL,
    channel text NOT NULL,
    provider text NOT NULL,
    PRIMARY KEY (tenant_key, notification, nr),
    FOREIGN KEY (tenant_key, notification) REFERENCES notifications (tenant_key, id)
        DEFERRABLE INITIALLY DEFERRED
);
CREATE INDEX notification_attempts_person ON notification_attempts (tenant_key, person, asked_at);
CREATE INDEX notification_attempts_name ON notification_attempts (tenant_key, attempt);
-- Whose it is, of what comes for an account that all tenants share.
CREATE INDEX notification_attempts_any ON notification_attempts (attempt);

-- By which names of the provider's an attempt is known.
CREATE TABLE notification_refs (
    tenant_key int NOT NULL,
    nr int NOT NULL,
    provider text NOT NULL,
    ref text NOT NULL,
    notification text NOT NULL,
    PRIMARY KEY (tenant_key, provider, ref),
    FOREIGN KEY (tenant_key, notification) REFERENCES notifications (tenant_key, id)
        DEFERRABLE INITIALLY DEFERRED
);
CREATE INDEX notification_refs_any ON notification_refs (provider, ref);
CREATE INDEX notification_refs_of ON notification_refs (tenant_key, notification);

-- ------------------------------------------------------------------------------- templates

-- Each version of each template; the newest counts, and one without a form takes it away.
CREATE TABLE notification_templates (
    at timestamptz NOT NULL DEFAULT now(),
    tenant_key int NOT NULL REFERENCES tenants (key),
    version int NOT NULL CHECK (version > 0),
    kind text NOT NULL,
    language text NOT NULL,
    channel text NOT NULL,
    changed_by text NOT NULL,
    form jsonb,
    PRIMARY KEY (tenant_key, kind, language, channel, version)
);

-- ---------------------------------------------------------------------------------- people

CREATE TABLE notification_preferences (
    updated_at timestamptz NOT NULL DEFAULT now(),
    tenant_key int NOT NULL REFERENCES tenants (key),
    version int NOT NULL DEFAULT 1,
    person text NOT NULL,
    wishes jsonb NOT NULL,
    PRIMARY KEY (tenant_key, person)
);

-- What owners of addresses agreed to and took back, in its order; the newest of an address and
-- channel counts. Nobody may change or remove one.
CREATE TABLE notification_consents (
    nr bigint GENERATED ALWAYS AS IDENTITY,
    at timestamptz NOT NULL,
    tenant_key int NOT NULL REFERENCES tenants (key),
    address_index bytea NOT NULL,
    channel text NOT NULL,
    standing text NOT NULL CHECK (standing IN ('granted', 'withdrawn')),
    shown text NOT NULL,  -- the address, masked
    source text NOT NULL,
    told_by text NOT NULL,
    PRIMARY KEY (tenant_key, nr)
);
CREATE INDEX notification_consents_of
    ON notification_consents (tenant_key, address_index, channel, nr);

CREATE TABLE on_call (
    updated_at timestamptz NOT NULL DEFAULT now(),
    tenant_key int NOT NULL REFERENCES tenants (key),
    version int NOT NULL DEFAULT 1,
    id text NOT NULL CHECK (id ~ '^[A-Za-z0-9_-]{1,64}$'),
    calendar jsonb NOT NULL,
    PRIMARY KEY (tenant_key, id)
);

-- A person's messages on the screen.
CREATE TABLE inbox_items (
    nr bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    at timestamptz NOT NULL,
    read_at timestamptz,
    tenant_key int NOT NULL REFERENCES tenants (key),
    id text NOT NULL,  -- the attempt's, so that it is there once
    person text NOT NULL,
    kind text NOT NULL,
    severity text NOT NULL,
    subject text NOT NULL,
    booking text,
    truck text,
    said_sealed bytea NOT NULL,
    PRIMARY KEY (tenant_key, id)
);
CREATE INDEX inbox_items_person ON inbox_items (tenant_key, person, nr);
CREATE INDEX inbox_items_unread ON inbox_items (tenant_key, person, severity)
    WHERE read_at IS NULL;

CREATE TABLE push_tokens (
    created_at timestamptz NOT NULL DEFAULT now(),
    tenant_key int NOT NULL REFERENCES tenants (key),
    id text NOT NULL CHECK (id ~ '^[A-Za-z0-9_-]{1,64}$'),
    person text NOT NULL,
    app text NOT NULL,
    token_sealed bytea NOT NULL,
    token_index bytea NOT NULL,
    PRIMARY KEY (tenant_key, id)
);
CREATE UNIQUE INDEX push_tokens_token ON push_tokens (tenant_key, token_index);
CREATE INDEX push_tokens_person ON push_tokens (tenant_key, person, created_at);

-- ---------------------------------------------------------------------------------- rights

-- What is said to one person is no other party's business: of who speaks for a carrier or a
-- shipper only the own inbox, wishes and phones are shown, by the routes that know who it is.

ALTER TABLE notifications ENABLE ROW LEVEL SECURITY;
ALTER TABLE notifications FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON notifications USING (tenant_key = (SELECT current_tenant_key()));
CREATE POLICY nobodys ON notifications AS RESTRICTIVE TO ubertruck_app
    USING ((SELECT current_carrier()) IS NULL AND (SELECT current_shipper()) IS NULL);
GRANT SELECT,
    INSERT (tenant_key, id, version, created_at, updated_at, due_at, over_at, status, kind,
        severity, subject, person, channel, booking, truck, state, address_sealed, facts_sealed,
        said_sealed),
    UPDATE (version, updated_at, due_at, over_at, status, channel, state, said_sealed,
        address_sealed)
    ON notifications TO ubertruck_app;
-- Finds what is due, moves what is sealed to the newest key, and forgets it when it is old.
GRANT SELECT, UPDATE (address_sealed, facts_sealed, said_sealed)
    ON notifications TO ubertruck_system;

ALTER TABLE notification_log ENABLE ROW LEVEL SECURITY;
ALTER TABLE notification_log FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON notification_log USING (tenant_key = (SELECT current_tenant_key()));
CREATE POLICY nobodys ON notification_log AS RESTRICTIVE TO ubertruck_app
    USING ((SELECT current_carrier()) IS NULL AND (SELECT current_shipper()) IS NULL);
GRANT SELECT, INSERT ON notification_log TO ubertruck_app;

ALTER TABLE notification_attempts ENABLE ROW LEVEL SECURITY;
ALTER TABLE notification_attempts FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON notification_attempts
    USING (tenant_key = (SELECT current_tenant_key()));
CREATE POLICY nobodys ON notification_attempts AS RESTRICTIVE TO ubertruck_app
    USING ((SELECT current_carrier()) IS NULL AND (SELECT current_shipper()) IS NULL);
GRANT SELECT, INSERT ON notification_attempts TO ubertruck_app;
GRANT SELECT (tenant_key, attempt, provider) ON notification_attempts TO ubertruck_system;

ALTER TABLE notification_refs ENABLE ROW LEVEL SECURITY;
ALTER TABLE notification_refs FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON notification_refs USING (tenant_key = (SELECT current_tenant_key()));
CREATE POLICY nobodys ON notification_refs AS RESTRICTIVE TO ubertruck_app
    USING ((SELECT current_carrier()) IS NULL AND (SELECT current_shipper()) IS NULL);
GRANT SELECT, INSERT ON notification_refs TO ubertruck_app;
GRANT SELECT (tenant_key, provider, ref) ON notification_refs TO ubertruck_system;

ALTER TABLE notification_templates ENABLE ROW LEVEL SECURITY;
ALTER TABLE notification_templates FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON notification_templates
    USING (tenant_key = (SELECT current_tenant_key()));
CREATE POLICY nobodys ON notification_templates AS RESTRICTIVE TO ubertruck_app
    USING ((SELECT current_carrier()) IS NULL AND (SELECT current_shipper()) IS NULL);
GRANT SELECT, INSERT ON notification_templates TO ubertruck_app;

ALTER TABLE notification_preferences ENABLE ROW LEVEL SECURITY;
ALTER TABLE notification_preferences FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON notification_preferences
    USING (tenant_key = (SELECT current_tenant_key()));
GRANT SELECT, INSERT, UPDATE (updated_at, version, wishes)
    ON notification_preferences TO ubertruck_app;

ALTER TABLE notification_consents ENABLE ROW LEVEL SECURITY;
ALTER TABLE notification_consents FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON notification_consents
    USING (tenant_key = (SELECT current_tenant_key()));
CREATE POLICY nobodys ON notification_consents AS RESTRICTIVE TO ubertruck_app
    USING ((SELECT current_carrier()) IS NULL AND (SELECT current_shipper()) IS NULL);
GRANT SELECT,
    INSERT (at, tenant_key, address_index, channel, standing, shown, source, told_by)
    ON notification_consents TO ubertruck_app;

ALTER TABLE on_call ENABLE ROW LEVEL SECURITY;
ALTER TABLE on_call FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON on_call USING (tenant_key = (SELECT current_tenant_key()));
CREATE POLICY nobodys ON on_call AS RESTRICTIVE TO ubertruck_app
    USING ((SELECT current_carrier()) IS NULL AND (SELECT current_shipper()) IS NULL);
GRANT SELECT, INSERT, DELETE, UPDATE (updated_at, version, calendar) ON on_call TO ubertruck_app;

ALTER TABLE inbox_items ENABLE ROW LEVEL SECURITY;
ALTER TABLE inbox_items FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON inbox_items USING (tenant_key = (SELECT current_tenant_key()));
GRANT SELECT, UPDATE (read_at),
    INSERT (at, tenant_key, id, person, kind, severity, subject, booking, truck, said_sealed)
    ON inbox_items TO ubertruck_app;
GRANT SELECT, DELETE, UPDATE (said_sealed) ON inbox_items TO ubertruck_system;

ALTER TABLE push_tokens ENABLE ROW LEVEL SECURITY;
ALTER TABLE push_tokens FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON push_tokens USING (tenant_key = (SELECT current_tenant_key()));
GRANT SELECT, INSERT, DELETE ON push_tokens TO ubertruck_app;
GRANT SELECT, UPDATE (token_sealed) ON push_tokens TO ubertruck_system;
