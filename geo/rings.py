"""Polygons as drawn on a globe: rings across the antimeridian and round a pole made planar."""

from __future__ import annotations

import numpy as np
import shapely
from shapely.affinity import translate
from shapely.geometry.base import BaseGeometry

from geo.point import FloatArray

HALF_TURN = 180.0
TURN = 360.0
AREA_UNSURE = 1e-9


def crosses_antimeridian(lon: FloatArray) -> bool:
    """An edge of more than half a turn means the shorter way; a whole turn is meant as drawn."""
    steps = np.abs(np.diff(lon))
    return bool(((steps > HALF_TURN) & (steps < TURN)).any())


def planar_ring(ring: FloatArray) -> FloatArray:
    """A closed ring of (lon, lat) with longitudes that run on past 180.

    A ring round a pole is closed along that pole's parallel: its area is the cap.
    """
    lon = ring[:, 0]
    if not crosses_antimeridian(lon):
        return ring
    steps = np.diff(lon)
    steps -= TURN * np.rint(steps / TURN)
    # Sums of differences would lose the last digits; whole turns are exact.
    turns = np.rint((lon[0] + np.concatenate([[0.0], np.cumsum(steps)]) - lon) / TURN)
    out = np.column_stack([lon + TURN * turns, ring[:, 1]])
    if turns[-1] != turns[0]:
        pole = 90.0 if ring[:, 1].mean() > 0.0 else -90.0
        corners = [[out[-1, 0], pole], [out[0, 0], pole], out[0]]
        out = np.concatenate([out, corners])
    return out


def planar_polygon(shell: FloatArray, holes: list[FloatArray]) -> shapely.Polygon:
    shell = planar_ring(shell)
    west, east = shell[:, 0].min(), shell[:, 0].max()
    return shapely.Polygon(shell, [_beside(planar_ring(hole), west, east) for hole in holes])


def joined(polygons: list[shapely.Polygon]) -> BaseGeometry:
    """Polygons as one geometry; what was cut at the antimeridian is put together again."""
    whole = shapely.MultiPolygon(polygons)
    west, _, east, _ = whole.bounds
    if west > -HALF_TURN or east < HALF_TURN or len(polygons) == 1 or not whole.is_valid:
        return whole
    moved = [translate(p, xoff=TURN) if p.bounds[2] <= 0.0 else p for p in polygons]
    bounds = shapely.bounds(np.array(moved, dtype=object))
    if bounds[:, 2].max() - bounds[:, 0].min() > TURN:
        return whole
    # Halves share an edge along the antimeridian, which a valid multipolygon may not. Unions have
    # been seen to lose holes; then the cut stays.
    one = shapely.unary_union(moved)
    return one if abs(one.area - whole.area) <= AREA_UNSURE * whole.area else whole


def _beside(hole: FloatArray, west: float, east: float) -> FloatArray:
    """The hole, whole turns aside where its shell has run on."""
    middle = (hole[:, 0].min() + hole[:, 0].max()) / 2.0
    turn = TURN * np.rint(((west + east) / 2.0 - middle) / TURN)
    return np.asarray(hole + np.array([turn, 0.0]))
