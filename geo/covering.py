"""Which lattice cells a shape touches, and which of them lie wholly inside it."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from geo.lattice import (
    CELL_MARGIN,
    PER_DEGREE,
    IntArray,
    finest,
    keys_at,
    span,
    turns,
)
from geo.pieces import distance_to_pieces_m, turned
from geo.point import EARTH_RADIUS_M, FloatArray, haversine_m

BoolArray = npt.NDArray[np.bool_]

# An area may take so many cells, and one with many corners more: its exact test costs more.
AREA_CELLS_MAX = 128  # fixed: measured: more cells cost memory and win no time
DETAILED_VERTICES = 64
DETAILED_CELLS_MAX = 1024  # fixed: measured: more cells cost memory and win no time
CIRCLE_CELLS_MAX = 128  # fixed: measured: more cells cost memory and win no time
PIECE_CELLS_MAX = 64  # fixed: measured: more cells cost memory and win no time
# A shape narrower than this in cells cannot hold one.
HOLDING_CELLS_MIN = 3  # fixed: measured: more cells cost memory and win no time
# Distances are taken as uncertain by this share when a cell is called inside or outside.
DISTANCE_MARGIN = 1e-3
# Up to here the plane of a point finds the nearest place of a piece within that margin, for cells
# as small as a piece's are.
PLANE_LATITUDE_MAX = 80.0  # fixed: beyond it a plane is too bent


@dataclasses.dataclass(frozen=True, slots=True)
class Covering:
    """Cells of one or more parts of a fence, each on one level."""

    levels: IntArray  # of each cell
    keys: IntArray
    part: IntArray
    inside: BoolArray


def cover_area(geometry: BaseGeometry) -> Covering:
    """An area in degrees, with longitudes of any turn."""
    west, south, east, north = geometry.bounds
    detailed = shapely.get_num_coordinates(geometry) >= DETAILED_VERTICES
    level = finest((south, west, north, east), DETAILED_CELLS_MAX if detailed else AREA_CELLS_MAX)
    rows, columns, narrow = _grid(level, south, north, west, east)
    inside = np.zeros(len(rows), dtype=bool)
    if not narrow:
        boxes = shapely.box(*_sides(level, rows, columns))
        shapely.prepare(geometry)
        touched = shapely.intersects(geometry, boxes).nonzero()[0]
        rows, columns = rows[touched], columns[touched]
        inside = shapely.contains_properly(geometry, boxes[touched])
    return _covering(level, rows, columns, np.zeros(len(rows), dtype=np.int64), inside)


def cover_circle(lat: float, lon: float, radius_m: float) -> Covering:
    reach = math.degrees(radius_m * (1.0 + DISTANCE_MARGIN) / EARTH_RADIUS_M)
    south, north = max(lat - reach, -90.0), min(lat + reach, 90.0)
    aside = _aside(lat, reach)
    level = finest((south, lon - aside, north, lon + aside), CIRCLE_CELLS_MAX)
    rows, columns, _ = _grid(level, south, north, lon - aside, lon + aside)
    west, low, east, high = _sides(level, rows, columns)
    low, high = np.clip(low, -90.0, 90.0), np.clip(high, -90.0, 90.0)
    corner_lat = np.stack([low, low, high, high])
    corner_lon = np.stack([west, east, west, east])
    mid_lat, mid_lon = (low + high) / 2.0, (west + east) / 2.0
    # No place of a cell is farther from its middle than a corner, or the equator's side's middle.
    half_m = haversine_m(mid_lat, mid_lon, corner_lat, corner_lon).max(axis=0)
    away_m = haversine_m(lat, lon, mid_lat, mid_lon)
    near = away_m <= (radius_m + half_m) * (1.0 + DISTANCE_MARGIN)
    farthest_m = haversine_m(lat, lon, corner_lat, corner_lon).max(axis=0)
    inside = farthest_m <= radius_m * (1.0 - DISTANCE_MARGIN)
    # On the other side of the pole the middle of a side is farther than its ends.
    inside &= np.abs(turned(mid_lon - lon)) + (east - west) < 180.0
    zeros = np.zeros(int(near.sum()), dtype=np.int64)
    return _covering(level, rows[near], columns[near], zeros, inside[near])


def cover_pieces(pieces: FloatArray, half_width_m: float) -> Covering:
    """A corridor's pieces, each a part: rows of (lat, lon, dlat, dlon)."""
    found = [_cover_piece(i, piece, half_width_m) for i, piece in enumerate(pieces)]
    return Covering(
        *(
            np.concatenate([getattr(c, field.name) for c in found])
            for field in dataclasses.fields(Covering)
        )
    )


