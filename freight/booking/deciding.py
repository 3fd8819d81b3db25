"""What the decisions about a booking have in common: who asks, when, and what forbids it."""

from __future__ import annotations

import dataclasses
from typing import Any

from freight.booking.commands import Command
from freight.booking.rules import BookingRules
from freight.booking.state import OVER, UNDER_WAY, ActorKind, Booking, Cause, Leg, Status
from freight.load import Stop
from freight.refusal import Refusal


@dataclasses.dataclass(frozen=True, slots=True)
class Asked:
    """One command and all that it is decided by."""

    booking: Booking
    rules: BookingRules
    now_ms: int
    stamp: dict[str, Any]

    def stamped(self, at_ms: int | None) -> dict[str, Any]:
        """For what happened at another time than it is told."""
        return self.stamp if at_ms is None else self.stamp | {"at_ms": at_ms}

    def leg(self, leg_id: str) -> Leg:
        leg = self.booking.leg(leg_id)
        if leg is None:
            raise Refusal("unknown_leg", f"this booking has no leg {leg_id}")
        return leg


def stamp(command: Command, now_ms: int) -> dict[str, Any]:
    cause = Cause(kind="command", about=str(command.__struct_config__.tag), reason=command.reason)
    by = command.by
    return {"at_ms": now_ms, "known_ms": now_ms, "by": by, "cause": cause, "key": command.key}


# Why something that needs another status is refused, said by the status that it has.
_STANDS = {
    Status.CREATED: ("not_confirmed", "it is not confirmed yet"),
    Status.CONFIRMED: ("not_assigned", "no truck has it yet"),
    Status.FAILED: ("failed", "it has failed and was not dispatched again"),
    Status.DISPATCHING: ("not_assigned", "no truck has it yet"),
    Status.ASSIGNED: ("already_assigned", "a truck has it already"),
    Status.EN_ROUTE: ("already_assigned", "a truck has it already"),
    Status.AT_PICKUP: ("already_assigned", "a truck has it already"),
    Status.LOADED: ("loaded", "the load is aboard"),
    Status.IN_TRANSIT: ("loaded", "the load is aboard"),
    Status.AT_DROP: ("loaded", "the load is aboard"),
    Status.DELIVERED: ("delivered", "it is delivered"),
    Status.CLOSED: ("closed", "it is closed"),
    Status.CANCELLED: ("cancelled", "it is cancelled"),
}


def refusal_at(status: Status, what: str) -> Refusal:
    code, why = _STANDS[status]
    return Refusal(code, f"{what}: {why}")


def must_not_be_over(booking: Booking, what: str) -> None:
    if booking.status in OVER:
        raise refusal_at(booking.status, what)


def on_the_way(ask: Asked, leg_id: str) -> Leg:
    """A leg that a truck has, or has brought."""
    leg = ask.leg(leg_id)
    if leg.status not in UNDER_WAY and leg.status is not Status.DELIVERED:
        raise refusal_at(leg.status, f"{leg.id} is not on its way")
    return leg


def stop_of(booking: Booking, leg: Leg, stop_id: str | None) -> Stop:
    for stop in booking.stops_of(leg):
        if stop.id == stop_id:
            return stop
    raise Refusal("unknown_stop", f"{leg.id} has no stop {stop_id}")


def must_be_past(ask: Asked, at_ms: int) -> None:
    if at_ms > ask.now_ms:
        raise Refusal("in_future", "that has not happened yet")


def must_have_reason(command: Command) -> None:
    """Who overrides what the truck says tells why; a driver says only what he does himself."""
    if command.by.kind in (ActorKind.USER, ActorKind.CLIENT) and not command.reason:
        raise Refusal("reason_needed", "say why it is said by hand")
