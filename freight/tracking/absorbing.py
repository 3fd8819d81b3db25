"""Makes quiet fixes part of their trucks' rows: compiled loops over the columns."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from freight.fixes import FixArray
from geo.compiled import compiled

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
RowArray = npt.NDArray[np.void]


@compiled
def news_seen(
    fixes: FixArray, rows: IntArray, newest: IntArray, seen_ms: IntArray, dirty: BoolArray
) -> None:
    for at in newest:
        seen_ms[rows[at]] = fixes[at]["ts_ms"]
        dirty[rows[at]] = True


@compiled
def add_up(
    rows: IntArray, fixes: IntArray, way_mm: IntArray, speed_kmh_max: FloatArray, quietly: RowArray
) -> None:
    """To what was quiet since the machines looked last."""
    for k in range(len(rows)):
        known = quietly[rows[k]]
        if known["fixes"] == 0 or speed_kmh_max[k] > known["speed_kmh_max"]:
            known["speed_kmh_max"] = speed_kmh_max[k]
        known["fixes"] += fixes[k]
        known["way_mm"] += way_mm[k]


@compiled
def show(  # noqa: PLR0917 - compiled code takes plain arrays
    fixes: FixArray,
    index: IntArray,
    rows: IntArray,
    quiet_last: FixArray,
    bounds: RowArray,
    last: RowArray,
    committed_ms: int,
) -> None:
    """Each truck where its last quiet fix is, from which the next one is measured."""
    for k in range(len(rows)):
        fix, row = fixes[index[k]], rows[k]
        quiet_last[row] = fix
        good, shown = bounds[row], last[row]
        good["good_ms"] = shown["ts_ms"] = fix["ts_ms"]
        good["good_lat"] = shown["lat"] = fix["lat"]
        good["good_lon"] = shown["lon"] = fix["lon"]
        good["good_kmh"] = shown["speed_kmh"] = fix["speed_kmh"]
        shown["tenant_key"], shown["truck_key"] = fix["tenant_key"], fix["truck_key"]
        shown["heading_deg"] = fix["heading_deg"]
        shown["committed_ms"] = committed_ms
