"""Which points a fence holds, in the plainest way: shapely in local metres, one shape at a time.

Shares nothing with the engine but the radius of the earth. A point so near to a border that the
rounding of a projection decides is `None`: either answer is right.
"""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

Floats = npt.NDArray[np.float64]
Body = tuple[shapely.Polygon, list[shapely.Polygon]]

RADIUS_M = 6_371_008.8
METRES_PER_DEGREE = math.pi / 180.0 * RADIUS_M
TURNS = (-360.0, 0.0, 360.0)
# A border is uncertain by this much, and a corridor's by this share of its width besides: the
# engine walks the great circle, the oracle a plane.
UNSURE_M = 1e-5
CORRIDOR_UNSURE = 1e-3
# So many places of a course are looked at at once.
BLOCK = 1 << 16


class Oracle:
    def __init__(self, shape: dict[str, Any]) -> None:
        self._shape = shape
        self._bodies: dict[float, list[Body]] = {}
        if "coordinates" in shape:
            rings = [r for polygon in _polygons(shape) for r in polygon]
            lats = [lat for ring in rings for _, lat in ring]
            # Straight in degrees stays straight in every plane: one will do to tell the sides.
            self._lat = (min(lats) + max(lats)) / 2.0
        if "line" in shape:
            step_m = math.sqrt(shape["width_m"] * 1000.0)
            self._course = _bent([(p["lat"], p["lon"]) for p in shape["line"]], step_m)

    def holds(self, lat: float, lon: float) -> bool | None:
        unsure_m = UNSURE_M
        if "line" in self._shape:
            unsure_m += CORRIDOR_UNSURE * self._shape["width_m"]
        distance_m = self._depth_m(lat, lon, getattr(self, "_lat", lat))
        return None if abs(distance_m) <= unsure_m else distance_m > 0.0

    def holding(self, lat: Floats, lon: Floats) -> npt.NDArray[np.int8]:
        """Of many points: 1 inside, 0 outside, -1 either, since too near to the border to say."""
        if "coordinates" in self._shape:
            depth_m, unsure_m = self._depths_in_area(lat, lon), UNSURE_M
        elif "line" in self._shape:
            width_m = self._shape["width_m"]
            depth_m = width_m / 2.0 - _from_course(self._course, lat, lon)
            unsure_m = UNSURE_M + CORRIDOR_UNSURE * width_m
        else:
            center = self._shape["center"]
            places = _around(np.column_stack([lat, lon]), center["lat"], center["lon"])
            depth_m, unsure_m = self._shape["radius_m"] - np.hypot(*places.T), UNSURE_M
        return np.where(np.abs(depth_m) <= unsure_m, -1, depth_m > 0.0).astype(np.int8)

    def _depths_in_area(self, lat: Floats, lon: Floats) -> Floats:
        plane_lat = self._lat
        bodies = self._bodies.setdefault(plane_lat, _bodies(self._shape, plane_lat))
        depth_m = np.full(len(lat), -np.inf)
        for (shell, holes), turn in itertools.product(bodies, TURNS):
            here = shapely.points((lon + turn) * _east_m(plane_lat), lat * METRES_PER_DEGREE)
            away_m = np.full(len(lat), np.inf)
            for part in (shell, *holes):
                away_m = np.minimum(away_m, shapely.distance(part.exterior, here))
            inside = shapely.intersects(shell, here)
            for hole in holes:
                inside &= ~shapely.contains(hole, here)
            depth_m = np.maximum(depth_m, np.where(inside, away_m, -away_m))
        return depth_m

    def depth_m(self, lat: float, lon: float) -> float:
        """Metres from the border, positive inside; true near it, where it matters."""
        return self._depth_m(lat, lon, lat)

    def _depth_m(self, lat: float, lon: float, plane_lat: float) -> float:
        shape = self._shape
        if "center" in shape:
            center = shape["center"]
            place = _around(np.array([[lat, lon]]), center["lat"], center["lon"])
            return float(shape["radius_m"] - shapely.Point(place[0]).distance(shapely.Point(0, 0)))
        if "line" in shape:
            line = shapely.LineString(_around(self._course, lat, lon))
            return float(shape["width_m"] / 2.0 - line.distance(shapely.Point(0, 0)))
        if plane_lat not in self._bodies:
            self._bodies[plane_lat] = _bodies(shape, plane_lat)
        y = lat * METRES_PER_DEGREE
        depths = [
            _depth_in(body, shapely.Point((lon + turn) * _east_m(plane_lat), y))
            for body, turn in itertools.product(self._bodies[plane_lat], TURNS)
        ]
        return max(depths)


def _depth_in(body: Body, here: shapely.Point) -> float:
    shell, holes = body
    away_m = min(float(part.exterior.distance(here)) for part in (shell, *holes))
    inside = shell.intersects(here) and not any(hole.contains(here) for hole in holes)
    return away_m if inside else -away_m


