"""The assignment of least total cost, with the prices that prove it: sparse, in whole numbers.

Each row takes a column or stays without one for a price of its own. Rows are added one after
another along shortest augmenting paths (Jonker and Volgenant's way, by a heap over the arcs there
are), so at the end no exchange of any length is cheaper.
"""

from __future__ import annotations

import heapq
from typing import NamedTuple

import numpy as np

from freight.dispatch.columns import Ints
from geo.compiled import compiled

NONE = -1
_FAR = 1 << 62


class Arcs(NamedTuple):
    """Row n may take column[i] for cost[i], where i is in start[n] to start[n + 1]."""

    start: Ints
    column: Ints
    cost: Ints
    without: Ints  # what it costs to leave a row without a column


class Solution(NamedTuple):
    """`column` is NONE for rows without.

    The prices prove the optimum: no arc costs less than its row's and its column's price together,
    each that is used costs exactly as much, and only columns in use have a price (below zero).
    """

    column: Ints
    row_price: Ints
    column_price: Ints

    @property
    def total(self) -> int:
        """By the prices; equal to what the chosen arcs cost."""
        return int(self.row_price.sum() + self.column_price.sum())


@compiled
def _scan(  # noqa: PLR0917 - compiled code knows no objects of ours
    row: int,
    base: int,
    arcs: Arcs,
    column_price: Ints,
    distance: Ints,
    by_row: Ints,
    is_final: Ints,
    heap: list[tuple[int, int]],
    seen: list[int],
) -> None:
    """Shortens the ways to the columns next to a row that is `base` away, less its own price."""
    for arc in range(arcs.start[row], arcs.start[row + 1]):
        column = arcs.column[arc]
        way = base + arcs.cost[arc] - column_price[column]
        if is_final[column] == 0 and way < distance[column]:
            if distance[column] == _FAR:
                seen.append(column)
            distance[column] = way
            by_row[column] = row
            heapq.heappush(heap, (way, column))


@compiled
def _turn(added: int, end: tuple[int, int], column_of: Ints, row_of: Ints, by_row: Ints) -> None:
    """Turns the path round: each row on it takes what the next one had."""
    row, column = end
    while True:
        before = column_of[row]
        column_of[row] = column
        if column != NONE:
            row_of[column] = row
        if row == added:
            break
        column = before
        row = by_row[column]


@compiled
def _solve(arcs: Arcs, columns: int) -> tuple[Ints, Ints, Ints]:
    rows = len(arcs.without)
    column_of = np.full(rows, NONE, dtype=np.int64)
    row_of = np.full(columns, NONE, dtype=np.int64)
    row_price = np.zeros(rows, dtype=np.int64)
    column_price = np.zeros(columns, dtype=np.int64)
    distance = np.full(columns, _FAR, dtype=np.int64)
    by_row = np.full(columns, NONE, dtype=np.int64)
    is_final = np.zeros(columns, dtype=np.int64)
    for added in range(rows):
        # Empty lists that the compiler knows the type of.
        heap = [(0, 0) for _ in range(0)]
        seen = [0 for _ in range(0)]
        passed = [0 for _ in range(0)]
        # The cheapest way to leave some row on the way without a column.
        least, end = arcs.without[added], (added, NONE)
        _scan(added, 0, arcs, column_price, distance, by_row, is_final, heap, seen)
        while len(heap) > 0 and heap[0][0] < least:
            way, column = heapq.heappop(heap)
            if is_final[column] != 0 or way > distance[column]:
                continue
            is_final[column] = 1
            row = row_of[column]
            if row == NONE:
                least, end = way, (by_row[column], column)
                break
            passed.append(column)
            base = way - row_price[row]
            if base + arcs.without[row] < least:
                least, end = base + arcs.without[row], (row, NONE)
            _scan(row, base, arcs, column_price, distance, by_row, is_final, heap, seen)
        row_price[added] += least
        for column in passed:
            gain = least - distance[column]
            row_price[row_of[column]] += gain
            column_price[column] -= gain
        _turn(added, end, column_of, row_of, by_row)
        for column in seen:
            distance[column] = _FAR
            is_final[column] = 0
    return column_of, row_price, column_price


def solve(arcs: Arcs, columns: int) -> Solution:
    """Of several assignments that cost the same, always the same one for the same arcs."""
    return Solution(*_solve(arcs, columns))
