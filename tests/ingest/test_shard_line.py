"""The way to one shard: in order, one batch at a time, together with what waited meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter

import numpy as np
import pytest

from actors.handles import BatchRefusedError
from config.policy import policy
from config.sections.ingest import Ingest
from freight.fixes import FIX_DTYPE, FixBatch
from ingest.shard_line import ShardLine
from telemetry import work
from telemetry.work import Work


class Shard:
    """Answers when it is told to; sees that nobody else is with it."""

    def __init__(self, trips_over: frozenset[int] = frozenset()) -> None:
        self.batches: list[list[int]] = []
        self.works: list[str] = []
        self.go_on = asyncio.Semaphore(0)
        self._is_busy = False
        self._trips_over = trips_over

    async def fold(self, batch: FixBatch) -> int:
        assert not self._is_busy
        seqs = batch.fixes["seq"].tolist()
        assert batch.extras == {i: b"%d" % seq for i, seq in enumerate(seqs) if seq % 3 == 0}
        self._is_busy = True
        try:
            await self.go_on.acquire()
        finally:
            self._is_busy = False
        if self._trips_over & set(seqs):
            raise BatchRefusedError("KeyError: 17")
        self.batches.append(seqs)
        self.works.append(work.correlation_id())
        return 0


def batch(*seqs: int) -> FixBatch:
    fixes = np.zeros(len(seqs), dtype=FIX_DTYPE)
    fixes["seq"] = fixes["ts_ms"] = seqs
    return FixBatch(fixes, {i: b"%d" % seq for i, seq in enumerate(seqs) if seq % 3 == 0})


@pytest.fixture
def limits() -> Ingest:
    ingest = policy().ingest
    batching = ingest.batching.model_copy(
        update={"fixes_together_max": 6, "failures_before_split": 1}
    )
    waits = {"retry_wait_s_min": 1e-6, "retry_wait_s_max": 1e-6}
    return ingest.model_copy(update={"batching": batching, **waits})


async def turn() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_what_waits_goes_together_and_in_order(limits: Ingest) -> None:
    shard = Shard()
    line = ShardLine(shard, limits, Counter())
    tasks = [asyncio.create_task(line.store(batch(2 * i, 2 * i + 1))) for i in range(5)]
    await turn()
    shard.go_on.release()
    await turn()

    assert [task.done() for task in tasks] == [True, False, False, False, False]

    shard.go_on.release()
    await turn()
    shard.go_on.release()

    assert await asyncio.gather(*tasks) == [[]] * 5
    assert shard.batches == [[0, 1], [2, 3, 4, 5, 6, 7], [8, 9]]


async def test_a_batch_above_the_limit_goes_alone_and_whole(limits: Ingest) -> None:
    shard = Shard()
    line = ShardLine(shard, limits, Counter())
    for _ in range(3):
        shard.go_on.release()

    await asyncio.gather(*(line.store(each) for each in (batch(1), batch(*range(9)), batch(9))))

    assert shard.batches == [[1], list(range(9)), [9]]


async def test_fixes_of_different_work_are_told_apart(limits: Ingest) -> None:
    shard = Shard()
    line = ShardLine(shard, limits, Counter())

    async def store(of: str, seq: int) -> None:
        with work.doing(Work(of)):
            await line.store(batch(seq))

    tasks = [asyncio.create_task(store(of, i)) for i, of in enumerate(["", "a", "a", "b", ""])]
    await turn()
    for _ in range(4):
        shard.go_on.release()
    await asyncio.gather(*tasks)

    assert shard.batches == [[0], [1, 2], [3], [4]]
    assert shard.works == ["", "a", "b", ""]


async def test_each_is_told_of_its_own_fixes_that_no_shard_takes(limits: Ingest) -> None:
    shard = Shard(trips_over=frozenset({2, 5}))
    line = ShardLine(shard, limits, Counter())
    for _ in range(50):
        shard.go_on.release()

    found = await asyncio.gather(
        *(line.store(each) for each in (batch(0), batch(1, 2), batch(3), batch(4, 5)))
    )

    assert [[int(one.fixes["seq"][0]) for one, _ in told] for told in found] == [[], [2], [], [5]]
    assert sorted(seq for each in shard.batches for seq in each) == [0, 1, 3, 4]


@pytest.mark.parametrize("gone", [0, 1, 2, 3])
async def test_who_goes_away_holds_up_nobody(gone: int, limits: Ingest) -> None:
    shard = Shard()
    line = ShardLine(shard, limits, Counter())
    tasks = [asyncio.create_task(line.store(batch(i))) for i in range(4)]
    await turn()
    tasks[gone].cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await tasks[gone]
    for _ in range(4):
        shard.go_on.release()
    others = [task for i, task in enumerate(tasks) if i != gone]

    assert await asyncio.gather(*others) == [[]] * 3
    seen = [seq for each in shard.batches for seq in each]
    assert [seq for seq in seen if seq != gone] == [i for i in range(4) if i != gone]


async def test_who_is_interrupted_leaves_the_others_where_they_wait(limits: Ingest) -> None:
    shard = Shard()
    line = ShardLine(shard, limits, Counter())
    tasks = [asyncio.create_task(line.store(batch(i))) for i in range(4)]
    shard.go_on.release()
    await asyncio.wait([tasks[0]])
    await turn()  # now 1 is with the shard, and has taken 2 and 3 along
    tasks[1].cancel()
    tasks[2].cancel()
    await turn()
    shard.go_on.release()

    assert await tasks[3] == []
    assert shard.batches == [[0], [3]]
