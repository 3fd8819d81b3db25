"""A shard's journal against a real Postgres: nothing lost, nothing twice, whoever dies when."""

from __future__ import annotations

import asyncio
import secrets
import time

import numpy as np
import pytest

from actors.errors import StoreAwayError
from actors.journal import Journal
from config.policy import policy
from freight.fixes import FIX_DTYPE, MISSING_INT8, MISSING_INT16, MISSING_INT64, FixArray, FixBatch
from store import events, fences, outbox, trucks
from store.errors import LeaseLostError
from store.postgres import AnyConnection, AnyPool, as_tenant
from store.tenants import Tenant
from store.tenants import create as create_tenant
from tests.freight.world import square
from tests.shard_numbers import new_shard

TRUCKS = 3
START_MS = time.time_ns() // 1_000_000 - 3_600_000


class Yard:
    """A tenant of its own with trucks and one fence, and the shard number they live on."""

    def __init__(self, tenant: Tenant, truck_keys: list[int], shard: int) -> None:
        self.tenant = tenant
        self.truck_keys = truck_keys
        self.shard = shard


@pytest.fixture
async def yard(owner: AnyConnection, app: AnyPool) -> Yard:
    name = "t" + secrets.token_hex(4)
    tenant = await create_tenant(owner, name, "A yard")
    async with as_tenant(app, tenant.key) as conn:
        keys = [
            (
                await trucks.create(
                    conn,
                    tenant.key,
                    id=f"T{i}",
                    registration=None,
                    truck_class=None,
                    capacity_t=None,
                    secret_hash="x",
                )
            ).key
            for i in range(TRUCKS)
        ]
        await fences.create(
            conn,
            tenant.key,
            id="yard",
            name="Yard",
            kind="depot",
            shape=square(0.0, 0.0),
            dwell_s=None,
            speed_limit_kmh=None,
            schedule=None,
        )
    return Yard(tenant, keys, new_shard())


def fixes_of(yard: Yard, rows: list[tuple[int, int, float]]) -> FixArray:
    """(truck number, second, longitude)"""
    fixes = np.zeros(len(rows), dtype=FIX_DTYPE)
    for name in FIX_DTYPE.names or ():
        if FIX_DTYPE[name].kind == "f":
            fixes[name] = np.nan
    fixes["seq"], fixes["satellites"] = MISSING_INT64, MISSING_INT16
    fixes["ignition"] = fixes["alarm"] = MISSING_INT8
    fixes["tenant_key"] = yard.tenant.key
    fixes["lat"] = 0.5
    for i, (truck, second, lon) in enumerate(rows):
        fixes["truck_key"][i] = yard.truck_keys[truck]
        fixes["ts_ms"][i] = START_MS + second * 1000
        fixes["lon"][i] = lon
    fixes["received_ms"] = time.time_ns() // 1_000_000 + 1000
    return fixes


def batch(yard: Yard, rows: list[tuple[int, int, float]]) -> FixBatch:
    return FixBatch(fixes_of(yard, rows), {})


async def crossings(app: AnyPool, yard: Yard) -> list[tuple[int, str, int]]:
    """(truck number, kind, second) of every event about a fence that stands."""
    async with as_tenant(app, yard.tenant.key) as conn:
        told = await events.list_page(conn, limit=10_000)
    taken_back: dict[str, bool] = {}
    for event in told:
        if event.type.startswith("event."):
            taken_back[event.data["replaces"]] = event.type == "event.retracted"
    return sorted(
        (
            yard.truck_keys.index(e.truck_key or 0),
            e.type.rsplit(".", 1)[1],
            (e.time_ms - START_MS) // 1000,
        )
        for e in told
        if e.type.startswith("truck.fence.") and not taken_back.get(str(e.id), False)
    )


async def started(telemetry: AnyPool, system: AnyPool, yard: Yard) -> Journal:
    journal = Journal(telemetry, system, yard.shard, policy().tracking)
    await journal.recover()
    return journal


async def stored_count(app: AnyPool, yard: Yard) -> int:
    async with as_tenant(app, yard.tenant.key) as conn:
        count: int = await conn.fetchval("SELECT count(*) FROM fixes")
        return count


async def test_a_zombie_writes_nothing(
    yard: Yard, app: AnyPool, telemetry: AnyPool, system: AnyPool
) -> None:
    zombie = await started(telemetry, system, yard)
    heir = await started(telemetry, system, yard)

    with pytest.raises(LeaseLostError):
        await zombie.commit(batch(yard, [(0, 1, 0.5)]))
    assert await stored_count(app, yard) == 0

    await heir.commit(batch(yard, [(0, 1, 0.5)]))
    assert await stored_count(app, yard) == 1


