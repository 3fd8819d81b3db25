"""Tenants, clients, trucks and fences: created, found, changed under a version, deleted softly."""

from __future__ import annotations

import asyncio
import secrets
from typing import Any

import asyncpg
import pytest

from store import clients, fences, revisions, tenants, trucks
from store.directory import TruckDirectory, changes_since
from store.errors import AlreadyExistsError, NotFoundError, StaleVersionError
from store.postgres import AnyConnection, AnyPool, as_tenant
from store.tenants import Tenant
from tests.store.locks import until_someone_waits

SQUARE: dict[str, Any] = {
    "type": "Polygon",
    "coordinates": [[[72.0, 19.0], [73.0, 19.0], [73.0, 20.0], [72.0, 19.0]]],
}


async def add_truck(conn: AnyConnection, tenant: Tenant, id: str) -> trucks.Truck:  # noqa: A002
    return await trucks.create(
        conn,
        tenant.key,
        id=id,
        registration="MH01AB1234",
        truck_class="trailer",
        capacity_t=27.5,
        secret_hash="hash of " + id,
    )


async def add_fence(conn: AnyConnection, tenant: Tenant, id: str) -> fences.Fence:  # noqa: A002
    return await fences.create(conn, tenant.key, id=id, name=id, kind="depot", shape=SQUARE)


async def rename_fence(conn: AnyConnection, fence: fences.Fence, name: str) -> fences.Fence:
    return await fences.update(
        conn,
        fence.id,
        name=name,
        kind=fence.kind,
        shape=fence.shape,
        dwell_s=60.0,
        speed_limit_kmh=None,
        schedule={"days": ["mon"]},
        expected_version=fence.version,
    )


async def test_tenants_are_found_by_id(owner: AnyConnection, system: AnyPool) -> None:
    made = await tenants.create(owner, "t-" + secrets.token_hex(6), "Name")

    async with system.acquire() as conn:
        assert made == await tenants.find(conn, made.id)
        assert made in await tenants.all_tenants(conn)
        assert await tenants.find(conn, "nobody") is None
    with pytest.raises(AlreadyExistsError):
        await tenants.create(owner, made.id, "Again")


@pytest.mark.parametrize("tenant_id", ["", "Upper", "dots.no", "a" * 33, "space d"])
async def test_odd_tenant_ids_are_refused(owner: AnyConnection, tenant_id: str) -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        await tenants.create(owner, tenant_id, "Name")


async def test_clients_are_found_with_their_tenant(
    owner: AnyConnection, system: AnyPool, tenant: Tenant
) -> None:
    await clients.create(
        owner,
        tenant.key,
        id=f"{tenant.id}-viewer",
        secret_hash="hash",
        roles=("viewer",),
    )

    async with system.acquire() as conn:
        found = await clients.find(conn, f"{tenant.id}-viewer")
        assert await clients.find(conn, "nobody") is None
    assert found is not None
    assert (found.tenant, found.roles, found.previous_hash) == (tenant.id, ("viewer",), None)


async def test_a_truck_lives_through_its_versions(
    tenant_conn: AnyConnection, tenant: Tenant
) -> None:
    truck = await add_truck(tenant_conn, tenant, "T1")
    assert truck == await trucks.get(tenant_conn, "T1")
    assert truck.version == 1

    changed = await trucks.update(
        tenant_conn,
        "T1",
        registration=None,
        truck_class="tipper",
        capacity_t=None,
        carrier=None,
        expected_version=1,
    )

    assert (changed.version, changed.registration, changed.truck_class) == (2, None, "tipper")
    assert changed.key == truck.key
    with pytest.raises(StaleVersionError) as stale:
        await trucks.delete(tenant_conn, "T1", expected_version=1)
    assert (stale.value.expected, stale.value.found) == (1, 2)
    await trucks.delete(tenant_conn, "T1", expected_version=2)
    for attempt in (trucks.get(tenant_conn, "T1"), trucks.delete(tenant_conn, "T1")):
        with pytest.raises(NotFoundError):
            await attempt


