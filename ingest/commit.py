"""Brings a batch to its shard until it is committed, and finds the fix that will never be."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from typing import Protocol

from actors.handles import ActorAwayError, BatchRefusedError
from config.sections.ingest import Ingest
from freight.fixes import FixBatch

log = logging.getLogger(__name__)


class CommitsBatches(Protocol):
    """What a truck shard is to ingest, whichever process it lives in."""

    async def fold(self, batch: FixBatch) -> int: ...


async def commit(
    shard: CommitsBatches, batch: FixBatch, limits: Ingest, counts: Counter[str]
) -> list[tuple[FixBatch, str]]:
    """Returns once all of the batch is committed, however often the shard dies meanwhile.

    A batch over which the shard itself fails again and again is split until the fix that does it
    is alone; such fixes are given back, each as a batch with the reason, and the stream goes on.
    """
    wait_s = limits.retry_wait_s_min
    failures, why = 0, ""
    while failures < limits.batching.failures_before_split:
        try:
            await shard.fold(batch)
            return []
        except ActorAwayError as error:
            why = str(error)
        except BatchRefusedError as error:
            failures += 1
            why = str(error)
        counts["fold_retries_total"] += 1
        log.warning("%d fixes wait for their shard: %s", len(batch.fixes), why)
        await asyncio.sleep(wait_s)
        wait_s = min(wait_s * 2, limits.retry_wait_s_max)
    if len(batch.fixes) == 1:
        return [(batch, why)]
    hopeless: list[tuple[FixBatch, str]] = []
    for half in batch.halves():
        hopeless += await commit(shard, half, limits, counts)
    return hopeless
