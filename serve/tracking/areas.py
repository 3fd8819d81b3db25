"""Which part of the world, and of the fleet, a request for positions is about."""

from __future__ import annotations

import dataclasses

import numpy as np

from freight.status import Status
from freight.tracking.columns import LastArray
from geo.point import FloatArray, Point, haversine_m
from serve.live.viewport import Bbox, BboxError, bbox_of, numbers_of
from serve.problems import InvalidError

# Half the way round the earth: beyond it everything is near.
RADIUS_KM_MAX = 20_038.0  # fixed: half of the way around the earth
QUERY = {"in": "query"}


@dataclasses.dataclass(frozen=True, slots=True)
class Near:
    center: Point
    radius_m: float


def area_of(bbox: str | None, near: str | None, radius_km: float | None) -> Bbox | Near | None:
    """None is all the world."""
    if bbox is not None and near is not None:
        raise InvalidError.at("/near", "give bbox or near, not both", **QUERY)
    if bbox is not None:
        return bbox_area(bbox)
    if near is None and radius_km is None:
        return None
    if near is None:
        raise InvalidError.at("/near", "radius_km goes with near=lat,lon", **QUERY)
    if radius_km is None or not 0.0 < radius_km <= RADIUS_KM_MAX:
        detail = f"near needs a radius_km above 0 and at most {RADIUS_KM_MAX:g}"
        raise InvalidError.at("/radius_km", detail, **QUERY)
    return Near(_point_of(near), radius_km * 1000.0)


def bbox_area(bbox: str | None) -> Bbox | None:
    if bbox is None:
        return None
    try:
        return bbox_of(numbers_of(bbox))
    except BboxError as failed:
        raise InvalidError.at("/bbox", str(failed), **QUERY) from failed


def statuses_of(given: str | None) -> frozenset[Status]:
    """None are all."""
    names = [] if given is None else given.split(",")
    known = {status.name.lower(): status for status in Status}
    if unknown := [name for name in names if name not in known]:
        detail = f"{unknown[0]!r} is none of {', '.join(sorted(known))}"
        raise InvalidError.at("/status", detail, **QUERY)
    return frozenset(known[name] for name in names)


def _point_of(near: str) -> Point:
    try:
        lat, lon = numbers_of(near)
    except ValueError as failed:
        detail = "near is lat,lon in degrees"
        raise InvalidError.at("/near", detail, **QUERY) from failed
    # Written so that NaN is refused as well.
    if not (-90.0 <= lat <= 90.0 and -180.0 <= lon <= 180.0):
        raise InvalidError.at("/near", "lat is from -90 to 90, lon from -180 to 180", **QUERY)
    return Point(lat, lon)


def select(positions: LastArray, area: Bbox | Near | None) -> tuple[LastArray, FloatArray | None]:
    """The positions inside, and for Near their distances, the nearest first."""
    if area is None:
        return positions, None
    if isinstance(area, Bbox):
        return positions[area.holds(positions["lat"], positions["lon"])], None
    distance_m = haversine_m(area.center.lat, area.center.lon, positions["lat"], positions["lon"])
    inside = np.flatnonzero(distance_m <= area.radius_m)
    inside = inside[np.argsort(distance_m[inside], kind="stable")]
    return positions[inside], distance_m[inside]
