"""The first step: device time orders a truck's fixes, and what came twice counts once."""

from __future__ import annotations

import numpy as np

from freight.tracking.columns import TruckColumns
from freight.tracking.folding import Folding, World


def order_and_duplicates(folding: Folding, columns: TruckColumns, _world: World) -> None:
    given = folding.given
    rows = columns.rows_of(given["truck_key"])
    order = np.lexsort((given["ts_ms"], rows))
    rows, ts_ms = rows[order], given["ts_ms"][order]
    again = np.zeros(len(order), dtype=bool)
    again[1:] = (rows[1:] == rows[:-1]) & (ts_ms[1:] == ts_ms[:-1])
    news = ts_ms > columns.last["ts_ms"][rows]
    live = news & ~again
    folding.given_index = order[live]
    folding.older_index = order[~news & ~again]
    folding.fixes = given[folding.given_index]
    folding.rows = rows[live]
    same_truck = np.zeros(len(folding.rows), dtype=bool)
    same_truck[1:] = folding.rows[1:] == folding.rows[:-1]
    folding.previous = np.where(same_truck, np.arange(len(same_truck)) - 1, -1)
    last_of_truck = np.ones(len(same_truck), dtype=bool)
    last_of_truck[:-1] = ~same_truck[1:]
    folding.newest = np.flatnonzero(last_of_truck)
