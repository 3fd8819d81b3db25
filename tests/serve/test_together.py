"""Additions written together: all of them, each audited, and none in another's way."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import pytest

from config.policy import Policy
from serve.gateway import Gateway
from serve.problems import UnavailableError
from store.postgres import AnyConnection
from tests.serve.caller import Caller

LOAD: dict[str, Any] = {
    "load": {"material": "cement", "weight_t": 9},
    "stops": [
        {"kind": "pickup", "place": {"lat": 28.6, "lon": 77.2}},
        {"kind": "drop", "place": {"lat": 26.9, "lon": 75.8}},
    ],
}


@pytest.fixture
def quick(quick: Policy) -> Policy:
    together = quick.audit.together.model_copy(update={"rows_max": 3, "waiting_max": 6})
    return quick.model_copy(update={"audit": quick.audit.model_copy(update={"together": together})})


def fails_with(error: Exception) -> Any:
    async def fail(_: AnyConnection) -> None:
        raise error

    return fail


async def test_quotes_that_come_together_are_all_kept_and_audited(caller: Caller) -> None:
    made = await asyncio.gather(
        *(caller.ask("POST", "/v1/quotes", json=LOAD) for _ in range(6)),
    )
    ids = [answer.json()["id"] for answer in made]

    for one in ids:
        assert (await caller.get(f"/v1/quotes/{one}")).status_code == 200
    rows = (await caller.get("/v1/audit?action=quotes.create")).json()["items"]
    assert sorted(row["subject"] for row in rows) == sorted(f"quotes/{one}" for one in ids)
    assert (await caller.get("/v1/audit/verify")).json()["ok"] is True


async def test_one_that_cannot_be_written_takes_no_other_with_it(
    gateway: Gateway, caller: Caller
) -> None:
    key, written = caller.tenant.key, []

    async def note(conn: AnyConnection) -> None:
        written.append(await conn.fetchval("SELECT current_tenant_key()"))

    async def collide(conn: AnyConnection) -> None:
        await conn.execute("SELECT 1 / 0")

    outcomes = await asyncio.gather(
        *(gateway.together.add(key, work, None) for work in (note, collide, note)),
        return_exceptions=True,
    )

    assert [type(one) for one in outcomes] == [
        type(None),
        asyncpg.DivisionByZeroError,
        type(None),
    ]
    assert written[-1] == key


async def test_without_the_store_all_are_told_at_once(gateway: Gateway, caller: Caller) -> None:
    away, tried = asyncpg.PostgresConnectionError("gone"), []

    async def note(_: AnyConnection) -> None:
        tried.append(1)

    outcomes = await asyncio.gather(
        *(gateway.together.add(caller.tenant.key, work, None) for work in (fails_with(away), note)),
        return_exceptions=True,
    )

    assert outcomes == [away, away]
    assert not tried


async def test_more_than_may_wait_are_refused(gateway: Gateway, caller: Caller) -> None:
    go, begun = asyncio.Event(), asyncio.Event()

    async def hold(_: AnyConnection) -> None:
        begun.set()
        await go.wait()

    async def nothing(_: AnyConnection) -> None:
        pass

    key = caller.tenant.key
    held = asyncio.create_task(gateway.together.add(key, hold, None))
    await begun.wait()
    waiting = [asyncio.create_task(gateway.together.add(key, nothing, None)) for _ in range(6)]
    await asyncio.sleep(0)

    with pytest.raises(UnavailableError):
        await gateway.together.add(key, nothing, None)
    go.set()
    await asyncio.gather(held, *waiting)


async def test_who_stops_waiting_takes_nothing_back(gateway: Gateway, caller: Caller) -> None:
    go, begun, done = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def hold(_: AnyConnection) -> None:
        begun.set()
        await go.wait()
        done.set()

    impatient = asyncio.create_task(gateway.together.add(caller.tenant.key, hold, None))
    await begun.wait()
    impatient.cancel()
    go.set()

    await done.wait()
    with pytest.raises(asyncio.CancelledError):
        await impatient
