"""The last known state of many trucks, as numpy columns that grow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import numpy.typing as npt

from freight.fixes import MISSING_INT64

if TYPE_CHECKING:
    from freight.tracking.fences import FenceBook
    from freight.tracking.folding import Folding

ROWS_AT_START = 1024

LAST_DTYPE = np.dtype(
    [
        ("tenant_key", np.int32),
        ("truck_key", np.int64),
        ("ts_ms", np.int64),
        ("committed_ms", np.int64),
        ("lat", np.float64),
        ("lon", np.float64),
        ("speed_kmh", np.float32),
        ("heading_deg", np.float32),
    ]
)

IntArray = npt.NDArray[np.int64]
LastArray = npt.NDArray[np.void]


class TruckState(msgspec.Struct, frozen=True, array_like=True):
    """One truck's state as a snapshot keeps it; fences by id, since numbers die with a process."""

    tenant_key: int
    truck_key: int
    ts_ms: int
    committed_ms: int
    lat: float
    lon: float
    speed_kmh: float | None
    heading_deg: float | None
    inside: tuple[str, ...]


class TruckColumns:
    """Rows are given out once per truck and never move."""

    def __init__(self) -> None:
        self._row_of: dict[int, int] = {}
        self.last: LastArray = _empty(ROWS_AT_START)
        # Row -> numbers of the fences that hold the truck; trucks in no fence have no entry.
        self.inside: dict[int, frozenset[int]] = {}
        self._dirty = np.zeros(ROWS_AT_START, dtype=bool)

    def __len__(self) -> int:
        return len(self._row_of)

    def rows_of(self, truck_keys: IntArray) -> IntArray:
        """The row of each truck; one that was never seen gets a row without a fix."""
        unique, inverse = np.unique(truck_keys, return_inverse=True)
        rows = np.empty(len(unique), dtype=np.int64)
        for i, key in enumerate(unique.tolist()):
            row = self._row_of.get(key)
            if row is None:
                row = self._row_of[key] = len(self._row_of)
                if row == len(self.last):
                    self._grow()
            rows[i] = row
        return rows[inverse]

    def apply(self, folding: Folding, committed_ms: int) -> None:
        """Make a committed folding the state; until then readers see the state before it."""
        newest = folding.newest
        rows, fixes = folding.rows[newest], folding.fixes[newest]
        for name in ("tenant_key", "truck_key", "ts_ms", "lat", "lon", "speed_kmh", "heading_deg"):
            self.last[name][rows] = fixes[name]
        self.last["committed_ms"][rows] = committed_ms
        self._dirty[rows] = True
        for row, numbers in folding.inside_after.items():
            if numbers:
                self.inside[row] = numbers
            else:
                self.inside.pop(row, None)

    def forget(self, tenant_keys: Sequence[int]) -> int:
        """Empties the rows of these tenants' trucks, which keep their places; how many."""
        known = self.last[: len(self._row_of)]
        rows = np.flatnonzero(np.isin(known["tenant_key"], tenant_keys))
        self.last[rows] = _empty(len(rows))
        self._dirty[rows] = False
        for row in rows.tolist():
            self.inside.pop(row, None)
        return len(rows)

    def of_tenant(self, tenant_key: int) -> LastArray:
        known = self.last[: len(self._row_of)]
        here = (known["tenant_key"] == tenant_key) & (known["ts_ms"] != MISSING_INT64)
        return np.asarray(known[here])

    def take_dirty(self) -> IntArray:
        """Rows changed since the last call; the caller now answers for saving them."""
        rows = np.flatnonzero(self._dirty)
        self._dirty[rows] = False
        return rows

    def give_back(self, rows: IntArray) -> None:
        self._dirty[rows] = True

    def state_of(self, row: int, book: FenceBook) -> TruckState:
        last = self.last[row]
        fences = (book.get(number) for number in self.inside.get(row, ()))
        return TruckState(
            tenant_key=int(last["tenant_key"]),
            truck_key=int(last["truck_key"]),
            ts_ms=int(last["ts_ms"]),
            committed_ms=int(last["committed_ms"]),
            lat=float(last["lat"]),
            lon=float(last["lon"]),
            speed_kmh=_or_none(float(last["speed_kmh"])),
            heading_deg=_or_none(float(last["heading_deg"])),
            inside=tuple(sorted(fence.id for fence in fences if fence is not None)),
        )

    def restore(self, state: TruckState, inside: frozenset[int]) -> None:
        row = int(self.rows_of(np.array([state.truck_key], dtype=np.int64))[0])
        self.last[row] = (
            state.tenant_key,
            state.truck_key,
            state.ts_ms,
            state.committed_ms,
            state.lat,
            state.lon,
            np.nan if state.speed_kmh is None else state.speed_kmh,
            np.nan if state.heading_deg is None else state.heading_deg,
        )
        if inside:
            self.inside[row] = inside

    def _grow(self) -> None:
        more = _empty(len(self.last))
        self.last = np.concatenate([self.last, more])
        self._dirty = np.concatenate([self._dirty, np.zeros(len(more), dtype=bool)])


def _empty(rows: int) -> LastArray:
    empty = np.zeros(rows, dtype=LAST_DTYPE)
    empty["ts_ms"] = MISSING_INT64
    empty["tenant_key"] = -1
    return empty


def _or_none(value: float) -> float | None:
    return None if np.isnan(value) else value