def _polygons(shape: dict[str, Any]) -> list[Any]:
    return [shape["coordinates"]] if shape["type"] == "Polygon" else list(shape["coordinates"])


def _bodies(shape: dict[str, Any], lat: float) -> list[Body]:
    """Each polygon in metres as they are at this latitude: its shell and its holes.

    Kept apart: cutting the one from the other is less exact than asking both.
    """
    out = []
    for rings in _polygons(shape):
        shell, *holes = (_unrolled(ring) for ring in rings)
        # A hole may have been unrolled on another turn than its shell.
        cut = [
            shapely.Polygon(_metres(hole, lat, turn))
            for hole, turn in itertools.product(holes, TURNS)
        ]
        out.append((shapely.Polygon(_metres(shell, lat, 0.0)), cut))
    return out


def _unrolled(ring: list[list[float]]) -> list[tuple[float, float]]:
    out = [(ring[0][0], ring[0][1])]
    for (before, _), (lon, lat) in itertools.pairwise(ring):
        step = lon - before
        if 180.0 < abs(step) < 360.0:
            step -= math.copysign(360.0, step)
        out.append((out[-1][0] + step, lat))
    if abs(out[-1][0] - out[0][0]) > 180.0 and ring[0] == ring[-1] and abs(_turns(ring)) == 1:
        # Round a pole: the ring is the border of the cap.
        pole = 90.0 if sum(lat for _, lat in out) > 0.0 else -90.0
        out += [(out[-1][0], pole), (out[0][0], pole), out[0]]
    return out


def _turns(ring: list[list[float]]) -> int:
    """How often a ring goes round the earth, taking the shorter way each time."""
    steps = [b - a for (a, _), (b, _) in itertools.pairwise(ring)]
    if not any(180.0 < abs(step) < 360.0 for step in steps):
        return 0
    shorter = [
        step - math.copysign(360.0, step) if 180.0 < abs(step) < 360.0 else step for step in steps
    ]
    return round(sum(shorter) / 360.0)


def _metres(ring: list[tuple[float, float]], lat: float, turn: float) -> list[tuple[float, float]]:
    return [((lon + turn) * _east_m(lat), y * METRES_PER_DEGREE) for lon, y in ring]


def _east_m(lat: float) -> float:
    return METRES_PER_DEGREE * max(math.cos(math.radians(lat)), 1e-9)


def _bent(line: list[tuple[float, float]], step_m: float) -> Floats:
    """The line with so many more places on it that it bends into any plane."""
    out = [np.array([line[0]])]
    for (lat, lon), (next_lat, next_lon) in itertools.pairwise(line):
        step = np.array([next_lat - lat, math.remainder(next_lon - lon, 360.0)])
        count = max(1, math.ceil(float(np.abs(step).max()) * METRES_PER_DEGREE / step_m))
        share = np.arange(1, count + 1)[:, None] / count
        out.append(np.array([lat, lon]) + share * step)
    return np.concatenate(out)


def _around(places: Floats, lat: Floats | float, lon: Floats | float) -> Floats:
    """Azimuthal equidistant metres round (lat, lon): distances from there are true.

    For many centres, each in a row of its own, all places are seen from each.
    """
    phi, phi_0 = np.radians(places[:, 0]), np.radians(lat)
    dlam = np.radians(places[:, 1] - lon)
    cos, cos_0 = np.cos(phi), np.cos(phi_0)
    half = np.sin((phi - phi_0) / 2) ** 2
    half += cos * cos_0 * np.sin(dlam / 2) ** 2
    away_m = 2.0 * RADIUS_M * np.arcsin(np.sqrt(np.minimum(1.0, half)))
    east = np.sin(dlam) * cos
    north = cos_0 * np.sin(phi) - np.sin(phi_0) * cos * np.cos(dlam)
    length = np.maximum(np.hypot(east, north), 1e-300)
    return np.stack([away_m * east / length, away_m * north / length], axis=-1)


def _from_course(course: Floats, lat: Floats, lon: Floats) -> Floats:
    """How far each point is from a bent line, each in its own plane."""
    nearest_m = np.empty(len(lat))
    block = max(1, BLOCK // len(course))
    for first in range(0, len(lat), block):
        part = slice(first, first + block)
        some = _around(course, lat[part, None], lon[part, None])
        start, step = some[:, :-1], np.diff(some, axis=1)
        length2 = np.maximum((step**2).sum(axis=2), 1e-300)
        share = np.clip(-(start * step).sum(axis=2) / length2, 0.0, 1.0)
        foot = start + share[:, :, None] * step
        nearest_m[part] = np.hypot(foot[:, :, 0], foot[:, :, 1]).min(axis=1)
    return nearest_m
