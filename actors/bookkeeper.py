"""The Ray actor that keeps the books up with what happens: it makes its rounds for ever."""

from __future__ import annotations

import contextlib
import logging
from functools import partial

from actors.desk import open_desk
from actors.handles import BOOKKEEPER
from actors.life import now_ms
from actors.money.desk import Desk
from actors.money.rounds import ROUNDS
from actors.round_actor import RoundActor
from config.policy import policy, process_settings
from config.sections.pace import Pace
from providers.metering import ProviderMetrics
from providers.opening import Providers, open_providers
from store import dues
from store.installed import installation
from store.key_file import KeyFile
from store.personal import PersonalData
from telemetry.figures import REGISTRY

log = logging.getLogger(__name__)


class Bookkeeper(RoundActor):
    name = BOOKKEEPER

    def _pace(self) -> Pace:
        return policy().bookkeeper

    async def _run(self) -> None:
        async with contextlib.AsyncExitStack() as stack:
            own = await stack.enter_async_context(open_desk())
            personal = PersonalData(KeyFile(installation().key_file))
            providers = self._providers(stack)
            desk = Desk(own.app, own.system, own.settings, own.now_ms, providers, personal)
            rounds = {**ROUNDS, "stuck": self._tell_stuck}
            await self._rounds.go({name: partial(one, desk) for name, one in rounds.items()})

    async def _tell_stuck(self, desk: Desk) -> int:
        """Bookings that the books cannot look at are no reason to stop, and one to be told."""
        async with desk.system.acquire() as conn:
            found = await dues.stuck(conn, policy().bookkeeper.stuck_tries)
        self._rounds.counts["stuck_bookings"] = found.bookings
        if found.bookings:
            log.error("%d bookings are not in the books, first %s", found.bookings, found.trouble)
        return 0

    def _providers(self, stack: contextlib.AsyncExitStack) -> Providers:
        where, meter = installation(), ProviderMetrics(REGISTRY)
        sandbox, portal = where.payment_sandbox, where.eway_sandbox
        source = self._secrets(stack, meter)
        providers = open_providers(
            process_settings(), sandbox, source, now_ms, meter, eway_sandbox=portal
        )
        stack.push_async_callback(providers.close)
        return providers
