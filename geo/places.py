"""The place on a route where a fix is, of all the pieces of the route that it may be on.

Of places that are nearly equally near, the road's heading decides, then how far along the route
they are from where the last one was: so loops, out-and-back roads, crossings and parallel
carriageways stay right.
"""

from __future__ import annotations

import math
from typing import NamedTuple, TypeAlias

import numpy as np

from geo.compiled import compiled
from geo.edges import METRES_PER_DEGREE
from geo.pieces import shorter_way
from geo.point import FloatArray
from geo.ragged import IntArray
from geo.route import (
    BLOCK_PIECES,
    EAST_M,
    GRAIN_M,
    HALF_HIGH,
    HALF_WIDE,
    HEADING_DEG,
    LAT,
    LEAST_EAST_M,
    LENGTH_M,
    LON,
    MIDDLE_LAT,
    MIDDLE_LON,
    START_M,
    UX,
    UY,
)

# A place behind is as likely as one ahead so many times as far: trucks drive on, receivers jitter.
BEHIND_COUNTS = 4.0
AGAINST = 1e9  # farther than any place along a route
BOX_SLACK_DEG = 1e-9  # rounding
WHOLE = 1  # the second part that is searched, see `located`

# Routes as they are asked: the pieces of all, by a route's number its first one and how many, the
# boxes around every few of them, and its first box.
Table: TypeAlias = tuple[FloatArray, IntArray, IntArray, FloatArray, IntArray]


# A fix, the progress that its place should be near to, and how to decide.
Asked: TypeAlias = tuple[float, float, float, float, float, float]
# From which piece to which, and metre along the route, and how far off at most.
Part: TypeAlias = tuple[int, int, float, float, float]


class Search(NamedTuple):
    """How far to look."""

    behind_m: float
    ahead_m: float  # what can have been driven since
    fit_m: float  # farther off than this, the whole route is asked
    tie_m: float  # places whose distances differ by less are told apart otherwise
    angle_deg: float  # a heading that differs by less goes with the road


class Position(NamedTuple):
    """A fix, and how far along its route its truck was; NaN is a heading or progress not known."""

    lat: float
    lon: float
    heading_deg: float
    last_m: float


class Place(NamedTuple):
    """`progress_m` is NaN when the route was never reached and is not near either."""

    progress_m: float
    off_m: float
    heading_deg: float  # of the road there
    piece: int
    jumped: bool  # found on the whole route, not where the truck was to be expected


FoundPlace: TypeAlias = tuple[float, float, float, int, bool]  # compiled loops pass it so


