"""The clock of a truck that waits at a stop: free time, what runs, and what is charged in the end.

Both sides see the same clock, for it follows from the milestones and from what was agreed.
"""

from __future__ import annotations

from typing import Any

import msgspec

from freight.booking.commands import ExcludeDetention
from freight.booking.confirming import agreed
from freight.booking.deciding import Asked, must_be_past, must_not_be_over, stop_of
from freight.booking.events import (
    BookingEvent,
    DetentionExcluded,
    DetentionReopened,
    DetentionSettled,
)
from freight.booking.rules import BookingRules
from freight.booking.state import Booking, Charge, ChargeHead, Exclusion, FreeTime, Leg, Side
from freight.load import Stop, StopKind
from freight.refusal import Refusal

MINUTE_MS = 60_000  # in a minute


class Clock(msgspec.Struct, frozen=True, kw_only=True):
    leg: str
    stop: str
    from_ms: int  # it had come, and its window had begun
    free_until_ms: int
    running_since_ms: int | None  # None: the free time is not used up
    to_ms: int | None  # it has left; None: it goes on
    excluded_minutes: int
    minutes: int  # that count, beyond the free ones
    charge_minor: int
    payer: Side


def clocks(booking: Booking, rules: BookingRules, now_ms: int) -> list[Clock]:
    """Of each stop that a truck has come to, as of now."""
    return [
        clock for leg in booking.active_legs for clock in _clocks_of(booking, leg, rules, now_ms)
    ]


def _clocks_of(booking: Booking, leg: Leg, rules: BookingRules, now_ms: int) -> list[Clock]:
    if not leg.stops:
        return []
    terms = booking.agreed or agreed(rules, booking.load.truck_class, booking.price)
    found: list[Clock] = []
    for stop in booking.stops_of(leg):
        free = terms.pickup if stop.kind is StopKind.PICKUP else terms.drop
        clock = _clock(leg, stop, free, now_ms)
        if clock is not None:
            found.append(clock)
    return found


def _clock(leg: Leg, stop: Stop, free: FreeTime, now_ms: int) -> Clock | None:
    progress = leg.at(stop.id)
    if progress.arrived is None:
        return None
    from_ms = progress.arrived.at_ms
    if stop.window.from_ms is not None:
        from_ms = max(from_ms, stop.window.from_ms)
    to_ms = _gone_ms(leg) if progress.left is None else progress.left.at_ms
    until_ms = max(now_ms if to_ms is None else to_ms, from_ms)
    breaks = _breaks(leg, stop.id)
    excluded_ms = sum(_overlap(b, (from_ms, until_ms)) for b in breaks)
    free_until_ms = _free_until(from_ms, free.free_minutes * MINUTE_MS, breaks)
    waited_ms = until_ms - from_ms - excluded_ms - free.free_minutes * MINUTE_MS
    minutes = max(waited_ms, 0) // MINUTE_MS
    return Clock(
        leg=leg.id,
        stop=stop.id,
        from_ms=from_ms,
        free_until_ms=free_until_ms,
        running_since_ms=free_until_ms if until_ms > free_until_ms else None,
        to_ms=to_ms,
        excluded_minutes=excluded_ms // MINUTE_MS,
        minutes=minutes,
        charge_minor=charge_minor(minutes, free),
        payer=Side.SHIPPER,
    )


def _gone_ms(leg: Leg) -> int | None:
    """A truck that has lost the leg waits no more for it."""
    return leg.carriages[-1].to_ms if leg.carriages else None


def charge_minor(minutes: int, free: FreeTime) -> int:
    """Each hour or day begun counts whole, up to the cap."""
    begun = -(-minutes // free.basis_minutes)
    owed = begun * free.basis_minor
    return owed if free.cap_minor is None else min(owed, free.cap_minor)


Break = tuple[int, int]


def _breaks(leg: Leg, stop: str) -> list[Break]:
    """What does not count, as spans that neither touch nor overlap."""
    joined: list[Break] = []
    for excluded in sorted((e.from_ms, e.to_ms) for e in leg.exclusions if e.stop == stop):
        if joined and excluded[0] <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], excluded[1]))
        else:
            joined.append(excluded)
    return joined


