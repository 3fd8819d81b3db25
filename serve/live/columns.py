"""One tenant's trucks as the live feed shows them: numpy columns that know when a row changed."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from freight.status import Status, statuses
from freight.tracking.columns import LastArray
from serve.live.frames import MISSING_U16, STATUS_LEFT, name_entry
from serve.live.viewport import E7, Bbox

ROWS_AT_START = 256
NO_CARRIER = 0
UNKNOWN_CARRIER = -1
TENTHS = 10.0
FULL_CIRCLE_DEG = 360.0

Rows = npt.NDArray[np.intp]
Flags = npt.NDArray[np.bool_]

ROW_DTYPE = np.dtype(
    [
        ("ts_ms", np.int64),
        ("committed_ms", np.int64),
        ("changed", np.int64),  # the version of the columns at which this row last changed
        ("lat_e7", np.int32),
        ("lon_e7", np.int32),
        ("speed_dkmh", np.uint16),
        ("heading_ddeg", np.uint16),
        ("status", np.uint8),
        ("is_shown", np.bool_),  # has a name and was not deleted
        ("carrier", np.int32),  # the carrier's number in this table, NO_CARRIER if it has none
    ]
)


@dataclasses.dataclass(slots=True)
class View:
    """What one viewer has been shown, by row; grows with the columns."""

    bbox: Bbox | None = None
    carrier: str | None = None  # shown this carrier's trucks only
    seen_version: int = 0
    wants_snapshot: bool = True
    inside: Flags = dataclasses.field(default_factory=lambda: np.zeros(0, np.bool_))
    named: Flags = dataclasses.field(default_factory=lambda: np.zeros(0, np.bool_))


@dataclasses.dataclass(frozen=True, slots=True)
class Selection:
    rows: Rows
    left: Flags  # of these rows: take it off the map
    is_snapshot: bool


class LiveColumns:
    """A row is given out once per truck and never moves, so it serves as the frame's handle."""

    def __init__(self, *, moving_kmh_min: float, offline_after_s: float) -> None:
        self._moving_kmh_min = moving_kmh_min
        self._offline_after_s = offline_after_s
        self._row_of: dict[int, int] = {}
        self._table = np.zeros(ROWS_AT_START, ROW_DTYPE)
        self.names: list[str | None] = []
        self.name_entries: list[bytes] = []
        self._carriers: dict[str, int] = {}
        self.version = 0

    def __len__(self) -> int:
        return len(self._row_of)

    @property
    def table(self) -> npt.NDArray[np.void]:
        return self._table[: len(self._row_of)]

    def apply(self, positions: LastArray, now_ms: int) -> list[int]:
        """Takes in what is newer than the row has; the keys of trucks seen for the first time."""
        positions = positions[np.argsort(positions["ts_ms"], kind="stable")]
        before = len(self)
        keys = positions["truck_key"].tolist()
        rows = np.fromiter((self._row(key) for key in keys), np.intp, len(keys))
        table = self._table
        newer = (positions["ts_ms"] > table["ts_ms"][rows]) | (
            positions["committed_ms"] > table["committed_ms"][rows]
        )
        newer &= positions["ts_ms"] >= table["ts_ms"][rows]
        rows, positions = rows[newer], positions[newer]
        if len(rows):
            self._write(rows, positions, now_ms)
        return list(self._row_of)[before:] if len(self) > before else []

    def _write(self, rows: Rows, positions: LastArray, now_ms: int) -> None:
        self.version += 1
        table = self._table
        table["ts_ms"][rows] = positions["ts_ms"]
        table["committed_ms"][rows] = positions["committed_ms"]
        table["lat_e7"][rows] = np.rint(positions["lat"] * E7)
        table["lon_e7"][rows] = np.rint(positions["lon"] * E7)
        table["speed_dkmh"][rows] = _tenths(positions["speed_kmh"])
        table["heading_ddeg"][rows] = _tenths(np.mod(positions["heading_deg"], FULL_CIRCLE_DEG))
        table["status"][rows] = statuses(
            positions["ts_ms"],
            positions["speed_kmh"],
            now_ms=now_ms,
            moving_kmh_min=self._moving_kmh_min,
            offline_after_s=self._offline_after_s,
        )
        table["changed"][rows] = self.version

    def name(self, truck_key: int, name: str, carrier: str | None = None) -> None:
        """Until it has a name a truck is not shown: nobody could say which it is, or whose."""
        row = self._row_of.get(truck_key)
        if row is None:
            return
        number = NO_CARRIER
        if carrier is not None:
            number = self._carriers.setdefault(carrier, len(self._carriers) + 1)
        if self.names[row] == name and self._table["carrier"][row] == number:
            return
        self.names[row] = name
        self.name_entries[row] = name_entry(row, name)
        self._table["carrier"][row] = number
        self._show(row, shown=True)

    def remove(self, truck_key: int) -> None:
        row = self._row_of.get(truck_key)
        if row is not None:
            self._show(row, shown=False)

    def judge_by(self, *, moving_kmh_min: float, offline_after_s: float, now_ms: int) -> None:
        """Other thresholds: every truck is judged anew, and told where that makes a difference."""
        if (moving_kmh_min, offline_after_s) == (self._moving_kmh_min, self._offline_after_s):
            return
        self._moving_kmh_min, self._offline_after_s = moving_kmh_min, offline_after_s
        table = self.table
        tenths = table["speed_dkmh"].astype(np.float32)
        status = statuses(
            table["ts_ms"],
            np.where(table["speed_dkmh"] == MISSING_U16, np.float32(np.nan), tenths / TENTHS),
            now_ms=now_ms,
            moving_kmh_min=moving_kmh_min,
            offline_after_s=offline_after_s,
        )
        rows = np.flatnonzero(status != table["status"])
        if len(rows):
            self.version += 1
            table["status"][rows] = status[rows]
            table["changed"][rows] = self.version

    def mark_offline(self, now_ms: int) -> None:
        """Silence is a change too: rows whose last fix has just become too old."""
        table = self.table
        silent = table["ts_ms"] < now_ms - self._offline_after_s * 1000.0
        rows = np.flatnonzero(silent & (table["status"] != Status.OFFLINE))
        if len(rows):
            self.version += 1
            table["status"][rows] = Status.OFFLINE
            table["changed"][rows] = self.version

    def select(self, view: View) -> Selection | None:
        """What this viewer has to be told now, which is thereby noted as told; None: nothing."""
        if not view.wants_snapshot and view.seen_version == self.version:
            return None
        view.inside = _grown(view.inside, len(self._table))
        selection = self._snapshot(view) if view.wants_snapshot else self._changes(view)
        view.seen_version = self.version
        view.wants_snapshot = False
        return selection if selection.is_snapshot or len(selection.rows) else None

    def unnamed(self, view: View, rows: Rows) -> Rows:
        """Those rows this viewer cannot name yet, which are thereby noted as named."""
        view.named = _grown(view.named, len(self._table))
        fresh = rows[~view.named[rows]]
        view.named[fresh] = True
        return fresh

    def statuses_of(self, selection: Selection) -> npt.NDArray[np.uint8]:
        status: npt.NDArray[np.uint8] = self._table["status"][selection.rows]
        status[selection.left] = STATUS_LEFT
        return status

    def names_of(self, rows: Rows) -> Sequence[str]:
        return [self.names[row] or "" for row in rows.tolist()]

    def _snapshot(self, view: View) -> Selection:
        inside = self._inside(view, self.table)
        view.inside[:] = False
        rows = np.flatnonzero(inside)
        view.inside[rows] = True
        return Selection(rows, np.zeros(len(rows), np.bool_), is_snapshot=True)

    def _changes(self, view: View) -> Selection:
        rows = np.flatnonzero(self.table["changed"] > view.seen_version)
        inside = self._inside(view, self._table[rows])
        left = view.inside[rows] & ~inside
        view.inside[rows] = inside
        told = inside | left
        return Selection(rows[told], left[told], is_snapshot=False)

    def _inside(self, view: View, table: npt.NDArray[np.void]) -> Flags:
        shown: Flags = table["is_shown"]
        if view.carrier is not None:
            number = self._carriers.get(view.carrier, UNKNOWN_CARRIER)
            shown = shown & (table["carrier"] == number)
        if view.bbox is None:
            return shown.copy()
        return shown & view.bbox.holds_e7(table["lat_e7"], table["lon_e7"])

    def _show(self, row: int, *, shown: bool) -> None:
        self.version += 1
        self._table["is_shown"][row] = shown
        self._table["changed"][row] = self.version

    def _row(self, truck_key: int) -> int:
        row = self._row_of.get(truck_key)
        if row is None:
            row = self._row_of[truck_key] = len(self._row_of)
            self.names.append(None)
            self.name_entries.append(b"")
            if row == len(self._table):
                more = np.zeros(len(self._table), ROW_DTYPE)
                self._table = np.concatenate([self._table, more])
        return row


def _tenths(values: npt.NDArray[np.float32]) -> npt.NDArray[np.uint16]:
    known = np.isfinite(values) & (values >= 0.0)
    scaled = np.rint(np.where(known, values, 0.0) * TENTHS)
    tenths = np.minimum(scaled, MISSING_U16 - 1).astype(np.uint16)
    return np.where(known, tenths, np.uint16(MISSING_U16))


def _grown(flags: Flags, length: int) -> Flags:
    if len(flags) >= length:
        return flags
    return np.concatenate([flags, np.zeros(length - len(flags), np.bool_)])
