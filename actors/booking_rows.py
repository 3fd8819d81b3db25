"""How a booking looks in the store: what it is found by, and what its legs hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from freight.booking.state import UNDER_WAY, Booking, Carriage, Leg, Status
from store.bookings import LegStanding, Standing


def standing_of(booking: Booking, updated_ms: int) -> Standing:
    window = booking.load.stops[0].window
    return Standing(
        id=booking.id,
        version=booking.version,
        status=booking.status,
        shipper=booking.shipper,
        material=booking.load.material,
        weight_kg=booking.load.weight_kg,
        total_minor=booking.agreed_minor,
        created_ms=booking.created_ms,
        updated_ms=updated_ms,
        pickup_from_ms=window.from_ms,
        pickup_to_ms=window.to_ms,
        words=" ".join(_words(booking)).lower(),
        state=msgspec.json.encode(booking),
    )


def _words(booking: Booking) -> Iterator[str]:
    """Nothing that says something about a person."""
    yield from (booking.id, booking.shipper or "", booking.load.material)
    yield from booking.references.values()
    for stop in booking.load.stops:
        yield from (stop.place.name or "", stop.place.fence or "", stop.reference or "")
    for leg in booking.legs:
        for carriage in leg.carriages:
            yield from (carriage.truck, carriage.carrier or "", carriage.driver or "")


def legs_of(booking: Booking, truck_keys: Mapping[str, int]) -> list[LegStanding]:
    """`truck_keys` has the trucks of all legs that have one."""
    return [_leg_of(booking, leg, truck_keys) for leg in booking.legs]


def _leg_of(booking: Booking, leg: Leg, truck_keys: Mapping[str, int]) -> LegStanding:
    carriage = leg.carriages[-1] if leg.carriages else None
    if carriage is not None and carriage.void:
        carriage = None
    pickup = (booking.stops_of(leg) or booking.load.stops)[0].place
    return LegStanding(
        leg=leg.id,
        status=leg.status,
        weight_kg=leg.weight_kg,
        pickup_lat=pickup.lat,
        pickup_lon=pickup.lon,
        truck_key=None if carriage is None else truck_keys[carriage.truck],
        carrier=None if carriage is None else carriage.carrier,
        driver=None if carriage is None else carriage.driver,
        waiting_since_ms=leg.since_ms if leg.status is Status.DISPATCHING else None,
        drives=_drives(booking, leg),
    )


def _drives(booking: Booking, leg: Leg) -> bool:
    """Its truck's facts still move it: also after the delivery, until it has left the place."""
    if leg.status in UNDER_WAY:
        return True
    stops = booking.stops_of(leg)
    return leg.status is Status.DELIVERED and bool(stops) and leg.at(stops[-1].id).left is None


def held_by(leg: Leg | None) -> Carriage | None:
    """The truck and driver that the leg counts on now."""
    return None if leg is None or leg.status not in UNDER_WAY else leg.carriage
