"""Fence shapes as users draw them: parsed from JSON, checked, and frozen."""

from __future__ import annotations

import dataclasses
import math
from typing import Any, TypeAlias

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry
from shapely.validation import explain_validity

from geo.point import FloatArray, Point
from geo.rings import joined, planar_polygon

VERTICES_MAX = 20_000  # fixed: what the compiled shapes were measured to stand
RADIUS_M_MAX = 500_000.0  # fixed: beyond it local metres bend too much
WIDTH_M_MAX = 50_000.0  # fixed: beyond it local metres bend too much
RING_POINTS_MIN = 4  # fixed: GeoJSON says so
LINE_POINTS_MIN = 2


class ShapeError(ValueError):
    """A shape that cannot be used; `pointer` says where in the shape object, `detail` why."""

    def __init__(self, pointer: str, detail: str) -> None:
        super().__init__(f"{pointer or '/'}: {detail}")
        self.pointer = pointer
        self.detail = detail


@dataclasses.dataclass(frozen=True, slots=True)
class Area:
    """A polygon or several, with holes; its edges are straight in degrees, as in GeoJSON."""

    geometry: BaseGeometry  # x is longitude, running on past 180 where it has to; y is latitude


@dataclasses.dataclass(frozen=True, slots=True)
class Circle:
    center: Point
    radius_m: float


@dataclasses.dataclass(frozen=True, slots=True)
class Corridor:
    """Everything within half the width of a line."""

    line: tuple[Point, ...]
    width_m: float


Shape: TypeAlias = Area | Circle | Corridor


def parse_shape(obj: object) -> Shape:
    if not isinstance(obj, dict):
        raise ShapeError("", "must be an object")
    if obj.get("type") in ("Polygon", "MultiPolygon"):
        return _area(obj)
    if "center" in obj:
        return Circle(
            _point(obj["center"], "/center"),
            _metres(obj.get("radius_m"), "/radius_m", RADIUS_M_MAX),
        )
    if "line" in obj:
        return Corridor(_line(obj["line"]), _metres(obj.get("width_m"), "/width_m", WIDTH_M_MAX))
    raise ShapeError(
        "",
        "must be a GeoJSON Polygon or MultiPolygon, a circle {center, radius_m} "
        "or a corridor {line, width_m}",
    )


def _number(value: object, pointer: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ShapeError(pointer, "must be a finite number")
    return float(value)


def _metres(value: object, pointer: str, most: float) -> float:
    metres = _number(value, pointer)
    if not 0.0 < metres <= most:
        raise ShapeError(pointer, f"must be above 0 and at most {most:g} metres")
    return metres


def _latitude(value: object, pointer: str) -> float:
    degrees = _number(value, pointer)
    if not -90.0 <= degrees <= 90.0:
        raise ShapeError(pointer, f"latitude {degrees:g} is outside -90..90")
    return degrees


def _longitude(value: object, pointer: str) -> float:
    degrees = _number(value, pointer)
    if not -180.0 <= degrees <= 180.0:
        raise ShapeError(pointer, f"longitude {degrees:g} is outside -180..180")
    return degrees


def _point(obj: object, pointer: str) -> Point:
    if not isinstance(obj, dict) or "lat" not in obj or "lon" not in obj:
        raise ShapeError(pointer, "must be {lat, lon}")
    return Point(_latitude(obj["lat"], f"{pointer}/lat"), _longitude(obj["lon"], f"{pointer}/lon"))


def _position(obj: object, pointer: str) -> tuple[float, float]:
    """A GeoJSON position as (longitude, latitude); an altitude is allowed and dropped."""
    if not isinstance(obj, list | tuple) or len(obj) not in (2, 3):
        raise ShapeError(pointer, "must be [longitude, latitude]")
    return _longitude(obj[0], f"{pointer}/0"), _latitude(obj[1], f"{pointer}/1")


def _line(obj: object) -> tuple[Point, ...]:
    """A corridor's line: a list of {lat, lon}, or a GeoJSON LineString."""
    if isinstance(obj, dict) and obj.get("type") == "LineString":
        coordinates = obj.get("coordinates")
        if not isinstance(coordinates, list):
            raise ShapeError("/line/coordinates", "must be a list of positions")
        pairs = [_position(c, f"/line/coordinates/{i}") for i, c in enumerate(coordinates)]
        points = tuple(Point(lat, lon) for lon, lat in pairs)
    elif isinstance(obj, list):
        points = tuple(_point(p, f"/line/{i}") for i, p in enumerate(obj))
    else:
        raise ShapeError("/line", "must be a list of {lat, lon} or a GeoJSON LineString")
    if not LINE_POINTS_MIN <= len(points) <= VERTICES_MAX:
        raise ShapeError("/line", f"needs {LINE_POINTS_MIN} to {VERTICES_MAX} points")
    if len(set(points)) < LINE_POINTS_MIN:
        raise ShapeError("/line", "all points are the same")
    return points


def _ring(obj: object, pointer: str) -> FloatArray:
    if not isinstance(obj, list) or len(obj) < RING_POINTS_MIN:
        raise ShapeError(pointer, f"a ring needs at least {RING_POINTS_MIN} positions")
    if len(obj) > VERTICES_MAX:
        raise ShapeError(pointer, f"a ring may have at most {VERTICES_MAX} positions")
    ring = [_position(p, f"{pointer}/{i}") for i, p in enumerate(obj)]
    if ring[0] != ring[-1]:
        raise ShapeError(pointer, "a ring must end where it starts")
    return np.array(ring)


def _polygon(obj: object, pointer: str) -> shapely.Polygon:
    if not isinstance(obj, list) or not obj:
        raise ShapeError(pointer, "must be a list of rings, the outer one first")
    rings = [_ring(r, f"{pointer}/{i}") for i, r in enumerate(obj)]
    return planar_polygon(rings[0], rings[1:])


def _area(obj: dict[str, Any]) -> Area:
    coordinates = obj.get("coordinates")
    geometry: BaseGeometry
    if obj["type"] == "Polygon":
        geometry = _polygon(coordinates, "/coordinates")
    else:
        if not isinstance(coordinates, list) or not coordinates:
            raise ShapeError("/coordinates", "must be a list of polygons")
        geometry = joined([_polygon(p, f"/coordinates/{i}") for i, p in enumerate(coordinates)])
    if not geometry.is_valid:
        raise ShapeError("/coordinates", f"not a valid area: {explain_validity(geometry)}")
    if geometry.area == 0.0:
        raise ShapeError("/coordinates", "has no area")
    return Area(geometry)
