"""What a token may allow, and what each role holds when a tenant begins."""

from __future__ import annotations

from enum import StrEnum


class Permission(StrEnum):
    """`resource:action`; every route names those it needs."""

    ALERTS_READ = "alerts:read"
    ALERTS_RULES = "alerts:rules"  # try rules on what has happened
    ALERTS_WRITE = "alerts:write"  # acknowledge, resolve, comment, snooze, assign, judge
    API_KEYS_READ = "api-keys:read"
    API_KEYS_WRITE = "api-keys:write"
    AUDIT_READ = "audit:read"
    AVAILABILITY_WRITE = "availability:write"  # of trucks: when they are not to be had
    BOOKINGS_CANCEL = "bookings:cancel"
    BOOKINGS_DISPATCH = "bookings:dispatch"  # give legs to trucks, split, swap, close
    BOOKINGS_OVERRIDE = "bookings:override"  # say by hand what trucks did; adjust what is owed
    BOOKINGS_READ = "bookings:read"
    BOOKINGS_REPORT = "bookings:report"  # proofs of pickup and delivery
    BOOKINGS_SHARE = "bookings:share"  # links by which others follow them
    BOOKINGS_WRITE = "bookings:write"  # book, amend, confirm
    CARRIERS_READ = "carriers:read"
    CARRIERS_WRITE = "carriers:write"
    CLIENTS_READ = "clients:read"
    CLIENTS_WRITE = "clients:write"
    COMMANDS_READ = "commands:read"
    COMMANDS_WRITE = "commands:write"  # to devices
    CONFIG_READ = "config:read"
    CONFIG_WRITE = "config:write"
    DEVICES_READ = "devices:read"
    DEVICES_WRITE = "devices:write"
    DOCUMENTS_DELETE = "documents:delete"
    DOCUMENTS_READ = "documents:read"
    DOCUMENTS_SHARE = "documents:share"  # by links that need no sign-in
    DOCUMENTS_WRITE = "documents:write"
    DRIVERS_READ = "drivers:read"
    DRIVERS_WRITE = "drivers:write"
    EVENTS_READ = "events:read"
    EWAY_READ = "eway:read"
    EWAY_REPORT = "eway:report"  # which vehicle has the goods now
    EWAY_WRITE = "eway:write"  # draft, generate, extend, cancel
    FENCES_READ = "fences:read"
    FENCES_WRITE = "fences:write"
    FLAGS_READ = "flags:read"
    FLAGS_WRITE = "flags:write"
    INVOICES_READ = "invoices:read"
    INVOICES_WRITE = "invoices:write"  # by hand; credit and debit notes
    JOURNEYS_READ = "journeys:read"
    JOURNEYS_WRITE = "journeys:write"
    KYC_WRITE = "kyc:write"  # to decide about carriers, which they cannot do themselves
    LEDGER_READ = "ledger:read"  # the tenant's books
    LEDGER_WRITE = "ledger:write"  # entries by hand
    LIVE_READ = "live:read"
    NOTIFICATIONS_READ = "notifications:read"  # messages, templates and who is on call
    NOTIFICATIONS_WRITE = "notifications:write"  # send, replay, cancel; consents and preferences
    ONCALL_WRITE = "oncall:write"  # who is called when
    PAPERS_WRITE = "papers:write"  # of trucks and carriers; who reads these reads their papers
    OFFERS_ANSWER = "offers:answer"  # accept, decline, bid
    OFFERS_READ = "offers:read"
    OFFERS_WRITE = "offers:write"  # make, withdraw, award
    PAYMENTS_READ = "payments:read"
    PAYMENTS_RECORD = "payments:record"  # money past any provider; what providers sent us
    PAYMENTS_WRITE = "payments:write"
    PARTIES_READ = "parties:read"  # who stands on papers
    PARTIES_WRITE = "parties:write"
    # Unmasked phone numbers, e-mail addresses, bank and tax ids.
    PERSONAL_READ = "personal:read"
    PAYOUTS_WRITE = "payouts:write"  # send money to carriers, advances too
    POSITIONS_READ = "positions:read"
    POSITIONS_WRITE = "positions:write"  # of any truck of the tenant, for providers
    QUOTES_COMPARE = "quotes:compare"  # hold all quotes against the rates of now
    QUOTES_READ = "quotes:read"
    QUOTES_WRITE = "quotes:write"
    REFUNDS_WRITE = "refunds:write"
    ROLES_READ = "roles:read"
    ROLES_WRITE = "roles:write"
    ROUTES_READ = "routes:read"
    ROUTES_WRITE = "routes:write"
    RECONCILIATION_READ = "reconciliation:read"
    RECONCILIATION_WRITE = "reconciliation:write"  # import statements, post what they show
    SECRETS_READ = "secrets:read"  # names, versions and use of secrets, never their values
    SECRETS_WRITE = "secrets:write"
    TAX_READ = "tax:read"  # returns and registers for the state
    SETTLEMENTS_APPROVE = "settlements:approve"
    SETTLEMENTS_DISPUTE = "settlements:dispute"
    SETTLEMENTS_READ = "settlements:read"  # and payouts
    SETTLEMENTS_WRITE = "settlements:write"  # lines, proposals; what no approval is
    STATEMENTS_READ = "statements:read"  # one's own account; of any with ledger:read
    TIES_READ = "ties:read"  # which carriers drive for whom, and which do not
    TIES_WRITE = "ties:write"
    TASKS_READ = "tasks:read"
    TASKS_WRITE = "tasks:write"
    TEMPLATES_WRITE = "templates:write"  # of messages
    TENANTS_READ = "tenants:read"
    TRUCKS_READ = "trucks:read"
    TRUCKS_WRITE = "trucks:write"
    USERS_READ = "users:read"
    USERS_WRITE = "users:write"
    WEBHOOKS_READ = "webhooks:read"
    WEBHOOKS_WRITE = "webhooks:write"
    # Of who runs the installation: no tenant's administrator can hold or give them away.
    TENANTS_WRITE = "tenants:write"
    INSTALLATION_WRITE = "installation:write"  # configuration and secrets of all tenants together


