"""The Ray actor that keeps the books up with what happens: it makes its rounds for ever."""

from __future__ import annotations

import contextlib
import logging
from functools import partial

from actors.desk import open_desk
from actors.handles import BOOKKEEPER
from actors.life import live, now_ms
from actors.making_rounds import MakingRounds
from actors.money.desk import Desk
from actors.money.rounds import ROUNDS
from actors.service_tokens import guard_of
from actors.stats import ActorStats, stats_of
from config.policy import policy, process_settings
from config.snapshot import Handed, take_over
from providers.metering import ProviderMetrics
from providers.opening import Providers, open_providers
from store import dues
from store.installed import installation
from store.key_file import KeyFile
from store.personal import PersonalData
from store.provider_secrets import ProviderSecrets
from store.secrets import open_secrets
from telemetry import process
from telemetry.figures import REGISTRY

log = logging.getLogger(__name__)
READER = "service:bookkeeper"


class Bookkeeper:
    """A shell: each round finds in the store what there is to do, and every step of it is one
    transaction, so that whoever comes after one that died goes on where it was."""

    def __init__(self, handed: Handed) -> None:
        take_over(handed)
        process.begin(BOOKKEEPER, installation())
        self._guard = guard_of(BOOKKEEPER)
        self._rounds = MakingRounds(lambda: policy().bookkeeper)
        self._life = live(self._run(), "bookkeeper-life")

    async def stats(self, token: str) -> ActorStats:
        self._guard.admit(token)
        return stats_of("bookkeeper", BOOKKEEPER, dict(self._rounds.counts), self._rounds.trouble)

    async def drain(self, token: str) -> None:
        """Begins nothing more, and answers when what is under way is written."""
        self._guard.admit(token)
        await self._rounds.drain()

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

    @staticmethod
    def _providers(stack: contextlib.AsyncExitStack) -> Providers:
        where = installation()
        secrets = open_secrets(where.secrets, KeyFile(where.key_file), lambda: policy().secrets)
        stack.push_async_callback(secrets.close)
        source = ProviderSecrets(secrets, READER)
        sandbox, portal = where.payment_sandbox, where.eway_sandbox
        meter = ProviderMetrics(REGISTRY)
        providers = open_providers(
            process_settings(), sandbox, source, now_ms, meter, eway_sandbox=portal
        )
        stack.push_async_callback(providers.close)
        return providers