def _overlap(one: Break, other: Break) -> int:
    return max(0, min(one[1], other[1]) - max(one[0], other[0]))


def _free_until(from_ms: int, free_ms: int, breaks: list[Break]) -> int:
    until_ms = from_ms + free_ms
    for begin, end in breaks:
        if begin < until_ms and end > from_ms:
            until_ms += end - max(begin, from_ms)
    return until_ms


# ------------------------------------------------------------------------------ in the end


def charge_id(leg: Leg, stop: str) -> str:
    """Each truck that had to give the leg back waited for itself."""
    attempt = 1 + sum(carriage.void for carriage in leg.carriages)
    return f"detention/{leg.id}/{stop}/{attempt}"


def settled(
    booking: Booking, leg_id: str, rules: BookingRules, stamp: dict[str, Any]
) -> list[BookingEvent]:
    """What differs from what was charged, of the stops of a leg that its truck has left."""
    leg = booking.leg(leg_id)
    if leg is None:
        return []
    known = _clocks_of(booking, leg, rules, 0)
    gone = {clock.stop: clock for clock in known if clock.to_ms is not None}
    told: list[BookingEvent] = []
    for stop in booking.stops_of(leg):
        before, clock = booking.charges.get(charge_id(leg, stop.id)), gone.get(stop.id)
        if clock is not None:
            told += _settled(leg, clock, before, stamp)
        elif before is not None:
            told.append(DetentionReopened(leg=leg.id, stop=stop.id, before=before, **stamp))
    return told


def _settled(
    leg: Leg, clock: Clock, before: Charge | None, stamp: dict[str, Any]
) -> list[BookingEvent]:
    before_minor = None if before is None else before.amount_minor
    if clock.charge_minor == (before_minor or 0):
        return []
    charge = Charge(
        id=charge_id(leg, clock.stop),
        head=ChargeHead.DETENTION,
        leg=leg.id,
        stop=clock.stop,
        payer=clock.payer,
        amount_minor=clock.charge_minor,
    )
    settled_ms = stamp["at_ms"] if clock.to_ms is None else clock.to_ms
    then = stamp | {"at_ms": settled_ms}
    return [
        DetentionSettled(
            leg=leg.id,
            stop=clock.stop,
            minutes=clock.minutes,
            before_minor=before_minor,
            charge=charge,
            **then,
        )
    ]


def settled_now(
    booking: Booking, leg: Leg, rules: BookingRules, now_ms: int, stamp: dict[str, Any]
) -> list[BookingEvent]:
    """Of the stop where it waits still: the booking goes on without it, or ends."""
    told: list[BookingEvent] = []
    for clock in _clocks_of(booking, leg, rules, now_ms):
        if clock.to_ms is None:
            told += _settled(leg, clock, booking.charges.get(charge_id(leg, clock.stop)), stamp)
    return told


def exclude(ask: Asked, command: ExcludeDetention) -> list[BookingEvent]:
    must_not_be_over(ask.booking, "its charges are final")
    leg = ask.leg(command.leg)
    stop = stop_of(ask.booking, leg, command.stop)
    if leg.at(stop.id).arrived is None:
        raise Refusal("not_reached", f"no truck has come to stop {stop.id} yet")
    must_be_past(ask, command.to_ms)
    if command.from_ms >= command.to_ms:
        raise Refusal("invalid_time", "a time that ends before it begins excludes nothing")
    if command.why not in ask.rules.detention.excludes:
        says = f"time may be excluded for: {', '.join(ask.rules.detention.excludes)}"
        raise Refusal("unknown_exclusion", says)
    exclusion = Exclusion(stop.id, command.from_ms, command.to_ms, command.why)
    if exclusion in leg.exclusions:
        return []
    return [DetentionExcluded(leg=leg.id, exclusion=exclusion, **ask.stamp)]
