"""The Ray actor that tells people and other systems: notifications and webhooks."""

from __future__ import annotations

from actors.desk import open_desk
from actors.handles import MESSENGER
from actors.life import live
from actors.making_rounds import MakingRounds
from actors.messages.rounds import rounds_of
from actors.service_tokens import guard_of
from actors.stats import ActorStats, stats_of
from config.policy import policy
from config.snapshot import Handed, take_over
from store.installed import installation
from telemetry import process


class Messenger:
    """A shell: what there is to do stands in the store, and every step is one transaction."""

    def __init__(self, handed: Handed) -> None:
        take_over(handed)
        process.begin(MESSENGER, installation())
        self._guard = guard_of(MESSENGER)
        self._rounds = MakingRounds(lambda: policy().messenger)
        self._life = live(self._run(), "messenger-life")

    async def stats(self, token: str) -> ActorStats:
        self._guard.admit(token)
        return stats_of("messenger", MESSENGER, dict(self._rounds.counts), self._rounds.trouble)

    async def _run(self) -> None:
        async with open_desk() as desk:
            await self._rounds.go(rounds_of(desk, self._rounds.counts))
