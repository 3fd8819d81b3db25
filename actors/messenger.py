"""The Ray actor that tells people and other systems: notifications and webhooks."""

from __future__ import annotations

import contextlib

from actors.desk import open_desk
from actors.handles import MESSENGER
from actors.life import now_ms
from actors.messages.notification_desk import MessageDesk
from actors.messages.rounds import rounds_of
from actors.round_actor import RoundActor
from config.policy import policy, process_settings
from config.sections.pace import Pace
from providers.messaging.opening import Channels
from providers.metering import ProviderMetrics
from store.installed import installation
from store.key_file import KeyFile
from store.personal import PersonalData
from telemetry.figures import REGISTRY


class Messenger(RoundActor):
    name = MESSENGER

    def _pace(self) -> Pace:
        return policy().messenger

    async def _run(self) -> None:
        async with contextlib.AsyncExitStack() as stack:
            own = await stack.enter_async_context(open_desk())
            personal = PersonalData(KeyFile(installation().key_file))
            channels = self._channels(stack)
            desk = MessageDesk(own.app, own.system, own.settings, own.now_ms, channels, personal)
            await self._rounds.go(rounds_of(desk, self._rounds.counts))

    def _channels(self, stack: contextlib.AsyncExitStack) -> Channels:
        meter = ProviderMetrics(REGISTRY)
        source = self._secrets(stack, meter)
        sandbox = installation().messaging_sandbox
        channels = Channels(process_settings(), sandbox, source, now_ms, meter)
        stack.push_async_callback(channels.close)
        return channels
