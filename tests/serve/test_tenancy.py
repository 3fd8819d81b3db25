"""/v1/tenants: onboarded whole, seen by who onboarded them, suspended at once and resumed whole."""

from __future__ import annotations

import asyncio
import json
import secrets
import time

import httpx
import pytest
import websockets.asyncio.client as websocket

from serve.gateway import Gateway
from serve.identity.permissions import PERMISSIONS_OF, Role
from store.directory import TruckDirectory
from store.postgres import AnyConnection, AnyPool
from store.tenants import Tenant
from tests.launch.waiting import until
from tests.serve.caller import Caller
from tests.serve.conftest import token_for


def operator_of(gateway: Gateway, tenant: Tenant, http: httpx.AsyncClient) -> Caller:
    token = gateway.issuer.issue(
        client_id=f"{tenant.id}-operator",
        tenant=tenant.id,
        tenant_key=tenant.key,
        permissions=PERMISSIONS_OF[Role.ADMIN] + PERMISSIONS_OF[Role.OPERATOR],
        now_s=int(time.time()),
    )
    return Caller(http, tenant, token)


@pytest.fixture
def operator(http: httpx.AsyncClient, gateway: Gateway, tenant: Tenant) -> Caller:
    return operator_of(gateway, tenant, http)


async def onboard(operator: Caller) -> tuple[str, Caller]:
    """A new tenant's id, and its first administrator, signed in."""
    tenant_id = "n-" + secrets.token_hex(6)
    answer = await operator.ask("POST", "/v1/tenants", json={"id": tenant_id, "name": "New"})
    assert answer.status_code == 201, answer.text
    client = answer.json()["client"]
    form = {
        "grant_type": "client_credentials",
        "client_id": client["id"],
        "client_secret": client["secret"],
    }
    token = await operator.http.post("/v1/oauth/token", data=form)
    assert token.status_code == 200, token.text
    stands_for = Tenant(0, tenant_id, "New", operator.tenant.key)
    return tenant_id, Caller(operator.http, stands_for, token.json()["access_token"])


async def test_its_first_administrator_is_a_user_who_can_sign_in(
    operator: Caller, superuser: AnyConnection
) -> None:
    admin = {"email": "first@example.in", "name": "The First"}
    tenant_id = "n-" + secrets.token_hex(6)

    answer = await operator.ask(
        "POST", "/v1/tenants", json={"id": tenant_id, "name": "New", "admin": admin}
    )

    assert answer.headers["cache-control"] == "no-store"
    first = answer.json()["admin"]
    proof = {"tenant": tenant_id, "email": admin["email"], "password": first["one_time_password"]}
    signed = (await operator.http.post("/v1/sessions", json=proof)).json()
    theirs = Caller(operator.http, operator.tenant, signed["access_token"])
    wanted = {"current": first["one_time_password"], "password": "a password of my own"}
    changed = await theirs.ask("PUT", "/v1/me/password", json=wanted)
    theirs = Caller(operator.http, operator.tenant, changed.json()["access_token"])
    (listed,) = (await theirs.get("/v1/users")).json()["items"]
    assert (listed["id"], listed["name"], listed["roles"]) == (first["id"], "The First", ["admin"])
    assert (await theirs.ask("POST", "/v1/tenants", json={"id": "x", "name": "X"})).is_error
    kept = str(await superuser.fetch("SELECT * FROM audit_log WHERE subject LIKE $1", "tenants/%"))
    assert first["one_time_password"] not in kept


async def test_a_tenant_is_onboarded_whole_in_one_call(operator: Caller, system: AnyPool) -> None:
    began_s = time.process_time()

    tenant_id, admin = await onboard(operator)

    made = await admin.truck("T1")
    assert time.process_time() - began_s < 5
    assert made["device"]["secret"] != "dev-secret"
    roles = (await admin.get("/v1/roles")).json()["items"]
    # Everything but the operator's: a tenant that was onboarded has no such role to give out.
    assert {role["name"] for role in roles} == {str(role) for role in Role} - {"operator"}
    directory = TruckDirectory()
    await directory.refresh(system)
    assert directory.of_username(f"{tenant_id}/T1") is not None


