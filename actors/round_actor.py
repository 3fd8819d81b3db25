"""The shell of an actor that makes rounds: what it tells about itself, how it starts and stops."""

from __future__ import annotations

import abc
import contextlib
from typing import ClassVar

from actors.life import live
from actors.making_rounds import MakingRounds
from actors.service_tokens import guard_of
from actors.stats import ActorStats, stats_of
from actors.vault_patience import open_patient_secrets
from config.policy import policy
from config.sections.pace import Pace
from config.snapshot import Handed, take_over
from providers.metering import Meter
from store.installed import installation
from store.key_file import KeyFile
from store.provider_secrets import ProviderSecrets
from telemetry import process


class RoundActor(abc.ABC):
    """What there is to do stands in the store, and every step is one transaction, so that whoever
    comes after one that died goes on where it was."""

    name: ClassVar[str]

    def __init__(self, handed: Handed) -> None:
        take_over(handed)
        process.begin(self.name, installation())
        self._guard = guard_of(self.name)
        self._rounds = MakingRounds(self._pace)
        self._life = live(self._run(), f"{self.name}-life")

    async def stats(self, token: str) -> ActorStats:
        self._guard.admit(token)
        return stats_of(self.name, self.name, dict(self._rounds.counts), self._rounds.trouble)

    async def drain(self, token: str) -> None:
        """Begins nothing more, and answers when what is under way is written."""
        self._guard.admit(token)
        await self._rounds.drain()

    @abc.abstractmethod
    def _pace(self) -> Pace: ...

    @abc.abstractmethod
    async def _run(self) -> None:
        """For ever."""

    def _secrets(self, stack: contextlib.AsyncExitStack, meter: Meter) -> ProviderSecrets:
        """For the accounts at other people's services."""
        where = installation()
        secrets = open_patient_secrets(where.secrets, KeyFile(where.key_file), policy, meter)
        stack.push_async_callback(secrets.close)
        return ProviderSecrets(secrets, f"service:{self.name}")
