"""Many routes, and where on them trucks are: searched around and ahead of where each was last.

Only where nothing around the last place fits is the whole route asked, and of that only what lies
in a box with the fix.
"""

from __future__ import annotations

import itertools
import math
from bisect import bisect_right

import numpy as np
import numpy.typing as npt

from geo.parts import METRES_PER_DEGREE
from geo.pieces import turned
from geo.places import (
    NOWHERE,
    Asked,
    AskedMany,
    Chosen,
    Place,
    Places,
    Position,
    Positions,
    Search,
    SearchMany,
    choose_many,
    choose_one,
)
from geo.point import FloatArray
from geo.ragged import IntArray, Ragged, spread
from geo.route import (
    BLOCK_FIELDS,
    BLOCK_PIECES,
    GRAIN_M,
    HEADING_DEG,
    LENGTH_M,
    PIECE_FIELDS,
    START_M,
    Route,
)

# So few pieces are looked at one by one: they cost less than numpy's calls.
PIECES_FEW = 16
# More pairs of fix and piece are looked at in parts, to stay in the processor's cache.
PAIRS_MANY = 1 << 15
BOX_SLACK_DEG = 1e-9  # rounding
BoolArray = npt.NDArray[np.bool_]


class RouteTable:
    """Routes under the caller's own small numbers, added and taken away while they are asked."""

    def __init__(self) -> None:
        self._pieces = Ragged(PIECE_FIELDS)
        self._blocks = Ragged(BLOCK_FIELDS)
        # One long axis with all routes one after another, and where on it each begins.
        self._axis: FloatArray = np.zeros(0)
        self._base_m: FloatArray = np.zeros(0)
        self._end_m = 0.0
        self._moves = 0
        # The same for one fix: its first and last piece, and where on the axis it begins.
        self._spans: dict[int, tuple[int, int, float]] = {}

    def put(self, number: int, route: Route) -> None:
        self._pieces.put(number, route.pieces)
        self._blocks.put(number, route.blocks)
        self._axis = _grown(self._axis, len(self._pieces.rows))
        self._base_m = _grown(self._base_m, len(self._pieces.first))
        if self._pieces.moves == self._moves:
            self._line_up(number)
        else:
            self._moves, self._end_m = self._pieces.moves, 0.0
            for each in self._pieces.owners().tolist():
                self._line_up(each)
        self._axis_view = self._axis.data

    def discard(self, number: int) -> None:
        self._pieces.discard(number)
        self._blocks.discard(number)
        self._spans.pop(number, None)

    def _line_up(self, number: int) -> None:
        pieces = self._pieces.of(number)
        first = int(self._pieces.first[number])
        self._base_m[number] = self._end_m
        self._spans[number] = first, first + len(pieces), self._end_m
        self._axis[first : first + len(pieces)] = self._end_m + pieces[:, START_M]
        # Whole metres, and one between two routes: sums on the axis stay exact.
        self._end_m += float(math.ceil(pieces[-1, START_M] + pieces[-1, LENGTH_M]) + 1)

    # --------------------------------------------------------------------------- one fix

    def locate_one(self, number: int, fix: Position, search: Search) -> Place:
        """Where on the route the truck is; before it was first near to it, nowhere."""
        lat, lon, heading_deg, last_m = fix
        behind_m, ahead_m, fit_m, tie_m, angle_deg = search
        first, end, base_m = self._spans[number]
        place, near_m = NOWHERE, 0.0
        if not math.isnan(last_m):
            near_m = last_m
            low_m = math.floor((last_m - behind_m) / GRAIN_M) * GRAIN_M
            high_m = math.floor((last_m + ahead_m) / GRAIN_M) * GRAIN_M
            low = max(bisect_right(self._axis_view, base_m + low_m, first, end) - 1, first)
            window = range(low, bisect_right(self._axis_view, base_m + high_m, low + 1, end))
            if len(window) > PIECES_FEW:
                return self._as_many(number, fix, search)
            asked = Asked(lat, lon, heading_deg, near_m, low_m, high_m, math.inf, tie_m, angle_deg)
            pieces = self._pieces.rows[window.start : window.stop].tolist()
            place = _place(first, choose_one(pieces, window, asked), jumped=False)
            if place.off_m <= fit_m:
                return place
        index = self._boxed_one(number, lat, lon, fit_m)
        if len(index) > PIECES_FEW:
            return self._as_many(number, fix, search)
        asked = Asked(lat, lon, heading_deg, near_m, 0.0, math.inf, fit_m, tie_m, angle_deg)
        chosen = choose_one(self._pieces.rows[index].tolist(), index, asked)
        return place if chosen.row < 0 else _place(first, chosen, jumped=True)

    def _as_many(self, number: int, fix: Position, search: Search) -> Place:
        fixes = Positions(*(np.array([value]) for value in fix))
        each = SearchMany(*(np.array([value]) for value in search))
        places = self.locate(np.array([number]), fixes, each)
        progress_m, off_m, heading_deg, piece, jumped = (column.item() for column in places)
        return Place(progress_m, off_m, heading_deg, int(piece), bool(jumped))

    def _boxed_one(self, number: int, lat: float, lon: float, fit_m: float) -> list[int]:
        held = np.flatnonzero(_in_boxes(self._blocks.of(number), lat, lon, fit_m))
        first, end, _ = self._spans[number]
        return [
            piece
            for block in held.tolist()
            for piece in range(
                first + block * BLOCK_PIECES, min(first + (block + 1) * BLOCK_PIECES, end)
            )
        ]

    # ------------------------------------------------------------------------ many fixes

    def locate(self, numbers: IntArray, fixes: Positions, search: SearchMany) -> Places:
        """The same for each fix on the route of that number."""
        count = len(numbers)
        places = _nowhere(count)
        lat, lon, heading_deg, last_m = fixes
        behind_m, ahead_m, fit_m, tie_m, angle_deg = search
        low_m = np.floor((last_m - behind_m) / GRAIN_M) * GRAIN_M
        high_m = np.floor((last_m + ahead_m) / GRAIN_M) * GRAIN_M
        endless = np.full(count, np.inf)
        asked = AskedMany(lat, lon, heading_deg, last_m, low_m, high_m, endless, tie_m, angle_deg)
        fresh = np.isnan(last_m)
        known = np.flatnonzero(~fresh)
        if len(known):
            self._in_windows(numbers, asked, known, places)
        lost = np.flatnonzero(~(places.off_m <= fit_m))
        if len(lost):
            near_m, zero = np.where(fresh, 0.0, last_m), np.zeros(count)
            whole = asked._replace(near_m=near_m, low_m=zero, high_m=endless, off_m_max=fit_m)
            self._anywhere(numbers, whole, lost, places)
        return places

    def _in_windows(
        self, numbers: IntArray, asked: AskedMany, fixes: IntArray, places: Places
    ) -> None:
        number = numbers.take(fixes)
        first, count = self._pieces.first.take(number), self._pieces.count.take(number)
        base_m = self._base_m.take(number)
        axis = self._axis[: self._pieces.used]
        low = np.searchsorted(axis, base_m + asked.low_m.take(fixes), side="right") - 1
        end = np.searchsorted(axis, base_m + asked.high_m.take(fixes), side="right")
        low = np.maximum(low, first)
        end = np.minimum(np.maximum(end, low + 1), first + count)
        for part in _parts(end - low):
            owner, index = spread(low[part], (end - low)[part])
            self._fill(fixes[part].take(owner), index, numbers, asked, places, jumped=False)

    def _anywhere(
        self, numbers: IntArray, asked: AskedMany, fixes: IntArray, places: Places
    ) -> None:
        number = numbers.take(fixes)
        for part in _parts(self._blocks.count.take(number)):
            mine = number[part]
            owner, block = spread(self._blocks.first.take(mine), self._blocks.count.take(mine))
            whose = fixes[part].take(owner)
            boxes = self._blocks.rows.take(block, axis=0)
            held = np.flatnonzero(
                _in_boxes(
                    boxes,
                    asked.lat.take(whose),
                    asked.lon.take(whose),
                    asked.off_m_max.take(whose),
                )
            )
            whose = whose.take(held)
            owned = numbers.take(whose)
            nth = (block.take(held) - self._blocks.first.take(owned)) * BLOCK_PIECES
            left = np.minimum(self._pieces.count.take(owned) - nth, BLOCK_PIECES)
            within, index = spread(self._pieces.first.take(owned) + nth, left)
            if len(index):
                whose = whose.take(within)
                self._fill(whose, index, numbers, asked, places, jumped=True)

    def _fill(
        self,
        owner: IntArray,
        index: IntArray,
        numbers: IntArray,
        asked: AskedMany,
        places: Places,
        *,
        jumped: bool,
    ) -> None:
        fixes, rows, progress_m, off_m = choose_many(self._pieces.rows, owner, index, asked)
        places.progress_m[fixes] = progress_m
        places.off_m[fixes] = off_m
        places.heading_deg[fixes] = self._pieces.rows[rows, HEADING_DEG]
        places.piece[fixes] = rows - self._pieces.first.take(numbers.take(fixes))
        places.jumped[fixes] = jumped


