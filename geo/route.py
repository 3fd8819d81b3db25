"""Routes as they are followed: drawn lines cut into pieces that lie each in a plane of its own."""

from __future__ import annotations

import dataclasses

import numpy as np

from geo.edges import METRES_PER_DEGREE
from geo.pieces import turned
from geo.point import FloatArray, Point
from geo.ragged import IntArray

# The columns of a piece: where it begins, metres in a degree east, its direction as a unit
# vector, how far along the route it begins, its length, and its heading.
LAT, LON, EAST_M, UX, UY, START_M, LENGTH_M, HEADING_DEG = range(8)
PIECE_FIELDS = 8
# Longer pieces are cut: a plane of this size is true to 0.1 % anywhere below 60 degrees.
PIECE_M_MAX = 20_000.0  # fixed: how flat a piece of the earth is
# Distances along a route are multiples of this: then sums of them are exact.
GRAIN_M = 2.0**-10
BLOCK_PIECES = 16  # measured; pieces under one box
# The columns of a box around so many: its middle and half its height and width in degrees, and
# the fewest metres in a degree east.
MIDDLE_LAT, HALF_HIGH, MIDDLE_LON, HALF_WIDE, LEAST_EAST_M = range(5)
BOX_FIELDS = 5
LENGTH_M_MAX = 2.0**23  # fixed: a fifth of the way round the earth
POINTS_MIN = 2


class RouteError(ValueError):
    """A line that nobody can follow."""


@dataclasses.dataclass(frozen=True, slots=True)
class Route:
    """A line compiled; `segment` says which segment of the drawn line each piece is of."""

    pieces: FloatArray
    boxes: FloatArray
    segment: IntArray
    length_m: float

    def segment_start_m(self, segment: int) -> float:
        """How far along a segment of the drawn line begins; beyond the last one the end."""
        piece = int(np.searchsorted(self.segment, segment))
        return float(self.pieces[piece, START_M]) if piece < len(self.pieces) else self.length_m

    def piece_at(self, progress_m: float) -> int:
        starts = self.pieces[:, START_M]
        return max(0, int(np.searchsorted(starts, progress_m, side="right")) - 1)

    def point_at(self, progress_m: float) -> Point:
        """The place so far along; before the beginning the beginning, and so at the end."""
        piece = self.pieces[self.piece_at(progress_m)]
        along_m = min(max(progress_m - piece[START_M], 0.0), piece[LENGTH_M])
        lat = piece[LAT] + along_m * piece[UY] / METRES_PER_DEGREE
        lon = piece[LON] + along_m * piece[UX] / piece[EAST_M] if piece[EAST_M] else piece[LON]
        return Point(float(lat), float((lon + 180.0) % 360.0 - 180.0))


def compile_route(points: FloatArray) -> Route:
    """(n, 2) latitudes and longitudes; neighbours are joined the shorter way round the earth."""
    points = np.asarray(points, dtype=np.float64).reshape(-1, 2)
    _check(points)
    lat = points[:, 0]
    # Running on past 180, so that lines across the antimeridian stay whole.
    lon = points[0, 1] + np.concatenate([[0.0], np.cumsum(turned(np.diff(points[:, 1])))])
    lat, lon, segment = _cut(lat, lon)
    along_m = _along_m(lat, lon)
    apart = np.concatenate([[True], np.diff(along_m) > 0.0])  # what is drawn twice is once there
    apart[-1] = True
    kept = np.flatnonzero(apart)
    if len(kept) > POINTS_MIN and along_m[kept[-1]] == along_m[kept[-2]]:
        kept = np.delete(kept, -2)
    length_m = float(along_m[-1])
    if length_m == 0.0:
        raise RouteError("all points are the same")
    if length_m > LENGTH_M_MAX:
        raise RouteError(f"is longer than {LENGTH_M_MAX / 1000.0:.0f} km")
    pieces = _pieces(lat[kept], lon[kept], along_m[kept])
    return Route(pieces, _boxes(pieces), segment[kept[1:] - 1], length_m)


def _check(points: FloatArray) -> None:
    if len(points) < POINTS_MIN:
        raise RouteError(f"needs at least {POINTS_MIN} points")
    bad = ~(np.isfinite(points) & (np.abs(points) <= [90.0, 180.0])).all(axis=1)
    if bad.any():
        raise RouteError(f"point {int(np.flatnonzero(bad)[0])} is not on the earth")


def _planes(lat: FloatArray, lon: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Metres in a degree east half way along each step, and the step in metres east and north."""
    east_m = METRES_PER_DEGREE * np.cos(np.radians((lat[:-1] + lat[1:]) / 2.0))
    return east_m, np.diff(lon) * east_m, np.diff(lat) * METRES_PER_DEGREE


def _cut(lat: FloatArray, lon: FloatArray) -> tuple[FloatArray, FloatArray, IntArray]:
    """Long segments as several, straight in degrees, and of which segment each is."""
    _, dx, dy = _planes(lat, lon)
    parts = np.maximum(1, np.ceil(np.hypot(dx, dy) / PIECE_M_MAX)).astype(np.int64)
    segment = np.repeat(np.arange(len(parts)), parts)
    within = np.arange(len(segment)) - (np.cumsum(parts) - parts)[segment]
    share = within / parts[segment]
    cut_lat = lat[segment] + share * np.diff(lat)[segment]
    cut_lon = lon[segment] + share * np.diff(lon)[segment]
    return np.append(cut_lat, lat[-1]), np.append(cut_lon, lon[-1]), segment


def _along_m(lat: FloatArray, lon: FloatArray) -> FloatArray:
    _, dx, dy = _planes(lat, lon)
    along_m = np.concatenate([[0.0], np.cumsum(np.hypot(dx, dy))])
    return np.asarray(np.rint(along_m / GRAIN_M) * GRAIN_M)


def _pieces(lat: FloatArray, lon: FloatArray, along_m: FloatArray) -> FloatArray:
    east_m, dx, dy = _planes(lat, lon)
    step_m = np.maximum(np.hypot(dx, dy), GRAIN_M**2)  # there and back within a millimetre is none
    heading_deg = np.degrees(np.arctan2(dx, dy)) % 360.0
    here = (lat[:-1], lon[:-1], east_m, dx / step_m, dy / step_m)
    return np.column_stack([*here, along_m[:-1], np.diff(along_m), heading_deg])


def _boxes(pieces: FloatArray) -> FloatArray:
    starts = np.arange(0, len(pieces), BLOCK_PIECES)
    length_m = pieces[:, LENGTH_M]
    east_m = np.maximum(pieces[:, EAST_M], GRAIN_M)
    end_lat = pieces[:, LAT] + length_m * pieces[:, UY] / METRES_PER_DEGREE
    end_lon = pieces[:, LON] + length_m * pieces[:, UX] / east_m
    south = np.minimum.reduceat(np.minimum(pieces[:, LAT], end_lat), starts)
    north = np.maximum.reduceat(np.maximum(pieces[:, LAT], end_lat), starts)
    west = np.minimum.reduceat(np.minimum(pieces[:, LON], end_lon), starts)
    east = np.maximum.reduceat(np.maximum(pieces[:, LON], end_lon), starts)
    middle = (
        (south + north) / 2.0,
        (north - south) / 2.0,
        (west + east) / 2.0,
        (east - west) / 2.0,
    )
    return np.column_stack([*middle, np.minimum.reduceat(east_m, starts)])