async def test_a_taken_truck_id_is_refused_but_not_across_tenants(
    app: AnyPool, tenant: Tenant, other_tenant: Tenant
) -> None:
    async with as_tenant(app, tenant.key) as conn:
        await add_truck(conn, tenant, "T1")
    async with as_tenant(app, other_tenant.key) as conn:
        await add_truck(conn, other_tenant, "T1")

    with pytest.raises(AlreadyExistsError):
        async with as_tenant(app, tenant.key) as conn:
            await add_truck(conn, tenant, "T1")


async def test_trucks_are_listed_in_pages(tenant_conn: AnyConnection, tenant: Tenant) -> None:
    for number in (3, 1, 4, 2):
        await add_truck(tenant_conn, tenant, f"T{number}")
    await trucks.delete(tenant_conn, "T4")

    first = await trucks.list_page(tenant_conn, None, 2)
    second = await trucks.list_page(tenant_conn, first[-1].id, 2)

    assert [truck.id for truck in (*first, *second)] == ["T1", "T2", "T3"]


async def test_the_directory_follows_creation_deletion_and_reuse(
    app: AnyPool, system: AnyPool, tenant: Tenant
) -> None:
    directory = TruckDirectory()
    async with as_tenant(app, tenant.key) as conn:
        first = await add_truck(conn, tenant, "T1")
        await add_truck(conn, tenant, "T2")
    await directory.refresh(system)
    name = (tenant.id, "T1")
    assert directory.by_name[name].truck_key == first.key
    assert directory.by_name[name].secret_hash == "hash of T1"
    assert await directory.refresh(system) == []

    async with as_tenant(app, tenant.key) as conn:
        await trucks.delete(conn, "T1")
    assert [change.deleted for change in await directory.refresh(system)] == [True]
    assert name not in directory.by_name
    assert first.key not in directory.by_key

    async with as_tenant(app, tenant.key) as conn:
        second = await add_truck(conn, tenant, "T1")
    await directory.refresh(system)

    assert directory.by_name[name].truck_key == second.key != first.key
    late_comer = TruckDirectory()
    await late_comer.refresh(system)
    assert directory.by_name == late_comer.by_name
    assert directory.revision == late_comer.revision


async def test_a_fence_lives_through_its_versions(
    app: AnyPool, system: AnyPool, tenant: Tenant
) -> None:
    async with as_tenant(app, tenant.key) as conn:
        made = await add_fence(conn, tenant, "F1")
        assert made == await fences.get(conn, "F1")
        with pytest.raises(AlreadyExistsError):
            await add_fence(conn, tenant, "F1")
        renamed = await rename_fence(conn, made, "New name")
        assert [renamed] == await fences.list_page(conn, None, 10)
        with pytest.raises(StaleVersionError):
            await rename_fence(conn, made, "Newer name")
        await fences.delete(conn, "F1")
        with pytest.raises(NotFoundError):
            await fences.get(conn, "F1")
        again = await add_fence(conn, tenant, "F1")

    assert [made.version, renamed.version, again.version] == [1, 2, 4]
    async with system.acquire() as conn:
        history = await conn.fetch(
            "SELECT version, name, deleted FROM fence_versions WHERE tenant_key = $1 ORDER BY 1",
            tenant.key,
        )
    assert [tuple(row) for row in history] == [
        (1, "F1", False),
        (2, "New name", False),
        (3, "New name", True),
        (4, "F1", False),
    ]


async def test_fences_as_of_any_revision(app: AnyPool, system: AnyPool, tenant: Tenant) -> None:
    async with system.acquire() as conn:
        before = await revisions.head(conn)
    async with as_tenant(app, tenant.key) as conn:
        one = await add_fence(conn, tenant, "F1")
        two = await add_fence(conn, tenant, "F2")
        renamed = await rename_fence(conn, one, "New name")
        await fences.delete(conn, "F2")

    async with system.acquire() as conn:
        early = await fences.changes_between(conn, before, two.revision)
        later = await fences.changes_between(conn, two.revision, None)
        head = await revisions.head(conn)

    assert [(v.fence_id, v.shape) for v in early] == [("F1", SQUARE), ("F2", SQUARE)]
    assert [(v.fence_id, v.name, v.shape) for v in later] == [
        ("F1", "New name", SQUARE),
        ("F2", "F2", None),
    ]
    assert [renamed.revision, head] == [v.revision for v in later]
    assert later[0].schedule == {"days": ["mon"]}
    assert early[0].valid_from_ms <= later[-1].valid_from_ms


