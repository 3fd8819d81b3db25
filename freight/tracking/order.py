"""Device time orders a truck's fixes, and what came twice counts once."""

from __future__ import annotations

import dataclasses

import numpy as np

from freight.fixes import FixArray
from freight.tracking.columns import IntArray, TruckColumns


@dataclasses.dataclass(frozen=True, slots=True)
class Ordered:
    """The fixes of a batch that are news to their trucks, by truck and then device time."""

    fixes: FixArray
    given_index: IntArray
    rows: IntArray
    previous: IntArray  # index of the same truck's fix before, or -1
    newest: IntArray  # index of each truck's newest
    older_index: IntArray  # given ones that are not newer than all before: late, or repeated


def ordered(given: FixArray, columns: TruckColumns) -> Ordered:
    rows = columns.rows_of(given["truck_key"])
    order = np.lexsort((given["ts_ms"], rows))
    rows, ts_ms = rows[order], given["ts_ms"][order]
    again = np.zeros(len(order), dtype=bool)
    again[1:] = (rows[1:] == rows[:-1]) & (ts_ms[1:] == ts_ms[:-1])
    news = ts_ms > columns.seen_ms[rows]
    live = news & ~again
    given_index, rows = order[live], rows[live]
    same_truck = np.zeros(len(rows), dtype=bool)
    same_truck[1:] = rows[1:] == rows[:-1]
    last_of_truck = np.ones(len(rows), dtype=bool)
    last_of_truck[:-1] = ~same_truck[1:]
    return Ordered(
        given[given_index],
        given_index,
        rows,
        np.where(same_truck, np.arange(len(rows)) - 1, -1),
        np.flatnonzero(last_of_truck),
        order[~news & ~again],
    )
