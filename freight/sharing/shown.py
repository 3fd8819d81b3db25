"""What of a booking its followers may see at which time: the truck only with the goods aboard."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

import msgspec

from freight.booking.state import Booking, Leg, Mark, Status


class Phase(StrEnum):
    NOT_LOADED = "not_loaded"
    ABOARD = "aboard"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"


class StopSeen(msgspec.Struct, frozen=True):
    """A stop as all trucks together have served it."""

    stop: str
    arrived_ms: int | None  # the first
    done_ms: int | None  # all of them


class Consent(msgspec.Struct, frozen=True):
    """The last that was said by somebody: whether he agrees to be followed."""

    agreed: bool
    shipper: str | None  # for whose bookings; none: for all


def phase_of(booking: Booking) -> Phase:
    legs = booking.active_legs
    if booking.status is Status.CANCELLED or not legs:
        return Phase.CANCELLED
    if all(leg.delivered_ms is not None for leg in legs):
        return Phase.DELIVERED
    return Phase.ABOARD if carrying(booking) else Phase.NOT_LOADED


def carrying(booking: Booking) -> tuple[Leg, ...]:
    """The legs whose trucks have goods of it aboard."""
    return tuple(leg for leg in booking.active_legs if leg.has_cargo and leg.carriage is not None)


def delivered_ms(booking: Booking) -> int | None:
    """When the last of it was; None: not all of it is."""
    times = [leg.delivered_ms for leg in booking.active_legs]
    known = [time for time in times if time is not None]
    return max(known) if known and len(known) == len(times) else None


def stops_seen(booking: Booking) -> list[StopSeen]:
    return [_seen(booking, stop.id) for stop in booking.load.stops]


def _seen(booking: Booking, stop: str) -> StopSeen:
    visits = [leg.at(stop) for leg in booking.active_legs if leg.shares.get(stop, 0) > 0]
    arrived = _times(visit.arrived for visit in visits)
    done = _times(visit.done for visit in visits)
    is_done = bool(visits) and len(done) == len(visits)
    return StopSeen(stop, min(arrived, default=None), max(done) if is_done else None)


def _times(marks: Iterable[Mark | None]) -> list[int]:
    return [mark.at_ms for mark in marks if mark is not None]


def may_be_followed(said: Iterable[Consent], shipper: str | None, *, is_required: bool) -> bool:
    """`said`: the newest words of the driver, and of the carrier, each for all and for one.

    Whoever agrees no more is not overruled by the other.
    """
    concerning = [one for one in said if one.shipper is None or one.shipper == shipper]
    if any(not one.agreed for one in concerning):
        return False
    return bool(concerning) or not is_required
