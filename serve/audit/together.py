"""Additions that nothing can refuse, written with their audit rows in one transaction for many.

The head of a tenant's audit chain lets one transaction through at a time. Requests that come
together would wait for it one after another, each with the round trips of a transaction of its own.
"""

from __future__ import annotations

import asyncio
import collections
import dataclasses
from collections.abc import Awaitable, Callable

from config.policy import Settings
from serve.audit.trail import AuditTrail
from serve.problems import UnavailableError
from store.audit_chain import Entry
from store.postgres import STORE_AWAY, AnyConnection, AnyPool, as_tenant

Write = Callable[[AnyConnection], Awaitable[None]]


@dataclasses.dataclass(frozen=True, slots=True)
class Addition:
    write: Write | None
    entry: Entry | None
    done: asyncio.Future[None]


class Together:
    """One transaction at a time for each tenant; what comes meanwhile is the next one."""

    def __init__(
        self, pool: AnyPool, turns: asyncio.Semaphore, trail: AuditTrail, settings: Settings
    ) -> None:
        self._pool = pool
        self._turns = turns
        self._trail = trail
        self._settings = settings
        self._waiting: dict[int, collections.deque[Addition]] = {}
        self._writers: set[asyncio.Task[None]] = set()

    async def add(self, tenant_key: int, write: Write | None, entry: Entry | None) -> None:
        """Returns when it is committed; raises what writing it raised. Whoever stops waiting takes
        nothing back."""
        limits = self._settings.now.audit.together
        mine = self._waiting.get(tenant_key)
        if mine is not None and len(mine) >= limits.waiting_max:
            retry_s = self._settings.now.edge.overloaded_retry_s
            raise UnavailableError("too many changes at once; try again", retry_after_s=retry_s)
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if mine is None:
            mine = self._waiting[tenant_key] = collections.deque()
            writer = asyncio.create_task(self._write_all(tenant_key, mine), name="together")
            self._writers.add(writer)
            writer.add_done_callback(self._writers.discard)
        mine.append(Addition(write, entry, done))
        await done

    async def _write_all(self, tenant_key: int, waiting: collections.deque[Addition]) -> None:
        """Until nobody waits any more."""
        while waiting:
            size = min(len(waiting), self._settings.now.audit.together.rows_max)
            await self._settle(tenant_key, [waiting.popleft() for _ in range(size)])
        del self._waiting[tenant_key]

    async def _settle(self, tenant_key: int, some: list[Addition]) -> None:
        try:
            await self._commit(tenant_key, some)
        except Exception as error:  # noqa: BLE001 - handed to who waits for it
            # One that cannot be written must not take the others with it; without the store none
            # of them can.
            if len(some) > 1 and not isinstance(error, STORE_AWAY):
                for one in some:
                    await self._settle(tenant_key, [one])
                return
            for one in some:
                if not one.done.done():
                    one.done.set_exception(error)
        else:
            for one in some:
                if not one.done.done():
                    one.done.set_result(None)

    async def _commit(self, tenant_key: int, some: list[Addition]) -> None:
        async with self._turns, as_tenant(self._pool, tenant_key) as conn:
            for one in some:
                if one.write is not None:
                    await one.write(conn)
            entries = [one.entry for one in some if one.entry is not None]
            if entries:
                await self._trail.append(conn, entries)
