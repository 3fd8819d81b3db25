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
    return out


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


def _around(places: Floats, lat: float, lon: float) -> Floats:
    """Azimuthal equidistant metres round (lat, lon): distances from there are true."""
    phi, phi_0 = np.radians(places[:, 0]), math.radians(lat)
    dlam = np.radians(places[:, 1] - lon)
    half = np.sin((phi - phi_0) / 2) ** 2
    half += np.cos(phi) * math.cos(phi_0) * np.sin(dlam / 2) ** 2
    away_m = 2.0 * RADIUS_M * np.arcsin(np.sqrt(np.minimum(1.0, half)))
    east = np.sin(dlam) * np.cos(phi)
    north = math.cos(phi_0) * np.sin(phi) - math.sin(phi_0) * np.cos(phi) * np.cos(dlam)
    bearing = np.arctan2(east, north)
    return np.column_stack([away_m * np.sin(bearing), away_m * np.cos(bearing)])
