"""A real Postgres for all tests, started once per session, and what they share of it."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import secrets
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import asyncpg
import httpx
import hypothesis
import pytest
import yaml
from pydantic import SecretStr
from xdist.remote import Producer

from config.installation import DatabaseRole, Postgres
from config.policy import policy
from config.sections.storage import Pool
from launch.embedded.postgres import STOP_SIGNAL, EmbeddedPostgres
from serve.identity import keys
from serve.roles.seeding import seed_roles
from store.bootstrap import bootstrap
from store.key_file import KeyFile, create_key_ring
from store.migrate import migrate
from store.personal import PersonalData
from store.postgres import AnyConnection, AnyPool, as_tenant, connect, open_pool
from store.tenants import Tenant
from store.tenants import create as create_tenant
from tests.launch.instance import Instance
from tests.spreading import SHARE, Spreading, worker_count
from tests.telemetry.collector import Collector

# No test is about time; a deadline of an example would be one about how busy the machine is.
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")

TEST_POOL = Pool(size_min=1, size_max=6)
# This server's data die with the session: nobody waits for its disk.
UNSAFE = ("fsync", "synchronous_commit", "full_page_writes")
# What a test needs, from the least to the most.
RUNGS = ("postgres", "browser", "stack")
STACK_RUNG = RUNGS.index("stack")
STACK = pytest.StashKey[Instance]()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Quick news first; and the whole stack does not run beside all the others, once started."""
    items.sort(key=rung)


def rung(item: pytest.Item) -> int:
    return max(
        (RUNGS.index(mark.name) for mark in item.iter_markers() if mark.name in RUNGS), default=-1
    )


