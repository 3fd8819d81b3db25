"""How a truck or a driver loses a leg: taken off before loading, or replaced on the way."""

from __future__ import annotations

from msgspec.structs import replace

from freight.booking import detention
from freight.booking.commands import Swap, Unassign
from freight.booking.deciding import Asked, must_be_past, refusal_at
from freight.booking.events import BookingEvent, Swapped, Unassigned
from freight.booking.state import UNDER_WAY, Carriage, Leg, Side
from freight.refusal import Refusal


def unassign(ask: Asked, command: Unassign) -> list[BookingEvent]:
    leg = _carried(ask, command.leg, "it has no truck to lose")
    carriage = leg.carriage
    if carriage is None or leg.has_cargo:
        raise Refusal("loaded", "the load is aboard: hand it over to another truck")
    told: list[BookingEvent] = []
    if command.fault is Side.SHIPPER:
        told += detention.settled_now(ask.booking, leg, ask.rules, ask.now_ms, ask.stamp)
    lost = ended(leg, carriage, ask.now_ms)
    return [*told, Unassigned(leg=leg.id, carriage=lost, **ask.stamp)]


def swap(ask: Asked, command: Swap) -> list[BookingEvent]:
    leg = _carried(ask, command.leg, "there is no truck to replace")
    before = leg.carriage
    if before is None:
        raise refusal_at(leg.status, "there is no truck to replace")
    at_ms = ask.now_ms if command.at_ms is None else command.at_ms
    must_be_past(ask, at_ms)
    if command.at_ms is not None and at_ms < before.from_ms:
        raise Refusal("time_order", "it was not there yet")
    after = Carriage(
        truck=command.truck or before.truck,
        carrier=command.carrier or before.carrier,
        driver=command.driver or before.driver,
        offer=command.offer or before.offer,
        from_ms=at_ms,
        assigned_ms=at_ms,
    )
    if (after.truck, after.driver) == (before.truck, before.driver):
        raise Refusal("nothing_changes", "say another truck or another driver")
    left = replace(
        ended(leg, before, at_ms),
        handover_lat=command.lat,
        handover_lon=command.lon,
        driven_m=command.driven_m,
    )
    if after.truck == before.truck:
        left = replace(left, void=False)  # another driver: what the truck did still counts
    return [Swapped(leg=leg.id, before=left, after=after, **ask.stamped(at_ms))]


def _carried(ask: Asked, leg_id: str, what: str) -> Leg:
    leg = ask.leg(leg_id)
    if leg.status not in UNDER_WAY:
        raise refusal_at(leg.status, what)
    return leg


def ended(leg: Leg, carriage: Carriage, at_ms: int) -> Carriage:
    """Of no effect if nothing was aboard."""
    return replace(carriage, to_ms=max(at_ms, carriage.from_ms), void=not leg.has_cargo)