OPERATOR_ONLY = frozenset({Permission.TENANTS_WRITE, Permission.INSTALLATION_WRITE})


class Role(StrEnum):
    """Seeded in every tenant, which may change all but the operator and make more."""

    ADMIN = "admin"
    DISPATCHER = "dispatcher"
    SHIPPER = "shipper"
    CARRIER = "carrier"
    DRIVER = "driver"
    FINANCE = "finance"
    SUPPORT = "support"
    VIEWER = "viewer"
    DEVICE = "device"
    SERVICE = "service"
    OPERATOR = "operator"


_FLEET_READS = (
    *(Permission.EWAY_READ, Permission.TASKS_READ),
    *(Permission.TRUCKS_READ, Permission.FENCES_READ, Permission.POSITIONS_READ),
    *(Permission.EVENTS_READ, Permission.LIVE_READ, Permission.CARRIERS_READ),
    *(Permission.ROUTES_READ, Permission.JOURNEYS_READ, Permission.DRIVERS_READ),
    *(Permission.BOOKINGS_READ, Permission.OFFERS_READ, Permission.DOCUMENTS_READ),
    Permission.ALERTS_READ,
)

# A shipper follows its own bookings, not the fleet: nothing here is about the fleet as a whole.
PERMISSIONS_OF: dict[Role, tuple[Permission, ...]] = {
    Role.ADMIN: tuple(p for p in Permission if p not in OPERATOR_ONLY),
    Role.DISPATCHER: (
        *_FLEET_READS,
        *(Permission.EWAY_REPORT, Permission.EWAY_WRITE, Permission.TASKS_WRITE),
        *(Permission.NOTIFICATIONS_READ, Permission.ONCALL_WRITE),
        Permission.ALERTS_WRITE,
        *(Permission.INVOICES_READ, Permission.PARTIES_READ),
        *(Permission.QUOTES_READ, Permission.QUOTES_WRITE),
        *(Permission.TRUCKS_WRITE, Permission.FENCES_WRITE, Permission.FLAGS_READ),
        *(Permission.ROUTES_WRITE, Permission.JOURNEYS_WRITE),
        *(Permission.COMMANDS_READ, Permission.COMMANDS_WRITE),
        *(Permission.BOOKINGS_WRITE, Permission.BOOKINGS_DISPATCH, Permission.BOOKINGS_CANCEL),
        *(Permission.BOOKINGS_REPORT, Permission.BOOKINGS_OVERRIDE, Permission.BOOKINGS_SHARE),
        *(Permission.OFFERS_WRITE, Permission.OFFERS_ANSWER),
        *(Permission.DRIVERS_WRITE, Permission.PAPERS_WRITE, Permission.AVAILABILITY_WRITE),
        *(Permission.TIES_READ, Permission.TIES_WRITE),
        *(Permission.DOCUMENTS_WRITE, Permission.DOCUMENTS_SHARE),
        *(Permission.PAYMENTS_READ, Permission.PAYMENTS_WRITE),
    ),
    Role.SHIPPER: (
        *(Permission.ALERTS_READ, Permission.EWAY_READ),
        Permission.STATEMENTS_READ,
        *(Permission.INVOICES_READ, Permission.PARTIES_READ),
        *(Permission.QUOTES_READ, Permission.QUOTES_WRITE),
        *(Permission.TIES_READ, Permission.TIES_WRITE),
        *(Permission.BOOKINGS_READ, Permission.BOOKINGS_WRITE, Permission.BOOKINGS_CANCEL),
        Permission.BOOKINGS_SHARE,
        *(Permission.DOCUMENTS_READ, Permission.DOCUMENTS_WRITE, Permission.DOCUMENTS_SHARE),
        *(Permission.PAYMENTS_READ, Permission.PAYMENTS_WRITE),
    ),
    Role.CARRIER: (
        *(Permission.ALERTS_READ, Permission.EWAY_READ, Permission.EWAY_REPORT),
        Permission.STATEMENTS_READ,
        *(Permission.INVOICES_READ, Permission.PARTIES_READ),
        *(Permission.TRUCKS_READ, Permission.POSITIONS_READ),
        *(Permission.EVENTS_READ, Permission.LIVE_READ, Permission.CARRIERS_READ),
        *(Permission.ROUTES_READ, Permission.JOURNEYS_READ),
        *(Permission.DRIVERS_READ, Permission.DRIVERS_WRITE),
        *(Permission.PAPERS_WRITE, Permission.AVAILABILITY_WRITE),
        *(Permission.BOOKINGS_READ, Permission.BOOKINGS_REPORT, Permission.BOOKINGS_CANCEL),
        *(Permission.OFFERS_READ, Permission.OFFERS_ANSWER),
        *(Permission.DOCUMENTS_READ, Permission.DOCUMENTS_WRITE),
        *(Permission.SETTLEMENTS_READ, Permission.SETTLEMENTS_DISPUTE),
    ),
    Role.DRIVER: (
        *(Permission.EWAY_READ, Permission.EWAY_REPORT),
        *(Permission.BOOKINGS_READ, Permission.BOOKINGS_REPORT),
        *(Permission.OFFERS_READ, Permission.OFFERS_ANSWER),
        *(Permission.DOCUMENTS_READ, Permission.DOCUMENTS_WRITE),
    ),
    Role.FINANCE: (
        *(Permission.EWAY_READ, Permission.EWAY_WRITE),
        *(Permission.ALERTS_READ, Permission.ALERTS_WRITE),
        *(Permission.TASKS_READ, Permission.TASKS_WRITE),
        *(Permission.LEDGER_READ, Permission.LEDGER_WRITE, Permission.STATEMENTS_READ),
        *(Permission.SETTLEMENTS_READ, Permission.SETTLEMENTS_WRITE),
        *(Permission.SETTLEMENTS_APPROVE, Permission.SETTLEMENTS_DISPUTE),
        *(Permission.PAYOUTS_WRITE, Permission.RECONCILIATION_READ),
        Permission.RECONCILIATION_WRITE,
        *(Permission.INVOICES_READ, Permission.INVOICES_WRITE, Permission.TAX_READ),
        *(Permission.PARTIES_READ, Permission.PARTIES_WRITE),
        *(Permission.QUOTES_READ, Permission.QUOTES_COMPARE),
        *(Permission.CARRIERS_READ, Permission.KYC_WRITE, Permission.PERSONAL_READ),
        Permission.BOOKINGS_READ,
        *(Permission.DOCUMENTS_READ, Permission.DOCUMENTS_WRITE, Permission.DOCUMENTS_SHARE),
        *(Permission.PAYMENTS_READ, Permission.PAYMENTS_WRITE, Permission.PAYMENTS_RECORD),
        Permission.REFUNDS_WRITE,
    ),
    Role.SUPPORT: (
        *(Permission.INVOICES_READ, Permission.PARTIES_READ),
        *(*_FLEET_READS, Permission.QUOTES_READ, Permission.WEBHOOKS_READ),
        *(Permission.USERS_READ, Permission.AUDIT_READ, Permission.NOTIFICATIONS_READ),
        Permission.PAYMENTS_READ,
    ),
    Role.VIEWER: (*_FLEET_READS, Permission.QUOTES_READ),
    # Devices speak MQTT with credentials of their own; over HTTP they may do nothing else.
    Role.DEVICE: (),
    Role.SERVICE: (Permission.EVENTS_READ, Permission.TRUCKS_READ, Permission.POSITIONS_READ),
    Role.OPERATOR: tuple(OPERATOR_ONLY),
}
