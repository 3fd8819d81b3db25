"""One selection of rows as a viewer wants it: a binary frame or a JSON message."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from serve.live.columns import LiveColumns, Selection, View
from serve.live.frames import MISSING_U16, encode
from serve.live.messages import text_of
from serve.live.viewport import E7
from serve.tracking.wire import STATUS_NAMES

Form: TypeAlias = Callable[[LiveColumns, View, Selection, int, int], bytes | str]

AGE_MS = np.iinfo(np.int32)


def binary_form(
    columns: LiveColumns, view: View, selection: Selection, seq: int, now_ms: int
) -> bytes:
    table = columns.table[selection.rows]
    age_ms = np.clip(now_ms - table["ts_ms"], AGE_MS.min, AGE_MS.max).astype(np.int32)
    entries = columns.name_entries
    return encode(
        seq=seq,
        base_ts_ms=now_ms,
        is_snapshot=selection.is_snapshot,
        name_entries=[entries[row] for row in columns.unnamed(view, selection.rows).tolist()],
        columns=(
            selection.rows.astype(np.uint32),
            table["lat_e7"],
            table["lon_e7"],
            table["speed_dkmh"],
            table["heading_ddeg"],
            age_ms,
            columns.statuses_of(selection),
        ),
    )


def json_form(
    columns: LiveColumns, _view: View, selection: Selection, seq: int, _now_ms: int
) -> str:
    rows = selection.rows[~selection.left]
    table = columns.table[rows]
    times = np.datetime_as_string(table["ts_ms"].astype("datetime64[ms]"), unit="ms")
    shown: list[dict[str, Any]] = [
        {
            "id": name,
            "lat": lat,
            "lon": lon,
            "speed_kmh": speed,
            "heading_deg": heading,
            "ts": f"{ts}Z",
            "status": STATUS_NAMES[status],
        }
        for name, lat, lon, speed, heading, ts, status in zip(
            columns.names_of(rows),
            (table["lat_e7"] / E7).tolist(),
            (table["lon_e7"] / E7).tolist(),
            _from_tenths(table["speed_dkmh"]),
            _from_tenths(table["heading_ddeg"]),
            times.tolist(),
            table["status"].tolist(),
            strict=True,
        )
    ]
    return text_of(
        "positions",
        seq=seq,
        snapshot=selection.is_snapshot,
        left=columns.names_of(selection.rows[selection.left]),
        trucks=shown,
    )


def _from_tenths(values: npt.NDArray[np.uint16]) -> list[float | None]:
    return [None if tenths == MISSING_U16 else tenths / 10 for tenths in values.tolist()]
