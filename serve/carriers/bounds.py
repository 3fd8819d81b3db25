"""What a principal may do that is bound to one carrier or shipper, whatever its roles say."""

from __future__ import annotations

from serve.identity.permissions import Permission
from serve.identity.principal import Principal
from serve.problems import ForbiddenError

# All that shows a carrier its own trucks only; anything else knows no carriers, and whose truck
# one is is the tenant's to say.
OF_A_CARRIER = frozenset(
    {
        *(Permission.ALERTS_READ, Permission.EWAY_READ, Permission.EWAY_REPORT),
        Permission.STATEMENTS_READ,
        *(Permission.INVOICES_READ, Permission.PARTIES_READ),
        *(Permission.TRUCKS_READ, Permission.POSITIONS_READ),
        *(Permission.EVENTS_READ, Permission.LIVE_READ, Permission.FENCES_READ),
        *(Permission.ROUTES_READ, Permission.JOURNEYS_READ),
        *(Permission.CARRIERS_READ, Permission.PERSONAL_READ, Permission.FLAGS_READ),
        *(Permission.DRIVERS_READ, Permission.DRIVERS_WRITE),
        *(Permission.PAPERS_WRITE, Permission.AVAILABILITY_WRITE),
        *(Permission.BOOKINGS_READ, Permission.BOOKINGS_REPORT, Permission.BOOKINGS_CANCEL),
        *(Permission.OFFERS_READ, Permission.OFFERS_ANSWER),
        *(Permission.SETTLEMENTS_READ, Permission.SETTLEMENTS_DISPUTE),
        *(Permission.DOCUMENTS_READ, Permission.DOCUMENTS_WRITE),
    }
)
# A shipper follows its own bookings, none of which is about the fleet; whom it wants to drive for
# it, it may say.
OF_A_SHIPPER = frozenset(
    {
        *(Permission.ALERTS_READ, Permission.EWAY_READ),
        Permission.STATEMENTS_READ,
        *(Permission.INVOICES_READ, Permission.PARTIES_READ),
        *(Permission.QUOTES_READ, Permission.QUOTES_WRITE),
        *(Permission.FLAGS_READ, Permission.TIES_READ, Permission.TIES_WRITE),
        *(Permission.BOOKINGS_READ, Permission.BOOKINGS_WRITE, Permission.BOOKINGS_CANCEL),
        Permission.BOOKINGS_SHARE,
        *(Permission.DOCUMENTS_READ, Permission.DOCUMENTS_WRITE, Permission.DOCUMENTS_SHARE),
        *(Permission.PAYMENTS_READ, Permission.PAYMENTS_WRITE),
    }
)


def refuse_beyond_bounds(who: Principal, permission: str) -> None:
    if who.carrier is not None and permission not in OF_A_CARRIER:
        raise ForbiddenError(f"who speaks for one carrier cannot have {permission}")
    if who.shipper is not None and permission not in OF_A_SHIPPER:
        raise ForbiddenError(f"who speaks for one shipper cannot have {permission}")
