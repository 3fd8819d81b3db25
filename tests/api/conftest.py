"""The whole application around real servers, two tenants, and callers who hold what a test says."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from config.installation import Installation
from config.policy import Policy, policy
from serve import bare
from serve.gateway import Gateway
from serve.identity.permissions import Permission
from store.tenants import Tenant
from tests.api.makers import World
from tests.api.operations import Operation, operations_of
from tests.serve import conftest as serving
from tests.serve.caller import Caller
from tests.serve.in_process import InProcessActors

# The servers and the application of tests/serve, with the policy of this folder.
actors = serving.actors
gateway = serving.gateway
gateway_app = serving.gateway_app
http = serving.http
installation = serving.installation
key_file = serving.key_file
key_ring_file = serving.key_ring_file
redis = serving.redis

PLENTY = 1_000_000
ANSWERS_WITHIN_S = 30


@pytest.fixture
def quick() -> Policy:
    """The product's policy, except that nobody is kept waiting or sent away for asking much."""
    usual = policy()
    limits = usual.limits
    plenty = {
        name: getattr(limits, name).model_copy(update={"requests": PLENTY})
        for name in ("anonymous", "token", "client", "user", "api_key", "tenant")
    }
    limits = limits.model_copy(update={**plenty, "roles": {}})
    live = usual.live.model_copy(update={"interval_ms": 30, "resume_token_s": 0.1})
    ingest = usual.ingest.model_copy(update={"directory_poll_s": 0.05})
    api = usual.api.model_copy(update={"readiness_cache_s": 0.001})
    # Nor for how busy the machine is that the tests run on.
    shedding = usual.shedding.model_copy(update={"look_s": serving.A_LONG_WHILE_S})
    update = {"limits": limits, "live": live, "ingest": ingest, "api": api, "shedding": shedding}
    return usual.model_copy(update={**update, "identity": serving.forgiving(usual)})


def caller_with(
    http: httpx.AsyncClient,
    gateway: Gateway,
    tenant: Tenant,
    permissions: Iterable[Permission] = Permission,
) -> Caller:
    """Holds exactly these permissions; without any said, all there are."""
    token = gateway.issuer.issue(
        client_id=f"{tenant.id}-prober",
        tenant=tenant.id,
        tenant_key=tenant.key,
        permissions=tuple(permissions),
        now_s=int(time.time()),
    )
    return Caller(http, tenant, token)


@pytest.fixture(scope="session")
def documents() -> list[dict[str, Any]]:
    """Of the first application asked; all of them say the same, and take most of a second."""
    return []


@pytest.fixture
def operations(gateway_app: FastAPI, documents: list[dict[str, Any]]) -> list[Operation]:
    return operations_of(_document(gateway_app, documents))


def _document(app: FastAPI, documents: list[dict[str, Any]]) -> dict[str, Any]:
    if not documents:
        documents.append(app.openapi())
    return documents[0]


@pytest.fixture
def world(
    http: httpx.AsyncClient, gateway: Gateway, tenant: Tenant, actors: InProcessActors
) -> World:
    """Everything that the makers make is this tenant's."""
    return World(caller_with(http, gateway, tenant), gateway, actors)


@pytest.fixture
def stranger(http: httpx.AsyncClient, gateway: Gateway, other_tenant: Tenant) -> Caller:
    """May do everything, but in another tenant."""
    return caller_with(http, gateway, other_tenant)


@dataclass(frozen=True)
class Running:
    url: str
    document: dict[str, Any]
    world: World


@pytest.fixture
async def running(  # noqa: PLR0917 - fixtures are given by name
    installation: Installation,
    quick: Policy,
    actors: InProcessActors,
    tenant: Tenant,
    documents: list[dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Running]:
    monkeypatch.setenv("ENVIRONMENT", "development")
    server = bare.server(installation, quick, actors, port=0)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.005)
        assert not serving.done(), serving.exception()
    application = server.config.app
    assert isinstance(application, FastAPI)
    (sock,) = server.servers[0].sockets
    url = f"http://127.0.0.1:{sock.getsockname()[1]}"
    async with httpx.AsyncClient(base_url=url, timeout=ANSWERS_WITHIN_S) as http:
        owner = caller_with(http, application.state.gateway, tenant)
        world = World(owner, application.state.gateway, actors)
        yield Running(url, _document(application, documents), world)
    server.should_exit = True
    await serving
