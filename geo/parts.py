"""Shapes compiled into parts, and the exact rule by which a part holds a point."""

from __future__ import annotations

import dataclasses
import math
from enum import IntEnum

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo.covering import BoolArray, Covering, cover_area, cover_circle, cover_pieces
from geo.lattice import IntArray
from geo.pieces import distance_to_pieces_m, turned
from geo.point import EARTH_RADIUS_M, FloatArray, haversine_m
from geo.shapes import Area, Circle, Corridor, Shape

METRES_PER_DEGREE = math.radians(EARTH_RADIUS_M)
PART_FIELDS = 5
# A vertex in a geometry, and in the index that its preparation builds; measured.
VERTEX_BYTES = 16 + 160  # fixed: what the geometry library takes for one
GEOMETRY_BYTES = 900  # fixed: what the geometry library takes for one
PART_BYTES = 1 + 8 + 8 + 8 * PART_FIELDS
# fixed: what the geometry library takes for one
FENCE_BYTES = 600  # the index's own note of it


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
    geometry: BaseGeometry | None  # an area in metres of its plane
    covering: Covering
    turns: bool  # it lies across the antimeridian

    @property
    def inner_m(self) -> float:
        """About how deep a point in it can lie: exact for circles, corridors and rectangles."""
        if self.geometry is None:
            return float(self.fields[:, 2 if self.kind == Kind.CIRCLE else 4].min())
        # Half the shorter side of the rectangle with this area and border; nothing is rounder
        # than a circle, whose border is too short for any rectangle.
        area, quarter = self.geometry.area, self.geometry.length / 4.0
        return (quarter - math.sqrt(max(0.0, quarter * quarter - area))) / 2.0

    @property
    def nbytes(self) -> int:
        """What it costs in memory besides its cells, to some ten per cent."""
        parts = len(self.fields) * PART_BYTES + FENCE_BYTES
        if self.geometry is None:
            return parts
        vertices = int(shapely.get_num_coordinates(self.geometry))
        return parts + GEOMETRY_BYTES + VERTEX_BYTES * vertices


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
    shapely.prepare(plane)
    fields = np.array([[lat, lon, east_m, 0.0, 0.0]])
    return Compiled(Kind.AREA, fields, plane, cover_area(shape.geometry), turns)


def _circle(shape: Circle) -> Compiled:
    fields = np.array([[shape.center.lat, shape.center.lon, shape.radius_m, 0.0, 0.0]])
    covering = cover_circle(shape.center.lat, shape.center.lon, shape.radius_m)
    return Compiled(Kind.CIRCLE, fields, None, covering, False)


def _corridor(shape: Corridor) -> Compiled:
    lat = np.array([p.lat for p in shape.line])
    lon = np.array([p.lon for p in shape.line])
    dlat, dlon = np.diff(lat), turned(np.diff(lon))
    pieces = np.column_stack([lat[:-1], lon[:-1], dlat, dlon])
    pieces = pieces[(dlat != 0.0) | (dlon != 0.0)]
    half_m = shape.width_m / 2.0
    fields = np.column_stack([pieces, np.full(len(pieces), half_m)])
    return Compiled(Kind.PIECE, fields, None, cover_pieces(pieces, half_m), False)


