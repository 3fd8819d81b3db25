"""Which trucks are near enough to a leg's pickup to be looked at: rings of H3 cells."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from freight.dispatch.columns import Fleet, Ints
from freight.dispatch.rules import RangeRules
from freight.dispatch.world import WaitingLeg
from geo.hexagons import cells_of, disk

# Pairs of one go: what is known of them lies in memory together.
PAIRS_AT_ONCE = 1 << 21


class Near(NamedTuple):
    """Trucks in range of some legs: those of leg first + n are start[n] to start[n + 1]."""

    first: int
    start: Ints
    trucks: Ints  # rows of the fleet, in order within each leg


def rings_of(leg: WaitingLeg, rules: RangeRules, now_ms: int) -> int:
    """The longer a leg has waited, the farther is looked for it."""
    waited_s = max(0, now_ms - leg.waiting_since_ms) / 1000.0
    widened = int(waited_s // rules.widen_every_s) * rules.rings_more
    return min(rules.rings_first + widened, rules.rings_max)


class Ranges:
    """Finds the trucks within so many rings of a place."""

    def __init__(self, fleet: Fleet, rules: RangeRules) -> None:
        self._resolution = rules.h3_resolution
        cells = cells_of(*fleet.places, self._resolution)
        self._cells, self._cell_of = np.unique(cells, return_inverse=True)
        self._found: dict[tuple[int, int], Ints] = {}

    def within(self, cell: int, rings: int) -> Ints:
        """Rows of the fleet, in order."""
        known = self._found.get((cell, rings))
        if known is None:
            known = self._found[cell, rings] = self._look(cell, rings)
        return known

    def _look(self, cell: int, rings: int) -> Ints:
        if not len(self._cells):
            return np.empty(0, dtype=np.int64)
        around = disk(cell, rings)
        at = np.searchsorted(self._cells, around)
        at[at == len(self._cells)] = 0
        is_near = np.zeros(len(self._cells), dtype=np.bool_)
        is_near[at[self._cells[at] == around]] = True
        return np.flatnonzero(is_near[self._cell_of])

    def of(self, legs: Sequence[WaitingLeg], rings: Sequence[int]) -> Iterator[Near]:
        """All legs, in goes that are not too large."""
        lat = np.array([leg.lat for leg in legs], dtype=np.float64)
        lon = np.array([leg.lon for leg in legs], dtype=np.float64)
        cells = cells_of(lat, lon, self._resolution).tolist()
        first, pairs = 0, 0
        gathered: list[Ints] = []
        for row, (cell, wide) in enumerate(zip(cells, rings, strict=True)):
            found = self.within(cell, wide)
            if gathered and pairs + len(found) > PAIRS_AT_ONCE:
                yield _near(first, gathered)
                first, pairs, gathered = row, 0, []
            gathered.append(found)
            pairs += len(found)
        if gathered:
            yield _near(first, gathered)


def _near(first: int, gathered: Sequence[Ints]) -> Near:
    start = np.zeros(len(gathered) + 1, dtype=np.int64)
    np.cumsum([len(found) for found in gathered], out=start[1:])
    return Near(first, start, np.concatenate(gathered))
