"""The Ray actor that announces committed events: at least once, in order per subject."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import Counter

import msgspec

from actors.configured import following_configuration
from actors.figures import keep_counting
from actors.life import live
from actors.retention import keep_removing
from actors.service_tokens import guard_of
from actors.stats import ActorStats, stats_of
from config.installation import DatabaseRole
from config.policy import policy
from config.sections.relay import Relay
from config.snapshot import Handed, take_over
from store import outbox
from store.installed import installation
from store.live_bus import Event, LiveBus
from store.outbox import OutboxRow
from store.postgres import STORE_FAILURES, AnyPool, open_pool
from telemetry import process, tracing, work

log = logging.getLogger(__name__)


class OutboxRelay:
    """Takes what is oldest, publishes it, then forgets it: a death in between repeats it."""

    def __init__(self, handed: Handed) -> None:
        take_over(handed)
        process.begin("outbox-relay", installation())
        self._guard = guard_of("outbox-relay")
        self._counts: Counter[str] = Counter(announced_total=0)
        self._trouble: str | None = "starting"
        self._backlog = outbox.Backlog(0, 0.0)
        self._life = live(self._run(), "relay-life")

    async def stats(self, token: str) -> ActorStats:
        self._guard.admit(token)
        values = {
            **{name: float(count) for name, count in self._counts.items()},
            "outbox_rows": float(self._backlog.rows),
            "outbox_oldest_s": self._backlog.oldest_s,
        }
        return stats_of("outbox_relay", "outbox-relay", values, self._trouble)

    @property
    def _limits(self) -> Relay:
        return policy().relay

    async def _run(self) -> None:
        async with contextlib.AsyncExitStack() as stack:
            storage = policy().storage
            pool = await open_pool(
                installation().postgres, DatabaseRole.SYSTEM, storage.system_pool, storage
            )
            stack.push_async_callback(pool.close)
            await stack.enter_async_context(following_configuration(pool))
            await stack.enter_async_context(keep_removing(pool))
            await stack.enter_async_context(keep_counting(pool))
            bus = LiveBus(installation().redis, installation().instance)
            stack.push_async_callback(bus.close)
            wait_s = self._limits.poll_s
            while True:
                try:
                    sent_all = await self._relay_some(pool, bus)
                except STORE_FAILURES as error:
                    self._trouble = f"store: {type(error).__name__}: {error}"
                    log.warning("relay waits for the %s", self._trouble)
                    sent_all = False
                if sent_all:
                    self._trouble = None
                    wait_s = self._limits.poll_s
                else:
                    wait_s = min(wait_s * 2, self._limits.retry_wait_s_max)
                await asyncio.sleep(wait_s)

    async def _relay_some(self, pool: AnyPool, bus: LiveBus) -> bool:
        """Announce what waits, oldest first; all of a batch again when Redis did not take it."""
        while True:
            async with pool.acquire() as conn:
                # Most looks find nothing: one cheap question instead of a transaction.
                self._backlog = await outbox.backlog(conn)
                if not self._backlog.rows:
                    return True
                async with conn.transaction():
                    rows = await outbox.take(conn, self._limits.batch_max)
                    took_ns = time.time_ns()
                    news = [Event(row.tenant_key, row.event_seq, row.body) for row in rows]
                    if news and not await bus.publish_events(news):
                        self._trouble = "Redis does not take events"
                        return False
                    await outbox.delete(conn, [row.id for row in rows])
            self._counts["announced_total"] += len(rows)
            for row in rows:
                if row.correlation is not None or row.traceparent is not None:
                    _tell(row, took_ns)
            if len(rows) < self._limits.batch_max:
                return True


class _Told(msgspec.Struct):
    """Of the fact that is announced, what its log line says."""

    id: str
    type: str
    subject: str
    tenant: str


def _tell(row: OutboxRow, took_ns: int) -> None:
    """The work that it came of goes on here, a moment later."""
    told = msgspec.json.decode(row.body, type=_Told)
    with work.doing(work.resumed(row.correlation, row.traceparent)):
        work.note(tenant=told.tenant)
        work.note_subject(told.subject)
        tracing.lap("relay.announce", took_ns, **{"ubertruck.event": told.id})
        log.info("announced", extra={"fields": {"event": told.id, "type": told.type}})
