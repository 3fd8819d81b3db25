"""/v1/users: people are made, found, changed and shut out, and nobody makes one above oneself."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import pytest

from serve.gateway import Gateway
from serve.identity.permissions import Permission, Role
from serve.identity.principal import Kind
from store.postgres import AnyConnection
from store.tenants import Tenant
from tests.serve.caller import Caller
from tests.serve.conftest import token_for

ASHA = {
    "email": "Asha@Example.in",
    "name": "Asha Rao",
    "phone": "+91 98765 43210",
    "roles": ["dispatcher"],
}


async def make(caller: Caller, **fields: Any) -> dict[str, Any]:
    answer = await caller.ask("POST", "/v1/users", json=ASHA | fields)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def test_a_user_is_made_found_and_changed(caller: Caller) -> None:
    made = await make(caller)
    path = f"/v1/users/{made['id']}"

    assert made.items() >= ASHA.items()
    assert len(made["one_time_password"]) >= 20
    assert made["must_change_password"]
    found = (await caller.get("/v1/users", params={"email": "asha@example.IN"})).json()
    assert [user["id"] for user in found["items"]] == [made["id"]]
    assert "one_time_password" not in found["items"][0]
    again = await caller.ask("POST", "/v1/users", json=ASHA | {"email": "asha@example.in"})
    changed = await caller.ask(
        "PATCH", path, json={"phone": None, "name": "Asha"}, headers={"If-Match": '"1"'}
    )
    stale = await caller.ask("PATCH", path, json={"name": "B"}, headers={"If-Match": '"1"'})
    assert (again.status_code, changed.status_code, stale.status_code) == (409, 200, 412)
    assert changed.headers["etag"] == '"2"'
    body = (await caller.get(path)).json()
    assert (body["phone"], body["name"], body["email"]) == (None, "Asha", ASHA["email"])


async def test_the_same_address_in_another_tenant_is_somebody_else(
    caller: Caller, neighbour: Caller
) -> None:
    made = await make(caller)
    await make(neighbour)

    assert (await neighbour.get(f"/v1/users/{made['id']}")).status_code == 404
    assert len((await neighbour.get("/v1/users")).json()["items"]) == 1


async def test_what_is_personal_is_sealed_and_masked(
    caller: Caller, gateway: Gateway, tenant: Tenant, superuser: AnyConnection
) -> None:
    made = await make(caller)
    helper = Caller(caller.http, tenant, token_for(gateway, tenant, Role.SUPPORT))

    seen = (await helper.get(f"/v1/users/{made['id']}")).json()

    assert seen["email"] == "A***@Example.in"
    assert all(seen[name] != ASHA[name] for name in ("email", "name", "phone"))
    stored = str(await superuser.fetch("SELECT * FROM users WHERE id = $1", made["id"]))
    kept = str(await superuser.fetch("SELECT * FROM audit_log WHERE subject = $1", subject(made)))
    for secret in (ASHA["email"], ASHA["name"], "98765 43210", made["one_time_password"]):
        assert str(secret) not in stored
        assert str(secret) not in kept
    assert "users.create" in kept


def subject(made: dict[str, Any]) -> str:
    return f"users/{made['id']}"


@pytest.mark.parametrize("role", [Role.OPERATOR, "no-such-role"])
async def test_nobody_gives_more_than_one_holds(caller: Caller, role: str) -> None:
    made = await make(caller)
    wanted = {"roles": [str(role)]}

    at_once = await caller.ask("POST", "/v1/users", json=ASHA | wanted | {"email": "b@c.de"})
    later = await caller.ask("PATCH", f"/v1/users/{made['id']}", json=wanted)

    assert at_once.status_code == later.status_code
    assert at_once.status_code in (403, 422)


async def test_who_may_do_more_is_out_of_reach(
    caller: Caller, gateway: Gateway, tenant: Tenant
) -> None:
    """Somebody who administers users, and nothing else, cannot take over an administrator."""
    made = await make(caller, roles=["admin"])
    token = gateway.issuer.issue(
        client_id="clerk",
        tenant=tenant.id,
        tenant_key=tenant.key,
        permissions=[Permission.USERS_WRITE, Permission.USERS_READ],
        now_s=int(time.time()),
    )
    clerk = Caller(caller.http, tenant, token)
    path = f"/v1/users/{made['id']}"

    answers = [
        await clerk.ask("POST", f"{path}/password"),
        await clerk.ask("POST", f"{path}/disable"),
        await clerk.ask("PATCH", path, json={"email": "mine@example.in"}),
        await clerk.ask("POST", "/v1/users", json=ASHA | {"email": "x@y.zz"}),
    ]

    assert [answer.status_code for answer in answers] == [403] * 4


async def test_a_users_carrier_is_there_and_stays(caller: Caller) -> None:
    lost = await caller.ask("POST", "/v1/users", json=ASHA | {"carrier": "ravi"})
    await caller.ask("POST", "/v1/carriers", json={"id": "ravi", "name": "Ravi"})
    await make(caller, carrier="ravi", roles=["carrier"])

    gone = await caller.ask("DELETE", "/v1/carriers/ravi")

    assert lost.json()["errors"][0]["pointer"] == "/carrier"
    assert gone.status_code == 409


async def test_disabling_ends_every_token_at_once(
    caller: Caller, gateway: Gateway, tenant: Tenant
) -> None:
    made = await make(caller)
    theirs = Caller(caller.http, tenant, user_token(gateway, tenant, made))
    assert (await theirs.get("/v1/trucks")).status_code == 200

    answer = await caller.ask("POST", f"/v1/users/{made['id']}/disable")

    assert answer.json()["disabled_at"] is not None
    assert (await theirs.get("/v1/trucks")).status_code == 401
    enabled = await caller.ask("POST", f"/v1/users/{made['id']}/enable")
    assert enabled.json()["disabled_at"] is None
    assert (await theirs.get("/v1/trucks")).status_code == 401


async def test_other_roles_end_the_tokens_that_say_the_old_ones(
    caller: Caller, gateway: Gateway, tenant: Tenant
) -> None:
    made = await make(caller)
    theirs = Caller(caller.http, tenant, user_token(gateway, tenant, made))

    await caller.ask("PATCH", f"/v1/users/{made['id']}", json={"name": "Another"})
    assert (await theirs.get("/v1/trucks")).status_code == 200
    await caller.ask("PATCH", f"/v1/users/{made['id']}", json={"roles": ["viewer"]})

    assert (await theirs.get("/v1/trucks")).status_code == 401


def user_token(gateway: Gateway, tenant: Tenant, made: dict[str, Any]) -> str:
    return gateway.issuer.issue(
        client_id="ubertruck",
        subject=made["id"],
        kind=Kind.USER,
        tenant=tenant.id,
        tenant_key=tenant.key,
        permissions=[Permission.TRUCKS_READ],
        now_s=int(time.time()),
        version=made["version"],
    )


async def test_of_changes_at_once_none_fails_and_none_is_lost(caller: Caller) -> None:
    made = await make(caller)
    path = f"/v1/users/{made['id']}"
    asked = [
        *(caller.ask("PATCH", path, json={"name": f"Name {n}"}) for n in range(4)),
        *(caller.ask("POST", f"{path}/password") for _ in range(2)),
    ]

    answers = await asyncio.gather(*asked)

    assert {answer.status_code for answer in answers} <= {200, 409, 412}
    done = sum(answer.is_success for answer in answers)
    assert (await caller.get(path)).json()["version"] == made["version"] + done


WRONG = [
    ({"email": "nobody"}, "/email"),
    ({"roles": []}, "/roles"),
    ({"password": "short"}, "/password"),
    ({"password": "aaaaaaaaaaaaaaaaaaaa"}, "/password"),
    ({"phone": "call me"}, "/phone"),
    ({"colour": "red"}, "/colour"),
]


@pytest.mark.parametrize(("fields", "pointer"), WRONG)
async def test_what_is_wrong_is_pointed_at(
    caller: Caller, fields: dict[str, Any], pointer: str
) -> None:
    answer = await caller.ask("POST", "/v1/users", json=ASHA | fields)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert "aaaaaaaa" not in json.dumps(answer.json())
