"""Whom a tenant trusts: made, changed and removed, and never with more than one holds."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest

from serve.gateway import Gateway
from serve.identity.permissions import Permission
from serve.oidc.addresses import objection_to
from tests.serve.caller import Caller

pytestmark = pytest.mark.postgres

PATH = "/v1/oidc-issuers"
ISSUER: dict[str, Any] = {
    "id": "corp",
    "issuer": "https://login.example.com/realm",
    "audience": "ubertruck",
    "role_claim": "groups",
    "roles_of": {"drivers": ["viewer"], "planners": ["dispatcher", "viewer"]},
}


async def made(caller: Caller, **fields: Any) -> httpx.Response:
    return await caller.ask("POST", PATH, json={**ISSUER, **fields})


async def test_made_read_listed_changed_and_removed(caller: Caller) -> None:
    created = await made(caller, carrier_claim="carrier")
    assert created.status_code == 201, created.text
    assert created.headers["etag"] == '"1"'
    at = created.headers["location"]
    assert at == f"{PATH}/corp"
    assert created.json()["roles_of"] == ISSUER["roles_of"]
    assert created.json()["is_enabled"] is True

    assert (await caller.get(at)).json() == created.json()
    assert (await caller.get(PATH)).json()["items"] == [created.json()]

    first = {"If-Match": '"1"'}
    change = {"is_enabled": False, "carrier_claim": None, "audience": None}
    changed = await caller.ask("PATCH", at, json=change, headers=first)
    assert changed.status_code == 200, changed.text
    expected = {**created.json(), "is_enabled": False, "carrier_claim": None, "version": 2}
    assert changed.json() == expected
    assert (await caller.ask("PATCH", at, json={}, headers=first)).status_code == 412
    assert (await caller.ask("DELETE", at, headers=first)).status_code == 412

    gone = await caller.ask("DELETE", at, headers={"If-Match": changed.headers["etag"]})
    assert gone.status_code == 204
    assert (await caller.get(at)).status_code == 404


async def test_what_was_done_is_recorded(caller: Caller) -> None:
    await made(caller)
    await caller.ask("DELETE", f"{PATH}/corp")

    rows = (await caller.get("/v1/audit", params={"subject": "oidc-issuers/corp"})).json()["items"]

    assert {row["action"] for row in rows} == {"oidc-issuers.create", "oidc-issuers.delete"}


async def test_nobody_else_sees_it(caller: Caller, neighbour: Caller) -> None:
    await made(caller)

    assert (await neighbour.get(PATH)).json()["items"] == []
    for method in ("GET", "PATCH", "DELETE"):
        options: dict[str, Any] = {"json": {}} if method == "PATCH" else {}
        answer = await neighbour.ask(method, f"{PATH}/corp", **options)
        assert answer.status_code == 404
    assert (await made(neighbour)).status_code == 201


async def test_twice_is_a_conflict(caller: Caller) -> None:
    await made(caller)

    same_id = await made(caller, audience="another")
    same_audience = await made(caller, id="corp2")
    other = await made(caller, id="corp3", audience="another")
    moved = await caller.ask("PATCH", f"{PATH}/corp3", json={"audience": "ubertruck"})

    statuses = [answer.status_code for answer in (same_id, same_audience, other, moved)]
    assert statuses == [409, 409, 201, 409]
    assert "audience 'ubertruck'" in moved.json()["detail"]


async def test_unknown_roles_are_pointed_at(caller: Caller) -> None:
    answer = await made(caller, roles_of={"x": ["nothing"]})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/roles_of"


def lesser(caller: Caller, gateway: Gateway) -> Caller:
    """May write issuers, and read trucks."""
    token = gateway.issuer.issue(
        client_id=f"{caller.tenant.id}-lesser",
        tenant=caller.tenant.id,
        tenant_key=caller.tenant.key,
        permissions=[Permission.CLIENTS_WRITE, Permission.CLIENTS_READ, Permission.TRUCKS_READ],
        now_s=int(time.time()),
    )
    return Caller(caller.http, caller.tenant, token)


async def test_nobody_gives_what_it_does_not_hold(caller: Caller, gateway: Gateway) -> None:
    someone = lesser(caller, gateway)
    assert (await made(someone)).status_code == 403
    assert (await made(someone, roles_of={"x": ["device"]})).status_code == 201
    wider = await someone.ask("PATCH", f"{PATH}/corp", json={"roles_of": {"x": ["admin"]}})
    operator = await made(caller, id="two", audience="two", roles_of={"x": ["operator"]})

    assert wider.status_code == 403
    assert operator.status_code in {403, 422}


async def test_a_stronger_issuer_is_out_of_reach(caller: Caller, gateway: Gateway) -> None:
    """Whoever could change its audience would let others in."""
    await made(caller, roles_of={"x": ["admin"]})
    someone = lesser(caller, gateway)

    change = {"audience": "mine", "roles_of": {}}
    changed = await someone.ask("PATCH", f"{PATH}/corp", json=change)
    removed = await someone.ask("DELETE", f"{PATH}/corp")

    assert (changed.status_code, removed.status_code) == (403, 403)


async def test_a_role_in_use_is_not_removed(caller: Caller) -> None:
    await caller.ask("POST", "/v1/roles", json={"name": "night", "permissions": []})
    await made(caller, roles_of={"x": ["night"]})

    assert (await caller.ask("DELETE", "/v1/roles/night")).status_code == 409


REFUSED = [
    "http://login.example.com",
    "ftp://login.example.com",
    "login.example.com",
    "https://",
    "https://user:secret@login.example.com",
    "https://login.example.com?x=1",
    "https://login.example.com#x",
    "https://10.0.0.1",
    "https://169.254.169.254/latest",
    "https://[::1]:8443",
    "https://[::ffff:10.0.0.1]",
    "https://[64:ff9b::a00:1]",
    "https://localhost",
    "https://postgres:5432",
    "https://vault.internal",
    "https://printer.local.",
    "http://127.0.0.1:9000",
]


@pytest.mark.parametrize("issuer", REFUSED)
def test_addresses_that_are_no_issuers(issuer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENVIRONMENT", "production")

    assert objection_to(issuer, ()) is not None


def test_addresses_that_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENVIRONMENT", "production")
    assert objection_to("https://login.example.com/realm", ()) is None
    assert objection_to("https://8.8.8.8", ()) is None
    assert objection_to("https://keycloak.internal:8443", ("keycloak.internal",)) is None

    monkeypatch.setenv("ENVIRONMENT", "development")
    assert objection_to("http://127.0.0.1:9000", ()) is None
    assert objection_to("http://10.0.0.1", ()) is not None


async def test_a_refused_address_is_pointed_at(caller: Caller) -> None:
    answer = await made(caller, issuer="http://10.0.0.1")

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/issuer"
