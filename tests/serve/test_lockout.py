"""Guessing passwords and secrets gets slower, for who exists and who does not, on every replica."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from serve.gateway import Gateway
from serve.identity.patience import key_of
from store import sign_in_failures
from store.postgres import AnyPool
from store.sign_in_failures import Patience
from tests.serve.caller import Caller
from tests.serve.test_sessions import OWN_PASSWORD, User, make, sign_in, user

__all__ = ["user"]
NOBODY = "nobody@example.in"
# The free failures and the one that has to wait.
TRIES = 4


@pytest.fixture(autouse=True)
def impatient(gateway: Gateway) -> Iterator[None]:
    lockout = gateway.policy.identity.lockout
    usual = {name: getattr(lockout, name) for name in type(lockout).model_fields}
    for name, value in {"account_free": 2, "client_free": 2, "delay_first_s": 30.0}.items():
        object.__setattr__(lockout, name, value)
    yield
    for name, value in usual.items():
        object.__setattr__(lockout, name, value)


async def tried(user: User, **fields: str) -> list[httpx.Response]:
    return [await user.sign_in(password="wrong", **fields) for _ in range(TRIES)]


@pytest.mark.parametrize("fields", [{}, {"email": NOBODY}])
async def test_an_account_waits_whether_there_is_one_or_not(
    user: User, fields: dict[str, str]
) -> None:
    answers = await tried(user, **fields)

    assert [answer.status_code for answer in answers] == [401, 401, 401, 429]
    assert 25 <= int(answers[-1].headers["retry-after"]) <= 30
    assert answers[-1].json()["detail"] == "too many failed attempts; try again later"


async def test_while_it_waits_the_right_password_does_not_help(user: User) -> None:
    await tried(user)

    assert (await user.sign_in()).status_code == 429


async def test_others_do_not_wait(
    user: User, caller: Caller, neighbour: Caller, http: httpx.AsyncClient
) -> None:
    await tried(user)
    made = await make(neighbour)
    other = await make(caller, email="other@example.in")

    theirs = await sign_in(http, neighbour.tenant, password=made["one_time_password"])
    given = {"email": "other@example.in", "password": other["one_time_password"]}

    assert theirs.status_code == 201
    assert (await sign_in(http, caller.tenant, **given)).status_code == 201


async def test_who_gets_it_right_begins_anew(user: User) -> None:
    for _ in range(3):
        await user.sign_in(password="wrong")
        assert (await user.sign_in()).status_code == 201


async def test_many_at_once_count_as_many(user: User) -> None:
    answers = await asyncio.gather(*(user.sign_in(password="wrong") for _ in range(8)))

    assert sorted(answer.status_code for answer in answers) == [401] * 3 + [429] * 5


async def test_the_password_cannot_be_guessed_with_a_stolen_token(user: User) -> None:
    wanted = {"current": "wrong", "password": "another of my own"}
    answers = [await user.caller.ask("PUT", "/v1/me/password", json=wanted) for _ in range(TRIES)]

    assert [answer.status_code for answer in answers] == [422, 422, 422, 429]


async def test_clients_wait_as_well(http: httpx.AsyncClient, user: User) -> None:
    form = {"grant_type": "client_credentials", "client_id": user.id, "client_secret": "wrong"}
    answers = [await http.post("/v1/oauth/token", data=form) for _ in range(TRIES)]

    assert [answer.status_code for answer in answers] == [401, 401, 401, 429]
    assert int(answers[-1].headers["retry-after"]) > 0


async def test_an_address_waits_whomever_it_tries(user: User, gateway: Gateway) -> None:
    lockout = gateway.policy.identity.lockout
    object.__setattr__(lockout, "address_free", 2)
    # An address of its own: all other tests ask from 127.0.0.1.
    elsewhere = httpx.ASGITransport(app_of(user), client=("203.0.113.9", 1))
    async with httpx.AsyncClient(transport=elsewhere, base_url="http://gateway") as http:
        answers = [
            await sign_in(http, user.tenant, email=f"n{n}@example.in", password="wrong")
            for n in range(TRIES)
        ]
        right = await sign_in(http, user.tenant, password=OWN_PASSWORD)

    assert [answer.status_code for answer in answers] == [401, 401, 401, 429]
    assert right.status_code == 429
    assert (await user.sign_in()).status_code == 201


def app_of(user: User) -> Any:
    return user.http._transport.app  # type: ignore[attr-defined]


async def test_waits_double_up_to_the_longest(system: AnyPool, user: User) -> None:
    patience = Patience(free=1, delay_first_s=10, delay_s_max=35, forget_after_s=1000)
    key, waits = key_of("test", user.id), []
    async with system.acquire() as conn:
        for _ in range(5):
            assert await sign_in_failures.count_attempt(conn, key, patience) == 0.0
            waits.append(round(await sign_in_failures.wait_of(conn, key)))
            await conn.execute(
                "UPDATE sign_in_failures SET locked_until = now() WHERE key = $1", key
            )

    assert waits == [0, 10, 20, 35, 35]
