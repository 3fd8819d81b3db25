"""When everything about a booking is settled, so that nothing about it changes any more."""

from __future__ import annotations

from freight.booking import detention, proof
from freight.booking.confirming import must_be_priced
from freight.booking.deciding import Asked, must_not_be_over
from freight.booking.events import BookingEvent, Closed
from freight.booking.state import Status
from freight.refusal import Refusal


def close(ask: Asked) -> list[BookingEvent]:
    """A truck that nobody saw leave stops waiting now."""
    booking = ask.booking
    must_not_be_over(booking, "it is over already")
    if booking.status is not Status.DELIVERED:
        raise Refusal("not_delivered", f"it is {booking.status.value}, not delivered")
    must_be_priced(booking)
    told: list[BookingEvent] = []
    for leg in booking.active_legs:
        missing = proof.missing(booking, leg, ask.rules)
        if missing:
            raise Refusal("proof_missing", f"proofs are missing for {', '.join(missing)}")
        told += detention.settled_now(booking, leg, ask.rules, ask.now_ms, ask.stamp)
    return [*told, Closed(**ask.stamp)]