async def test_an_id_is_given_once(operator: Caller) -> None:
    tenant_id, _ = await onboard(operator)

    again = await operator.ask("POST", "/v1/tenants", json={"id": tenant_id, "name": "Again"})

    assert again.status_code == 409


async def test_names_of_development_are_refused_elsewhere(
    operator: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENVIRONMENT", "production")

    refused = await operator.ask("POST", "/v1/tenants", json={"id": "demo", "name": "Demo"})

    assert refused.status_code == 409


WRONG = [
    ({"id": "UPPER", "name": "N"}, "/id"),
    ({"id": "x" * 33, "name": "N"}, "/id"),
    ({"id": "x", "name": ""}, "/name"),
    ({"id": "x", "name": "N", "parent": "demo"}, "/parent"),
]


async def test_what_is_wrong_is_pointed_at(operator: Caller) -> None:
    for body, pointer in WRONG:
        answer = await operator.ask("POST", "/v1/tenants", json=body)

        assert answer.status_code == 422
        assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


async def test_only_who_onboarded_a_tenant_sees_it(
    operator: Caller,
    caller: Caller,
    gateway: Gateway,
    other_tenant: Tenant,
    http: httpx.AsyncClient,
) -> None:
    tenant_id, admin = await onboard(operator)
    stranger = operator_of(gateway, other_tenant, http)
    path = f"/v1/tenants/{tenant_id}"

    seen = [tenant["id"] for tenant in (await operator.get("/v1/tenants")).json()["items"]]
    assert sorted(seen) == sorted([operator.tenant.id, tenant_id])
    assert (await operator.get(path)).headers["ETag"] == '"1"'
    assert (await admin.get(path)).json()["status"] == "active"
    # The same tenant's ordinary administrator, and another tenant's operator.
    assert (await caller.get(path)).status_code == 404
    assert (await stranger.get(path)).status_code == 404
    for method, body in (("PATCH", {"name": "X"}), ("POST", {"reason": "X"})):
        at = path if method == "PATCH" else f"{path}/suspend"
        assert (await stranger.ask(method, at, json=body)).status_code == 404
        assert (await caller.ask(method, at, json=body)).status_code == 403
    own = (await admin.get("/v1/tenants")).json()["items"]
    assert [tenant["id"] for tenant in own] == [tenant_id]


async def test_a_name_changes_under_its_version(operator: Caller) -> None:
    tenant_id, _ = await onboard(operator)
    path = f"/v1/tenants/{tenant_id}"

    changed = await operator.ask("PATCH", path, json={"name": "B"}, headers={"If-Match": '"1"'})
    stale = await operator.ask("PATCH", path, json={"name": "C"}, headers={"If-Match": '"1"'})

    assert (changed.status_code, changed.json()["name"], stale.status_code) == (200, "B", 412)


async def test_a_suspended_tenant_is_refused_and_comes_back_whole(
    operator: Caller, gateway: Gateway, system: AnyPool
) -> None:
    tenant_id, admin = await onboard(operator)
    await admin.truck("T1")
    path = f"/v1/tenants/{tenant_id}"

    suspended = await operator.ask("POST", f"{path}/suspend", json={"reason": "unpaid"})

    assert suspended.json().items() >= {"status": "suspended", "status_reason": "unpaid"}.items()
    for method, at in (("GET", "/v1/trucks"), ("POST", "/v1/trucks"), ("GET", "/v1/live/events")):
        refused = await admin.ask(
            method, at, **({"json": {"id": "T2"}} if method == "POST" else {})
        )
        assert refused.status_code == 403
        assert refused.json()["type"] == "urn:ubertruck:problem:tenant-suspended"
    directory = TruckDirectory()
    await directory.refresh(system)
    entry = directory.of_username(f"{tenant_id}/T1")
    assert entry is not None
    assert entry.suspended
    again = await operator.ask("POST", f"{path}/suspend", json={"reason": "unpaid"})
    assert again.status_code == 409

    resumed = await operator.ask("POST", f"{path}/resume", json={"reason": "paid"})

    assert resumed.json()["status"] == "active"
    assert [t["id"] for t in (await admin.get("/v1/trucks")).json()["items"]] == ["T1"]
    await directory.refresh(system)
    entry = directory.of_username(f"{tenant_id}/T1")
    assert entry is not None
    assert not entry.suspended


async def test_a_suspension_made_elsewhere_is_known_here_soon(
    operator: Caller, system: AnyPool
) -> None:
    """Another replica suspends; this one hears of it by its poll."""
    tenant_id, admin = await onboard(operator)
    async with system.acquire() as conn:
        await conn.execute("UPDATE tenants SET status = 'suspended' WHERE id = $1", tenant_id)

    async def refused() -> bool:
        return (await admin.get("/v1/trucks")).status_code == 403

    assert await until(refused, within_s=5) < 5


async def test_an_operator_cannot_close_its_own_tenant(operator: Caller) -> None:
    answer = await operator.ask(
        "POST", f"/v1/tenants/{operator.tenant.id}/suspend", json={"reason": "oops"}
    )

    assert answer.status_code == 409


async def test_live_feeds_of_a_suspended_tenant_are_closed(
    live_url: tuple[str, Gateway], tenant: Tenant, other_tenant: Tenant, system: AnyPool
) -> None:
    address, gateway = live_url

    def connect(whose: Tenant) -> websocket.connect:
        headers = {"Authorization": f"Bearer {token_for(gateway, whose)}"}
        return websocket.connect(f"ws://{address}/v1/live", additional_headers=headers)

    async with connect(tenant) as cut, connect(other_tenant) as stays:
        for socket in (cut, stays):
            await socket.send(json.dumps({"type": "subscribe", "bbox": None, "resume": None}))
        async with system.acquire() as conn:
            await conn.execute("UPDATE tenants SET status = 'suspended' WHERE id = $1", tenant.id)

        async with asyncio.timeout(5):
            await cut.wait_closed()
        assert cut.close_code == 4403
        await stays.send(json.dumps({"type": "ping"}))
        async with asyncio.timeout(5):
            while '"pong"' not in str(await stays.recv()):
                pass


SPEED = "services/tracking/*/business/moving_kmh_min"


async def test_a_tenant_begins_with_its_own_configuration(
    operator: Caller, gateway: Gateway
) -> None:
    tenant_id = "n-" + secrets.token_hex(6)
    body = {"id": tenant_id, "name": "New", "configuration": {SPEED: 7.5}}

    made = await operator.ask("POST", "/v1/tenants", json=body)

    assert made.status_code == 201, made.text
    await until(lambda: gateway.settings.of(tenant_id).status.moving_kmh_min == 7.5)
    assert gateway.policy.status.moving_kmh_min != 7.5


async def test_wrong_values_make_no_tenant_and_are_all_pointed_at(operator: Caller) -> None:
    tenant_id = "n-" + secrets.token_hex(6)
    wrong = {SPEED: -1, "services/tracking/*/business/no_such_key": 1, "/other/global/x": 2}
    for some in ({SPEED: -1, "services/tracking/*/business/no_such_key": 1}, wrong):
        body = {"id": tenant_id, "name": "New", "configuration": some}

        refused = await operator.ask("POST", "/v1/tenants", json=body)

        assert refused.status_code == 422
        assert refused.json()["errors"]
        for error in refused.json()["errors"]:
            assert error["pointer"].startswith("/configuration/")
        assert (await operator.get(f"/v1/tenants/{tenant_id}")).status_code == 404
