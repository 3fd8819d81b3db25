"""The Ray actor that keeps the books up with what happens: it makes its rounds for ever."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter

from actors.configured import following_configuration
from actors.handles import BOOKKEEPER
from actors.life import live, now_ms
from actors.money.desk import Desk
from actors.money.rounds import ROUNDS, Round
from actors.service_tokens import guard_of
from actors.stats import ActorStats, stats_of
from config.installation import DatabaseRole
from config.policy import policy, process_settings
from config.snapshot import Handed, take_over
from providers.opening import Providers, open_providers
from store import dues
from store.installed import installation
from store.key_file import KeyFile
from store.personal import PersonalData
from store.postgres import STORE_FAILURES, open_pool
from store.provider_secrets import ProviderSecrets
from store.secrets import open_secrets

log = logging.getLogger(__name__)
READER = "service:bookkeeper"


class Bookkeeper:
    """A shell: each round finds in the store what there is to do, and every step of it is one
    transaction, so that whoever comes after one that died goes on where it was."""

    def __init__(self, handed: Handed) -> None:
        take_over(handed)
        self._guard = guard_of(BOOKKEEPER)
        self._troubles: dict[str, str] = {"start": "starting"}
        self._counts: Counter[str] = Counter()
        self._life = live(self._run(), "bookkeeper-life")

    async def stats(self, token: str) -> ActorStats:
        self._guard.admit(token)
        values = {name: float(count) for name, count in self._counts.items()}
        trouble = "; ".join(f"{name}: {why}" for name, why in sorted(self._troubles.items()))
        return stats_of("bookkeeper", BOOKKEEPER, values, trouble or None)

    async def _run(self) -> None:
        async with contextlib.AsyncExitStack() as stack:
            where, storage = installation().postgres, policy().storage
            app = await open_pool(where, DatabaseRole.APP, storage.system_pool, storage)
            stack.push_async_callback(app.close)
            system = await open_pool(where, DatabaseRole.SYSTEM, storage.system_pool, storage)
            stack.push_async_callback(system.close)
            await stack.enter_async_context(following_configuration(system))
            personal = PersonalData(KeyFile(installation().key_file))
            providers = self._providers(stack)
            desk = Desk(app, system, process_settings(), now_ms, providers, personal)
            self._troubles.pop("start")
            async with asyncio.TaskGroup() as rounds:
                for name, one in {**ROUNDS, "stuck": self._tell_stuck}.items():
                    rounds.create_task(self._go_round(name, one, desk), name=f"round-{name}")

    async def _tell_stuck(self, desk: Desk) -> int:
        """Bookings that the books cannot look at are no reason to stop, and one to be told."""
        async with desk.system.acquire() as conn:
            found = await dues.stuck(conn, policy().bookkeeper.stuck_tries)
        self._counts["stuck_bookings"] = found.bookings
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
        providers = open_providers(process_settings(), sandbox, source, now_ms, eway_sandbox=portal)
        stack.push_async_callback(providers.close)
        return providers

    async def _go_round(self, name: str, one: Round, desk: Desk) -> None:
        """While there is something to do there is no pause."""
        wait_s = policy().bookkeeper.every_s[name]
        while True:
            limits = policy().bookkeeper
            try:
                moved = await one(desk)
                self._counts[f"{name}_total"] += moved
                self._troubles.pop(name, None)
                wait_s = 0.0 if moved else limits.every_s[name]
            except STORE_FAILURES as error:
                self._troubles[name] = f"{type(error).__name__}: {error}"
                log.warning("the round of %s waits: %s", name, self._troubles[name])
                wait_s = min(max(wait_s, limits.retry_wait_s_min) * 2, limits.retry_wait_s_max)
            await asyncio.sleep(wait_s)
