"""Which fences hold which points: an index that changes in place, asked in batches.

Each fence is compiled to cells of a lattice, on a level that suits its size. Cells wholly inside
it answer by themselves; in the others its exact rule decides. Changing a fence touches its own
cells only, whatever the number of others.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np

from geo import borders, finding
from geo.cell_table import ENTRY_BYTES, CellArrays, CellTable
from geo.lattice import LEVELS, IntArray
from geo.parts import Compiled, PartArrays, Parts, compile_shape
from geo.point import FloatArray, Point
from geo.shapes import Circle

__all__ = ["Compiled", "FenceIndex", "compile_shape", "warm_up"]


@dataclasses.dataclass(frozen=True, slots=True)
class _Entry:
    """What an index keeps about a fence to take it out again."""

    parts: IntArray
    keys: IntArray
    level_counts: IntArray
    nbytes: int


class FenceIndex:
    def __init__(self, fences: Mapping[int, Compiled] | None = None) -> None:
        """`fences` maps the caller's own numbers, from 0 to 2**31, to compiled shapes."""
        self._entries: dict[int, _Entry] = {}
        self._parts = Parts()
        self._cells = CellTable()
        self._on_level: IntArray = np.zeros(LEVELS, dtype=np.int64)
        self._tables = self._as_arrays()
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
        self._entries[number] = _Entry(parts, covering.keys, counts, nbytes)
        self._on_level += counts
        self._tables = self._as_arrays()

    def discard(self, number: int) -> None:
        entry = self._entries.pop(number, None)
        if entry is None:
            return
        codes = np.concatenate([entry.parts * 2, entry.parts * 2 + 1])
        self._cells.remove(entry.keys, codes)
        self._parts.remove(entry.parts)
        self._on_level -= entry.level_counts
        self._tables = self._as_arrays()

    def holding(self, lat: FloatArray, lon: FloatArray) -> tuple[IntArray, IntArray]:
        """Pairs (point index, fence number), sorted by point, then fence; borders are inside."""
        lat, lon = np.ascontiguousarray(lat), np.ascontiguousarray(lon)
        return finding.holding(lat, lon, *self._tables)

    def depth_m(self, number: int, lat: FloatArray, lon: FloatArray) -> FloatArray:
        """How deep each point lies in a fence, in metres; negative outside; near areas to 0.5 %.

        What is deeper than a fix is inaccurate is surely inside, what is less than minus that
        surely outside.
        """
        parts = self._entries[number].parts
        lat, lon = np.ascontiguousarray(lat), np.ascontiguousarray(lon)
        return borders.depths_m(self._tables[-1], parts, lat, lon)

    def depth_of_m(self, number: int, lat: float, lon: float) -> float:
        """The same for one point."""
        parts = self._entries[number].parts
        return borders.depth_m(self._tables[-1], parts, lat, lon)

    def touched(
        self, start: tuple[FloatArray, FloatArray], end: tuple[FloatArray, FloatArray]
    ) -> tuple[IntArray, IntArray]:
        """Pairs (way, fence number) where the straight way touches the fence, sorted.

        Fences that hold either end are among them. A way goes round the earth the shorter way; it
        costs as many cells as it is long, so a way that nobody drove straight is not for here.
        """
        starts = np.ascontiguousarray(start[0]), np.ascontiguousarray(start[1])
        ends = np.ascontiguousarray(end[0]), np.ascontiguousarray(end[1])
        return finding.touched(starts, ends, *self._tables)

    def _as_arrays(self) -> tuple[int, CellArrays, PartArrays]:
        """What the loops take: they are made anew with each change."""
        levels = sum(1 << level for level in self._on_level.nonzero()[0].tolist())
        return levels, self._cells.arrays, self._parts.arrays


def warm_up() -> None:
    """Compiles all that an index runs, or reads it from where it is kept: up to some seconds once,
    that otherwise the first fix would wait.
    """
    index = FenceIndex({0: compile_shape(Circle(Point(0.0, 0.0), 1.0))})
    here = np.zeros(1)
    index.holding(here, here)
    index.touched((here, here), (here, here))
    index.depth_m(0, here, here)
    index.depth_of_m(0, 0.0, 0.0)