def _cover_piece(part: int, piece: FloatArray, half_width_m: float) -> Covering:
    lat, lon, dlat, dlon = piece.tolist()
    reach = math.degrees(half_width_m * (1.0 + DISTANCE_MARGIN) / EARTH_RADIUS_M)
    south, north = min(lat, lat + dlat) - reach, max(lat, lat + dlat) + reach
    aside = _aside(max(-south, north) - reach, reach)
    west, east = min(lon, lon + dlon) - aside, max(lon, lon + dlon) + aside
    level = finest((south, west, north, east), PIECE_CELLS_MAX)
    rows, columns, _ = _grid(level, south, north, west, east)
    inside = np.zeros(len(rows), dtype=bool)
    if max(-south, north) < PLANE_LATITUDE_MAX:
        left, low, right, high = _sides(level, rows, columns)
        mid_lat, mid_lon = (low + high) / 2.0, (left + right) / 2.0
        half_m = np.maximum(
            haversine_m(mid_lat, mid_lon, low, left), haversine_m(mid_lat, mid_lon, high, left)
        )
        away_m = distance_to_pieces_m(mid_lat, mid_lon, piece)
        near = away_m <= (half_width_m + half_m) * (1.0 + DISTANCE_MARGIN)
        inside = ((away_m + half_m) * (1.0 + DISTANCE_MARGIN) < half_width_m)[near]
        rows, columns = rows[near], columns[near]
    parts = np.full(len(rows), part, dtype=np.int64)
    return _covering(level, rows, columns, parts, inside)


def _aside(lat: float, reach: float) -> float:
    """How many degrees of longitude a circle of `reach` degrees round this latitude spans."""
    if abs(lat) + reach >= 90.0:
        return 180.0  # it holds a pole, and with it every longitude
    ratio = math.sin(math.radians(reach)) / math.cos(math.radians(lat))
    return math.degrees(math.asin(min(ratio, 1.0)))


def _grid(
    level: int, south: float, north: float, west: float, east: float
) -> tuple[IntArray, IntArray, bool]:
    first_row, last_row = span(south, north, level)
    first, last = span(west, east, level)
    high, wide = last_row - first_row + 1, last - first + 1
    rows = np.repeat(np.arange(first_row, last_row + 1), wide)
    columns = np.tile(np.arange(first, last + 1), high)
    return rows, columns, min(high, wide) < HOLDING_CELLS_MIN


def _sides(
    level: int, rows: IntArray, columns: IntArray
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """West, south, east, north of each cell, in degrees."""
    reach = 0.5 + CELL_MARGIN
    size = 1.0 / float(PER_DEGREE[level])
    west = np.asarray((columns - reach) * size, dtype=np.float64)
    south = np.asarray((rows - reach) * size, dtype=np.float64)
    return west, south, west + 2.0 * reach * size, south + 2.0 * reach * size


def _covering(
    level: int, rows: IntArray, columns: IntArray, part: IntArray, inside: BoolArray
) -> Covering:
    index, named = turns(level, columns)
    keys = keys_at(level, rows[index], named)
    # A shape all round the earth meets itself in a cell; it then has its border there.
    by_key = np.lexsort((inside[index], keys))
    keys, index = keys[by_key], index[by_key]
    once = np.ones(len(keys), dtype=bool)
    once[1:] = keys[1:] != keys[:-1]
    keys, index = keys[once], index[once]
    levels = np.full(len(keys), level, dtype=np.int64)
    return Covering(levels, keys, part[index], inside[index])
