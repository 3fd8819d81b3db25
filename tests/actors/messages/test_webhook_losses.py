"""Killed at every commit, before it and after it: at least once, and in order per subject."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from itertools import chain, repeat
from pathlib import Path
from typing import Any, cast

import pytest

from actors.booking_writing import TenantName
from freight.webhooks.deliveries import DeliveryState
from store import webhooks
from store.postgres import AnyConnection, AnyPool, as_tenant
from store.tenants import Tenant
from tests.actors.messages.hooked import Hooked, policy
from tests.actors.messages.receiver import Receiver, Reply, Taken, receiving

SUBJECTS = ("bookings/B1", "trucks/T1", "bookings/B1")


class Death:
    """The process ends at one commit, before or after it was done."""

    def __init__(self, at: int, *, is_done: bool) -> None:
        self._left = at
        self._is_done = is_done
        self.came = False

    async def commit(self, conn: AnyConnection) -> str:
        self._left -= 1
        comes = self._left == 0
        text: str = await conn.execute("ROLLBACK" if comes and not self._is_done else "COMMIT")
        if comes:
            self.came = True
            raise ConnectionError("the process died")
        return text


class DyingConnection:
    def __init__(self, conn: AnyConnection, death: Death) -> None:
        self._conn = conn
        self._death = death

    def __getattr__(self, name: str) -> Any:
        return getattr(self._conn, name)

    async def execute(self, statement: str, *args: Any) -> str:
        if statement == "COMMIT":
            return await self._death.commit(self._conn)
        return await self._conn.execute(statement, *args)


class DyingPool:
    def __init__(self, pool: AnyPool, death: Death) -> None:
        self._pool = pool
        self._death = death

    @contextlib.asynccontextmanager
    async def acquire(self) -> AsyncIterator[DyingConnection]:
        async with self._pool.acquire() as conn:
            yield DyingConnection(conn, self._death)


@pytest.fixture
def hooked(app: AnyPool, system: AnyPool, tenant: Tenant, tmp_path: Path) -> Hooked:
    usual = policy(sending={"of_endpoint_at_once_max": 2})
    return Hooked.of(app, system, TenantName(tenant.key, tenant.id), tmp_path, usual)


def failing_at_first() -> Callable[[Taken], Reply]:
    answers = chain([Reply(500)], repeat(Reply()))
    return lambda _: next(answers)


async def _work(hooked: Hooked) -> None:
    """What a process does from its start until nothing is due."""
    await hooked.follower().go_on()
    await hooked.round().go_on()


async def test_whenever_it_dies_all_arrive_in_order(hooked: Hooked) -> None:
    await hooked.follower().go_on()
    at, came = 0, True
    while came:
        at += 1
        for is_done in (False, True):
            death = Death(at, is_done=is_done)
            async with receiving() as receiver:
                receiver.answer = failing_at_first()
                await _one_story(hooked, death, receiver)
            came = death.came
    assert at > 6


async def _one_story(hooked: Hooked, death: Death, receiver: Receiver) -> None:
    endpoint = await hooked.endpoint(receiver.url)
    hooked.told = 0
    await hooked.tell(*SUBJECTS)
    hooked.through = lambda pool: cast("AnyPool", DyingPool(pool, death))
    for _ in range(4):
        # Each time another process, and what a dead one had claimed is free again.
        with contextlib.suppress(ConnectionError):
            await _work(hooked)
        hooked.clock.go_on(hooked.settings.now.webhook_sending.claim_s)
    hooked.through = lambda pool: pool

    due = await hooked.deliveries(endpoint=endpoint)
    assert [one.delivery.state for one in due] == [DeliveryState.DELIVERED] * len(SUBJECTS)
    assert _first_times(receiver.accepted, "bookings/B1") == [1, 3]
    assert _first_times(receiver.accepted, "trucks/T1") == [2]
    for message in {taken.id for taken in receiver.taken}:
        assert len({taken.body for taken in receiver.taken if taken.id == message}) == 1
    async with as_tenant(hooked.app, hooked.tenant.key) as conn:
        await webhooks.remove(conn, endpoint, hooked.clock(), 1)


def _first_times(taken: list[Taken], subject: str) -> list[int]:
    """Receivers know by the id what they have had."""
    numbers = [each.about[1] for each in taken if each.about[0] == subject]
    return list(dict.fromkeys(numbers))