class Parts:
    """The parts of all fences of an index, as columns; a part's number is its row."""

    def __init__(self) -> None:
        self.kind = np.zeros(0, dtype=np.int8)
        self.fence: IntArray = np.zeros(0, dtype=np.int64)
        self.fields: FloatArray = np.zeros((PART_FIELDS, 0))
        self.geometry = np.empty(0, dtype=object)
        self._borders: dict[int, BaseGeometry] = {}
        self._used = 0
        self._free: list[int] = []
        self._turning = 0  # areas across the antimeridian
        self._others = 0  # parts that are not areas
        self._areas_only = True
        self._grow(64)

    def add(self, fence: int, compiled: Compiled) -> IntArray:
        rows = self._rows(len(compiled.fields))
        self.kind[rows] = compiled.kind
        self.fence[rows] = fence
        self.fields[:, rows] = compiled.fields.T
        self.geometry[rows] = compiled.geometry
        self._turning += compiled.turns
        self._count(rows, 1)
        return rows

    def remove(self, rows: IntArray, *, turns: bool) -> None:
        self.geometry[rows] = None
        for row in rows.tolist():
            self._borders.pop(row, None)
        self._free.extend(rows.tolist())
        self._turning -= turns
        self._count(rows, -1)

    def _count(self, rows: IntArray, change: int) -> None:
        self._others += change * int(np.count_nonzero(self.kind[rows]))
        self._areas_only = not self._others

    @property
    def turning(self) -> bool:
        """An area lies across the antimeridian."""
        return self._turning > 0

    def border_of(self, row: int) -> BaseGeometry:
        """An area's border, made ready when it is first asked for: most are never."""
        border = self._borders.get(row)
        if border is None:
            border = self._borders[row] = shapely.boundary(self.geometry[row])
            shapely.prepare(border)
        return border

    @property
    def overlap(self) -> bool:
        """Two parts of one fence may hold the same point: pieces of a corridor do."""
        return not self._areas_only

    def holding(self, rows: IntArray, lat: FloatArray, lon: FloatArray) -> BoolArray:
        """Whether each part holds its point; borders are inside."""
        if self._areas_only:
            return self._areas(rows, lat, lon)
        kinds = self.kind.take(rows)
        out = np.empty(len(rows), dtype=bool)
        for kind, rule in (
            (Kind.AREA, self._areas),
            (Kind.CIRCLE, self._circles),
            (Kind.PIECE, self._pieces),
        ):
            some = (kinds == kind).nonzero()[0]
            if len(some):
                out[some] = rule(rows.take(some), lat.take(some), lon.take(some))
        return out

    def holding_few(self, rows: list[int], lat: FloatArray, lon: FloatArray) -> list[bool]:
        """The same, to the last bit, for a handful: arithmetic outside arrays costs less there."""
        if not self._areas_only:
            return [bool(inside) for inside in self.holding(np.array(rows), lat, lon)]
        fields = self._fields_view
        x, y = [], []
        for row, point_lat, point_lon in zip(rows, lat.tolist(), lon.tolist(), strict=True):
            dlon = point_lon - fields[1, row]
            if self._turning:
                dlon -= 360.0 * round(dlon / 360.0)
            x.append(dlon * fields[2, row])
            y.append((point_lat - fields[0, row]) * METRES_PER_DEGREE)
        inside: list[bool] = shapely.intersects_xy(self.geometry[rows], x, y).tolist()
        return inside

    def planar(
        self, rows: IntArray, lat: FloatArray, lon: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Points in the metres of areas' planes."""
        fields = self.fields
        dlon = lon - fields[1].take(rows)
        if self._turning:
            dlon = turned(dlon)
        dlon *= fields[2].take(rows)
        y = lat - fields[0].take(rows)
        y *= METRES_PER_DEGREE
        return dlon, y

    def _areas(self, rows: IntArray, lat: FloatArray, lon: FloatArray) -> BoolArray:
        x, y = self.planar(rows, lat, lon)
        inside: BoolArray = shapely.intersects_xy(self.geometry.take(rows), x, y)
        return inside

    def _circles(self, rows: IntArray, lat: FloatArray, lon: FloatArray) -> BoolArray:
        center_lat, center_lon, radius_m = (self.fields[i].take(rows) for i in range(3))
        return np.asarray(haversine_m(lat, lon, center_lat, center_lon) <= radius_m)

    def _pieces(self, rows: IntArray, lat: FloatArray, lon: FloatArray) -> BoolArray:
        fields = self.fields.take(rows, axis=1)
        return np.asarray(distance_to_pieces_m(lat, lon, fields[:4]) <= fields[4])

    def _rows(self, count: int) -> IntArray:
        again = min(count, len(self._free))
        old = self._free[len(self._free) - again :]
        del self._free[len(self._free) - again :]
        fresh = count - again
        if self._used + fresh > len(self.kind):
            self._grow(max(len(self.kind) * 3 // 2, self._used + fresh))
        self._used += fresh
        new = np.arange(self._used - fresh, self._used)
        return np.concatenate([np.array(old, dtype=np.int64), new])

    def _grow(self, room: int) -> None:
        more = room - len(self.kind)
        self.kind = np.concatenate([self.kind, np.zeros(more, dtype=np.int8)])
        self.fence = np.concatenate([self.fence, np.zeros(more, dtype=np.int64)])
        self.fields = np.concatenate([self.fields, np.zeros((PART_FIELDS, more))], axis=1)
        self.geometry = np.concatenate([self.geometry, np.empty(more, dtype=object)])
        self._fields_view = self.fields.data
        self.fence_view = self.fence.data
