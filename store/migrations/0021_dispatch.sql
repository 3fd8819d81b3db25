-- Dispatch: what carriers were asked for each leg, and why a leg got the truck that it got.

-- ---------------------------------------------------------------------------------- offers

-- How all offers of a leg stand together; written by the booking's actor, as its legs are.
CREATE TABLE leg_offers (
    tenant_key int NOT NULL,
    version int NOT NULL CHECK (version > 0),
    booking text NOT NULL,
    leg text NOT NULL,
    escalated text,  -- why a person is to look at it
    state bytea NOT NULL,
    PRIMARY KEY (tenant_key, booking, leg),
    FOREIGN KEY (tenant_key, booking, leg) REFERENCES booking_legs (tenant_key, booking, leg)
);
CREATE INDEX leg_offers_escalated ON leg_offers (tenant_key) WHERE escalated IS NOT NULL;

CREATE TABLE offer_log (
    at timestamptz NOT NULL,
    tenant_key int NOT NULL,
    version int NOT NULL CHECK (version > 0),
    booking text NOT NULL,
    leg text NOT NULL,
    told_by text NOT NULL,
    event json NOT NULL,
    PRIMARY KEY (tenant_key, booking, leg, version)
);

-- Each offer as it is found by those whom it concerns.
CREATE TABLE offers (
    nr bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    made_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    settled_at timestamptz,
    price_minor bigint,
    bid_minor bigint,
    tenant_key int NOT NULL,
    version int NOT NULL,
    round int NOT NULL,
    shard smallint NOT NULL,
    bidding boolean NOT NULL,
    id text NOT NULL,
    booking text NOT NULL,
    leg text NOT NULL,
    carrier text,
    truck text,
    driver text,
    state text NOT NULL,
    reason text,
    PRIMARY KEY (tenant_key, id),
    FOREIGN KEY (tenant_key, booking, leg) REFERENCES booking_legs (tenant_key, booking, leg)
);
-- A truck is suggested for one load at a time, whoever asks.
CREATE UNIQUE INDEX offers_truck ON offers (tenant_key, truck)
    WHERE state = 'made' AND truck IS NOT NULL AND NOT bidding;
CREATE INDEX offers_due ON offers (shard, expires_at) WHERE state = 'made';
CREATE INDEX offers_newest ON offers (tenant_key, nr);
CREATE INDEX offers_carrier ON offers (tenant_key, carrier, nr);
CREATE INDEX offers_leg ON offers (tenant_key, booking, leg, nr);

-- ---------------------------------------------------------------------------- explanations

-- Every truck in range of a leg, with its score or what excluded it: once for each time it was
-- asked, and as of now; see freight.dispatch.explanations.
CREATE TABLE dispatch_explanations (
    at timestamptz NOT NULL,
    tenant_key int NOT NULL,
    asked int NOT NULL,  -- how many offers had been made before
    booking text NOT NULL,
    leg text NOT NULL,
    mode text NOT NULL,
    truck text,  -- that the plan gave it
    explanation bytea NOT NULL,
    PRIMARY KEY (tenant_key, booking, leg, asked),
    FOREIGN KEY (tenant_key, booking, leg) REFERENCES booking_legs (tenant_key, booking, leg)
);

-- What a second policy would have done, in sums a day.
CREATE TABLE dispatch_shadows (
    tenant_key int NOT NULL,
    day date NOT NULL,
    windows bigint NOT NULL,
    otherwise bigint NOT NULL,
    live jsonb NOT NULL,
    shadow jsonb NOT NULL,
    PRIMARY KEY (tenant_key, day)
);

-- -------------------------------------------------------------------------------- rights

ALTER TABLE leg_offers ENABLE ROW LEVEL SECURITY;
ALTER TABLE leg_offers FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON leg_offers USING (tenant_key = (SELECT current_tenant_key()));
CREATE POLICY nobodys ON leg_offers AS RESTRICTIVE TO ubertruck_app
    USING ((SELECT current_carrier()) IS NULL AND (SELECT current_shipper()) IS NULL);
GRANT SELECT, INSERT, UPDATE ON leg_offers TO ubertruck_app;
GRANT SELECT ON leg_offers TO ubertruck_system;

ALTER TABLE offer_log ENABLE ROW LEVEL SECURITY;
ALTER TABLE offer_log FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON offer_log USING (tenant_key = (SELECT current_tenant_key()));
CREATE POLICY nobodys ON offer_log AS RESTRICTIVE TO ubertruck_app
    USING ((SELECT current_carrier()) IS NULL AND (SELECT current_shipper()) IS NULL);
GRANT SELECT, INSERT ON offer_log TO ubertruck_app;

ALTER TABLE offers ENABLE ROW LEVEL SECURITY;
ALTER TABLE offers FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON offers USING (tenant_key = (SELECT current_tenant_key()));
CREATE POLICY own_carrier ON offers AS RESTRICTIVE TO ubertruck_app
    USING ((SELECT current_shipper()) IS NULL
        AND ((SELECT current_carrier()) IS NULL OR carrier = (SELECT current_carrier())));
GRANT SELECT, UPDATE,
    INSERT (tenant_key, id, version, round, shard, bidding, made_at, expires_at, settled_at,
        price_minor, bid_minor, booking, leg, carrier, truck, driver, state, reason)
    ON offers TO ubertruck_app;
GRANT SELECT, UPDATE (shard) ON offers TO ubertruck_system;

ALTER TABLE dispatch_explanations ENABLE ROW LEVEL SECURITY;
ALTER TABLE dispatch_explanations FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON dispatch_explanations
    USING (tenant_key = (SELECT current_tenant_key()));
CREATE POLICY no_shippers ON dispatch_explanations AS RESTRICTIVE TO ubertruck_app
    USING ((SELECT current_shipper()) IS NULL);
GRANT SELECT, INSERT, UPDATE ON dispatch_explanations TO ubertruck_app;

ALTER TABLE dispatch_shadows ENABLE ROW LEVEL SECURITY;
ALTER TABLE dispatch_shadows FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON dispatch_shadows USING (tenant_key = (SELECT current_tenant_key()));
CREATE POLICY nobodys ON dispatch_shadows AS RESTRICTIVE TO ubertruck_app
    USING ((SELECT current_carrier()) IS NULL AND (SELECT current_shipper()) IS NULL);
GRANT SELECT, INSERT, UPDATE ON dispatch_shadows TO ubertruck_app;
