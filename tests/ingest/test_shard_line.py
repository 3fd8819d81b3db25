"""The way to one shard: in order, together with what waited, a full batch ahead of the answer."""

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
    """Takes turns as a real one does, and answers when it is told to."""

    def __init__(
        self, trips_over: frozenset[int] = frozenset(), breaks: Exception | None = None
    ) -> None:
        self.batches: list[list[int]] = []
        self.works: list[str] = []
        self.go_on = asyncio.Semaphore(0)
        self.with_it = 0
        self._turn = asyncio.Lock()
        self._trips_over = trips_over
        self._breaks = breaks

    async def fold(self, batch: FixBatch) -> int:
        seqs = batch.fixes["seq"].tolist()
        assert batch.extras == {i: b"%d" % seq for i, seq in enumerate(seqs) if seq % 3 == 0}
        self.with_it += 1
        try:
            async with self._turn:
                await self.go_on.acquire()
        finally:
            self.with_it -= 1
        if self._breaks is not None:
            raise self._breaks
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
    tasks = [asyncio.create_task(line.store(batch(i))) for i in range(5)]
    await turn()
    shard.go_on.release()
    await turn()

    assert [task.done() for task in tasks] == [True, False, False, False, False]

    shard.go_on.release()

    assert await asyncio.gather(*tasks) == [[]] * 5
    assert shard.batches == [[0], [1, 2, 3, 4]]


async def test_only_what_cannot_grow_goes_ahead_of_the_answer(limits: Ingest) -> None:
    shard = Shard()
    line = ShardLine(shard, limits, Counter())
    seen = []
    tasks = []

    async def come(*seqs: int) -> None:
        tasks.append(asyncio.create_task(line.store(batch(*seqs))))
        await turn()
        seen.append(shard.with_it)

    await come(0)
    await come(1, 2)  # could still grow
    await come(3, 4, 5, 6)  # and is full now
    await come(*range(7, 13))  # full, but two are on their way
    await come(13)
    for _ in range(4):
        shard.go_on.release()
        await turn()
        seen.append(shard.with_it)

    assert await asyncio.gather(*tasks) == [[]] * 5
    assert shard.batches == [[0], [1, 2, 3, 4, 5, 6], [*range(7, 13)], [13]]
    assert seen == [1, 1, 2, 2, 2, 2, 1, 1, 0]


async def test_an_installation_can_have_one_at_a_time(limits: Ingest) -> None:
    batching = limits.batching.model_copy(update={"on_the_way_max": 1})
    shard = Shard()
    line = ShardLine(shard, limits.model_copy(update={"batching": batching}), Counter())
    tasks = [asyncio.create_task(line.store(batch(*range(i, i + 6)))) for i in (0, 6)]
    await turn()

    assert shard.with_it == 1

    for _ in tasks:
        shard.go_on.release()
    await asyncio.gather(*tasks)

    assert shard.batches == [[*range(6)], [*range(6, 12)]]


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


async def test_who_goes_away_from_a_batch_on_its_way_leaves_it_to_the_others(
    limits: Ingest,
) -> None:
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
    assert shard.batches == [[0], [1, 2, 3]]


async def test_an_error_of_the_line_itself_reaches_all_who_wait_for_the_batch(
    limits: Ingest,
) -> None:
    shard = Shard(breaks=ValueError("not a batch"))
    line = ShardLine(shard, limits, Counter())
    tasks = [asyncio.create_task(line.store(batch(i))) for i in range(3)]
    await turn()
    for _ in tasks:
        shard.go_on.release()

    told = await asyncio.gather(*tasks, return_exceptions=True)

    assert [str(one) for one in told] == ["not a batch"] * 3
