"""Shapes compiled into the parts that the exact rules ask: areas, circles, pieces of corridors."""

from __future__ import annotations

import dataclasses
import math
from enum import IntEnum

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo.covering import BoolArray, Covering, cover_area, cover_circle, cover_pieces
from geo.edges import METRES_PER_DEGREE, block_of
from geo.lattice import IntArray
from geo.pieces import turned
from geo.point import FloatArray
from geo.ragged import Ragged
from geo.shapes import Area, Circle, Corridor, Shape

__all__ = ["METRES_PER_DEGREE", "Compiled", "Kind", "Parts", "compile_shape"]

# Of a part's row in the table: what it is, whose, and what its kind asks for.
KIND, FENCE, FIELDS, LAST = 0, 1, 2, 6
PART_COLUMNS = 7
# The rows of all parts; by an area's row, where its block begins among the blocks; these.
PartArrays = tuple[FloatArray, IntArray, FloatArray]
PARTS_AT_START = 64  # it grows from there
PART_BYTES = 8 * (PART_COLUMNS + 1)
FENCE_BYTES = 600  # fixed: the index's own note of it


class Kind(IntEnum):
    AREA = 0
    CIRCLE = 1
    PIECE = 2


@dataclasses.dataclass(frozen=True, slots=True)
class Compiled:
    """One fence, ready to be indexed.

    A row of `fields` is a part: an area's plane (lat, lon, metres per degree east), a circle
    (lat, lon, radius), or a piece of a corridor (lat, lon, dlat, dlon, half its width).
    """

    kind: Kind
    fields: FloatArray
    block: FloatArray | None  # an area's edges, in metres of its plane
    inner_m: float  # about how deep a point in it can lie: exact but for crooked areas
    covering: Covering

    @property
    def nbytes(self) -> int:
        """What it costs in memory besides its cells, to some ten per cent."""
        edges = 0 if self.block is None else self.block.nbytes
        return len(self.fields) * PART_BYTES + edges + FENCE_BYTES


def compile_shape(shape: Shape) -> Compiled:
    if isinstance(shape, Area):
        return _area(shape)
    if isinstance(shape, Circle):
        return _circle(shape)
    return _corridor(shape)


def _area(shape: Area) -> Compiled:
    west, south, east, north = shape.geometry.bounds
    lat, middle = (south + north) / 2.0, (west + east) / 2.0
    lon = float(turned(np.array(middle)))  # in the turn that fixes come in
    east_m = METRES_PER_DEGREE * math.cos(math.radians(lat))
    turns = west < -180.0 or east > 180.0

    def to_plane(xy: FloatArray) -> FloatArray:
        # Fixes go through the same arithmetic: a fix on a vertex is on it in the plane too.
        whole = east - west >= 360.0
        dlon = turned(xy[:, 0] - lon) if turns and not whole else xy[:, 0] - middle
        return np.column_stack([dlon * east_m, (xy[:, 1] - lat) * METRES_PER_DEGREE])

    plane = shapely.transform(shape.geometry, to_plane)
    fields = np.array([[lat, lon, east_m, 0.0, 0.0]])
    covering = cover_area(shape.geometry)
    return Compiled(Kind.AREA, fields, block_of(_edges(plane)), _inner_m(plane), covering)


def _edges(area: BaseGeometry) -> FloatArray:
    rings = shapely.get_rings(shapely.get_parts(area))
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    edges: FloatArray = np.concatenate([xy[:-1], xy[1:]], axis=1)
    of_one: BoolArray = ring[:-1] == ring[1:]
    return edges[of_one]


def _inner_m(area: BaseGeometry) -> float:
    """Half the shorter side of the rectangle with this area and border; nothing is rounder than a
    circle, whose border is too short for any rectangle.
    """
    quarter = area.length / 4.0
    return (quarter - math.sqrt(max(0.0, quarter * quarter - area.area))) / 2.0


def _circle(shape: Circle) -> Compiled:
    fields = np.array([[shape.center.lat, shape.center.lon, shape.radius_m, 0.0, 0.0]])
    covering = cover_circle(shape.center.lat, shape.center.lon, shape.radius_m)
    return Compiled(Kind.CIRCLE, fields, None, shape.radius_m, covering)


def _corridor(shape: Corridor) -> Compiled:
    lat = np.array([p.lat for p in shape.line])
    lon = np.array([p.lon for p in shape.line])
    dlat, dlon = np.diff(lat), turned(np.diff(lon))
    pieces = np.column_stack([lat[:-1], lon[:-1], dlat, dlon])
    pieces = pieces[(dlat != 0.0) | (dlon != 0.0)]
    half_m = shape.width_m / 2.0
    fields = np.column_stack([pieces, np.full(len(pieces), half_m)])
    return Compiled(Kind.PIECE, fields, None, half_m, cover_pieces(pieces, half_m))


class Parts:
    """The parts of all fences of an index; a part's number is its row."""

    def __init__(self) -> None:
        self._table: FloatArray = np.zeros((PARTS_AT_START, PART_COLUMNS))
        self._blocks = Ragged(1)  # of areas
        self._used = 0
        self._free: list[int] = []

    @property
    def arrays(self) -> PartArrays:
        """What compiled loops look into, until the next change."""
        return self._table, self._blocks.first, self._blocks.rows.ravel()

    def add(self, fence: int, compiled: Compiled) -> IntArray:
        rows = self._rows(len(compiled.fields))
        self._table[rows, KIND] = compiled.kind
        self._table[rows, FENCE] = fence
        self._table[rows, FIELDS:] = compiled.fields
        if compiled.block is not None:
            self._blocks.put(int(rows[0]), compiled.block[:, None])
        return rows

    def remove(self, rows: IntArray) -> None:
        for row in rows.tolist():
            self._blocks.discard(row)
        self._free.extend(rows.tolist())

    def _rows(self, count: int) -> IntArray:
        again = min(count, len(self._free))
        old = self._free[len(self._free) - again :]
        del self._free[len(self._free) - again :]
        fresh = count - again
        room = len(self._table)
        if self._used + fresh > room:
            room = max(room * 3 // 2, self._used + fresh)
            self._table = np.resize(self._table, (room, PART_COLUMNS))
        self._used += fresh
        new = np.arange(self._used - fresh, self._used)
        return np.concatenate([np.array(old, dtype=np.int64), new])
