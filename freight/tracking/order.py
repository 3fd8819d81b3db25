"""Device time orders a truck's fixes, and what came twice counts once."""

from __future__ import annotations

import dataclasses

import numpy as np

from freight.fixes import FixArray
from freight.tracking.columns import IntArray, TruckColumns
from geo.compiled import compiled


@dataclasses.dataclass(frozen=True, slots=True)
class Ordered:
    """The fixes of a batch that are news to their trucks, by truck and then device time."""

    fixes: FixArray
    given_index: IntArray
    rows: IntArray
    newest: IntArray  # index of each truck's newest
    older_index: IntArray  # given ones that are not newer than all before: late, or repeated


def ordered(given: FixArray, columns: TruckColumns) -> Ordered:
    # Copies: whoever gave the batch may have laid it out in any way.
    rows = columns.rows_of(given["truck_key"].copy())
    given_index, news, newest, older = _sorted_out(rows, given["ts_ms"].copy(), columns.seen_ms)
    return Ordered(given.take(given_index), given_index, news, newest, older)


@compiled
def _sorted_out(
    rows: IntArray, ts_ms: IntArray, seen_ms: IntArray
) -> tuple[IntArray, IntArray, IntArray, IntArray]:
    """Index of what is news and the row of each, which of these are newest, index of what is not
    news; nothing of what comes again in the same batch."""
    order = _in_order(rows, ts_ms)
    index, its_row = np.empty_like(rows), np.empty_like(rows)
    newest, older = np.empty_like(rows), np.empty_like(rows)
    news = trucks = late = 0
    for i in range(len(order)):
        at = order[i]
        row = rows[at]
        if i and row == rows[order[i - 1]] and ts_ms[at] == ts_ms[order[i - 1]]:
            continue
        if ts_ms[at] <= seen_ms[row]:
            older[late] = at
            late += 1
            continue
        if news and its_row[news - 1] == row:
            newest[trucks - 1] = news
        else:
            newest[trucks] = news
            trucks += 1
        index[news], its_row[news] = at, row
        news += 1
    return index[:news], its_row[:news], newest[:trucks], older[:late]


@compiled
def _in_order(rows: IntArray, ts_ms: IntArray) -> IntArray:
    """By row and then device time, the same ones as they came: runs merged two by two."""
    count = len(rows)
    order, merged = np.arange(count), np.empty_like(rows)
    width = 1
    while width < count:
        for start in range(0, count, 2 * width):
            left, middle = start, min(start + width, count)
            right, end = middle, min(start + 2 * width, count)
            for k in range(start, end):
                takes_left = left < middle
                if takes_left and right < end:
                    one, other = order[left], order[right]
                    later = ts_ms[other] < ts_ms[one]
                    takes_left = rows[one] < rows[other] or (rows[one] == rows[other] and not later)
                if takes_left:
                    merged[k] = order[left]
                    left += 1
                else:
                    merged[k] = order[right]
                    right += 1
        order, merged = merged, order
        width *= 2
    return order
