"""Bringing batches to a shard that dies, is away, or trips over one of the fixes."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from actors.handles import ActorAwayError, BatchRefusedError
from config.policy import policy
from config.sections.ingest import Ingest
from freight.fixes import FIX_DTYPE, FixBatch
from ingest.commit import commit


class Shard:
    """Commits what it is given, unless told otherwise."""

    def __init__(self, *, away: int = 0, hiccups: int = 0, trips_over: frozenset[int]) -> None:
        self.committed: list[int] = []
        self._away = away
        self._hiccups = hiccups
        self._trips_over = trips_over

    async def fold(self, batch: FixBatch) -> int:
        seqs = batch.fixes["seq"].tolist()
        assert all(batch.extras[i] == b"%d" % seqs[i] for i in batch.extras)
        if self._away:
            self._away -= 1
            raise ActorAwayError("the shard died")
        if self._hiccups:
            self._hiccups -= 1
            raise BatchRefusedError("a passing fault")
        if self._trips_over & set(seqs):
            raise BatchRefusedError("KeyError: 17")
        self.committed += seqs
        return 0


@pytest.fixture
def limits() -> Ingest:
    return policy().ingest.model_copy(update={"retry_wait_s_min": 1e-6, "retry_wait_s_max": 1e-6})


def batch(size: int) -> FixBatch:
    fixes = np.zeros(size, dtype=FIX_DTYPE)
    fixes["seq"] = np.arange(size)
    return FixBatch(fixes, {i: b"%d" % i for i in range(0, size, 3)})


async def test_a_shard_that_is_away_gets_the_same_batch_until_it_takes_it(limits: Ingest) -> None:
    shard = Shard(away=20, trips_over=frozenset())
    counts: Counter[str] = Counter()

    assert await commit(shard, batch(50), limits, counts) == []

    assert shard.committed == list(range(50))
    assert counts["fold_retries_total"] == 20


async def test_a_passing_fault_refuses_nothing(limits: Ingest) -> None:
    shard = Shard(hiccups=limits.batching.failures_before_split - 1, trips_over=frozenset())

    assert await commit(shard, batch(50), limits, Counter()) == []

    assert shard.committed == list(range(50))


@pytest.mark.parametrize("bad", [{0}, {49}, {7, 8, 31}, set(range(50))])
async def test_only_the_fixes_that_do_it_are_given_back(bad: set[int], limits: Ingest) -> None:
    shard = Shard(away=3, trips_over=frozenset(bad))

    hopeless = await commit(shard, batch(50), limits, Counter())

    assert [int(one.fixes["seq"][0]) for one, _ in hopeless] == sorted(bad)
    assert {why for _, why in hopeless} == {"KeyError: 17"}
    assert shard.committed == [seq for seq in range(50) if seq not in bad]
