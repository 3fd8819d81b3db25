"""Whether a truck may be sent for a leg, and whether a load may be taken on at all."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import UTC, datetime

from actors.dispatch_zones import Zones, halts
from config.policy import Policy
from freight.booking.state import Booking, Leg
from freight.fleet.classes import payload_kg
from freight.fleet.papers import held
from freight.fleet.reasons import Reason
from freight.fleet.serviceability import Trip, TruckFacts, check
from freight.fleet.ties import Ties
from freight.fleet.zones import entry_faults, stop_faults
from freight.load import Stop
from store import fleet_board, standing, truck_papers, trucks
from store.postgres import AnyConnection
from store.trucks import Truck


@dataclasses.dataclass(frozen=True, slots=True)
class Sending:
    """Who is to carry a leg, or the rest of it."""

    booking: Booking
    leg: Leg
    truck: str
    driver: str | None = None  # None: whoever drives the truck


@dataclasses.dataclass(frozen=True, slots=True)
class Asking:
    """For whom and when it is asked."""

    conn: AnyConnection
    tenant_key: int
    policy: Policy
    at_ms: int


async def sending_faults(asking: Asking, sending: Sending) -> list[Reason]:
    """Every reason why not; store.errors.NotFoundError without such a truck."""
    conn, fleet = asking.conn, asking.policy.fleet
    truck = await trucks.get(conn, sending.truck)
    papers = [one.paper for one in await truck_papers.of_truck(conn, truck.key)]
    facts = TruckFacts(
        truck.truck_class,
        truck.body,
        _carries_kg(truck, asking),
        held(papers, fleet.papers),
    )
    zones = await Zones.of(conn, asking.tenant_key, fleet.zones)
    driver = await standing.of_driver(conn, sending.driver, truck.key)
    carrier = await standing.of_carrier(conn, truck.carrier, fleet.kyc)
    trip = _trip(asking, sending, zones, truck.truck_class)
    ties = Ties(await fleet_board.ties(conn, asking.tenant_key))
    return [
        *check(trip, facts, driver, carrier, fleet),
        *ties.faults(truck.carrier, sending.booking.shipper),
    ]


def _carries_kg(truck: Truck, asking: Asking) -> int | None:
    classes = asking.policy.fleet.classes
    today = datetime.fromtimestamp(asking.at_ms / 1000.0, UTC).date()
    return payload_kg(
        classes.by_code().get(truck.truck_class or ""),
        rc_payload_kg=truck.payload_kg,
        rc_gvw_kg=truck.gvw_kg,
        capacity_t=truck.capacity_t,
        law=classes.legal_weights.at(today),
    )


def _trip(asking: Asking, sending: Sending, zones: Zones, truck_class: str | None) -> Trip:
    booking, leg, travel = sending.booking, sending.leg, asking.policy.dispatch.travel
    stops = _to_come(booking, leg)
    passages = zones.passages(stops, travel)
    departs_ms = zones.departure_ms(stops, passages, truck_class, asking.at_ms)
    load = booking.load
    return Trip(
        weight_kg=leg.weight_kg,
        departs_ms=departs_ms,
        delivered_ms=departs_ms + halts(stops, travel)[-1][1],
        truck_class=load.truck_class,
        body=load.body,
        handling=load.handling,
        states=frozenset(stop.place.state for stop in stops if stop.place.state is not None),
        stops=zones.at(stops),
        passages=passages,
    )


def _to_come(booking: Booking, leg: Leg) -> Sequence[Stop]:
    """Where it has been, it may have been: asked is about the rest of its way."""
    stops = booking.stops_of(leg) or booking.load.stops
    return [stop for stop in stops if leg.at(stop.id).left is None] or stops[-1:]


async def load_faults(
    asking: Asking, stops: Sequence[Stop], truck_class: str | None
) -> list[Reason]:
    """Why a load is not taken on, whichever truck would come."""
    zones = await Zones.of(asking.conn, asking.tenant_key, asking.policy.fleet.zones)
    passages = zones.passages(stops, asking.policy.dispatch.travel)
    departs_ms = zones.departure_ms(stops, passages, truck_class, asking.at_ms)
    found = [
        reason
        for each in zones.at(stops)
        for reason in stop_faults(each.stop, each.kind, each.fences, zones.rules)
    ]
    return found + entry_faults(passages, truck_class, departs_ms)
