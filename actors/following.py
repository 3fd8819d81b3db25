"""Following the log of facts: each is taken up once, in the transaction of what follows from it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from itertools import groupby

from actors.booking_writing import TenantName
from actors.desk import WorkDesk
from config.sections.pace import Following
from store import following
from store.events import StoredEvent
from store.postgres import STORE_FAILURES, AnyConnection
from telemetry import tracing, work
from telemetry.spans import Kind

log = logging.getLogger(__name__)

# What follows from facts of one tenant, oldest number first, written over the connection.
TakeUp = Callable[[AnyConnection, TenantName, Sequence[StoredEvent]], Awaitable[None]]


class Follower:
    """One name, one cursor. Whoever comes after one that died goes on where it was."""

    def __init__(
        self,
        name: str,
        desk: WorkDesk,
        limits: Callable[[], Following],
        take_up: TakeUp,
        types: Sequence[str] = (),
        *,
        apart: bool = True,
    ) -> None:
        """`apart`: what follows from facts of one piece of work is written and told as part of it.
        For who writes nothing that is told, all that is fresh of a tenant is one transaction."""
        self.name = name
        self._desk = desk
        self._limits = limits
        self._take_up = take_up
        self._types = types
        self._together = _by_work if apart else _by_tenant
        self._cursor: int | None = None
        self._kept: int | None = None  # the cursor as it is written down
        self._kept_s = float("-inf")
        self._took_all = False

    async def go_on(self) -> int:
        """How many facts were taken up."""
        limits = self._limits()
        if self._took_all:
            await asyncio.sleep(limits.gather_s)
        async with self._desk.system.acquire() as conn:
            if self._cursor is None:
                self._cursor = self._kept = await following.cursor(conn, self.name)
            # Asked before what is fresh: all up to it is then seen, or was taken up.
            upto = await following.settled(
                conn, self._cursor, limits.settle_s, limits.settle_facts_max
            )
            facts = await following.fresh(
                conn, self.name, self._cursor, self._types, limits.facts_max
            )
        for _, together in groupby(sorted(facts, key=_by_tenant), key=self._together):
            await self._take(list(together))
        if len(facts) == limits.facts_max:
            upto = min(upto, facts[-1].seq)
        self._cursor = max(self._cursor, upto)
        await self._keep(self._cursor, limits)
        self._took_all = 0 < len(facts) < limits.facts_max
        return len(facts)

    async def _keep(self, cursor: int, limits: Following) -> None:
        """Who goes on from an older cursor meets facts that are known to be taken."""
        now_s = time.monotonic()
        if cursor == self._kept or now_s - self._kept_s < limits.kept_every_s:
            return
        async with self._desk.system.acquire() as conn:
            await following.keep_cursor(conn, self.name, cursor)
        self._kept, self._kept_s = cursor, now_s

    async def _take(self, facts: list[StoredEvent]) -> None:
        """Together; when that cannot be, one by one, and what cannot be is kept with its trouble
        and holds up no other."""
        tenant = TenantName(facts[0].tenant_key, facts[0].tenant)
        with work.doing(_work_of(facts)), tracing.span(f"{self.name} follows", Kind.CONSUMER):
            work.note(tenant=tenant.id)
            await self._take_of_work(tenant, facts)

    async def _take_of_work(self, tenant: TenantName, facts: list[StoredEvent]) -> None:
        try:
            await self._take_together(tenant, facts)
            self._tell(facts)
        except STORE_FAILURES:
            raise
        except Exception:
            log.exception("%s takes facts of %s one by one", self.name, tenant.id)
            for fact in facts:
                await self._take_alone(tenant, fact)

    def _tell(self, facts: Sequence[StoredEvent]) -> None:
        """Of what somebody asked for; the many facts of trucks are nobody's request."""
        for fact in facts:
            if fact.correlation is not None:
                with work.doing(_work_of([fact])):
                    work.note(tenant=fact.tenant)
                    work.note_subject(fact.subject)
                    said = {"follower": self.name, "event": str(fact.id), "type": fact.type}
                    log.info("taken up", extra={"fields": said})

    async def _take_together(self, tenant: TenantName, facts: Sequence[StoredEvent]) -> None:
        async with self._desk.writing(tenant) as conn:
            numbers = [fact.seq for fact in facts]
            new = await following.take(conn, self.name, tenant.key, numbers)
            if new:
                await self._take_up(conn, tenant, [fact for fact in facts if fact.seq in new])

    async def _take_alone(self, tenant: TenantName, fact: StoredEvent) -> None:
        try:
            await self._take_together(tenant, [fact])
        except STORE_FAILURES:
            raise
        except Exception as error:
            log.exception("%s cannot take up fact %s of %s", self.name, fact.id, tenant.id)
            trouble = f"{type(error).__name__}: {error}"[: self._limits().trouble_chars_max]
            async with self._desk.writing(tenant) as conn:
                await following.take(conn, self.name, tenant.key, [fact.seq], trouble)


def _by_tenant(fact: StoredEvent) -> int:
    return fact.tenant_key


def _by_work(fact: StoredEvent) -> tuple[int, str | None, str | None]:
    return fact.tenant_key, fact.correlation, fact.traceparent


def _work_of(facts: Sequence[StoredEvent]) -> work.Work:
    """Nobody's in particular when they came of several."""
    first = facts[0]
    if any(_by_work(fact) != _by_work(first) for fact in facts):
        return work.Work()
    return work.resumed(first.correlation, first.traceparent)


async def tell_lag(
    desk: WorkDesk, followers: Sequence[str], limit: int, counts: MutableMapping[str, float]
) -> int:
    """A round that moves nothing: how far each is behind, for metrics."""
    for name in followers:
        async with desk.system.acquire() as conn:
            lag = await following.lag(conn, name, limit)
        counts[f"{name}_waiting"] = lag.waiting
        counts[f"{name}_oldest_s"] = lag.oldest_s
        counts[f"{name}_troubles"] = lag.troubles
    return 0
