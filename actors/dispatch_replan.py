"""Which open offers a plan takes back, because it has found a better truck."""

from __future__ import annotations

from collections.abc import Sequence

from actors.dispatch_world import WaitingNow
from freight.dispatch.matching import Plan
from freight.dispatch.offer_messages import OfferWithdrawn, Withdraw
from freight.dispatch.offer_state import LegOffers

BETTER_FOUND = "a better truck was found"
CANNOT_GO = "its truck can no longer go"


def turned_over(waiting: Sequence[WaitingNow], found: Plan) -> list[tuple[WaitingNow, Withdraw]]:
    """Legs that the plan gives another truck than they are offered to. All that is open is
    withdrawn, and nothing that was accepted meanwhile."""
    forced = set(found.forced)
    turned = []
    for one in waiting:
        planned = found.by_leg.get(one.leg.id)
        if planned is None or one.leg.standing in (None, planned.truck.id):
            continue
        turned.append((one, Withdraw(CANNOT_GO if one.leg.id in forced else BETTER_FOUND)))
    return turned


def given_free(offers: LegOffers, events: Sequence[object]) -> set[str]:
    """Trucks that nobody asks about any more."""
    names = {event.offer for event in events if isinstance(event, OfferWithdrawn)}
    found = {each.asked.truck for each in offers.offers if each.asked.id in names}
    return {truck for truck in found if truck is not None}
