"""What a fact about a truck means for a booking that it carries."""

from __future__ import annotations

from typing import Any

from freight.booking.commands import Command, Sight
from freight.booking.progress import place_of, spans_of
from freight.booking.rules import BookingRules
from freight.booking.sightings import Seen, Sighting
from freight.booking.state import OVER, Actor, ActorKind, Booking, Leg
from freight.events import TruckEvent
from freight.load import Stop
from geo.point import haversine_m

CORRECTED = "event.corrected"
RETRACTED = "event.retracted"
FENCES = {
    "truck.fence.entered": Seen.ENTERED,
    "truck.fence.exited": Seen.EXITED,
    "truck.fence.dwelled": Seen.RESTED,
}
STOPPED = "truck.stopped"
MOVED = "truck.moved"
SECOND_MS = 1000


def commands_for(booking: Booking, event: TruckEvent, rules: BookingRules) -> list[Command]:
    """None for what says nothing about its stops; a fact known already does no harm."""
    truck = event.subject.removeprefix("trucks/")
    by = Actor(ActorKind.TRUCK, truck)
    return [
        Sight(by=by, leg=leg.id, sighting=sighting)
        for leg in booking.legs
        if leg.standing not in OVER and _has_carried(leg, truck)
        for sighting in _sightings(booking, leg, event, truck, rules)
    ]


def _has_carried(leg: Leg, truck: str) -> bool:
    return any(c.truck == truck and not c.void for c in leg.carriages)


def _sightings(
    booking: Booking, leg: Leg, event: TruckEvent, truck: str, rules: BookingRules
) -> list[Sighting]:
    data = event.data
    turned = event.type in (CORRECTED, RETRACTED)
    kind = str(data.get("replaces_type")) if turned else event.type
    fact = str(data.get("replaces")) if turned else str(event.id)
    seen = {} if event.type == RETRACTED else _seen(booking, leg, kind, data, rules)
    before = data if event.type == RETRACTED else data.get("before") if turned else None
    gone = _seen(booking, leg, kind, before or {}, rules)
    if not turned and _says_no_more(leg, kind, truck, event.time_ms):
        seen.pop(None, None)
    return [
        Sighting(
            fact=fact if place is None else f"{fact}/{place}",
            told=str(event.id),
            known_ms=event.known_at_ms,
            truck=truck,
            seen=what,
            at_ms=event.time_ms,
            place=place,
            since_ms=_since_ms(kind, event),
            stands=place in seen,
        )
        for place, what in (gone | seen).items()
    ]


def _says_no_more(leg: Leg, kind: str, truck: str, at_ms: int) -> bool:
    """On a long way a truck stops and moves often; only the first time it set out."""
    spans = spans_of(leg)
    if kind != MOVED or not spans:
        return False
    return any(
        seen.seen is Seen.MOVED
        and seen.stands
        and seen.truck == truck
        and spans[0].from_ms <= seen.at_ms < at_ms
        for seen in leg.sightings.values()
    )


def _seen(
    booking: Booking, leg: Leg, kind: str, data: dict[str, Any], rules: BookingRules
) -> dict[str | None, Seen]:
    """By place; of no place, that it set out."""
    stops = booking.stops_of(leg)
    if kind in FENCES:
        fence = f"fence/{data.get('fence')}"
        return {fence: FENCES[kind]} if fence in map(place_of, stops) else {}
    if kind not in (STOPPED, MOVED) or not data:
        return {}
    found: dict[str | None, Seen] = {None: Seen.MOVED} if kind == MOVED else {}
    for stop in stops:
        if _is_at(stop, data, rules.milestones.near_m):
            if stop.place.fence is None:
                found[place_of(stop)] = Seen.ENTERED if kind == STOPPED else Seen.EXITED
            elif kind == STOPPED:
                found[place_of(stop)] = Seen.RESTED
    return found


def _is_at(stop: Stop, data: dict[str, Any], near_m: int) -> bool:
    fence, lat, lon = stop.place.fence, data.get("lat"), data.get("lon")
    if fence is not None and data.get("fence") == fence:
        return True
    if lat is None or lon is None:
        return False
    return float(haversine_m(stop.place.lat, stop.place.lon, lat, lon)) <= near_m


def _since_ms(kind: str, event: TruckEvent) -> int | None:
    if kind == MOVED:
        stood_s = event.data.get("duration_s")
        return None if stood_s is None else event.time_ms - round(stood_s * SECOND_MS)
    since_ms = event.data.get("entered_ts_ms")
    return None if since_ms is None else int(since_ms)
