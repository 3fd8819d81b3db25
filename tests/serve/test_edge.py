"""What holds for every route: permissions declared, problems, correlation, limits, deadlines."""

from __future__ import annotations

import asyncio
import json

import httpx
import pytest
from fastapi import FastAPI
from starlette.routing import BaseRoute

from serve.edge import OF_BROKERS
from serve.gateway import Gateway
from serve.identity.permissions import PERMISSIONS_OF, Permission, Role
from tests.serve.caller import Caller
from tests.serve.conftest import token_for
from tests.serve.in_process import InProcessActors

# docs/api.md says why each of these needs no token.
PUBLIC = {
    "/v1/oauth/token",
    "/v1/oauth/revoke",
    "/v1/oauth/introspect",
    "/.well-known/jwks.json",
    "/v1/ingest/osmand",
    "/v1/shared-documents/{token}",
    "/v1/webhooks/{provider}",
    "/v1/webhooks/{provider}/{tenant}",
    "/internal/drain",
    "/s/{token}",
    "/livez",
    "/readyz",
    "/metrics",
    "/openapi.json",
    "/docs",
}
# What everybody may do for themselves: it takes a token, and no permission.
OWN = {
    "/v1/sessions",
    "/v1/sessions/current",
    "/v1/sessions/{id}",
    "/v1/inbox",
    "/v1/inbox/read",
    "/v1/inbox/summary",
    "/v1/inbox/{id}/read",
    "/v1/me",
    "/v1/me/password",
    "/v1/me/totp",
    "/v1/me/totp/confirm",
    "/v1/me/totp/remove",
    "/v1/notification-preferences",
    "/v1/push-tokens",
    "/v1/push-tokens/{id}",
}
PROBLEM = "application/problem+json"


def all_routes(app: FastAPI) -> list[BaseRoute]:
    """Included routers keep their routes to themselves in newer frameworks."""
    found: list[BaseRoute] = []
    waiting = list(app.router.routes)
    while waiting:
        route = waiting.pop()
        inside = getattr(getattr(route, "original_router", None), "routes", None)
        waiting += inside or []
        found += [] if inside else [route]
    return found


def scopes_of(route: BaseRoute) -> set[str]:
    found: set[str] = set()
    waiting = [route.dependant]  # type: ignore[attr-defined]
    while waiting:
        dependant = waiting.pop()
        waiting += dependant.dependencies
        found |= set(dependant.own_oauth_scopes or [])
    return found


def test_every_route_declares_its_permission(gateway_app: FastAPI) -> None:
    undeclared = {
        route.path  # type: ignore[attr-defined]
        for route in all_routes(gateway_app)
        if not (hasattr(route, "dependant") and scopes_of(route) & set(Permission))
    }

    assert {path for path in undeclared if not path.startswith(OF_BROKERS)} == PUBLIC | OWN


def test_the_description_agrees(gateway_app: FastAPI) -> None:
    described = gateway_app.openapi()["paths"]

    for path, methods in described.items():
        for operation in methods.values():
            scopes = [s for entry in operation.get("security", []) for s in entry.get("oauth2", [])]
            assert bool(scopes) == (path not in PUBLIC | OWN), path
    assert {"/v1/trucks/{id}/position", "/v1/positions", "/v1/events"} <= described.keys()


async def test_openapi_and_docs_are_served_without_the_world(http: httpx.AsyncClient) -> None:
    document = (await http.get("/openapi.json")).json()
    page = await http.get("/docs")

    assert document["openapi"].startswith("3.1")
    assert page.headers["content-type"].startswith("text/html")
    assert "http://" not in page.text
    assert "https://" not in page.text


REFUSED = [
    ("GET", "/v1/nothing", 404),
    ("POST", "/v1/nothing", 404),
    ("DELETE", "/somewhere", 404),
    ("PUT", "/v1/trucks", 405),
    ("GET", "/v1/oauth/token", 405),
]


async def test_the_frameworks_own_refusals_are_problems(http: httpx.AsyncClient) -> None:
    for method, path, status in REFUSED:
        answer = await http.request(method, path)

        body = answer.json()
        assert answer.headers["content-type"] == PROBLEM
        assert answer.status_code == body["status"] == status
        assert {"type", "title", "detail", "correlation_id"} <= body.keys()
        assert body["correlation_id"] == answer.headers["x-correlation-id"]


