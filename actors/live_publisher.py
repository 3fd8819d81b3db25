"""Sends last known positions to the live feed, conflated per truck and never in the data's way."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator

import numpy as np

from freight.tracking.columns import IntArray, TruckColumns
from store.live_bus import LiveBus

# Batches noted apart before their rows are merged: it bounds the memory, not what is sent.
MARKS_MERGED_AT = 64


class LivePublisher:
    """Remembers which rows are news; however slow Redis is, at most every truck waits once."""

    def __init__(self, bus: LiveBus, columns: TruckColumns, interval_ms_min: float) -> None:
        self._bus = bus
        self._columns = columns
        self._interval_s = interval_ms_min / 1000.0
        self._marked: list[IntArray] = []
        self._news = asyncio.Event()
        self._sent = 0
        self._failed = 0

    def mark(self, rows: IntArray) -> None:
        if not len(rows):
            return
        self._marked.append(rows)
        if len(self._marked) > MARKS_MERGED_AT:
            self._marked = [np.unique(np.concatenate(self._marked))]
        self._news.set()

    def values(self) -> dict[str, float]:
        return {"live_rows_sent_total": self._sent, "live_publish_failures_total": self._failed}

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        task = asyncio.get_running_loop().create_task(self._run(), name="live-publisher")
        try:
            yield
        finally:
            task.cancel()

    async def _run(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            rows = np.unique(np.concatenate(self._marked))
            self._marked.clear()
            last = self._columns.last[rows]
            for tenant_key in np.unique(last["tenant_key"]).tolist():
                mine = last[last["tenant_key"] == tenant_key]
                if await self._bus.publish_positions(tenant_key, mine):
                    self._sent += len(mine)
                else:
                    self._failed += 1
            await asyncio.sleep(self._interval_s)
