"""Who carries a leg: looked for, assigned, taken off again, or replaced on the way."""

from __future__ import annotations

from freight.booking.commands import Assign, StartDispatch
from freight.booking.deciding import Asked, must_not_be_over, refusal_at
from freight.booking.events import Assigned, BookingEvent, DispatchStarted
from freight.booking.state import Carriage, Leg, Status
from freight.refusal import Refusal

WAITS = frozenset({Status.CONFIRMED, Status.FAILED})
FREE = frozenset({Status.CONFIRMED, Status.FAILED, Status.DISPATCHING})


def start_dispatch(ask: Asked, command: StartDispatch) -> list[BookingEvent]:
    must_not_be_over(ask.booking, "it cannot be dispatched")
    if command.leg is None:
        legs = [leg for leg in ask.booking.legs if leg.status in WAITS]
    else:
        legs = [_waiting(ask.leg(command.leg))]
    if not legs:
        raise _no_wait(ask.booking.status)
    return [DispatchStarted(leg=leg.id, **ask.stamp) for leg in legs]


def _waiting(leg: Leg) -> Leg:
    if leg.status not in WAITS:
        raise _no_wait(leg.status)
    return leg


def _no_wait(status: Status) -> Refusal:
    if status is Status.DISPATCHING:
        return Refusal("already_dispatching", "a truck is looked for already")
    return refusal_at(status, "it cannot be dispatched")


def assign(ask: Asked, command: Assign) -> list[BookingEvent]:
    must_not_be_over(ask.booking, "it cannot be assigned")
    leg = ask.leg(command.leg)
    if leg.status not in FREE:
        raise refusal_at(leg.status, "it cannot be assigned")
    carriage = Carriage(
        truck=command.truck,
        carrier=command.carrier,
        driver=command.driver,
        offer=command.offer,
        from_ms=ask.now_ms if command.from_ms is None else command.from_ms,
        assigned_ms=ask.now_ms,
    )
    return [Assigned(leg=leg.id, carriage=carriage, **ask.stamp)]
