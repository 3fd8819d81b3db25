"""/v1/signing-keys: rotated under load through two gateways, and no request fails."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections import Counter
from collections.abc import AsyncIterator

import httpx
import jwt
import pytest
from fastapi import FastAPI

from config.installation import Installation, Postgres
from config.policy import Policy, policy
from serve.app import build_app
from serve.gateway import Gateway
from serve.identity.keys import new_key
from serve.identity.permissions import Permission
from store.migrate import migrate
from store.tenants import Tenant
from tests.launch.waiting import until
from tests.serve.caller import Caller
from tests.serve.in_process import InProcessActors

REQUESTS_AT_ONCE = 20
ROTATIONS = 2


@pytest.fixture
async def where(empty_database: Postgres) -> Postgres:
    """Of its own: all that share a database share its signing keys."""
    await migrate(empty_database, policy().storage)
    return empty_database


@pytest.fixture
def quick(quick: Policy) -> Policy:
    keys = quick.identity.signing_keys.model_copy(update={"publish_before_s": 1.5})
    identity = quick.identity.model_copy(update={"signing_keys": keys, "follow_s": 0.05})
    return quick.model_copy(update={"identity": identity})


@dataclasses.dataclass(frozen=True)
class Replica:
    gateway: Gateway
    http: httpx.AsyncClient

    def token(self, tenant: Tenant) -> str:
        return self.gateway.issuer.issue(
            client_id=f"{tenant.id}-operator",
            tenant=tenant.id,
            tenant_key=tenant.key,
            permissions=(Permission.TRUCKS_READ, Permission.INSTALLATION_WRITE),
            now_s=int(time.time()),
        )

    def caller(self, tenant: Tenant) -> Caller:
        return Caller(self.http, tenant, self.token(tenant))


@pytest.fixture
async def second_app(
    gateway_app: FastAPI,
    installation: Installation,
    quick: Policy,
    actors: InProcessActors,
) -> AsyncIterator[FastAPI]:
    app = build_app(installation, quick, actors)
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
async def replicas(
    gateway_app: FastAPI, second_app: FastAPI
) -> AsyncIterator[tuple[Replica, Replica]]:
    first, second = (
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app, raise_app_exceptions=False),
            base_url="http://gateway",
        )
        for app in (gateway_app, second_app)
    )
    async with first, second:
        yield Replica(gateway_app.state.gateway, first), Replica(second_app.state.gateway, second)


async def test_no_request_fails_while_keys_change(
    replicas: tuple[Replica, Replica], tenant: Tenant
) -> None:
    statuses: Counter[int] = Counter()
    signed_by: set[tuple[int, str]] = set()
    is_over = asyncio.Event()

    async def keep_asking(number: int) -> None:
        """What one has signed the other believes; and the first token all the time."""
        issuing, asked = replicas[number % 2], replicas[(number + number // 2) % 2]
        first = issuing.token(tenant)
        while not is_over.is_set():
            fresh = issuing.token(tenant)
            signed_by.add((number % 2, jwt.get_unverified_header(fresh)["kid"]))
            for token in (fresh, first):
                answer = await Caller(asked.http, tenant, token).get("/v1/trucks")
                statuses[answer.status_code] += 1

    async def rotate(through: Replica) -> None:
        answer = await through.caller(tenant).ask("POST", "/v1/signing-keys/rotate")
        assert (answer.status_code, answer.json()["state"]) == (201, "upcoming")
        key_id = answer.json()["id"]

        await until(lambda: all((number, key_id) in signed_by for number in (0, 1)))
        asked_before = statuses.total()
        await until(lambda: statuses.total() > asked_before + 2 * REQUESTS_AT_ONCE)

    async with asyncio.TaskGroup() as all_of_them:
        for number in range(REQUESTS_AT_ONCE):
            all_of_them.create_task(keep_asking(number))
        for turn in range(ROTATIONS):
            await rotate(replicas[turn % 2])
        is_over.set()

    assert set(statuses) == {200}, statuses
    assert statuses[200] > 10 * REQUESTS_AT_ONCE
    assert len(signed_by) == 2 * (ROTATIONS + 1)


async def test_a_replica_too_busy_to_follow_looks_again(
    replicas: tuple[Replica, Replica], tenant: Tenant
) -> None:
    busy = replicas[1].gateway.authority.keys
    await until(lambda: bool(busy.stored()))
    token = replicas[0].token(tenant)
    caller = Caller(replicas[1].http, tenant, token)
    busy._scheduled.clear()
    busy._file_key = new_key()

    assert (await caller.get("/v1/trucks")).status_code == 200


async def test_the_operator_sees_which_key_signs(
    replicas: tuple[Replica, Replica], tenant: Tenant
) -> None:
    operator = replicas[0].caller(tenant)
    await until(lambda: bool(replicas[0].gateway.authority.keys.stored()))
    (only,) = (await operator.get("/v1/signing-keys")).json()["items"]
    assert (only["state"], only["active_to"]) == ("signing", None)

    made = (await operator.ask("POST", "/v1/signing-keys/rotate")).json()

    listed = (await operator.get("/v1/signing-keys")).json()["items"]
    assert [one["id"] for one in listed] == [only["id"], made["id"]]
    assert [one["state"] for one in listed] == ["signing", "upcoming"]
    assert listed[0]["active_to"] == made["active_from"]
    published = (await operator.http.get("/.well-known/jwks.json")).json()["keys"]
    assert {key["kid"] for key in published} == {only["id"], made["id"]}
    assert "PRIVATE" not in str(listed)

    async def has_taken_over() -> bool:
        items = (await operator.get("/v1/signing-keys")).json()["items"]
        return [one["state"] for one in items] == ["retiring", "signing"]

    await until(has_taken_over)


async def test_a_tenants_administrator_may_not(caller: Caller) -> None:
    assert (await caller.get("/v1/signing-keys")).status_code == 403
    assert (await caller.ask("POST", "/v1/signing-keys/rotate")).status_code == 403
