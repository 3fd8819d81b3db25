"""Sends last known positions to the live feed, conflated per truck and never in the data's way."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterator

import numpy as np

from freight.tracking.columns import IntArray, TruckColumns
from store.live_bus import LiveBus
from telemetry import tracing, work

# Batches noted apart before their rows are merged: it bounds the memory, not what is sent.
MARKS_MERGED_AT = 64
TRACES_MAX = 8  # fixed: of one publication; of more, the others' traces end with the commit


class LivePublisher:
    """Remembers which rows are news; however slow Redis is, at most every truck waits once."""

    def __init__(self, bus: LiveBus, columns: TruckColumns, interval_ms_min: float) -> None:
        self._bus = bus
        self._columns = columns
        self._interval_s = interval_ms_min / 1000.0
        self._marked: list[IntArray] = []
        self._news = asyncio.Event()
        # Of what is traced: by which header, and since when it waits.
        self._seen: list[tuple[str, int]] = []
        self._sent = 0
        self._failed = 0

    def mark(self, rows: IntArray) -> None:
        if not len(rows):
            return
        self._marked.append(rows)
        if len(self._seen) < TRACES_MAX and (header := work.traceparent()) is not None:
            self._seen.append((header, time.time_ns()))
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
            seen, self._seen = self._seen, []
            last = self._columns.last.take(rows)
            for tenant_key in np.unique(last["tenant_key"]).tolist():
                mine = last[last["tenant_key"] == tenant_key]
                for header, _ in seen:
                    await self._bus.publish_trace(tenant_key, header)
                if await self._bus.publish_positions(tenant_key, mine):
                    self._sent += len(mine)
                else:
                    self._failed += 1
            for header, since_ns in seen:
                with work.doing(work.resumed(None, header)):
                    tracing.lap("live.publish", since_ns, trucks=len(rows))
            await asyncio.sleep(self._interval_s)
