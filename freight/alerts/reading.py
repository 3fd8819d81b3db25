"""Facts of the log read as signals: what each kind of fact begins, ends or takes back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from freight.alerts.circumstances import Circumstances
from freight.alerts.kinds import Kind
from freight.alerts.signals import Phase, Place, Signal, Turn
from freight.events import TruckEvent
from freight.tracking.standing import CORRECTED, RETRACTED

BOOKINGS = "bookings/"
TRUCKS = "trucks/"
_B, _E, _R, _I = Phase.BEGAN, Phase.ENDED, Phase.RESUMED, Phase.INSTANT
_Said = tuple[tuple[Kind, Phase], ...]

_PANIC = frozenset({"panic", "crash"})

# What is over when a booking is.
_OF_BOOKING = (
    Kind.UNTRACKED_TRIP,
    Kind.TRIP_NOT_STARTED,
    Kind.ROUTE_DEVIATION,
    Kind.WRONG_WAY,
    Kind.PROMISE_AT_RISK,
    Kind.DETENTION_RUNNING,
    Kind.EWAY_BILL_EXPIRING,
    Kind.DISPATCH_EXHAUSTED,
)
_BOOKING_OVER = tuple((kind, _E) for kind in _OF_BOOKING)
_FOUND: _Said = ((Kind.DISPATCH_EXHAUSTED, _E),)
_UNDER_WAY: _Said = (*_FOUND, (Kind.TRIP_NOT_STARTED, _E))

READ: dict[str, _Said] = {
    "truck.stopped": (
        (Kind.LONG_STOPPAGE, _B),
        (Kind.SEVERAL_TRUCKS, _B),
        (Kind.CONTINUOUS_DRIVING, _E),
    ),
    "truck.moved": (
        (Kind.LONG_STOPPAGE, _E),
        (Kind.SEVERAL_TRUCKS, _E),
        (Kind.CONTINUOUS_DRIVING, _R),
    ),
    "truck.overspeed.started": ((Kind.OVERSPEED, _B),),
    "truck.overspeed.ended": ((Kind.OVERSPEED, _E),),
    "truck.night_driving.started": ((Kind.NIGHT_DRIVING, _B),),
    "truck.night_driving.ended": ((Kind.NIGHT_DRIVING, _E),),
    "truck.continuous_driving.exceeded": ((Kind.CONTINUOUS_DRIVING, _B),),
    "truck.tracking.interrupted": ((Kind.TRACKING_INTERRUPTED, _B),),
    "truck.tracking.resumed": ((Kind.TRACKING_INTERRUPTED, _E),),
    "truck.route.deviated": ((Kind.ROUTE_DEVIATION, _B),),
    "truck.route.rejoined": ((Kind.ROUTE_DEVIATION, _E), (Kind.WRONG_WAY, _E)),
    "truck.route.wrong_way": ((Kind.WRONG_WAY, _B),),
    "truck.route.not_started": ((Kind.TRIP_NOT_STARTED, _B),),
    "truck.route.started": ((Kind.TRIP_NOT_STARTED, _E),),
    "truck.route.arrived": (
        (Kind.ROUTE_DEVIATION, _E),
        (Kind.WRONG_WAY, _E),
        (Kind.PROMISE_AT_RISK, _E),
        (Kind.TRIP_NOT_STARTED, _E),
    ),
    "truck.promise.at_risk": ((Kind.PROMISE_AT_RISK, _B),),
    "truck.promise.safe": ((Kind.PROMISE_AT_RISK, _E),),
    "truck.fence.entered": ((Kind.GEOFENCE_BREACH, _B),),
    "truck.fence.exited": ((Kind.GEOFENCE_BREACH, _E), (Kind.NO_ENTRY, _E)),
    "truck.fence.no_entry_violated": ((Kind.NO_ENTRY, _B),),
    "truck.fuel.dropped": ((Kind.FUEL_DROP, _I),),
    "truck.alarm.raised": ((Kind.PANIC, _I), (Kind.TAMPERING, _I)),
    "booking.truck_silent": ((Kind.UNTRACKED_TRIP, _B),),
    "booking.truck_heard": ((Kind.UNTRACKED_TRIP, _E),),
    "booking.escalated": ((Kind.DISPATCH_EXHAUSTED, _B),),
    "booking.assigned": _FOUND,
    "booking.en_route": _UNDER_WAY,
    "booking.delivered": _BOOKING_OVER,
    "booking.closed": _BOOKING_OVER,
    "booking.cancelled": _BOOKING_OVER,
    "booking.failed": _BOOKING_OVER,
    "webhook.endpoint_paused": ((Kind.WEBHOOK_PAUSED, _B),),
    "webhook.endpoint_resumed": ((Kind.WEBHOOK_PAUSED, _E),),
}
# All that a follower has to be given.
FACTS = (*READ, CORRECTED, RETRACTED)

_OF_JOURNEY = frozenset(
    {Kind.ROUTE_DEVIATION, Kind.WRONG_WAY, Kind.PROMISE_AT_RISK, Kind.TRIP_NOT_STARTED}
)
_OF_FENCE = frozenset({Kind.GEOFENCE_BREACH, Kind.NO_ENTRY})


def signals_of(fact: TruckEvent, nr: int = 0) -> list[Signal]:
    """`nr` is the fact's number in the log. What is known around it is added by who knows it."""
    told, turn, data = fact.type, Turn.TOLD, fact.data
    if told in {CORRECTED, RETRACTED}:
        turn = Turn.RETRACTED if told == RETRACTED else Turn.CORRECTED
        told = data.get("replaces_type", "")
        after = data.get("after")
        data = data if after is None else after
    return [
        _signal(fact, kind, phase, turn, data, nr)
        for kind, phase in READ.get(told, ())
        if _is_about(kind, data)
    ]