def _place(first: int, chosen: Chosen, *, jumped: bool) -> Place:
    row, progress_m, off_m, heading_deg = chosen
    return NOWHERE if row < 0 else Place(progress_m, off_m, heading_deg, row - first, jumped)


def _in_boxes(
    boxes: FloatArray, lat: FloatArray | float, lon: FloatArray | float, fit_m: FloatArray | float
) -> BoolArray:
    """Whether a place so near can be on a piece in the box; a box too many costs time only."""
    mid_lat, half_lat, mid_lon, half_lon, east_m = boxes.T
    high = np.abs(lat - mid_lat) <= half_lat + (fit_m / METRES_PER_DEGREE + BOX_SLACK_DEG)
    wide = np.abs(turned(lon - mid_lon)) <= half_lon + (fit_m / east_m + BOX_SLACK_DEG)
    return np.asarray(high & wide)


def _parts(counts: IntArray) -> list[slice]:
    """Cuts where so many pairs have come together."""
    ends = np.cumsum(counts)
    if ends[-1] <= PAIRS_MANY:
        return [slice(0, len(counts))]
    cuts = np.flatnonzero(np.diff(ends // PAIRS_MANY)) + 1
    edges = [0, *cuts.tolist(), len(counts)]
    return [slice(a, b) for a, b in itertools.pairwise(edges)]


def _nowhere(count: int) -> Places:
    return Places(
        np.full(count, np.nan),
        np.full(count, np.inf),
        np.full(count, np.nan),
        np.full(count, -1, dtype=np.int64),
        np.zeros(count, dtype=bool),
    )


def _grown(column: FloatArray, length: int) -> FloatArray:
    grown = np.zeros(length)
    grown[: len(column)] = column[:length]
    return grown if length != len(column) else column
