"""Users sign in, stay signed in, sign out; what is stolen or guessed does not get far."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import Any

import httpx
import pytest

from serve.gateway import Gateway
from store.postgres import AnyConnection
from store.tenants import Tenant
from tests.serve.caller import Caller

EMAIL = "asha@example.in"
OWN_PASSWORD = "a password of my own"
WRONG = "the tenant, e-mail address, password or code is wrong"


@dataclasses.dataclass
class User:
    """Signed in, with a password of its own."""

    id: str
    http: httpx.AsyncClient
    tenant: Tenant
    signed: dict[str, Any]

    @property
    def caller(self) -> Caller:
        return Caller(self.http, self.tenant, self.signed["access_token"])

    async def sign_in(self, **fields: Any) -> httpx.Response:
        return await sign_in(self.http, self.tenant, **{"password": OWN_PASSWORD, **fields})

    async def refresh(self, token: str | None = None) -> httpx.Response:
        return await refresh(self.http, token or self.signed["refresh_token"])


async def sign_in(http: httpx.AsyncClient, of: Tenant, **fields: Any) -> httpx.Response:
    asked = {"tenant": of.id, "email": EMAIL, **fields}
    return await http.post("/v1/sessions", json=asked, headers={"User-Agent": "a browser"})


async def refresh(http: httpx.AsyncClient, token: str) -> httpx.Response:
    form = {"grant_type": "refresh_token", "refresh_token": token}
    return await http.post("/v1/oauth/token", data=form)


async def make(caller: Caller, **fields: Any) -> dict[str, Any]:
    asked = {"email": EMAIL, "roles": ["dispatcher"], **fields}
    answer = await caller.ask("POST", "/v1/users", json=asked)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


@pytest.fixture
async def user(caller: Caller, http: httpx.AsyncClient, tenant: Tenant) -> User:
    made = await make(caller)
    first = made["one_time_password"]
    signed = (await sign_in(http, tenant, password=first)).json()
    theirs = User(made["id"], http, tenant, signed)
    wanted = {"current": first, "password": OWN_PASSWORD}
    changed = await theirs.caller.ask("PUT", "/v1/me/password", json=wanted)
    assert changed.status_code == 200, changed.text
    theirs.signed = (await theirs.sign_in()).json()
    return theirs


async def test_a_one_time_password_opens_only_the_way_to_another(
    caller: Caller, http: httpx.AsyncClient, tenant: Tenant
) -> None:
    made = await make(caller)
    first = made["one_time_password"]

    answer = await sign_in(http, tenant, password=first)

    signed = answer.json()
    assert answer.status_code == 201
    assert answer.headers["cache-control"] == "no-store"
    assert signed["must_change_password"]
    theirs = Caller(http, tenant, signed["access_token"])
    assert (await theirs.get("/v1/trucks")).status_code == 403
    same = {"current": first, "password": first}
    assert (await theirs.ask("PUT", "/v1/me/password", json=same)).status_code == 422
    wanted = {"current": first, "password": OWN_PASSWORD}
    changed = await theirs.ask("PUT", "/v1/me/password", json=wanted)
    after = Caller(http, tenant, changed.json()["access_token"])
    assert (await after.get("/v1/trucks")).status_code == 200
    assert (await theirs.get("/v1/me")).status_code == 401
    assert (await sign_in(http, tenant, password=first)).status_code == 401


async def test_a_one_time_password_expires(
    caller: Caller, http: httpx.AsyncClient, tenant: Tenant, superuser: AnyConnection
) -> None:
    made = await make(caller)
    await superuser.execute("UPDATE users SET one_time_until = now() WHERE id = $1", made["id"])

    late = await sign_in(http, tenant, password=made["one_time_password"])

    assert (late.status_code, late.json()["detail"]) == (401, WRONG)


async def test_me_says_who_one_is(user: User, caller: Caller) -> None:
    me = (await user.caller.get("/v1/me")).json()
    program = (await caller.get("/v1/me")).json()

    assert (me["subject"], me["kind"], me["roles"]) == (user.id, "user", ["dispatcher"])
    assert "trucks:write" in me["permissions"]
    assert me["user"]["email"] == EMAIL
    assert (program["kind"], program["user"]) == ("client", None)
    wanted = {"current": "x", "password": OWN_PASSWORD}
    assert (await caller.ask("PUT", "/v1/me/password", json=wanted)).status_code == 403


async def test_all_that_is_wrong_reads_the_same(
    user: User, caller: Caller, other_tenant: Tenant
) -> None:
    answers = [
        await user.sign_in(password="wrong"),
        await user.sign_in(email="nobody@example.in"),
        await user.sign_in(tenant="no-such-tenant"),
        await user.sign_in(tenant=other_tenant.id),
    ]
    await caller.ask("POST", f"/v1/users/{user.id}/disable")
    answers.append(await user.sign_in())

    assert {answer.status_code for answer in answers} == {401}
    assert {answer.json()["detail"] for answer in answers} == {WRONG}


async def test_refused_sign_ins_are_recorded(
    user: User, gateway: Gateway, superuser: AnyConnection
) -> None:
    await user.sign_in(password="wrong")
    await gateway.audit.flush()

    rows = await superuser.fetch(
        "SELECT * FROM audit_log WHERE tenant_key = $1 AND action = 'sign-in'", user.tenant.key
    )
    assert [row["actor"] for row in rows] == [f"user:{user.id}"]
    assert OWN_PASSWORD not in str(rows)


async def test_a_refresh_token_is_good_once_and_rotates(user: User) -> None:
    first = user.signed["refresh_token"]

    second = (await user.refresh()).json()
    third = (await user.refresh(second["refresh_token"])).json()

    assert len({first, second["refresh_token"], third["refresh_token"]}) == 3
    theirs = Caller(user.http, user.tenant, third["access_token"])
    assert (await theirs.get("/v1/trucks")).status_code == 200


async def test_a_refresh_token_used_again_ends_the_whole_family(
    user: User, gateway: Gateway, superuser: AnyConnection
) -> None:
    other = (await user.sign_in()).json()
    renewed = (await user.refresh()).json()

    again = await user.refresh()

    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert (await user.refresh(renewed["refresh_token"])).status_code == 400
    for token in (user.signed["access_token"], renewed["access_token"]):
        assert (await Caller(user.http, user.tenant, token).get("/v1/me")).status_code == 401
    # What was signed in elsewhere has nothing to do with it.
    assert (await user.refresh(other["refresh_token"])).status_code == 200
    await gateway.audit.flush()
    rows = await superuser.fetch(
        "SELECT action FROM audit_log WHERE tenant_key = $1 AND actor = $2",
        user.tenant.key,
        f"user:{user.id}",
    )
    assert {"sessions.end-stolen", "sign-in", "sessions.create"} <= {row["action"] for row in rows}


async def test_of_two_that_refresh_at_once_one_at_most_gets_through(user: User) -> None:
    answers = await asyncio.gather(*(user.refresh() for _ in range(4)))

    assert sorted(answer.status_code for answer in answers)[1:] == [400] * 3


async def test_nonsense_is_no_refresh_token(http: httpx.AsyncClient) -> None:
    unknown = await refresh(http, "ubr_nonsense")
    missing = await http.post("/v1/oauth/token", data={"grant_type": "refresh_token"})

    assert (unknown.status_code, unknown.json()["error"]) == (400, "invalid_grant")
    assert missing.json()["error"] == "invalid_request"


async def test_other_roles_come_with_the_next_token(user: User, caller: Caller) -> None:
    await caller.ask("PATCH", f"/v1/users/{user.id}", json={"roles": ["viewer"]})

    assert (await user.caller.get("/v1/me")).status_code == 401
    renewed = (await user.refresh()).json()
    assert "trucks:write" not in renewed["scope"].split()
    assert "trucks:read" in renewed["scope"].split()


async def test_sessions_are_listed_and_ended(user: User, neighbour: Caller) -> None:
    elsewhere = (await user.sign_in()).json()
    listed = (await user.caller.get("/v1/sessions")).json()["items"]

    ids = {one["id"]: one["is_current"] for one in listed}
    assert ids[user.signed["session_id"]]
    assert not ids[elsewhere["session_id"]]
    assert {one["user_agent"] for one in listed} == {"a browser"}
    path = f"/v1/sessions/{elsewhere['session_id']}"
    assert (await neighbour.ask("DELETE", path)).status_code == 404
    assert (await user.caller.ask("DELETE", path)).status_code == 204
    theirs = Caller(user.http, user.tenant, elsewhere["access_token"])
    assert (await theirs.get("/v1/me")).status_code == 401
    assert (await user.refresh(elsewhere["refresh_token"])).status_code == 400
    assert (await user.caller.ask("DELETE", "/v1/sessions/current")).status_code == 204
    assert (await user.caller.get("/v1/me")).status_code == 401
    assert (await user.refresh()).status_code == 400


async def test_a_new_password_signs_out_everywhere_else(user: User) -> None:
    elsewhere = (await user.sign_in()).json()
    wanted = {"current": OWN_PASSWORD, "password": "another of my own"}

    answer = await user.caller.ask("PUT", "/v1/me/password", json=wanted)

    assert answer.status_code == 200
    assert (await user.refresh(elsewhere["refresh_token"])).status_code == 400
    assert (await user.refresh()).status_code == 200
    assert (await user.sign_in()).status_code == 401
    assert (await user.sign_in(password="another of my own")).status_code == 201


async def test_a_reset_password_replaces_the_one_before(user: User, caller: Caller) -> None:
    answer = await caller.ask("POST", f"/v1/users/{user.id}/password")

    assert (await user.caller.get("/v1/me")).status_code == 401
    assert (await user.refresh()).status_code == 400
    assert (await user.sign_in()).status_code == 401
    again = await user.sign_in(password=answer.json()["one_time_password"])
    assert again.json()["must_change_password"]


async def test_the_disabled_cannot_refresh(user: User, caller: Caller) -> None:
    await caller.ask("POST", f"/v1/users/{user.id}/disable")

    assert (await user.refresh()).status_code == 400
    await caller.ask("POST", f"/v1/users/{user.id}/enable")
    assert (await user.refresh()).status_code == 400
    assert (await user.sign_in()).status_code == 201
