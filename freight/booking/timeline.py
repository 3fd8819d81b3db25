"""The story of a booking for people: each step, what it changed, who and what caused it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from freight.booking.events import BookingEvent
from freight.booking.evolve import evolve
from freight.booking.state import Actor, Booking, Cause, Status

# Told in other fields of a step.
_ASIDE = frozenset({"at_ms", "known_ms", "by", "cause", "key", "leg", "stop", "type"})


class Step(msgspec.Struct, frozen=True, kw_only=True):
    version: int
    what: str  # the event's name
    at_ms: int  # when it happened
    known_ms: int  # when we learned it; later than that if a fact came late
    leg: str | None
    stop: str | None
    status: Status  # of the booking, after it
    before: Status | None  # None: it did not exist
    by: Actor
    cause: Cause
    details: dict[str, Any]


def timeline(events: Iterable[BookingEvent]) -> list[Step]:
    """In the order in which the steps became known."""
    steps: list[Step] = []
    booking: Booking | None = None
    for event in events:
        before, booking = booking, evolve(booking, event)
        said = msgspec.to_builtins(event)
        steps.append(
            Step(
                version=booking.version,
                what=said["type"],
                at_ms=event.at_ms,
                known_ms=event.known_ms,
                leg=said.get("leg"),
                stop=said.get("stop"),
                status=booking.status,
                before=None if before is None else before.status,
                by=event.by,
                cause=event.cause,
                details={name: value for name, value in said.items() if name not in _ASIDE},
            )
        )
    return steps
