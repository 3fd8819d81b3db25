"""The Ray actor that tells people and other systems: notifications and webhooks."""

from __future__ import annotations

import contextlib

from actors.desk import open_desk
from actors.handles import MESSENGER
from actors.life import live, now_ms
from actors.making_rounds import MakingRounds
from actors.messages.notification_desk import MessageDesk
from actors.messages.rounds import rounds_of
from actors.service_tokens import guard_of
from actors.stats import ActorStats, stats_of
from config.policy import policy, process_settings
from config.snapshot import Handed, take_over
from providers.messaging.opening import Channels
from providers.metering import ProviderMetrics
from store.installed import installation
from store.key_file import KeyFile
from store.personal import PersonalData
from store.provider_secrets import ProviderSecrets
from store.secrets import open_secrets
from telemetry import process
from telemetry.figures import REGISTRY

READER = "service:messenger"


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

    async def drain(self, token: str) -> None:
        """Begins nothing more, and answers when what is under way is written."""
        self._guard.admit(token)
        await self._rounds.drain()

    async def _run(self) -> None:
        async with contextlib.AsyncExitStack() as stack:
            own = await stack.enter_async_context(open_desk())
            personal = PersonalData(KeyFile(installation().key_file))
            channels = self._channels(stack)
            desk = MessageDesk(own.app, own.system, own.settings, own.now_ms, channels, personal)
            await self._rounds.go(rounds_of(desk, self._rounds.counts))

    @staticmethod
    def _channels(stack: contextlib.AsyncExitStack) -> Channels:
        where = installation()
        secrets = open_secrets(where.secrets, KeyFile(where.key_file), lambda: policy().secrets)
        stack.push_async_callback(secrets.close)
        source = ProviderSecrets(secrets, READER)
        meter = ProviderMetrics(REGISTRY)
        channels = Channels(process_settings(), where.messaging_sandbox, source, now_ms, meter)
        stack.push_async_callback(channels.close)
        return channels