async def test_what_a_fence_tells_is_in_each_of_its_versions(
    app: AnyPool, system: AnyPool, tenant: Tenant
) -> None:
    rules: dict[str, Any] = {
        "group": "north",
        "crossings": True,
        "notify": ["exited"],
        "truck_classes": ["trailer"],
        "dwell_s": 60.0,
    }
    async with as_tenant(app, tenant.key) as conn:
        made = await fences.create(
            conn, tenant.key, id="gate", name="Gate", kind="toll", shape=SQUARE, **rules
        )
        await fences.delete(conn, "gate")
        again = await fences.create(
            conn, tenant.key, id="gate", name="Gate", kind=None, shape=SQUARE
        )

    async with system.acquire() as conn:
        (first,) = await fences.changes_between(conn, made.revision - 1, made.revision)
        (last,) = await fences.changes_between(conn, again.revision - 1, None)

    assert {name: getattr(made, name) for name in rules} == rules
    assert {name: getattr(first, name) for name in rules} == rules
    assert (last.group, last.crossings, last.notify, last.truck_classes) == (
        *(None, False, None, None),
    )


async def test_revisions_become_visible_in_their_order(
    app: AnyPool, system: AnyPool, tenant: Tenant
) -> None:
    """The slow writer drew the lower number; the reader must not see the higher one before it."""
    directory = TruckDirectory()
    await directory.refresh(system)
    slow_wrote, may_commit = asyncio.Event(), asyncio.Event()

    async def slow() -> None:
        async with as_tenant(app, tenant.key) as conn:
            await add_truck(conn, tenant, "slow")
            slow_wrote.set()
            await may_commit.wait()

    async def fast() -> None:
        await slow_wrote.wait()
        async with as_tenant(app, tenant.key) as conn:
            await add_truck(conn, tenant, "fast")

    slow_task, fast_task = asyncio.create_task(slow()), asyncio.create_task(fast())
    await slow_wrote.wait()
    await until_someone_waits(system)
    assert await directory.refresh(system) == []
    may_commit.set()
    await asyncio.gather(slow_task, fast_task)

    assert [change.truck for change in await directory.refresh(system)] == ["slow", "fast"]


async def test_many_writers_and_a_poller_miss_nothing(
    app: AnyPool, system: AnyPool, tenant: Tenant
) -> None:
    directory = TruckDirectory()
    await directory.refresh(system)
    seen: list[int] = []
    ids = [f"T{number:03}" for number in range(60)]

    async def write(truck_id: str) -> None:
        async with as_tenant(app, tenant.key) as conn:
            await add_truck(conn, tenant, truck_id)

    writing = asyncio.gather(*(write(truck_id) for truck_id in ids))
    while not writing.done():
        seen += [change.revision for change in await directory.refresh(system)]
    await writing
    seen += [change.revision for change in await directory.refresh(system)]

    assert seen == sorted(seen)
    assert set(ids) == {truck for name, truck in directory.by_name if name == tenant.id}


async def test_changes_since_gives_only_what_is_newer(
    app: AnyPool, system: AnyPool, tenant: Tenant
) -> None:
    async with as_tenant(app, tenant.key) as conn:
        await add_truck(conn, tenant, "T1")
        await add_truck(conn, tenant, "T2")
    async with system.acquire() as conn:
        changes = [c for c in await changes_since(conn, 0) if c.tenant == tenant.id]
        newer = await changes_since(conn, changes[0].revision)

    assert changes[1] in newer
    assert changes[0] not in newer
