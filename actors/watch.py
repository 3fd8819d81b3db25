"""The Ray actor that watches what happens, and raises alerts for people to act on."""

from __future__ import annotations

from actors.alerts.rounds import rounds_of
from actors.desk import open_desk
from actors.handles import WATCH, TruckShards
from actors.life import live
from actors.making_rounds import MakingRounds
from actors.service_tokens import guard_of, maker_for
from actors.stats import ActorStats, stats_of
from config.policy import policy
from config.snapshot import Handed, take_over
from store.installed import installation
from telemetry import process


class Watch:
    """A shell: what there is to do stands in the store, and every step is one transaction."""

    def __init__(self, handed: Handed) -> None:
        take_over(handed)
        process.begin(WATCH, installation())
        self._guard = guard_of(WATCH)
        self._rounds = MakingRounds(lambda: policy().watch)
        self._life = live(self._run(), "watch-life")

    async def stats(self, token: str) -> ActorStats:
        self._guard.admit(token)
        return stats_of("watch", WATCH, dict(self._rounds.counts), self._rounds.trouble)

    async def drain(self, token: str) -> None:
        """Begins nothing more, and answers when what is under way is written."""
        self._guard.admit(token)
        await self._rounds.drain()

    async def _run(self) -> None:
        shards = TruckShards.from_policy(policy(), maker_for(installation(), WATCH))
        async with open_desk() as desk:
            await self._rounds.go(rounds_of(desk, self._rounds.counts, shards.stats))
