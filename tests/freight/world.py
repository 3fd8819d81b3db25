"""A tiny in-memory stand for the shard's shell: folds, keeps what Postgres would keep."""

from __future__ import annotations

import dataclasses
import uuid
from typing import Any

import numpy as np

from freight.events import TruckEvent
from freight.fixes import FIX_DTYPE, FixArray
from freight.tracking.columns import TruckColumns
from freight.tracking.fences import FenceBook
from freight.tracking.fold import fold
from freight.tracking.folding import World
from freight.tracking.late import CORRECTED, RETRACTED, KnownEvent, Window, settle
from freight.tracking.names import TruckName

TENANT_KEY = 7
RECEIVED_MS = 2_000_000_000_000


@dataclasses.dataclass(frozen=True)
class Change:
    """A fence version as the store gives it."""

    fence_id: str
    shape: dict[str, Any] | None
    revision: int
    tenant_key: int = TENANT_KEY
    name: str = "Yard"
    kind: str | None = "depot"
    version: int = 1
    valid_from_ms: int = 0
    group: str | None = None
    dwell_s: float | None = None
    speed_limit_kmh: float | None = None
    schedule: dict[str, Any] | None = None
    crossings: bool = False
    notify: tuple[str, ...] | None = None
    truck_classes: tuple[str, ...] | None = None


def square(west: float, south: float, size: float = 1.0) -> dict[str, Any]:
    ring = [
        [west, south],
        [west + size, south],
        [west + size, south + size],
        [west, south + size],
        [west, south],
    ]
    return {"type": "Polygon", "coordinates": [ring]}


def fixes_of(*rows: tuple[int, int, float, float]) -> FixArray:
    """(truck key, device time in ms, lat, lon)"""
    fixes = np.zeros(len(rows), dtype=FIX_DTYPE)
    fixes["tenant_key"] = TENANT_KEY
    fixes["received_ms"] = RECEIVED_MS
    for i, (truck, ts_ms, lat, lon) in enumerate(rows):
        fixes["truck_key"][i], fixes["ts_ms"][i] = truck, ts_ms
        fixes["lat"][i], fixes["lon"][i] = lat, lon
    return fixes


class MemoryShard:
    def __init__(self, book: FenceBook) -> None:
        self.columns = TruckColumns()
        self.book = book
        self.names = {key: TruckName("acme", f"T{key}") for key in range(1, 10)}
        self.fixes: dict[tuple[int, int], np.void] = {}
        self.events: list[TruckEvent] = []
        self._ids: set[uuid.UUID] = set()

    def take(self, batch: FixArray) -> None:
        world = World(self.book, self.names, RECEIVED_MS)
        folding = fold(self.columns, batch, world)
        self._keep(folding.fixes)
        self._tell(folding.events)
        older = folding.given[folding.older_index]
        new = [i for i, f in enumerate(older) if self._key(f) not in self.fixes]
        self._keep(older[new])
        for truck in np.unique(older[new]["truck_key"]).tolist():
            late = older[new][older[new]["truck_key"] == truck]
            self._tell(settle(self._window(truck, late["ts_ms"]), world))
        self.columns.apply(folding, RECEIVED_MS)

    def standing(self, truck: int) -> set[tuple[str, str, int]]:
        """(type, fence, device time) of what is true in the end."""
        out: dict[uuid.UUID, tuple[str, str, int]] = {}
        facts: dict[uuid.UUID, tuple[str, str, int]] = {}
        for event in self.events:
            if event.truck_key != truck:
                continue
            if event.type == RETRACTED:
                del out[uuid.UUID(event.data["replaces"])]
            elif event.type == CORRECTED:
                about = uuid.UUID(event.data["replaces"])
                out[about] = facts[about]
            else:
                facts[event.id] = out[event.id] = (event.type, event.data["fence"], event.time_ms)
        return set(out.values())

    @staticmethod
    def _key(fix: np.void) -> tuple[int, int]:
        return int(fix["truck_key"]), int(fix["ts_ms"])

    def _keep(self, fixes: FixArray) -> None:
        for fix in fixes:
            assert self._key(fix) not in self.fixes, "COPY would have hit the primary key"
            self.fixes[self._key(fix)] = fix

    def _tell(self, events: list[TruckEvent]) -> None:
        for event in events:
            if event.id not in self._ids:
                self._ids.add(event.id)
                self.events.append(event)

    def _window(self, truck: int, times_ms: Any) -> Window:
        mine = sorted(ts for key, ts in self.fixes if key == truck)
        first, last = int(min(times_ms)), int(max(times_ms))
        before = [ts for ts in mine if ts < first][-1:]
        after = [ts for ts in mine if ts > last][:1]
        span = [*before, *(ts for ts in mine if first <= ts <= last), *after]
        fixes = np.array([self.fixes[truck, ts] for ts in span], dtype=FIX_DTYPE)
        known = [
            KnownEvent(e.id, e.type, e.time_ms, e.data)
            for e in self.events
            if e.truck_key == truck and span[0] <= e.time_ms <= span[-1]
        ]
        return Window(fixes, bool(before), known)
