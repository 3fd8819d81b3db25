"""Which fences hold which points: an index that changes in place, asked in batches.

Each fence is compiled to cells of a lattice, on a level that suits its size. Cells wholly inside
it answer by themselves; in the others its exact rule decides. Changing a fence touches its own
cells only, whatever the number of others.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np

from geo import borders
from geo.cell_table import ENTRY_BYTES, CellTable
from geo.lattice import LEVELS, MAGIC, ROW_STEP, IntArray, cells_along, key_of
from geo.parts import Compiled, Parts, compile_shape
from geo.pieces import turned
from geo.point import FloatArray

__all__ = ["Compiled", "FenceIndex", "compile_shape"]

# So few points are asked one by one.
POINTS_FEW = 3
# So few cells with something in them are looked into one by one: they cost less than numpy's calls.
CELLS_FEW = 16
# A pair (point, fence number) as one integer that sorts by point, then fence.
NUMBER_BITS = 32
NUMBER_MASK = (1 << NUMBER_BITS) - 1
NONE: IntArray = np.empty(0, dtype=np.int64)


@dataclasses.dataclass(frozen=True, slots=True)
class _Entry:
    """What an index keeps about a fence to take it out again."""

    parts: IntArray
    keys: IntArray
    level_counts: IntArray
    turns: bool
    nbytes: int


class FenceIndex:
    def __init__(self, fences: Mapping[int, Compiled] | None = None) -> None:
        """`fences` maps the caller's own numbers, from 0 to 2**31, to compiled shapes."""
        self._entries: dict[int, _Entry] = {}
        self._parts = Parts()
        self._cells = CellTable()
        self._on_level: IntArray = np.zeros(LEVELS, dtype=np.int64)
        self._note_levels()
        for number, compiled in (fences or {}).items():
            self.put(number, compiled)

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, number: int) -> bool:
        return number in self._entries

    @property
    def nbytes(self) -> int:
        return sum(entry.nbytes for entry in self._entries.values())

    def bytes_of(self, number: int) -> int:
        """What a fence costs in memory, to some ten per cent."""
        return self._entries[number].nbytes

    def put(self, number: int, compiled: Compiled) -> None:
        """Add a fence, or give it another shape."""
        self.discard(number)
        covering = compiled.covering
        parts = self._parts.add(number, compiled)
        codes = parts[covering.part] * 2 + covering.inside
        self._cells.add(covering.keys, codes)
        counts = np.bincount(covering.levels, minlength=LEVELS)
        nbytes = compiled.nbytes + len(codes) * (ENTRY_BYTES + codes.itemsize)
        self._entries[number] = _Entry(parts, covering.keys, counts, compiled.turns, nbytes)
        self._on_level += counts
        self._note_levels()

    def discard(self, number: int) -> None:
        entry = self._entries.pop(number, None)
        if entry is None:
            return
        codes = np.concatenate([entry.parts * 2, entry.parts * 2 + 1])
        self._cells.remove(entry.keys, codes)
        self._parts.remove(entry.parts, turns=entry.turns)
        self._on_level -= entry.level_counts
        self._note_levels()

    def holding(self, lat: FloatArray, lon: FloatArray) -> tuple[IntArray, IntArray]:
        """Pairs (point index, fence number), sorted by point, then fence; borders are inside."""
        count = len(lat)
        if not self._entries or not count:
            return NONE, NONE
        if count <= POINTS_FEW:
            return self._holding_few(lat, lon)
        keys, hit = self._cells_with_something(lat, lon)
        if not len(hit):
            return NONE, NONE
        keys = keys.take(hit)
        points = hit if len(self._levels) == 1 else hit % count
        if len(hit) <= CELLS_FEW:
            return self._few(points.tolist(), keys.tolist(), lat, lon)
        index, codes = self._cells.codes(keys)
        return self._exact(points.take(index), codes, lat, lon)

    def depth_m(self, lat: FloatArray, lon: FloatArray, numbers: IntArray) -> FloatArray:
        """How deep each point lies in its fence, in metres; negative outside.

        What is deeper than a fix is inaccurate is surely inside, what is less than minus that
        surely outside.
        """
        out = np.empty(len(lat))
        for number in np.unique(numbers).tolist():
            mine = np.flatnonzero(numbers == number)
            parts = self._entries[number].parts
            out[mine] = borders.depth_m(self._parts, parts, lat[mine], lon[mine])
        return out

    def depth_of_m(self, number: int, lat: float, lon: float) -> float:
        """The same for one point and one fence, at less cost."""
        return borders.depth_of_m(self._parts, self._entries[number].parts, lat, lon)

    def touched(
        self, start: tuple[FloatArray, FloatArray], end: tuple[FloatArray, FloatArray]
    ) -> tuple[IntArray, IntArray]:
        """Pairs (way, fence number) where the straight way touches the fence, sorted.

        Fences that hold either end are among them. A way goes round the earth the shorter way; it
        costs as many cells as it is long, so a way that nobody drove straight is not for here.
        """
        lat, lon = start
        step = np.stack([end[0] - lat, turned(end[1] - lon)])
        found: list[IntArray] = []
        for level in self._levels:
            ways, keys = cells_along(lat, lon, step[0], step[1], level)
            index, codes = self._cells.codes(keys)
            found.append(np.stack([ways[index], codes]))
        if not found:
            return NONE, NONE
        ways, codes = np.unique(np.concatenate(found, axis=1), axis=1)
        sure, rows = codes & 1 == 1, codes >> 1
        ask = np.flatnonzero(~sure)
        at = ways[ask]
        sure[ask] = borders.touched(self._parts, rows[ask], (lat[at], lon[at]), step[:, at])
        pairs = (ways << NUMBER_BITS) | self._parts.fence[rows]
        return _split(np.unique(pairs[sure]))

    def _cells_with_something(self, lat: FloatArray, lon: FloatArray) -> tuple[IntArray, IntArray]:
        """The keys of all points on all levels, one level after another, and those that are taken.

        The arrays in between are kept from call to call: new ones would cost more than the sums.
        """
        count = len(lat)
        if count != self._scratch_for:
            self._make_scratch(count)
        np.add(lat, self._magic, out=self._rows)
        np.add(lon, self._magic, out=self._columns)
        keys, slots = self._keys, self._slots
        np.multiply(keys, ROW_STEP, out=keys)
        np.add(keys, slots, out=keys)
        return keys, self._cells.taken(keys, slots)

    def _make_scratch(self, count: int) -> None:
        self._scratch_for = count
        self._rows: FloatArray = np.empty((len(self._levels), count))
        self._columns: FloatArray = np.empty((len(self._levels), count))
        self._keys: IntArray = self._rows.view(np.int64).ravel()
        self._slots: IntArray = self._columns.view(np.int64).ravel()

    def _holding_few(self, lat: FloatArray, lon: FloatArray) -> tuple[IntArray, IntArray]:
        is_taken = self._cells.is_taken
        points, keys = [], []
        for point, (y, x) in enumerate(zip(lat.tolist(), lon.tolist(), strict=True)):
            for level in self._levels:
                key = key_of(y, x, level)
                if is_taken(key):
                    points.append(point)
                    keys.append(key)
        if not points:
            return NONE, NONE
        return self._few(points, keys, lat, lon)

    def _few(
        self, points: list[int], keys: list[int], lat: FloatArray, lon: FloatArray
    ) -> tuple[IntArray, IntArray]:
        """The same as `codes` and `_exact`, cell by cell."""
        fence = self._parts.fence_view
        pairs = set()
        asked, parts = [], []
        for index, code in self._cells.codes_few(keys):
            if code & 1:
                pairs.add(points[index] << NUMBER_BITS | fence[code >> 1])
            else:
                asked.append(points[index])
                parts.append(code >> 1)
        if asked:
            held = self._parts.holding_few(parts, lat.take(asked), lon.take(asked))
            for point, part, inside in zip(asked, parts, held, strict=True):
                if inside:
                    pairs.add(point << NUMBER_BITS | fence[part])
        if not pairs:
            return NONE, NONE
        return _split(np.array(sorted(pairs)))

    def _exact(
        self, points: IntArray, codes: IntArray, lat: FloatArray, lon: FloatArray
    ) -> tuple[IntArray, IntArray]:
        """The pairs that hold, of those found by cells."""
        parts, inside = codes >> 1, codes & 1
        ask = (inside == 0).nonzero()[0]
        held = inside.nonzero()[0]
        if len(ask):
            at, rows = points.take(ask), parts.take(ask)
            by_rule = self._parts.holding(rows, lat.take(at), lon.take(at)).nonzero()[0]
            held = np.concatenate([held, ask.take(by_rule)])
        pairs = points.take(held) << NUMBER_BITS
        pairs |= self._parts.fence.take(parts.take(held))
        pairs.sort()
        if self._parts.overlap:
            again = pairs[1:] == pairs[:-1]
            if again.any():
                pairs = pairs[np.concatenate([[True], ~again])]
        return _split(pairs)

    def _note_levels(self) -> None:
        levels = self._on_level.nonzero()[0]
        self._levels: list[int] = levels.tolist()
        self._magic = MAGIC[levels, None]
        self._scratch_for = -1


def _split(pairs: IntArray) -> tuple[IntArray, IntArray]:
    return pairs >> NUMBER_BITS, pairs & NUMBER_MASK