async def test_a_correlation_id_is_kept_when_fit(http: httpx.AsyncClient) -> None:
    kept = await http.get("/livez", headers={"X-Correlation-ID": "order-17.a:b"})
    replaced = await http.get("/livez", headers={"X-Correlation-ID": 'a"b\\{}' + "x" * 200})

    assert kept.headers["x-correlation-id"] == "order-17.a:b"
    assert len(replaced.headers["x-correlation-id"]) == 32


async def test_malformed_json_is_pointed_at(caller: Caller) -> None:
    headers = {"Content-Type": "application/json"}
    answer = await caller.ask("POST", "/v1/trucks", content=b'{"id": ', headers=headers)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == ""


HOSTILE = [b"[" * 100_000, b"\xff\xfe", b'{"id": "\\ud800"}', b"NaN"]


async def test_hostile_bodies_are_refused(caller: Caller) -> None:
    for body in HOSTILE:
        headers = {"Content-Type": "application/json"}
        answer = await caller.ask("POST", "/v1/trucks", content=body, headers=headers)

        assert answer.status_code in (400, 422)
        assert answer.headers["content-type"] == PROBLEM


async def test_a_body_too_long_is_not_read(caller: Caller, gateway: Gateway) -> None:
    headers = {"Content-Type": "application/json"}
    most = gateway.policy.api.body_bytes_max

    async def endless() -> object:
        for _ in range(most // 1000 + 2):
            yield b" " * 1000

    declared = await caller.ask("POST", "/v1/trucks", content=b" " * (most + 1), headers=headers)
    streamed = await caller.ask("POST", "/v1/trucks", content=endless(), headers=headers)

    assert (declared.status_code, streamed.status_code) == (413, 413)
    assert declared.headers["content-type"] == PROBLEM


@pytest.mark.parametrize("role", list(Role))
async def test_roles_may_what_they_may(gateway: Gateway, caller: Caller, role: Role) -> None:
    someone = Caller(caller.http, caller.tenant, token_for(gateway, caller.tenant, role))

    read = await someone.get("/v1/trucks")
    written = await someone.ask("POST", "/v1/trucks", json={"id": "T"})

    may_read = "trucks:read" in PERMISSIONS_OF[role]
    assert read.status_code == (200 if may_read else 403)
    may_write = role in (Role.ADMIN, Role.DISPATCHER)
    assert written.status_code == (201 if may_write else 403)
    if not may_write:
        assert "trucks:write" in written.json()["detail"]


async def test_a_failure_of_ours_tells_nothing_of_the_inside(
    caller: Caller, actors: InProcessActors, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: int) -> None:
        raise RuntimeError("password=hunter2")

    monkeypatch.setattr(actors, "positions", fail)

    answer = await caller.get("/v1/positions")

    assert answer.status_code == 500
    assert answer.headers["content-type"] == PROBLEM
    assert "hunter2" not in answer.text


async def test_an_answer_that_takes_too_long_is_given_up(
    caller: Caller, actors: InProcessActors, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hang(_: int) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(actors, "positions", hang)
    object.__setattr__(gateway.policy.api, "request_deadline_s", 0.05)
    try:
        answer = await caller.get("/v1/positions")
    finally:
        object.__setattr__(gateway.policy.api, "request_deadline_s", 15.0)

    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1"


async def test_every_request_leaves_a_line(
    caller: Caller, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO", "ubertruck.access"):
        await caller.get("/v1/trucks/T-SECRET-NAME")

    fields = next(r.fields for r in caplog.records if r.name == "ubertruck.access")  # type: ignore[attr-defined]
    assert fields["route"] == "/v1/trucks/{id}"
    assert (fields["tenant"], fields["status"]) == (caller.tenant.id, 404)
    assert fields["principal"] == f"client:{caller.tenant.id}-admin"
    assert fields["origin"] == "127.0.0.0/24"
    assert fields["bytes"] > 100
    assert "SECRET" not in json.dumps(fields)
