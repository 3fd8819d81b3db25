"""The way to one shard: one batch at a time and in order; what waits meanwhile goes together.

Ray may run two calls of one actor in either order, and a truck's fixes that come behind newer ones
have to be folded in as late ones, which costs many times as much. And what a batch costs besides
its fixes is paid once for all that waited.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque

from config.sections.ingest import Ingest
from freight.fixes import FixBatch
from ingest.commit import CommitsBatches, commit
from telemetry import work

# A batch of one fix that no shard takes, and why.
Hopeless = list[tuple[FixBatch, str]]


class _Waiting:
    """One window's batch, of whichever work."""

    def __init__(self, batch: FixBatch) -> None:
        self.batch = batch
        self.of = work.carried()
        self.hopeless: Hopeless | None = None  # None: not stored yet

    def is_of_mine(self, fix: FixBatch) -> bool:
        mine, one = self.batch.fixes, fix.fixes[0]
        same = (mine["truck_key"] == one["truck_key"]) & (mine["ts_ms"] == one["ts_ms"])
        return bool(same.any())


class ShardLine:
    """Who comes to its turn takes those behind it along; they find their work done."""

    def __init__(self, shard: CommitsBatches, limits: Ingest, counts: Counter[str]) -> None:
        self._shard = shard
        self._limits = limits
        self._counts = counts
        self._turn = asyncio.Lock()  # gives turns in the order in which they are asked for
        self._waiting: deque[_Waiting] = deque()

    async def store(self, batch: FixBatch) -> Hopeless:
        """Returns once all of the batch is committed, however often the shard dies meanwhile; the
        fixes that it will never take, each as a batch with the reason."""
        mine = _Waiting(batch)
        self._waiting.append(mine)
        try:
            async with self._turn:
                if mine.hopeless is None:
                    await self._send_first()
        finally:
            if mine.hopeless is None:
                self._waiting.remove(mine)
        return mine.hopeless or []

    async def _send_first(self) -> None:
        """Interrupted, it leaves everybody where they wait."""
        group = self._group()
        batch = FixBatch.together([each.batch for each in group])
        hopeless = await commit(self._shard, batch, self._limits, self._counts)
        for each in group:
            each.hopeless = [told for told in hopeless if each.is_of_mine(told[0])]
        # Not so many as the group had: who was cancelled meanwhile has left.
        while self._waiting and self._waiting[0].hopeless is not None:
            self._waiting.popleft()

    def _group(self) -> list[_Waiting]:
        """From the first on, all of the same work: what comes of fixes is told as part of it."""
        group: list[_Waiting] = []
        fixes = 0
        for each in self._waiting:
            fixes += len(each.batch.fixes)
            if group and (
                each.of != group[0].of or fixes > self._limits.batching.fixes_together_max
            ):
                break
            group.append(each)
        return group
