"""The gateway around real servers: the application in this process, the servers beside it."""

from __future__ import annotations

import asyncio
import secrets
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from actors.bookings import Bookings
from actors.journal import Journal
from config.installation import (
    BrokerKind,
    Http,
    Installation,
    Mqtt,
    Postgres,
    RayCluster,
    Redis,
    SecretStores,
)
from config.policy import Policy, Settings, policy
from config.sections.identity import Identity
from launch.embedded.redis import binary
from serve import bare
from serve.app import build_app
from serve.gateway import Gateway
from serve.identity.keys import create_key_file
from serve.identity.permissions import PERMISSIONS_OF, Role
from store.key_file import create_key_ring
from store.live_bus import LiveBus
from store.postgres import AnyPool
from store.tenants import Tenant
from tests.conftest import free_port
from tests.serve.caller import Caller
from tests.serve.in_process import InProcessActors, open_door
from tests.shard_numbers import new_shard


@pytest.fixture(scope="session")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    folder = tmp_path_factory.mktemp("redis")
    where = Redis(host="127.0.0.1", port=free_port())
    options = ["--bind", where.host, "--port", str(where.port), "--save", "", "--dir", str(folder)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([str(binary()), *options], stdout=log, stderr=log)
    try:
        wait_listening(where.port)
        yield where
    finally:
        process.terminate()
        process.wait(timeout=10)


def wait_listening(port: int) -> None:
    give_up_s = time.monotonic() + 10
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert time.monotonic() < give_up_s, f"nothing listens on {port}"
            time.sleep(0.01)
        else:
            return


@pytest.fixture(scope="session")
def key_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("keys") / "signing.pem"
    create_key_file(path)
    return path


@pytest.fixture(scope="session")
def key_ring_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("keys") / "keys.json"
    create_key_ring(path)
    return path


@pytest.fixture
def installation(
    where: Postgres, redis: Redis, key_file: Path, key_ring_file: Path, tmp_path: Path
) -> Installation:
    """Its live channels are its own, so tests do not hear each other."""
    return Installation(
        instance="test-" + secrets.token_hex(4),
        data_dir=tmp_path,
        postgres=where,
        redis=redis,
        # What readiness looks for is a listener; here Redis' port is one.
        mqtt=Mqtt(
            kind=BrokerKind.NATS,
            host=redis.host,
            port=redis.port,
            username="u",
            password=SecretStr("p"),
        ),
        ray=RayCluster(address="unused", namespace="unused", token_file=tmp_path / "token"),
        http=Http(host="127.0.0.1", port=0),
        jwt_key_file=key_file,
        key_file=key_ring_file,
        secrets=SecretStores(local_file=tmp_path / "sealed-secrets.json"),
        console_dir=tmp_path / "console",
    )


# A machine that is busy with other tests is slow, and is not to look like a Redis that is away.
# How busy the tests' machine is decides over no test.
A_LONG_WHILE_S = 3600.0
PATIENCE_S = 10.0


def forgiving(usual: Policy) -> Identity:
    """All tests ask from one address, and are not to wait for each other's failures."""
    lockout = usual.identity.lockout.model_copy(update={"address_free": 1_000_000})
    return usual.identity.model_copy(update={"lockout": lockout})


@pytest.fixture
def quick() -> Policy:
    """The product's policy, without waits for an interval and with patience for a busy machine."""
    usual = policy()
    live = usual.live.model_copy(
        update={"interval_ms": 30, "resume_token_s": 0.1, "silence_s": 30.0}
    )
    ingest = usual.ingest.model_copy(update={"directory_poll_s": 0.05})
    api = usual.api.model_copy(update={"readiness_cache_s": 0.001, "track_chunk_fixes": 3})
    offboarding = usual.tenancy.offboarding.model_copy(update={"poll_s": 0.05, "settle_s": 0.2})
    tenancy = usual.tenancy.model_copy(update={"status_poll_s": 0.05, "offboarding": offboarding})
    limits = usual.limits.model_copy(update={"redis_timeout_s": PATIENCE_S})
    shedding = usual.shedding.model_copy(update={"look_s": A_LONG_WHILE_S})
    update = {"tenancy": tenancy, "live": live, "ingest": ingest, "api": api, "limits": limits}
    own = {"identity": forgiving(usual), "shedding": shedding}
    return usual.model_copy(update={**update, **own})


@pytest.fixture
async def actors(
    installation: Installation, telemetry: AnyPool, system: AnyPool, app: AnyPool
) -> AsyncIterator[InProcessActors]:
    journal = Journal(telemetry, system, new_shard(), policy().tracking)
    await journal.recover()
    bus = LiveBus(installation.redis, installation.instance)
    async with open_door(journal, telemetry, system) as door:
        yield InProcessActors(journal, system, bus, door, Bookings(app, 0, Settings(policy())))
    await bus.close()


@pytest.fixture
async def gateway_app(
    installation: Installation,
    quick: Policy,
    actors: InProcessActors,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[FastAPI]:
    monkeypatch.setenv("ENVIRONMENT", "development")
    app = build_app(installation, quick, actors)
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
def gateway(gateway_app: FastAPI) -> Gateway:
    opened: Gateway = gateway_app.state.gateway
    return opened


@pytest.fixture
async def http(gateway_app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """Without a token, and without a socket between."""
    transport = httpx.ASGITransport(gateway_app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
        yield client


def token_for(gateway: Gateway, tenant: Tenant, role: Role = Role.ADMIN, **changes: int) -> str:
    return gateway.issuer.issue(
        client_id=f"{tenant.id}-{role}",
        tenant=tenant.id,
        tenant_key=tenant.key,
        permissions=PERMISSIONS_OF[role],
        now_s=changes.get("now_s", int(time.time())),
    )


@pytest.fixture
def caller(http: httpx.AsyncClient, gateway: Gateway, tenant: Tenant) -> Caller:
    """An administrator of this test's tenant."""
    return Caller(http, tenant, token_for(gateway, tenant))


@pytest.fixture
def neighbour(http: httpx.AsyncClient, gateway: Gateway, other_tenant: Tenant) -> Caller:
    """An administrator of another tenant."""
    return Caller(http, other_tenant, token_for(gateway, other_tenant))


@pytest.fixture
async def live_url(
    installation: Installation,
    quick: Policy,
    actors: InProcessActors,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[tuple[str, Gateway]]:
    """The same application behind a real socket, for WebSockets; and its gateway."""
    monkeypatch.setenv("ENVIRONMENT", "development")
    running = bare.server(installation, quick, actors, port=0)
    serving = asyncio.create_task(running.serve())
    while not running.started:
        await asyncio.sleep(0.005)
        assert not serving.done(), serving.exception()
    application = running.config.app
    assert isinstance(application, FastAPI)
    (sock,) = running.servers[0].sockets
    yield f"127.0.0.1:{sock.getsockname()[1]}", application.state.gateway
    running.should_exit = True
    await serving