def pytest_configure(config: pytest.Config) -> None:
    worker = getattr(config, "workerinput", None)
    if worker is not None:
        SHARE.of_worker(worker["workerid"])


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """None for single files, which would only wait for workers to start."""
    whole = config.args_source is pytest.Config.ArgsSource.TESTPATHS
    return worker_count() if whole else 0


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Spreading:
    config.option.loadscopereorder = False  # the order of collection is wanted
    return Spreading(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    """The whole stack does not run beside others for longer than it is needed."""
    yield
    if rung(item) == STACK_RUNG and (nextitem is None or rung(nextitem) != STACK_RUNG):
        stop_stack(item.session)


@pytest.fixture(scope="session", autouse=True)
def read_once() -> Iterator[None]:
    """What a process of ours reads once costs more than all else when each test reads it anew."""
    certificates = functools.cache(httpx.create_ssl_context)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("httpx._transports.default.create_ssl_context", certificates)
        patch.setattr(keys, "key_of_pem", functools.cache(keys.key_of_pem))
        yield


_given: set[int] = set()


def free_port() -> int:
    """One that no outgoing connection can take before the test's server does, and that nobody was
    given a moment ago who has not bound it yet."""
    while True:
        port = secrets.choice(SHARE.ports)
        if port in _given:
            continue
        if len(_given) > len(SHARE.ports) // 2:
            _given.clear()
        _given.add(port)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@dataclass(frozen=True)
class Server:
    """A running Postgres on which tests create databases of their own."""

    superuser_dsn: str
    port: int

    def database(self, name: str) -> Postgres:
        passwords = {role: SecretStr("test-" + role.value) for role in DatabaseRole}
        return Postgres(host="127.0.0.1", port=self.port, database=name, passwords=passwords)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    base = tmp_path_factory.mktemp("postgres")
    embedded = EmbeddedPostgres(base / "data", base / "run", free_port())
    embedded.prepare()
    with (base / "log").open("wb") as log:
        process = subprocess.Popen(
            [*embedded.command(), *(word for name in UNSAFE for word in ("-c", f"{name}=off"))],
            env=embedded.environment(),
            stdout=log,
            stderr=log,
        )
        try:
            asyncio.run(embedded.wait_ready())
            yield Server(embedded.superuser_dsn, embedded.port)
        finally:
            process.send_signal(STOP_SIGNAL)
            process.wait(timeout=30)
            shutil.rmtree(base, ignore_errors=True)


@pytest.fixture(scope="session")
def where(server: Server) -> Postgres:
    """A migrated database that the tests of a session share; each uses tenants of its own."""
    address = server.database("ubertruck_test")

    async def create() -> None:
        await bootstrap(server.superuser_dsn, address)
        await migrate(address, policy().storage)

    asyncio.run(create())
    return address


@pytest.fixture(scope="session")
def collector() -> Iterator[Collector]:
    """Where the stack sends its traces."""
    made = Collector()
    yield made
    made.close()


@pytest.fixture(scope="session")
def stack(
    request: pytest.FixtureRequest, collector: Collector, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Instance]:
    """The whole product, started once per session, without simulated trucks.

    Tests share it: make trucks and fences of your own, and expect those of others.
    """
    doors = ("osmand", "teltonika", "ais140", "queclink")
    settings = tmp_path_factory.mktemp("stack") / "settings.yaml"
    settings.write_text(yaml.safe_dump({"traces": {"url": collector.url}}))
    ports = (f"--{door}-port={free_port()}" for door in doors)
    options = ("--no-sim", f"--settings={settings}", *ports)
    instance = Instance(free_port(), free_port(), name="stack", options=options)
    try:
        instance.start()
        request.session.stash[STACK] = instance
        yield instance
        stop_stack(request.session)
    finally:
        instance.remove()


def stop_stack(session: pytest.Session) -> None:
    instance = session.stash.get(STACK, None)
    if instance is None:
        return
    del session.stash[STACK]
    assert instance.stop() == 0, instance.said()
    assert instance.traces() == []


@pytest.fixture(scope="session")
def personal(tmp_path_factory: pytest.TempPathFactory) -> PersonalData:
    """With keys of this session."""
    path = tmp_path_factory.mktemp("personal") / "keys.json"
    create_key_ring(path)
    return PersonalData(KeyFile(path))


@pytest.fixture
async def empty_database(server: Server) -> AsyncIterator[Postgres]:
    """Roles and a database without any table."""
    address = server.database("ubertruck_empty_" + secrets.token_hex(4))
    await bootstrap(server.superuser_dsn, address)
    yield address
    admin = await asyncpg.connect(server.superuser_dsn)
    await admin.execute(f"DROP DATABASE {address.database} WITH (FORCE)")
    await admin.close()


@pytest.fixture
async def superuser(server: Server, where: Postgres) -> AsyncIterator[AnyConnection]:
    connection = await asyncpg.connect(server.superuser_dsn, database=where.database)
    yield connection
    await connection.close()


@pytest.fixture
async def fresh_books(superuser: AnyConnection) -> None:
    """No booking of another test waits to be looked at: one look would not come to ours."""
    await superuser.execute("DELETE FROM books_queue")


@pytest.fixture
async def owner(where: Postgres) -> AsyncIterator[AnyConnection]:
    connection = await connect(where, DatabaseRole.OWNER)
    yield connection
    await connection.close()


@pytest.fixture
async def app(where: Postgres) -> AsyncIterator[AnyPool]:
    async with await open_pool(where, DatabaseRole.APP, TEST_POOL, policy().storage) as pool:
        yield pool


@pytest.fixture
async def telemetry(where: Postgres) -> AsyncIterator[AnyPool]:
    async with await open_pool(where, DatabaseRole.TELEMETRY, TEST_POOL, policy().storage) as pool:
        yield pool


@pytest.fixture
async def system(where: Postgres) -> AsyncIterator[AnyPool]:
    async with await open_pool(where, DatabaseRole.SYSTEM, TEST_POOL, policy().storage) as pool:
        yield pool


@pytest.fixture
async def tenant(owner: AnyConnection) -> Tenant:
    return await found_tenant(owner, "A tenant of this test")


@pytest.fixture
async def other_tenant(owner: AnyConnection) -> Tenant:
    return await found_tenant(owner, "Its neighbour")


async def found_tenant(owner: AnyConnection, name: str) -> Tenant:
    made = await create_tenant(owner, "t-" + secrets.token_hex(6), name)
    await seed_roles(owner, made)
    return made


@pytest.fixture
async def tenant_conn(app: AnyPool, tenant: Tenant) -> AsyncIterator[AnyConnection]:
    """What a request of this tenant works with."""
    async with as_tenant(app, tenant.key) as connection:
        yield connection
