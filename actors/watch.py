"""The Ray actor that watches what happens, and raises alerts for people to act on."""

from __future__ import annotations

from actors.alerts.rounds import rounds_of
from actors.desk import open_desk
from actors.handles import WATCH, TruckShards
from actors.round_actor import RoundActor
from actors.service_tokens import maker_for
from config.policy import policy
from config.sections.pace import Pace
from store.installed import installation


class Watch(RoundActor):
    name = WATCH

    def _pace(self) -> Pace:
        return policy().watch

    async def _run(self) -> None:
        shards = TruckShards.from_policy(policy(), maker_for(installation(), WATCH))
        async with open_desk() as desk:
            await self._rounds.go(rounds_of(desk, self._rounds.counts, shards.stats))
