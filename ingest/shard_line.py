"""The way to one shard: in order, what waits together, and a full batch ahead of the answer.

A truck's fixes that come behind newer ones have to be folded in as late ones, which costs many
times as much, and Ray may run two calls of one actor in either order when they come close together.
And what a batch costs besides its fixes is paid once for all that waited. So what could still grow
waits for the answer to the batch before it. What cannot goes while that one is worked on: the
shard takes it up at once, and would otherwise sit idle for its way.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections import Counter, deque
from collections.abc import Sequence
from functools import partial

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
        # What comes of the batch is told as part of its work, whoever's step it is that sends it.
        self.context = contextvars.copy_context()
        self.told: asyncio.Future[Hopeless] = asyncio.get_running_loop().create_future()

    def is_of_mine(self, fix: FixBatch) -> bool:
        mine, one = self.batch.fixes, fix.fixes[0]
        same = (mine["truck_key"] == one["truck_key"]) & (mine["ts_ms"] == one["ts_ms"])
        return bool(same.any())


class ShardLine:
    """Sends for those who wait; who goes away meanwhile holds up nobody."""

    def __init__(self, shard: CommitsBatches, limits: Ingest, counts: Counter[str]) -> None:
        self._shard = shard
        self._limits = limits
        self._counts = counts
        self._waiting: deque[_Waiting] = deque()
        self._on_the_way: set[asyncio.Task[Hopeless]] = set()

    async def store(self, batch: FixBatch) -> Hopeless:
        """Returns once all of the batch is committed, however often the shard dies meanwhile; the
        fixes that it will never take, each as a batch with the reason."""
        mine = _Waiting(batch)
        self._waiting.append(mine)
        self._send()
        try:
            return await mine.told
        finally:
            if mine in self._waiting:
                self._waiting.remove(mine)

    def _send(self) -> None:
        while self._waiting:
            group, is_full = self._group()
            at_a_time = self._limits.batching.on_the_way_max if is_full else 1
            if len(self._on_the_way) >= at_a_time:
                return
            for _ in group:
                self._waiting.popleft()
            batch = FixBatch.together([each.batch for each in group])
            committing = commit(self._shard, batch, self._limits, self._counts)
            task = asyncio.create_task(committing, context=group[0].context)
            self._on_the_way.add(task)
            task.add_done_callback(partial(self._tell, group))

    def _tell(self, group: Sequence[_Waiting], done: asyncio.Task[Hopeless]) -> None:
        self._on_the_way.remove(done)
        for each in group:
            if each.told.done():
                continue  # went away meanwhile
            if done.cancelled():
                each.told.cancel()
            elif error := done.exception():
                each.told.set_exception(error)
            else:
                each.told.set_result([told for told in done.result() if each.is_of_mine(told[0])])
        self._send()

    def _group(self) -> tuple[list[_Waiting], bool]:
        """From the first on, all of the same work: what comes of fixes is told as part of it.
        And whether nothing that comes later can join them."""
        most = self._limits.batching.fixes_together_max
        group: list[_Waiting] = []
        fixes = 0
        for each in self._waiting:
            fixes += len(each.batch.fixes)
            if group and (each.of != group[0].of or fixes > most):
                return group, True
            group.append(each)
        return group, fixes >= most
