"""/v1/clients: made, changed, rotated with an overlap, revoked; nobody gives more than it has."""

from __future__ import annotations

import dataclasses
import time
from typing import Any

import httpx
import pytest

from serve.gateway import Gateway
from serve.identity.permissions import PERMISSIONS_OF, Role
from tests.launch.waiting import until
from tests.serve.caller import Caller
from tests.serve.conftest import token_for


async def made(caller: Caller, *roles: str, **fields: Any) -> dict[str, Any]:
    body = {"name": "A program", "roles": roles, **fields}
    answer = await caller.ask("POST", "/v1/clients", json=body)
    assert answer.status_code == 201, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    client: dict[str, Any] = answer.json()
    return client


async def sign_in(http: httpx.AsyncClient, client: str, secret: str) -> httpx.Response:
    form = {"grant_type": "client_credentials", "client_id": client, "client_secret": secret}
    return await http.post("/v1/oauth/token", data=form)


async def signed_in(caller: Caller, client: dict[str, Any]) -> Caller:
    answer = await sign_in(caller.http, client["id"], client["secret"])
    assert answer.status_code == 200, answer.text
    return dataclasses.replace(caller, token=answer.json()["access_token"])


async def test_a_client_signs_in_with_what_was_shown_once(caller: Caller) -> None:
    client = await made(caller, "viewer", "viewer")
    program = await signed_in(caller, client)
    shown = await caller.get(f"/v1/clients/{client['id']}")
    listed = (await caller.get("/v1/clients")).json()["items"]

    assert client["id"].startswith(f"{caller.tenant.id}-")
    assert (await program.get("/v1/trucks")).status_code == 200
    assert (await program.ask("POST", "/v1/trucks", json={"id": "T"})).status_code == 403
    assert "secret" not in shown.json()
    assert client.items() >= shown.json().items()
    assert (shown.headers["ETag"], shown.json()["roles"]) == ('"1"', ["viewer"])
    assert shown.json() in listed


async def test_nobody_gives_more_than_it_has(caller: Caller, gateway: Gateway) -> None:
    """Not by making a client, nor by changing or taking over a stronger one."""
    writer = await caller.ask(
        "POST", "/v1/roles", json={"name": "writer", "permissions": ["clients:write"]}
    )
    assert writer.status_code == 201
    strong = await made(caller, "admin")
    weak = await signed_in(caller, await made(caller, "writer"))
    place = f"/v1/clients/{strong['id']}"

    for role in ("admin", "viewer", "operator"):
        body = {"name": "More", "roles": [role]}
        assert (await weak.ask("POST", "/v1/clients", json=body)).status_code == 403
    assert (await weak.ask("PATCH", place, json={"name": "Mine"})).status_code == 403
    assert (await weak.ask("POST", f"{place}/rotate", json={})).status_code == 403
    assert (await weak.ask("DELETE", place)).status_code == 403
    for role, status in (("operator", 403), ("no-such", 422)):
        body = {"name": "More", "roles": [role]}
        assert (await caller.ask("POST", "/v1/clients", json=body)).status_code == status
    permissions = (*PERMISSIONS_OF[Role.ADMIN], *PERMISSIONS_OF[Role.OPERATOR])
    operator = dataclasses.replace(caller, token=_token(gateway, caller, permissions))
    body = {"name": "Another operator", "roles": ["operator"]}
    assert (await operator.ask("POST", "/v1/clients", json=body)).status_code == 403


def _token(gateway: Gateway, caller: Caller, permissions: Any) -> str:
    tenant = caller.tenant
    return gateway.issuer.issue(
        client_id="an-operator",
        tenant=tenant.id,
        tenant_key=tenant.key,
        permissions=permissions,
        now_s=int(time.time()),
    )


async def test_a_client_of_a_carrier_sees_its_own(caller: Caller) -> None:
    nowhere = {"name": "Bound", "roles": ["carrier"], "carrier": "road"}
    assert (await caller.ask("POST", "/v1/clients", json=nowhere)).status_code == 422
    await caller.ask("POST", "/v1/carriers", json={"id": "road", "name": "Road"})
    await caller.truck("TRK-1", carrier="road")
    await caller.truck("TRK-2")

    client = await made(caller, "carrier", carrier="road")
    program = await signed_in(caller, client)
    trucks = (await program.get("/v1/trucks")).json()["items"]
    assert [truck["id"] for truck in trucks] == ["TRK-1"]

    freed = await caller.ask("PATCH", f"/v1/clients/{client['id']}", json={"carrier": None})
    assert (freed.status_code, freed.json()["carrier"]) == (200, None)
    assert (await program.get("/v1/trucks")).status_code == 401
    program = await signed_in(caller, client)
    assert len((await program.get("/v1/trucks")).json()["items"]) == 2