def _is_about(kind: Kind, data: Mapping[str, Any]) -> bool:
    if kind is Kind.PANIC:
        return data.get("alarm") in _PANIC
    return kind is not Kind.TAMPERING or data.get("alarm") not in _PANIC


def _signal(  # noqa: PLR0917 - what a signal is made of
    fact: TruckEvent, kind: Kind, phase: Phase, turn: Turn, data: Mapping[str, Any], nr: int
) -> Signal:
    ends_booking = phase is Phase.ENDED and fact.subject.startswith(BOOKINGS)
    is_group = kind is Kind.SEVERAL_TRUCKS
    return Signal(
        kind=kind,
        phase=phase,
        event=str(fact.data["replaces"]) if turn is not Turn.TOLD else str(fact.id),
        told_by=str(fact.id),
        subject=fact.subject,
        about=_about(kind, data),
        alert_subject=f"tenants/{fact.tenant}" if is_group else fact.subject,
        at_ms=fact.time_ms,
        known_ms=fact.known_at_ms,
        decided_ms=fact.decided_ms,
        turn=turn,
        place=_place(data),
        facts={name: value for name, value in data.items() if name not in _NO_FACTS},
        around=_around(fact, kind, data),
        ends_booking=ends_booking,
        nr=nr,
    )


_NO_FACTS = frozenset({"before", "after", "replaces", "replaces_type", "reason"})


def _about(kind: Kind, data: Mapping[str, Any]) -> str:
    if kind in _OF_JOURNEY:
        return str(data.get("journey") or "")
    if kind in _OF_FENCE:
        return str(data.get("fence") or "")
    if kind in {Kind.UNTRACKED_TRIP, Kind.DISPATCH_EXHAUSTED}:
        return str(data.get("leg") or "")
    return str(data.get("alarm") or "")


def _around(fact: TruckEvent, kind: Kind, data: Mapping[str, Any]) -> Circumstances:
    truck = fact.subject.removeprefix(TRUCKS) if fact.subject.startswith(TRUCKS) else None
    booking = fact.subject.removeprefix(BOOKINGS) if fact.subject.startswith(BOOKINGS) else None
    return Circumstances(
        truck=truck or data.get("truck"),
        booking=booking or data.get("booking"),
        leg=data.get("leg"),
        journey=data.get("journey"),
        customer=data.get("shipper"),
        carrier=data.get("carrier"),
        halt=data.get("halt"),
        fence=data.get("fence"),
        fence_kind=data.get("fence_kind"),
        alarm=data.get("alarm"),
        value=_value(kind, data),
    )


# Kind -> the number that is its measure.
_VALUE = {
    Kind.NIGHT_DRIVING: "driving_s",
    Kind.ROUTE_DEVIATION: "off_m",
    Kind.WRONG_WAY: "back_km",
    Kind.PROMISE_AT_RISK: "probability",
}


def _value(kind: Kind, data: Mapping[str, Any]) -> float | None:
    if kind is Kind.OVERSPEED:
        fastest, limit = data.get("speed_kmh_max"), data.get("limit_kmh")
        return None if fastest is None or limit is None else float(fastest) - float(limit)
    if kind is Kind.FUEL_DROP:
        change = data.get("change_pct")
        return None if change is None else -float(change)
    value = data.get(_VALUE.get(kind, ""))
    return None if value is None else float(value)


def _place(data: Mapping[str, Any]) -> Place | None:
    there = data.get("position", data)
    lat, lon = there.get("lat"), there.get("lon")
    return None if lat is None or lon is None else Place(float(lat), float(lon))
