"""The place on a route where a fix is, of all the pieces of the route that it may be on.

Of places that are nearly equally near, the road's heading decides, then how far along the route
they are from where the last one was: so loops, out-and-back roads, crossings and parallel
carriageways stay right.

There are two forms, for one fix and for many. Each answers what the other does to the last bit:
they do the same sums in the same order, and nothing that libraries round differently.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from geo.parts import METRES_PER_DEGREE
from geo.pieces import turned
from geo.point import FloatArray
from geo.ragged import IntArray
from geo.route import EAST_M, HEADING_DEG, LAT, LENGTH_M, LON, START_M, UX, UY

# A place behind is as likely as one ahead so many times as far: trucks drive on, receivers jitter.
BEHIND_COUNTS = 4.0
AGAINST = 1e9  # farther than any place along a route


class Search(NamedTuple):
    """How far to look."""

    behind_m: float
    ahead_m: float  # what can have been driven since
    fit_m: float  # farther off than this, the whole route is asked
    tie_m: float  # places whose distances differ by less are told apart otherwise
    angle_deg: float  # a heading that differs by less goes with the road


class SearchMany(NamedTuple):
    """The same for each fix."""

    behind_m: FloatArray
    ahead_m: FloatArray
    fit_m: FloatArray
    tie_m: FloatArray
    angle_deg: FloatArray


class Position(NamedTuple):
    """A fix, and how far along its route its truck was; NaN is a heading or progress not known."""

    lat: float
    lon: float
    heading_deg: float
    last_m: float


class Positions(NamedTuple):
    lat: FloatArray
    lon: FloatArray
    heading_deg: FloatArray
    last_m: FloatArray


class Place(NamedTuple):
    """`progress_m` is NaN when the route was never reached and is not near either."""

    progress_m: float
    off_m: float
    heading_deg: float  # of the road there
    piece: int
    jumped: bool  # found on the whole route, not where the truck was to be expected


class Places(NamedTuple):
    """The same for many fixes."""

    progress_m: FloatArray
    off_m: FloatArray
    heading_deg: FloatArray
    piece: IntArray
    jumped: npt.NDArray[np.bool_]


NOWHERE = Place(math.nan, math.inf, math.nan, -1, False)


class Asked(NamedTuple):
    """A fix and what is asked about it: which part of the route, and how to decide."""

    lat: float
    lon: float
    heading_deg: float
    near_m: float  # the progress that the place should be near to
    low_m: float
    high_m: float
    off_m_max: float
    tie_m: float
    angle_deg: float


class Chosen(NamedTuple):
    row: int
    progress_m: float
    off_m: float
    heading_deg: float  # of the road


NONE_CHOSEN = Chosen(-1, math.nan, math.inf, math.nan)


class AskedMany(NamedTuple):
    lat: FloatArray
    lon: FloatArray
    heading_deg: FloatArray
    near_m: FloatArray
    low_m: FloatArray
    high_m: FloatArray
    off_m_max: FloatArray
    tie_m: FloatArray
    angle_deg: FloatArray

    def some(self, index: IntArray) -> AskedMany:
        return AskedMany(*(column.take(index) for column in self))


def choose_one(pieces: list[list[float]], index: Sequence[int], asked: Asked) -> Chosen:
    """Which of these pieces, at these rows of their table; none gives row -1."""
    lat, lon, heading_deg, near_m, low_m, high_m, off_m_max, tie_m, angle_deg = asked
    offs, alongs, ends = [], [], []
    for piece_lat, piece_lon, east_m, ux, uy, start_m, length_m, _ in pieces:
        x = lon - piece_lon
        x = (x - 360.0 * round(x / 360.0)) * east_m
        y = (lat - piece_lat) * METRES_PER_DEGREE
        along_m = max(x * ux + y * uy, low_m - start_m, 0.0)
        along_m = min(along_m, high_m - start_m, length_m)
        x -= along_m * ux
        y -= along_m * uy
        offs.append(math.sqrt(x * x + y * y))
        alongs.append(start_m + along_m)
        ends.append(-1 if along_m == 0.0 else int(along_m == length_m))
    best, chosen = math.inf, -1
    limit_m = min(min(offs, default=math.inf) + tie_m, off_m_max)
    for k, off_m in enumerate(offs):
        if off_m > limit_m or _is_passing(k, index, offs, ends[k]):
            continue
        rank = alongs[k] - near_m
        rank = -rank * BEHIND_COUNTS if rank < 0.0 else rank
        apart_deg = abs(heading_deg - pieces[k][HEADING_DEG])
        if min(apart_deg, 360.0 - apart_deg) > angle_deg:
            rank += AGAINST
        if rank < best:
            best, chosen = rank, k
    if chosen < 0:
        return NONE_CHOSEN
    return Chosen(index[chosen], alongs[chosen], offs[chosen], pieces[chosen][HEADING_DEG])


def _is_passing(k: int, index: Sequence[int], offs: list[float], end: int) -> bool:
    """At an end of its piece beyond which the route comes nearer: no place of its own."""
    if end < 0:
        return k > 0 and index[k - 1] == index[k] - 1 and offs[k - 1] <= offs[k]
    if end > 0:
        return k + 1 < len(offs) and index[k + 1] == index[k] + 1 and offs[k + 1] < offs[k]
    return False


def choose_many(
    rows: FloatArray, owner: IntArray, index: IntArray, asked: AskedMany
) -> tuple[IntArray, IntArray, FloatArray, FloatArray]:
    """The same for pairs (fix, row) in the order of the fixes: fix, row, progress, distance.

    Fixes without any place are not among the answers.
    """
    pieces = rows.take(index, axis=0).T
    off_m, along_m = _measured(pieces, owner, asked)
    new = np.append(True, owner[1:] != owner[:-1])
    starts = np.flatnonzero(new)
    fixes = owner.take(starts)
    limit_m = np.minimum.reduceat(off_m, starts) + asked.tie_m.take(fixes)
    limit_m = np.minimum(limit_m, asked.off_m_max.take(fixes))
    place = off_m <= limit_m.take(np.cumsum(new) - 1)
    # At an end of its piece beyond which the route comes nearer, it is no place of its own.
    joined = ~new[1:] & (index[1:] - 1 == index[:-1])
    place[1:] &= ~(joined & (along_m[1:] == 0.0) & (off_m[:-1] <= off_m[1:]))
    at_end = along_m[:-1] == pieces[LENGTH_M, :-1]
    place[:-1] &= ~(joined & at_end & (off_m[1:] < off_m[:-1]))
    progress_m = pieces[START_M] + along_m
    kept = np.flatnonzero(place)
    rank = _ranks(pieces[HEADING_DEG].take(kept), progress_m.take(kept), owner.take(kept), asked)
    kept = kept.take(_firsts_of_least(owner.take(kept), rank))
    return owner.take(kept), index.take(kept), progress_m.take(kept), off_m.take(kept)


def _measured(
    pieces: FloatArray, owner: IntArray, asked: AskedMany
) -> tuple[FloatArray, FloatArray]:
    x = turned(asked.lon.take(owner) - pieces[LON]) * pieces[EAST_M]
    y = (asked.lat.take(owner) - pieces[LAT]) * METRES_PER_DEGREE
    east, north, start_m = pieces[UX], pieces[UY], pieces[START_M]
    along_m = x * east + y * north
    np.maximum(along_m, np.maximum(asked.low_m.take(owner) - start_m, 0.0), out=along_m)
    most_m = np.minimum(asked.high_m.take(owner) - start_m, pieces[LENGTH_M])
    np.minimum(along_m, most_m, out=along_m)
    x -= along_m * east
    y -= along_m * north
    return np.sqrt(x * x + y * y), along_m


def _ranks(
    road_deg: FloatArray, progress_m: FloatArray, owner: IntArray, asked: AskedMany
) -> FloatArray:
    rank = progress_m - asked.near_m.take(owner)
    rank = np.where(rank < 0.0, -rank * BEHIND_COUNTS, rank)
    apart_deg = np.abs(asked.heading_deg.take(owner) - road_deg)
    against = np.minimum(apart_deg, 360.0 - apart_deg) > asked.angle_deg.take(owner)
    return np.where(against, rank + AGAINST, rank)


def _firsts_of_least(owner: IntArray, rank: FloatArray) -> IntArray:
    """Of each owner's entries, which stand together, the first of the least rank."""
    if not len(owner):
        return np.empty(0, dtype=np.int64)
    new = np.append(True, owner[1:] != owner[:-1])
    starts = np.flatnonzero(new)
    if len(starts) == len(owner):
        return starts
    least = np.minimum.reduceat(rank, starts)
    hits = np.flatnonzero(rank == least.take(np.cumsum(new) - 1))
    whose = owner.take(hits)
    return np.asarray(hits[np.append(True, whose[1:] != whose[:-1])])
