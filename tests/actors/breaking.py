"""A store that breaks off: at a chosen statement, before it or after it was done."""

from __future__ import annotations

import contextlib
import random
from collections.abc import AsyncIterator, Callable
from typing import Any, cast

import asyncpg

from store.postgres import AnyConnection, AnyPool

STATEMENTS = ("execute", "fetch", "fetchrow", "fetchval", "copy_to_table", "copy_from_query")


class Breaker:
    """Counts statements and commits, and breaks at one that chance chooses, several times."""

    def __init__(self) -> None:
        self._chance = random.Random(0)  # noqa: S311 - a scenario, not a secret
        self._times = 0
        self._left = -1
        self.breaks = 0

    def arm(self, chance: random.Random, times: int) -> None:
        self._chance, self._times = chance, times
        self._choose()

    def disarm(self) -> None:
        self._left, self._times = -1, 0

    def _choose(self) -> None:
        self._left = -1
        if self._times:
            self._times -= 1
            self._left = self._chance.randint(0, self._chance.choice([3, 8, 20]))

    async def pass_by(self, act: Callable[[], Any]) -> Any:
        breaks = self._left == 0
        self._left -= 1
        if breaks and self._chance.random() < 0.5:
            self._break()
        done = await act()
        if breaks:
            self._break()
        return done

    def _break(self) -> None:
        self.breaks += 1
        self._choose()
        raise ConnectionError("the store broke off")


class BreakingConnection:
    def __init__(self, conn: AnyConnection, breaker: Breaker) -> None:
        self._conn = conn
        self._breaker = breaker

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._conn, name)
        if name not in STATEMENTS:
            return real
        return lambda *args, **named: self._breaker.pass_by(lambda: real(*args, **named))

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        transaction = self._conn.transaction()
        await transaction.start()
        try:
            yield
        except BaseException:
            await transaction.rollback()
            raise
        try:
            await self._breaker.pass_by(transaction.commit)
        except ConnectionError:
            # It refuses when it is committed; any other failure is one of the test's.
            with contextlib.suppress(asyncpg.InterfaceError):
                await transaction.rollback()
            raise


class _BreakingPool:
    def __init__(self, pool: AnyPool, breaker: Breaker) -> None:
        self._pool = pool
        self._breaker = breaker

    @contextlib.asynccontextmanager
    async def acquire(self) -> AsyncIterator[BreakingConnection]:
        async with self._pool.acquire() as conn:
            yield BreakingConnection(conn, self._breaker)


def breaking(pool: AnyPool, breaker: Breaker) -> AnyPool:
    return cast("AnyPool", _BreakingPool(pool, breaker))
