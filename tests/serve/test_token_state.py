"""Tokens that were issued: ended before their time, and asked about by those of their tenant."""

from __future__ import annotations

import base64
import dataclasses
import time

import httpx
import jwt
import pytest
from fastapi import FastAPI

from config.installation import Installation
from config.policy import Policy
from serve.app import build_app
from serve.gateway import Gateway
from serve.sessions.tokens import refresh_hash
from store import sessions
from store.postgres import AnyPool, as_tenant
from tests.launch.waiting import until
from tests.serve.caller import Caller
from tests.serve.conftest import token_for
from tests.serve.in_process import InProcessActors

REVOKE, INTROSPECT = "/v1/oauth/revoke", "/v1/oauth/introspect"


@dataclasses.dataclass(frozen=True)
class Program:
    """A client that asks about tokens."""

    caller: Caller
    id: str
    secret: str

    async def post(self, path: str, token: str, **more: str) -> httpx.Response:
        auth = (self.id, self.secret)
        return await self.caller.http.post(path, data={"token": token, **more}, auth=auth)


async def program_of(caller: Caller) -> Program:
    body = {"name": "Asks about tokens", "roles": ["viewer"]}
    made = (await caller.ask("POST", "/v1/clients", json=body)).json()
    return Program(caller, made["id"], made["secret"])


@pytest.fixture
async def program(caller: Caller) -> Program:
    return await program_of(caller)


async def test_a_good_token_says_what_it_is(program: Program, gateway: Gateway) -> None:
    caller = program.caller
    answer = await program.post(INTROSPECT, caller.token, token_type_hint="access_token")

    claims = jwt.decode(caller.token, options={"verify_signature": False})
    told = answer.json()
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert (told.pop("active"), told.pop("token_type")) == (True, "Bearer")
    assert told == {name: claims[name] for name in told}
    assert {"scope", "client_id", "exp", "iat", "sub", "aud", "iss", "jti", "tenant"} <= told.keys()
    expired = token_for(gateway, caller.tenant, now_s=int(time.time()) - 7200)
    for other in (expired, caller.token[:-8] + "AAAAAAAA", "nonsense", "ubr_nonsense"):
        assert (await program.post(INTROSPECT, other)).json() == {"active": False}


async def test_a_revoked_token_is_refused_and_others_are_not(
    program: Program, gateway: Gateway
) -> None:
    caller = program.caller
    other = dataclasses.replace(caller, token=token_for(gateway, caller.tenant))

    revoked = await program.post(REVOKE, caller.token)
    again = await program.post(REVOKE, caller.token)

    assert (revoked.status_code, revoked.content, again.status_code) == (200, b"", 200)
    assert (await caller.get("/v1/trucks")).status_code == 401
    assert (await program.post(INTROSPECT, caller.token)).json() == {"active": False}
    assert (await other.get("/v1/trucks")).status_code == 200
    (row,) = (await other.get("/v1/audit", params={"action": "tokens.revoke"})).json()["items"][:1]
    assert row["actor"] == f"client:{program.id}"


async def test_what_one_replica_revokes_no_other_takes(
    program: Program, installation: Installation, quick: Policy, actors: InProcessActors
) -> None:
    app: FastAPI = build_app(installation, quick, actors)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as http:
            there = dataclasses.replace(program.caller, http=http)
            assert (await there.get("/v1/trucks")).status_code == 200

            await program.post(REVOKE, program.caller.token)

            async def is_refused() -> bool:
                return (await there.get("/v1/trucks")).status_code == 401

            assert await until(is_refused) < 5


async def test_another_tenants_tokens_are_none_of_its_business(
    program: Program, neighbour: Caller
) -> None:
    theirs = await program_of(neighbour)

    assert (await theirs.post(INTROSPECT, program.caller.token)).json() == {"active": False}
    assert (await theirs.post(REVOKE, program.caller.token)).status_code == 200
    assert (await program.caller.get("/v1/trucks")).status_code == 200


@pytest.mark.parametrize("path", [REVOKE, INTROSPECT])
async def test_only_a_client_may_ask(program: Program, path: str) -> None:
    http, token = program.caller.http, {"token": program.caller.token}
    wrong = {"client_id": program.id, "client_secret": "wrong"}
    for form in (token, token | wrong):
        answer = await http.post(path, data=form)
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    basic = base64.b64encode(f"{program.id}:{program.secret}".encode()).decode()
    nothing = await http.post(path, data={"x": "y"}, headers={"Authorization": f"Basic {basic}"})
    assert (nothing.status_code, nothing.json()["error"]) == (400, "invalid_request")
    right = token | {"client_id": program.id, "client_secret": program.secret}
    assert (await http.post(path, data=right)).status_code == 200


async def test_a_refresh_token_ends_with_its_session(
    program: Program, gateway: Gateway, app: AnyPool
) -> None:
    tenant = program.caller.tenant
    user_id, session_id, token = f"u-{tenant.key}", f"s-{tenant.key}", f"ubr_{tenant.id}"
    async with as_tenant(app, tenant.key) as conn:
        await conn.execute(
            """
            INSERT INTO users (tenant_key, id, roles, password_hash, email_sealed, email_index)
            VALUES ($1, $2, '{}', '', '', '')
            """,
            tenant.key,
            user_id,
        )
        await sessions.begin(
            conn,
            tenant.key,
            id=session_id,
            user_id=user_id,
            lasts_s=600,
            origin=None,
            user_agent=None,
        )
        digest = refresh_hash(token)
        await sessions.add_refresh_token(conn, tenant.key, session_id, digest, 600)
    told = (await program.post(INTROSPECT, token)).json()
    assert told == {"active": True, "sub": user_id, "tenant": tenant.id}

    assert (await program.post(REVOKE, token)).status_code == 200

    assert (await program.post(INTROSPECT, token)).json() == {"active": False}
    assert gateway.authority.revoked.is_revoked(
        name="", version=0, token_id=None, session_id=session_id
    )
