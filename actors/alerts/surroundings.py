"""What is known around causes of alerts: the load, the lane and the customer of a truck then."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from freight.alerts.circumstances import Circumstances
from freight.alerts.reading import signals_of
from freight.alerts.signals import Signal
from freight.booking.state import Booking, Leg, Mark
from freight.load import Place, StopKind
from store import alert_context
from store.alert_context import TruckScene
from store.events import StoredEvent
from store.postgres import AnyConnection


async def signals_with_surroundings(
    conn: AnyConnection, facts: Sequence[StoredEvent]
) -> list[Signal]:
    """Two questions for the whole batch: about trucks as of each fact, and about bookings."""
    read = [(fact, signal) for fact in facts for signal in signals_of(fact, fact.seq)]
    asked = [(fact.truck_key, fact.time_ms) for fact, _ in read if fact.truck_key is not None]
    trucks = await alert_context.of_trucks(conn, asked) if asked else {}
    named = {
        signal.around.booking
        for fact, signal in read
        if fact.truck_key is None and signal.around.booking is not None
    }
    bookings = await alert_context.of_bookings(conn, sorted(named)) if named else {}
    found: list[Signal] = []
    for fact, signal in read:
        scene = None if fact.truck_key is None else trucks.get((fact.truck_key, fact.time_ms))
        booking = bookings.get(signal.around.booking or "")
        around = signal.around
        if scene is not None:
            around = around.with_known(around_truck(scene, fact.time_ms))
        elif booking is not None:
            leg = booking.leg(around.leg or "") or _only_leg(booking)
            around = around.with_known(around_leg(booking, leg, fact.time_ms))
        found.append(replace(signal, around=around))
    return found


def _only_leg(booking: Booking) -> Leg | None:
    legs = booking.active_legs
    return legs[0] if len(legs) == 1 else None


def around_truck(scene: TruckScene, at_ms: int) -> Circumstances:
    """Who follows a journey is on a trip, whether or not we know for which load."""
    mine = Circumstances(
        truck=scene.truck,
        carrier=scene.carrier,
        truck_group=scene.truck_class,
        journey=scene.journey,
        is_on_trip=scene.journey is not None,
        is_loaded=None if scene.booking is None else False,
    )
    if scene.booking is None:
        return mine
    load = around_leg(scene.booking, scene.leg, at_ms)
    is_on_trip = load.is_on_trip or mine.is_on_trip
    return replace(load, truck=scene.truck, is_on_trip=is_on_trip).with_known(mine)


def around_leg(booking: Booking, leg: Leg | None, at_ms: int) -> Circumstances:
    """As it was at a moment, so that what is learned late meets what was then."""
    carriage = None if leg is None else leg.carriage
    return Circumstances(
        booking=booking.id,
        leg=None if leg is None else leg.id,
        truck=None if carriage is None else carriage.truck,
        carrier=None if carriage is None else carriage.carrier,
        lane=lane_of(booking),
        customer=booking.shipper,
        material=booking.load.material,
        is_on_trip=None if leg is None else _is_on_trip(leg, at_ms),
        is_loaded=None if leg is None else _is_loaded(booking, leg, at_ms),
    )


def lane_of(booking: Booking) -> str:
    """From the first pickup to the last drop: fences where the tenant has named them, else
    states, else names of places."""
    begins, ends = booking.load.stops[0].place, booking.load.stops[-1].place
    return f"{_end_of_lane(begins)}>{_end_of_lane(ends)}"


def _end_of_lane(place: Place) -> str:
    return place.fence or place.state or place.name or "?"


def _is_on_trip(leg: Leg, at_ms: int) -> bool:
    begun = [leg.en_route, *(progress.arrived for progress in leg.stops.values())]
    set_out = any(_was_reached(mark, at_ms) for mark in begun)
    return set_out and (leg.delivered_ms is None or at_ms <= leg.delivered_ms)


def _is_loaded(booking: Booking, leg: Leg, at_ms: int) -> bool:
    pickups = (stop for stop in booking.stops_of(leg) if stop.kind is StopKind.PICKUP)
    loaded = any(_was_reached(leg.at(stop.id).done, at_ms) for stop in pickups)
    return loaded and (leg.delivered_ms is None or at_ms <= leg.delivered_ms)


def _was_reached(mark: Mark | None, at_ms: int) -> bool:
    return mark is not None and mark.at_ms <= at_ms