@compiled
def located(  # noqa: PLR0917 - plain numbers: a tuple of names costs as much as the search
    table: Table,
    number: int,
    lat: float,
    lon: float,
    heading_deg: float,
    last_m: float,
    behind_m: float,
    ahead_m: float,
    fit_m: float,
    tie_m: float,
    angle_deg: float,
) -> FoundPlace:
    """A Place's fields from those of a Position and a Search, searched around and ahead of where
    the truck was last; where nothing there fits on the whole route; where nothing fits, again
    there.

    Nowhere is who has never been near the route, or asks for one that is not in the table.
    """
    rows, firsts, counts, boxes, first_boxes = table
    if not 0 <= number < len(counts) or not counts[number]:
        return math.nan, math.inf, math.nan, -1, False
    first, first_box = firsts[number], first_boxes[number]
    end = first + counts[number]
    low_m = np.floor((last_m - behind_m) / GRAIN_M) * GRAIN_M
    high_m = np.floor((last_m + ahead_m) / GRAIN_M) * GRAIN_M
    low = max(_begun(rows, first, end, low_m) - 1, first)
    step = 1
    while low + step < end and rows[low + step, START_M] <= high_m:
        step *= 2
    stop = _begun(rows, low + (step + 1) // 2, min(low + step, end), high_m)
    is_fresh = math.isnan(last_m)
    fix = (lat, lon, heading_deg, 0.0 if is_fresh else last_m, tie_m, angle_deg)
    # Boxes are only asked where they can spare more than they cost.
    reach_m = fit_m + tie_m if stop - low > BLOCK_PIECES else math.inf
    parts = (
        (low, stop, low_m, high_m, reach_m),
        (first, end, 0.0, math.inf, fit_m),
        (low, stop, low_m, high_m, math.inf),
    )
    row, progress_m, off_m, nth = -1, math.nan, math.inf, 0
    for nth in range(len(parts)):
        if is_fresh and nth != WHOLE:
            continue
        row, progress_m, off_m = _chosen(rows, boxes, first, first_box, fix, parts[nth])
        if off_m <= fit_m:
            break
    road_deg = rows[row, HEADING_DEG] if row >= 0 else math.nan
    return progress_m, off_m, road_deg, max(row - first, -1), nth == WHOLE


@compiled
def _begun(rows: FloatArray, first: int, end: int, along_m: float) -> int:
    """The first of these pieces that begins behind so far along the route."""
    while first < end:
        middle = (first + end) // 2
        if rows[middle, START_M] > along_m:
            end = middle
        else:
            first = middle + 1
    return first


@compiled
def _chosen(  # noqa: PLR0917 - see `located`
    rows: FloatArray, boxes: FloatArray, first: int, first_box: int, fix: Asked, part: Part
) -> tuple[int, float, float]:
    """Row, progress and distance; row -1 is none."""
    lat, lon, heading_deg, near_m, tie_m, angle_deg = fix
    low, stop, low_m, high_m, off_m_max = part
    least_m, low_row, high_row = _nearest(rows, boxes, first, first_box, fix, part)
    limit_m = min(least_m + tie_m, off_m_max)
    best, chosen, progress_m, chosen_m = math.inf, -1, math.nan, math.inf
    for row in range(low_row, high_row):
        off_m, along_m = _beside(rows, row, lat, lon, low_m, high_m)
        if not off_m <= limit_m:
            continue
        # At an end of its piece beyond which the route comes nearer, it is no place of its own.
        is_start, is_end = along_m == 0.0, along_m == rows[row, LENGTH_M]
        if is_start and row > low and _beside(rows, row - 1, lat, lon, low_m, high_m)[0] <= off_m:
            continue
        if is_end and row + 1 < stop and _beside(rows, row + 1, lat, lon, low_m, high_m)[0] < off_m:
            continue
        at_m = rows[row, START_M] + along_m
        rank = at_m - near_m
        if rank < 0.0:
            rank *= -BEHIND_COUNTS
        apart_deg = abs(heading_deg - rows[row, HEADING_DEG])
        if min(apart_deg, 360.0 - apart_deg) > angle_deg:
            rank += AGAINST
        if rank < best:
            best, chosen, progress_m, chosen_m = rank, row, at_m, off_m
    return chosen, progress_m, chosen_m


@compiled
def _nearest(  # noqa: PLR0917 - see `located`
    rows: FloatArray, boxes: FloatArray, first: int, first_box: int, fix: Asked, part: Part
) -> tuple[float, int, int]:
    """The least distance, and between which rows all are that are off by hardly more."""
    lat, lon, _, _, tie_m, _ = fix
    row, stop, low_m, high_m, off_m_max = part
    least_m, low_row, high_row = math.inf, stop, stop
    block = (row - first) // BLOCK_PIECES
    while row < stop:
        end = min(first + (block + 1) * BLOCK_PIECES, stop)
        if off_m_max == math.inf or _is_near(boxes, first_box + block, lat, lon, off_m_max):
            for each in range(row, end):
                off_m, _ = _beside(rows, each, lat, lon, low_m, high_m)
                if off_m <= least_m + tie_m:
                    high_row = each + 1
                    if off_m < least_m:
                        if off_m + tie_m < least_m:
                            low_row = each
                        least_m = off_m
        block, row = block + 1, end
    return least_m, low_row, high_row


@compiled
def _is_near(boxes: FloatArray, box: int, lat: float, lon: float, off_m_max: float) -> bool:
    """Whether a place so near can be on a piece in the box; a box too many costs time only."""
    north = abs(lat - boxes[box, MIDDLE_LAT]) - boxes[box, HALF_HIGH] - BOX_SLACK_DEG
    east = abs(shorter_way(lon - boxes[box, MIDDLE_LON])) - boxes[box, HALF_WIDE] - BOX_SLACK_DEG
    return bool(max(north * METRES_PER_DEGREE, east * boxes[box, LEAST_EAST_M]) <= off_m_max)


@compiled
def _beside(  # noqa: PLR0917 - see `located`
    rows: FloatArray, row: int, lat: float, lon: float, low_m: float, high_m: float
) -> tuple[float, float]:
    """How far off the piece, and how far along it the nearest place is."""
    start_m, ux, uy = rows[row, START_M], rows[row, UX], rows[row, UY]
    x = shorter_way(lon - rows[row, LON]) * rows[row, EAST_M]
    y = (lat - rows[row, LAT]) * METRES_PER_DEGREE
    along_m = max(x * ux + y * uy, low_m - start_m, 0.0)
    along_m = min(along_m, high_m - start_m, rows[row, LENGTH_M])
    x -= along_m * ux
    y -= along_m * uy
    return math.sqrt(x * x + y * y), along_m
