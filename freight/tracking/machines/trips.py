"""What is remembered of a trip and of a stop, and what is said of them."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec.structs import replace

from freight.tracking.machines.halts import Halt
from freight.tracking.sample import Sample
from geo.ways import way_mm

PLACE_DECIMALS = 6
MM_PER_KM = 1_000_000  # fixed: the units


class Trip(msgspec.Struct, frozen=True, array_like=True):
    """A drive so far; until it is told, it may still turn out to be none."""

    from_ms: int
    lat: float
    lon: float
    odometer_km: float | None
    told: bool = False
    way_mm: int = 0  # driven
    carried_mm: int = 0  # moved with the engine off (ferry, tow truck), or faster than it can drive
    unseen_mm: int = 0  # of what was driven: in silences
    driving_ms: int = 0
    fixes: int = 0
    speed_kmh_max: float | None = None


class Rest(msgspec.Struct, frozen=True, array_like=True):
    """Where a truck stands, or may be about to."""

    since_ms: int
    lat: float
    lon: float
    odometer_km: float | None
    fixes: int = 1
    halt: str = Halt.UNKNOWN.value
    fence: str | None = None


def rest_at(fix: Sample) -> Rest:
    return Rest(fix.ts_ms, fix.lat, fix.lon, fix.odometer_km)


def trip_from(fix: Sample) -> Trip:
    return Trip(fix.ts_ms, fix.lat, fix.lon, fix.odometer_km)


def way_to_mm(start: Rest | Trip, fix: Sample) -> int:
    return way_mm(start.lat, start.lon, fix.lat, fix.lon)


def moved(
    trip: Trip,
    way: int,
    *,
    driving_ms: int,
    fixes: int,
    speed_kmh: float | None,
    carried: bool,
    unseen: bool,
) -> Trip:
    fastest = trip.speed_kmh_max
    if fastest is None or (speed_kmh is not None and speed_kmh > fastest):
        fastest = speed_kmh
    return replace(
        trip,
        way_mm=trip.way_mm + (0 if carried else way),
        carried_mm=trip.carried_mm + (way if carried else 0),
        unseen_mm=trip.unseen_mm + (way if unseen and not carried else 0),
        driving_ms=trip.driving_ms + driving_ms,
        fixes=trip.fixes + fixes,
        speed_kmh_max=fastest,
    )


def place(there: Rest | Trip | Sample) -> dict[str, float]:
    return {"lat": round(there.lat, PLACE_DECIMALS), "lon": round(there.lon, PLACE_DECIMALS)}


def stop_data(rest: Rest) -> dict[str, Any]:
    return place(rest) | {"halt": rest.halt, "fence": rest.fence}


def trip_data(
    trip: Trip, rest: Rest, *, odometer_counts: bool, odometer_off_share_max: float
) -> dict[str, Any]:
    ways_km, odometer_km, by = trip.way_mm / MM_PER_KM, None, "ways"
    if trip.odometer_km is not None and rest.odometer_km is not None:
        odometer_km = round(rest.odometer_km - trip.odometer_km, 3)
        is_near = abs(odometer_km - ways_km) <= odometer_off_share_max * ways_km
        if odometer_counts and is_near:
            by = "odometer"
    speed_kmh = trip.speed_kmh_max
    return {
        "from": place(trip),
        "to": place(rest),
        "distance_km": odometer_km if by == "odometer" else round(ways_km, 3),
        "distance_by": by,
        "ways_km": round(ways_km, 3),
        "odometer_km": odometer_km,
        "carried_km": round(trip.carried_mm / MM_PER_KM, 3),
        "unseen_km": round(trip.unseen_mm / MM_PER_KM, 3),
        "driving_s": trip.driving_ms // 1000,
        "speed_kmh_max": None if speed_kmh is None else round(speed_kmh, 1),
        "fixes": trip.fixes,
        "halt": rest.halt,
    }