async def test_other_roles_end_the_tokens_of_before(caller: Caller) -> None:
    client = await made(caller, "admin")
    place = f"/v1/clients/{client['id']}"
    program = await signed_in(caller, client)

    renamed = await caller.ask("PATCH", place, json={"name": "New"}, headers={"If-Match": '"1"'})
    assert (renamed.headers["ETag"], renamed.json()["roles"]) == ('"2"', ["admin"])
    assert (await program.get("/v1/roles")).status_code == 200
    stale = await caller.ask("PATCH", place, json={"name": "Old"}, headers={"If-Match": '"1"'})
    own = await program.ask("PATCH", place, json={"roles": ["viewer"]})
    assert (stale.status_code, own.status_code) == (412, 409)

    assert (await caller.ask("PATCH", place, json={"roles": ["viewer"]})).status_code == 200
    assert (await program.get("/v1/trucks")).status_code == 401
    program = await signed_in(caller, client)
    assert (await program.get("/v1/roles")).status_code == 403


async def test_both_secrets_are_good_during_the_overlap(caller: Caller) -> None:
    client = await made(caller, "viewer")
    place = f"/v1/clients/{client['id']}/rotate"
    program = await signed_in(caller, client)

    rotated = (await caller.ask("POST", place, json={})).json()
    assert rotated["previous_until"] is not None
    assert (await signed_in(caller, client)).token
    assert (await signed_in(caller, rotated)).token
    assert (await program.get("/v1/trucks")).status_code == 200

    again = (await caller.ask("POST", place, json={"overlap_s": 0})).json()
    for old in (client, rotated):
        assert (await sign_in(caller.http, old["id"], old["secret"])).status_code == 401
    assert (await program.get("/v1/trucks")).status_code == 401
    assert (await (await signed_in(caller, again)).get("/v1/trucks")).status_code == 200
    long = await caller.ask("POST", place, json={"overlap_s": 1e9})
    assert (long.status_code, long.json()["errors"][0]["pointer"]) == (422, "/overlap_s")


async def test_the_overlap_ends(caller: Caller) -> None:
    client = await made(caller, "viewer")
    await caller.ask("POST", f"/v1/clients/{client['id']}/rotate", json={"overlap_s": 0.3})

    async def has_ended() -> bool:
        return (await sign_in(caller.http, client["id"], client["secret"])).status_code == 401

    await until(has_ended)


async def test_a_revoked_client_is_refused_for_good(caller: Caller) -> None:
    client = await made(caller, "admin")
    place = f"/v1/clients/{client['id']}"
    program = await signed_in(caller, client)
    assert (await program.ask("DELETE", place)).status_code == 409

    assert (await caller.ask("DELETE", place)).status_code == 204

    assert (await program.get("/v1/trucks")).status_code == 401
    assert (await sign_in(caller.http, client["id"], client["secret"])).status_code == 401
    assert (await caller.get(place)).json()["revoked_at"] is not None
    for method, path, body in (
        ("PATCH", place, {"name": "Back"}),
        ("POST", f"{place}/rotate", {}),
        ("DELETE", place, None),
    ):
        assert (await caller.ask(method, path, json=body)).status_code == 409


async def test_clients_are_each_tenants_own(caller: Caller, neighbour: Caller) -> None:
    client = await made(caller, "viewer")
    place = f"/v1/clients/{client['id']}"

    assert (await neighbour.get(place)).status_code == 404
    assert (await neighbour.ask("PATCH", place, json={"name": "Mine"})).status_code == 404
    assert (await neighbour.ask("POST", f"{place}/rotate", json={})).status_code == 404
    assert (await neighbour.ask("DELETE", place)).status_code == 404
    assert (await neighbour.get("/v1/clients")).json()["items"] == []


@pytest.mark.parametrize("role", [Role.VIEWER, Role.DISPATCHER, Role.SUPPORT])
async def test_who_may_not(caller: Caller, gateway: Gateway, role: Role) -> None:
    other = dataclasses.replace(caller, token=token_for(gateway, caller.tenant, role))

    assert (await other.get("/v1/clients")).status_code == 403
    body = {"name": "Mine", "roles": []}
    assert (await other.ask("POST", "/v1/clients", json=body)).status_code == 403


async def test_the_audit_trail_tells_no_secret(caller: Caller) -> None:
    client = await made(caller, "viewer")
    rotated = await caller.ask("POST", f"/v1/clients/{client['id']}/rotate", json={})

    told = (await caller.get("/v1/audit")).text
    assert f"clients/{client['id']}" in told
    assert "clients.rotate" in told
    for secret in (client["secret"], rotated.json()["secret"]):
        assert secret not in told
