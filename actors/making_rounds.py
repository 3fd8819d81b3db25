"""How an actor that works in the background goes round: each round at its own pace, for ever."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping

from config.sections.pace import Pace
from store.postgres import STORE_FAILURES

log = logging.getLogger(__name__)

# How many things it moved. Two at once do no harm, nor does one that was broken off.
Round = Callable[[], Awaitable[int]]


class MakingRounds:
    """While there is something to do there is no pause; a store that is away is waited for."""

    def __init__(self, pace: Callable[[], Pace]) -> None:
        self._pace = pace
        self._troubles: dict[str, str] = {"start": "starting"}
        self.counts: defaultdict[str, float] = defaultdict(float)
        self._under_way = 0
        self._is_over = False
        self._all_done = asyncio.Event()
        self._all_done.set()

    @property
    def trouble(self) -> str | None:
        told = "; ".join(f"{name}: {why}" for name, why in sorted(self._troubles.items()))
        return told or None

    async def go(self, rounds: Mapping[str, Round]) -> None:
        self._troubles.pop("start", None)
        async with asyncio.TaskGroup() as group:
            for name, one in rounds.items():
                group.create_task(self._go_round(name, one), name=f"round-{name}")

    async def drain(self) -> None:
        """No round begins any more; returns when those under way have finished their step."""
        self._is_over = True
        self._troubles["drain"] = "draining"
        await self._all_done.wait()

    async def _one(self, one: Round) -> int:
        if self._is_over:
            return 0
        self._under_way += 1
        self._all_done.clear()
        try:
            return await one()
        finally:
            self._under_way -= 1
            if not self._under_way:
                self._all_done.set()

    async def _go_round(self, name: str, one: Round) -> None:
        wait_s = self._pace().every_s[name]
        while True:
            pace = self._pace()
            try:
                moved = await self._one(one)
                self.counts[f"{name}_total"] += moved
                self._troubles.pop(name, None)
                wait_s = 0.0 if moved else pace.every_s[name]
            except STORE_FAILURES as error:
                self._troubles[name] = f"{type(error).__name__}: {error}"
                log.warning("the round of %s waits: %s", name, self._troubles[name])
                wait_s = min(max(wait_s, pace.retry_wait_s_min) * 2, pace.retry_wait_s_max)
            await asyncio.sleep(wait_s)
