"""Whether a shipper may owe for one booking more: asked when it is confirmed."""

from __future__ import annotations

import msgspec

from actors.bookings import Refused
from actors.life import now_ms
from freight.booking.state import Booking, Status, TermKind
from freight.dues.owing import carriage_minor
from freight.money import rounded
from freight.payments.credit import Owed, refuse_beyond
from freight.pricing.amounts import WHOLE_BP
from freight.refusal import Refusal
from serve.bookings.problems import problem_of
from serve.gateway import Gateway
from serve.identity.principal import Principal
from store import dues
from store.postgres import AnyConnection


async def refuse_beyond_credit(
    gateway: Gateway, who: Principal, conn: AnyConnection, booking: Booking
) -> None:
    """In the transaction that waits for the confirmation: until it ends nobody else's booking of
    the same shipper is looked at."""
    wanted_minor = _on_credit(booking)
    if booking.status is not Status.CREATED or booking.shipper is None or not wanted_minor:
        return
    await dues.hold_credit(conn, who.tenant_key, booking.shipper)
    owed = await dues.on_credit(conn, booking.shipper)
    # Confirmed a moment ago: the books have not looked at them yet.
    unseen = [
        msgspec.json.decode(state, type=Booking)
        for state in await dues.confirmed_unseen(conn, booking.shipper)
    ]
    committed_minor = sum(one.open_minor for one in owed if one.due_ms is None)
    committed_minor += sum(_on_credit(one) for one in unseen)
    try:
        refuse_beyond(
            gateway.policy_of(who).payments.credit,
            booking.shipper,
            [Owed(one.id, one.open_minor, one.due_ms) for one in owed if one.due_ms is not None],
            committed_minor,
            wanted_minor,
            now_ms(),
        )
    except Refusal as refusal:
        raise problem_of(Refused(refusal.code, refusal.detail)) from refusal


def _on_credit(booking: Booking) -> int:
    share_bp = sum(term.share_bp for term in booking.terms if term.kind is TermKind.CREDIT)
    return rounded((carriage_minor(booking) or 0) * share_bp, WHOLE_BP)
