"""What the truck was seen to do and what somebody says by hand, as far as it may be said."""

from __future__ import annotations

from freight.booking import progress
from freight.booking.commands import Reach, Sight, TakeBack
from freight.booking.deciding import Asked, must_be_past, must_have_reason, on_the_way, stop_of
from freight.booking.events import BookingEvent, Pinned, Sighted, Unpinned
from freight.booking.rules import BookingRules
from freight.booking.sightings import Pin
from freight.booking.state import OVER, Booking, Cause, Leg, Milestone, Source
from freight.load import Stop, StopKind
from freight.refusal import Refusal

_ORDER = list(Milestone)


def sight(ask: Asked, command: Sight) -> list[BookingEvent]:
    leg, seen = ask.leg(command.leg), command.sighting
    if leg.standing in OVER:
        raise Refusal("leg_over", "the leg has ended; what its truck does is no matter of it")
    if not any(span.truck == seen.truck for span in progress.spans_of(leg)):
        raise Refusal("not_its_truck", f"{seen.truck} does not carry {leg.id}")
    known = leg.sightings.get(seen.fact)
    if known is not None and known.order >= seen.order:
        return []
    cause = Cause(kind="truck", about=seen.told, reason=command.reason)
    stamp = ask.stamped(seen.at_ms) | {"cause": cause}
    return [Sighted(leg=leg.id, sighting=seen, **stamp)]


def reach(ask: Asked, command: Reach) -> list[BookingEvent]:
    leg = on_the_way(ask, command.leg)
    at_ms = ask.now_ms if command.at_ms is None else command.at_ms
    must_have_reason(command)
    must_be_past(ask, at_ms)
    if at_ms < progress.since_ms(leg):
        raise Refusal("time_order", "that was before the leg had its truck")
    if command.milestone is Milestone.EN_ROUTE:
        stop_id = None
    else:
        stop = stop_of(ask.booking, leg, command.stop)
        _must_be_its_turn(ask.booking, leg, stop, command.milestone, at_ms)
        _must_be_proven(ask.rules, leg, stop, command.milestone)
        stop_id = stop.id
    pin = Pin(milestone=command.milestone.value, stop=stop_id, at_ms=at_ms)
    if pin in leg.pins:
        return []
    return [Pinned(leg=leg.id, pin=pin, **ask.stamped(at_ms))]


def _must_be_its_turn(
    booking: Booking, leg: Leg, stop: Stop, milestone: Milestone, at_ms: int
) -> None:
    for earlier in booking.stops_of(leg):
        if earlier.id == stop.id:
            break
        arrived = leg.at(earlier.id).arrived
        if arrived is None:
            raise Refusal("stop_order", f"say first what became of stop {earlier.id}")
        if at_ms < arrived.at_ms:
            raise Refusal("time_order", f"it came to stop {earlier.id} later than that")
    if milestone is Milestone.ARRIVED:
        return
    arrived = leg.at(stop.id).arrived
    if arrived is None:
        raise Refusal("stop_order", f"say first when it came to stop {stop.id}")
    if at_ms < arrived.at_ms:
        raise Refusal("time_order", f"it came to stop {stop.id} later than that")


def _must_be_proven(rules: BookingRules, leg: Leg, stop: Stop, milestone: Milestone) -> None:
    needs = stop.kind is StopKind.PICKUP and bool(rules.proof.pickup)
    if milestone is Milestone.DONE and needs and not any(p.stop == stop.id for p in leg.proofs):
        raise Refusal("proof_needed", f"that it was loaded at {stop.id} needs its proof")


def take_back(ask: Asked, command: TakeBack) -> list[BookingEvent]:
    leg = on_the_way(ask, command.leg)
    must_have_reason(command)
    milestone = command.milestone
    if milestone is Milestone.EN_ROUTE:
        stop_id, mark = None, leg.en_route
    else:
        stop_id = stop_of(ask.booking, leg, command.stop).id
        mark = getattr(leg.at(stop_id), milestone.value)
    pins = [p for p in leg.pins if (p.stop, p.milestone) == (stop_id, milestone.value)]
    if pins and not pins[0].denied:
        return [Unpinned(leg=leg.id, pin=pins[0], **ask.stamp)]
    if mark is None:
        raise Refusal("not_reached", f"{milestone.value} was not reached")
    if any(proof.stop == stop_id for proof in leg.proofs):
        raise Refusal("proven", "what is proven is not taken back")
    if mark.source is not Source.TRUCK or milestone is not Milestone.ARRIVED:
        raise Refusal("not_by_hand", f"{milestone.value} was not said by hand")
    denial = Pin(milestone=milestone.value, stop=stop_id, at_ms=ask.now_ms, denied=True)
    return [Pinned(leg=leg.id, pin=denial, **ask.stamp)]