async def test_a_commit_cut_off_is_recovered_from_and_stored_once(
    yard: Yard, app: AnyPool, telemetry: AnyPool, system: AnyPool, superuser: AnyConnection
) -> None:
    journal = await started(telemetry, system, yard)
    async with telemetry.acquire() as held:
        backend = held.get_server_pid()
        async with held.transaction():
            # Another commit of this shard is under way: ours has to wait at the lease.
            await held.execute(
                "UPDATE shard_leases SET holder = holder WHERE shard = $1", yard.shard
            )
            commit = asyncio.ensure_future(journal.commit(batch(yard, [(0, 1, 0.5)])))
            blocked = (
                "SELECT pid FROM pg_stat_activity WHERE $1 = ANY (pg_blocking_pids(pid)) LIMIT 1"
            )
            while (pid := await superuser.fetchval(blocked, backend)) is None:  # noqa: ASYNC110
                await asyncio.sleep(0)
            await superuser.execute("SELECT pg_terminate_backend($1)", pid)
            with pytest.raises(StoreAwayError):
                await commit

    await journal.recover()
    await journal.commit(batch(yard, [(0, 1, 0.5)]))

    assert await stored_count(app, yard) == 1
    assert await crossings(app, yard) == [(0, "entered", 1)]


async def test_a_state_that_lags_behind_the_store_catches_up_instead_of_stalling(
    yard: Yard, app: AnyPool, telemetry: AnyPool, system: AnyPool
) -> None:
    first = await started(telemetry, system, yard)
    await first.commit(batch(yard, [(0, 1, 0.5)]))
    other_shard = Yard(yard.tenant, yard.truck_keys, yard.shard + 1)
    lagging = await started(telemetry, system, other_shard)

    with pytest.raises(StoreAwayError):
        await lagging.commit(batch(other_shard, [(0, 1, 0.5), (1, 1, 9.0)]))
    await lagging.recover()
    await lagging.commit(batch(other_shard, [(0, 1, 0.5), (1, 1, 9.0)]))

    assert await stored_count(app, yard) == 2


async def test_a_fence_is_in_force_for_the_first_batch_after_its_creation(
    yard: Yard, app: AnyPool, telemetry: AnyPool, system: AnyPool
) -> None:
    journal = await started(telemetry, system, yard)
    await journal.commit(batch(yard, [(0, 1, 7.0)]))
    async with as_tenant(app, yard.tenant.key) as conn:
        await fences.create(
            conn,
            yard.tenant.key,
            id="new",
            name="New",
            kind=None,
            shape=square(5.0, 0.0),
            dwell_s=None,
            speed_limit_kmh=None,
            schedule=None,
        )

    await journal.commit(batch(yard, [(0, 2, 5.5)]))

    assert await crossings(app, yard) == [(0, "entered", 2)]


async def test_each_new_event_is_in_the_outbox_once(
    yard: Yard, app: AnyPool, telemetry: AnyPool, system: AnyPool
) -> None:
    journal = await started(telemetry, system, yard)

    await journal.commit(batch(yard, [(0, 1, 0.5), (0, 2, 5.0)]))
    await journal.commit(batch(yard, [(0, 1, 0.5), (0, 2, 5.0)]))

    async with system.acquire() as conn, conn.transaction():
        rows = [r for r in await outbox.take(conn, 10_000) if r.tenant_key == yard.tenant.key]
    assert len(rows) == 2


async def test_a_fence_for_a_class_of_trucks_knows_which_they_are(
    yard: Yard, app: AnyPool, telemetry: AnyPool, system: AnyPool
) -> None:
    async with as_tenant(app, yard.tenant.key) as conn:
        await conn.execute(
            "UPDATE trucks SET truck_class = 'trailer' WHERE key = $1", yard.truck_keys[0]
        )
        await fences.create(
            conn,
            yard.tenant.key,
            id="city",
            name="City",
            kind="no_entry",
            shape=square(0.0, 0.0),
            truck_classes=["trailer"],
            notify=[],
        )
    journal = await started(telemetry, system, yard)

    await journal.commit(batch(yard, [(0, 1, 0.5), (1, 1, 0.5)]))

    async with system.acquire() as conn, conn.transaction():
        rows = [r for r in await outbox.take(conn, 10_000) if r.tenant_key == yard.tenant.key]
    told = [r for r in rows if "no_entry_violated" in str(r)]
    assert len(told) == 1


async def test_a_tenant_that_leaves_is_forgotten_and_not_saved_again(
    yard: Yard, telemetry: AnyPool, system: AnyPool, superuser: AnyConnection
) -> None:
    journal = Journal(telemetry, system, yard.shard, policy().tracking)
    await journal.recover()
    await journal.commit(FixBatch(fixes_of(yard, [(0, 0, 0.5), (1, 0, 0.5)]), {}))
    await journal.snapshot(asyncio.Lock())
    assert len(journal.columns.of_tenant(yard.tenant.key)) == 2
    await journal.commit(FixBatch(fixes_of(yard, [(0, 60, 0.5)]), {}))
    await superuser.execute(
        "UPDATE tenants SET status = 'offboarding' WHERE key = $1", yard.tenant.key
    )
    await superuser.execute("DELETE FROM truck_snapshots WHERE tenant_key = $1", yard.tenant.key)

    await journal.snapshot(asyncio.Lock())

    assert len(journal.columns.of_tenant(yard.tenant.key)) == 0
    saved = "SELECT count(*) FROM truck_snapshots WHERE tenant_key = $1"
    assert await superuser.fetchval(saved, yard.tenant.key) == 0
    # What was still on its way is taken like any first fix of a truck.
    await journal.commit(FixBatch(fixes_of(yard, [(0, 120, 0.5)]), {}))
    assert len(journal.columns.of_tenant(yard.tenant.key)) == 1
