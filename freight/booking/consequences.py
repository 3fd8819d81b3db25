"""What follows for a booking from what was just learned: milestones, delivery, waiting charged."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from freight.booking import detention, progress
from freight.booking.events import (
    BookingEvent,
    Delivered,
    MilestoneMoved,
    MilestoneTakenBack,
    Reached,
)
from freight.booking.evolve import evolve
from freight.booking.progress import Key
from freight.booking.rules import BookingRules
from freight.booking.state import OVER, Booking, Leg, Mark, Milestone
from freight.load import StopKind

_ORDER = list(Milestone)


def follow(
    booking: Booking,
    just: Sequence[BookingEvent],
    rules: BookingRules,
    now_ms: int,
    stamp: dict[str, Any],
) -> list[BookingEvent]:
    """Differences only, so it may be asked as often as one likes. `just` happened."""
    events: list[BookingEvent] = []
    stamp = stamp | {"key": None, "at_ms": now_ms}
    concerned = {getattr(event, "leg", None) for event in just}  # None: all of them
    for leg in booking.legs:
        if leg.standing in OVER or not ({None, leg.id} & concerned):
            continue
        told = _milestones(booking, leg, stamp)
        for event in told:
            booking = evolve(booking, event)
        told += _delivery(booking, leg.id, stamp)
        told += detention.settled(booking, leg.id, rules, stamp)
        events += told
    return events


def _milestones(booking: Booking, leg: Leg, stamp: dict[str, Any]) -> list[BookingEvent]:
    known, derived = progress.known(leg), progress.derived(booking, leg)
    numbers = {stop.id: number for number, stop in enumerate(booking.load.stops)}

    def order(key: Key) -> tuple[int, int]:
        stop, milestone = key
        return -1 if stop is None else numbers.get(stop, -1), _ORDER.index(milestone)

    gone = sorted(known.keys() - derived.keys(), key=order, reverse=True)
    told: list[BookingEvent] = [
        MilestoneTakenBack(leg=leg.id, stop=key[0], milestone=key[1], before=known[key], **stamp)
        for key in gone
    ]
    for key in sorted(derived, key=order):
        event = _mark(leg.id, key, known.get(key), derived[key], stamp)
        if event is not None:
            told.append(event)
    return told


def _mark(
    leg: str, key: Key, before: Mark | None, mark: Mark, stamp: dict[str, Any]
) -> BookingEvent | None:
    stop, milestone = key
    then = stamp | {"at_ms": mark.at_ms}
    if before is None:
        return Reached(leg=leg, stop=stop, milestone=milestone, mark=mark, **then)
    if (before.at_ms, before.source) == (mark.at_ms, mark.source):
        return None
    return MilestoneMoved(leg=leg, stop=stop, milestone=milestone, before=before, mark=mark, **then)


def _delivery(booking: Booking, leg_id: str, stamp: dict[str, Any]) -> list[BookingEvent]:
    leg = booking.leg(leg_id)
    if leg is None or leg.delivered_ms is not None or leg.carriage is None:
        return []
    times: list[int] = []
    for stop in booking.stops_of(leg):
        if stop.kind is StopKind.DROP:
            proofs = [proof.at_ms for proof in leg.proofs if proof.stop == stop.id]
            if not proofs:
                return []
            times.append(min(proofs))
    return [Delivered(leg=leg_id, **stamp | {"at_ms": max(times)})]
