"""The Ray actor that finds trucks for legs, one tenant after another, window by window."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import Counter

from actors import measures
from actors.booking_writing import TenantName
from actors.configured import following_configuration
from actors.dispatch_round import DispatchRounds
from actors.handles import DISPATCHER, ActorAwayError, TruckShards
from actors.life import live
from actors.service_tokens import guard_of, maker_for
from actors.stats import ActorStats, stats_of
from config.installation import DatabaseRole
from config.policy import policy, policy_of, process_settings
from config.snapshot import Handed, take_over
from store import dispatch
from store.dispatch import WaitingTenant
from store.installed import installation
from store.postgres import STORE_FAILURES, AnyPool, open_pool
from telemetry import process

log = logging.getLogger(__name__)


class Dispatcher:
    """A shell: it goes round. Two at once would do no harm, since bookings and the database
    decide; one is enough."""

    def __init__(self, handed: Handed) -> None:
        take_over(handed)
        process.begin(DISPATCHER, installation())
        self._guard = guard_of(DISPATCHER)
        self._trouble: str | None = "starting"
        self._counts: Counter[str] = Counter()
        self._begun_s: dict[int, float] = {}
        self._round_s = 0.0
        self._life = live(self._run(), "dispatcher-life")

    async def stats(self, token: str) -> ActorStats:
        self._guard.admit(token)
        values = {name: float(count) for name, count in self._counts.items()}
        return stats_of(
            "dispatcher", DISPATCHER, {**values, "round_s": self._round_s}, self._trouble
        )

    async def _run(self) -> None:
        async with contextlib.AsyncExitStack() as stack:
            where, storage = installation().postgres, policy().storage
            app = await open_pool(where, DatabaseRole.APP, storage.system_pool, storage)
            stack.push_async_callback(app.close)
            system = await open_pool(where, DatabaseRole.SYSTEM, storage.system_pool, storage)
            stack.push_async_callback(system.close)
            await stack.enter_async_context(following_configuration(system))
            actors = TruckShards.from_policy(policy(), maker_for(installation(), DISPATCHER))
            rounds = DispatchRounds(app, system, actors, process_settings())
            await self._go_round(rounds, system)

    async def _go_round(self, rounds: DispatchRounds, system: AnyPool) -> None:
        wait_s = policy().dispatcher.look_s
        while True:
            limits = policy().dispatcher
            try:
                async with system.acquire() as conn:
                    tenants = await dispatch.tenants_waiting(conn)
                for tenant in tenants:
                    if self._is_due(tenant):
                        await self._round(rounds, tenant)
                self._trouble, wait_s = None, limits.look_s
            except (ActorAwayError, *STORE_FAILURES) as error:
                self._trouble = f"{type(error).__name__}: {error}"
                log.warning("dispatching waits: %s", self._trouble)
                wait_s = min(wait_s * 2, limits.retry_wait_s_max)
            await asyncio.sleep(wait_s)

    def _is_due(self, tenant: WaitingTenant) -> bool:
        """Legs are gathered for a window before they are matched together."""
        window_s = policy_of(tenant.id).dispatch.matching.window_s
        begun_s = self._begun_s.get(tenant.key)
        return begun_s is None or time.monotonic() - begun_s >= window_s

    async def _round(self, rounds: DispatchRounds, tenant: WaitingTenant) -> None:
        self._begun_s[tenant.key] = started_s = time.monotonic()
        done = await rounds.run(TenantName(tenant.key, tenant.id))
        self._round_s = time.monotonic() - started_s
        measures.dispatch_round_s.observe(self._round_s)
        self._counts["rounds_total"] += 1
        self._counts["asked_total"] += done.asked
        self._counts["refused_total"] += done.refused
        self._counts["changed_total"] += done.changed
