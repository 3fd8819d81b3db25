"""A shard that lost its lease writes nothing more; its successor starts from what was committed."""

from __future__ import annotations

import asyncio
import secrets

import pytest

from store import fixes, leases, snapshots
from store.errors import BatchExistsError, LeaseLostError
from store.leases import Lease
from store.postgres import AnyPool
from store.snapshots import TruckState
from store.tenants import Tenant
from tests.shard_numbers import new_shard
from tests.store.fix_arrays import START_MS, bare_fixes
from tests.store.locks import until_someone_waits


@pytest.fixture
def shard() -> int:
    return new_shard()


async def commit(pool: AnyPool, lease: Lease, batch: int, fence_revision: int = 0) -> None:
    async with pool.acquire() as conn, conn.transaction():
        await leases.open_batch(conn, lease, batch, fence_revision, 0)


async def test_each_holder_gets_a_higher_epoch(telemetry: AnyPool, shard: int) -> None:
    first = await leases.acquire(telemetry, shard, "one")
    second = await leases.acquire(telemetry, shard, "two")

    assert (first.epoch, second.epoch) == (1, 2)
    assert second.snapshot_batch == 0


async def test_a_zombie_cannot_write(telemetry: AnyPool, tenant: Tenant, shard: int) -> None:
    zombie = await leases.acquire(telemetry, shard, "zombie")
    await commit(telemetry, zombie, 1)
    successor = await leases.acquire(telemetry, shard, "successor")
    given = bare_fixes(tenant.key, secrets.randbelow(2**40), [START_MS])

    async def commit_fixes() -> None:
        async with telemetry.acquire() as conn, conn.transaction():
            await fixes.ensure_partitions(conn, fixes.days_of(given))
            await fixes.copy_new(conn, given, {}, shard, 2)
            await leases.open_batch(conn, zombie, 2, 0, 1)

    with pytest.raises(LeaseLostError):
        await commit_fixes()
    async with telemetry.acquire() as conn:
        with pytest.raises(LeaseLostError):
            await snapshots.save_many(conn, zombie, [TruckState(1, tenant.key, 1, b"x")])
        with pytest.raises(LeaseLostError):
            await snapshots.complete(conn, zombie, 1, 0)

    await commit(telemetry, successor, 2)
    async with telemetry.acquire() as conn:
        assert await conn.fetchval("SELECT count(*) FROM fixes WHERE shard = $1", shard) == 0
        assert [row.epoch for row in await leases.batches_from(conn, shard, 1)] == [1, 2]


async def test_a_takeover_waits_for_the_commit_under_way(telemetry: AnyPool, shard: int) -> None:
    old = await leases.acquire(telemetry, shard, "old")
    async with telemetry.acquire() as conn:
        transaction = conn.transaction()
        await transaction.start()
        await leases.open_batch(conn, old, 1, 0, 0)
        takeover = asyncio.create_task(leases.acquire(telemetry, shard, "new"))
        await until_someone_waits(telemetry)
        assert not takeover.done()
        await transaction.commit()

    new = await takeover

    async with telemetry.acquire() as conn:
        assert [row.batch for row in await leases.batches_from(conn, shard, 0)] == [1]
    assert new.epoch == old.epoch + 1


async def test_a_batch_is_committed_once(telemetry: AnyPool, shard: int) -> None:
    lease = await leases.acquire(telemetry, shard, "one")
    await commit(telemetry, lease, 1)

    with pytest.raises(BatchExistsError):
        await commit(telemetry, lease, 1)


async def test_shards_do_not_share_leases_or_batches(telemetry: AnyPool, shard: int) -> None:
    mine = await leases.acquire(telemetry, shard, "one")
    theirs = await leases.acquire(telemetry, shard + 1, "two")

    await commit(telemetry, mine, 1)
    await commit(telemetry, theirs, 1)

    async with telemetry.acquire() as conn:
        assert len(await leases.batches_from(conn, shard, 0)) == 1


async def test_snapshots_are_replaced_and_shorten_the_log(
    telemetry: AnyPool, tenant: Tenant, shard: int
) -> None:
    lease = await leases.acquire(telemetry, shard, "one")
    trucks = [secrets.randbelow(2**40) for _ in range(2)]
    for batch in range(1, 6):
        await commit(telemetry, lease, batch, fence_revision=batch * 10)
    async with telemetry.acquire() as conn:
        old = [TruckState(truck, tenant.key, 2, b"old") for truck in trucks]
        await snapshots.save_many(conn, lease, old)
        new = TruckState(trucks[1], tenant.key, 4, b"\x00new")
        await snapshots.save_many(conn, lease, [new])
        await snapshots.complete(conn, lease, 3, 3600)
        assert len(await leases.batches_from(conn, shard, 0)) == 5, "younger than an hour"
        await snapshots.complete(conn, lease, 4, 0)

        loaded = await snapshots.load_since(conn, shard, 0)
        kept = await leases.batches_from(conn, shard, 0)

    assert sorted([old[0], new], key=lambda s: s.batch) == sorted(loaded, key=lambda s: s.batch)
    assert [(row.batch, row.fence_revision) for row in kept] == [(4, 40), (5, 50)]
    successor = await leases.acquire(telemetry, shard, "two")
    assert successor.snapshot_batch == 4
