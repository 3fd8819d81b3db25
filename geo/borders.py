"""The exact rules: how a part of a fence lies to a point and to a straight way."""

from __future__ import annotations

import math

import numpy as np

from geo.compiled import compiled
from geo.edges import METRES_PER_DEGREE, border_m, crossed, encloses
from geo.lattice import IntArray
from geo.parts import FIELDS, KIND, LAST, Kind, PartArrays
from geo.pieces import Piece, apart_m, away_m, shorter_way
from geo.point import EARTH_RADIUS_M, FloatArray
from geo.sides import meet

AREA, CIRCLE = float(Kind.AREA), float(Kind.CIRCLE)
# A latitude's distance in metres, taken a little short for what rounding may do.
NORTH_M_MIN = math.radians(EARTH_RADIUS_M) * (1.0 - 1e-9)


@compiled
def holds(shapes: PartArrays, part: int, lat: float, lon: float) -> bool:
    """Whether a part holds a point; borders are inside."""
    table, first, blocks = shapes
    kind = table[part, KIND]
    a, b, c = table[part, FIELDS], table[part, FIELDS + 1], table[part, FIELDS + 2]
    if kind == AREA:
        place = shorter_way(lon - b) * c, (lat - a) * METRES_PER_DEGREE
        return encloses(blocks, first[part], place)
    if kind == CIRCLE:
        return bool(apart_m(lat, lon, a, b) <= c)
    return bool(away_m(lat, lon, (a, b, c, table[part, LAST - 1])) <= table[part, LAST])


@compiled
def depth_m(shapes: PartArrays, parts: IntArray, lat: float, lon: float) -> float:
    """Metres from the border of the fence that these parts make up: positive inside."""
    table, first, blocks = shapes
    row = parts[0]
    kind = table[row, KIND]
    a, b, c = table[row, FIELDS], table[row, FIELDS + 1], table[row, FIELDS + 2]
    if kind == AREA:
        away = border_m(blocks, first[row], (a, b, c), lat, b + shorter_way(lon - b))
        return away if holds(shapes, row, lat, lon) else -away
    if kind == CIRCLE:
        return float(c - apart_m(lat, lon, a, b))
    nearest = math.inf
    for part in parts:
        start, dlat = table[part, FIELDS], table[part, FIELDS + 2]
        south, north = min(start, start + dlat), max(start, start + dlat)
        if max(south - lat, lat - north) * NORTH_M_MIN < nearest:
            piece = start, table[part, FIELDS + 1], dlat, table[part, LAST - 1]
            nearest = min(nearest, away_m(lat, lon, piece))
    return float(table[row, LAST] - nearest)


@compiled
def depths_m(shapes: PartArrays, parts: IntArray, lat: FloatArray, lon: FloatArray) -> FloatArray:
    out = np.empty(len(lat))
    for point in range(len(lat)):
        out[point] = depth_m(shapes, parts, lat[point], lon[point])
    return out


@compiled
def touches(shapes: PartArrays, part: int, way: Piece) -> bool:
    """Whether a part is touched by a straight way."""
    table, first, blocks = shapes
    lat, lon, dlat, dlon = way
    kind = table[part, KIND]
    a, b, c = table[part, FIELDS], table[part, FIELDS + 1], table[part, FIELDS + 2]
    if kind == AREA:
        start = shorter_way(lon - b) * c, (lat - a) * METRES_PER_DEGREE
        end = start[0] + dlon * c, start[1] + dlat * METRES_PER_DEGREE
        block = first[part]
        if encloses(blocks, block, start) or encloses(blocks, block, end):
            return True
        return crossed(blocks, block, start, end)
    if kind == CIRCLE:
        return bool(away_m(a, b, way) <= c)
    return _near((a, b, c, table[part, LAST - 1]), way, table[part, LAST])


@compiled
def _near(one: Piece, other: Piece, apart_m_max: float) -> bool:
    """Two straight lines are nearest at an end of one of them, unless they cross."""
    for ours, theirs in ((one, other), (other, one)):
        for share in (0.0, 1.0):
            lat, lon = ours[0] + share * ours[2], ours[1] + share * ours[3]
            if away_m(lat, lon, theirs) <= apart_m_max:
                return True
    # In degrees: what crosses there crosses in metres too.
    start = shorter_way(one[1] - other[1]), one[0] - other[0]
    end = start[0] + one[3], start[1] + one[2]
    return meet(start, end, (0.0, 0.0), (other[3], other[2]))
