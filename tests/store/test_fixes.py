"""Fixes are stored once each, found again by truck and by batch, and nothing else is."""

from __future__ import annotations

import asyncio
import secrets
from datetime import date, timedelta

import asyncpg
import numpy as np
import pytest

from freight.fixes import FixArray
from store import fixes, late_fixes, leases
from store.fixes import StoredFix
from store.leases import Lease
from store.postgres import AnyConnection, AnyPool, as_tenant
from store.tenants import Tenant
from tests.shard_numbers import new_shard
from tests.store.fix_arrays import START_MS, bare_fixes
from tests.store.locks import until_someone_waits

DAY_MS = 86_400_000
SHARD = new_shard()  # whose batches nobody reads


def new_truck_key() -> int:
    """Fixes know no foreign keys: any number that no other test uses is a truck."""
    return secrets.randbelow(2**40) + 10**6


@pytest.fixture
async def lease(telemetry: AnyPool) -> Lease:
    """A shard of this test's own."""
    return await leases.acquire(telemetry, new_shard(), "test")


async def store(conn: AnyConnection, given: FixArray, batch: int = 1, shard: int = 31_000) -> None:
    await fixes.ensure_partitions(conn, fixes.days_of(given))
    await fixes.copy_new(conn, given, {}, shard, batch)


async def commit(pool: AnyPool, lease: Lease, batch: int, given: FixArray) -> None:
    async with pool.acquire() as conn, conn.transaction():
        await leases.open_batch(conn, lease, batch, 0, len(given))
        await store(conn, given, batch, lease.shard)


async def test_older_fixes_are_stored_once_and_named(telemetry: AnyPool, tenant: Tenant) -> None:
    truck = new_truck_key()
    given = bare_fixes(tenant.key, truck, [START_MS + s for s in (0, 1000, 2000, 1000, 3000)])
    given["speed_kmh"] = [10, 20, np.nan, 99, 40]
    async with telemetry.acquire() as conn:
        await store(conn, given[[2]])

        first = await fixes.insert_older(conn, given, {1: b'{"k":1}', 3: b"{}"}, SHARD, 2)
        second = await fixes.insert_older(conn, given, {}, SHARD, 3)

        assert first == {0, 1, 4}, "2 was there, 3 repeats 1"
        assert second == set()
        stored = (await late_fixes.pieces(conn, {truck: START_MS}, 10))[truck]
    assert [None if np.isnan(v) else v for v in stored["speed_kmh"]] == [10, 20, None, 40]


async def test_nothing_to_insert_is_no_query(telemetry: AnyPool, tenant: Tenant) -> None:
    async with telemetry.acquire() as conn:
        assert await fixes.insert_older(conn, bare_fixes(1, 1, []), {}, SHARD, 1) == set()
        await fixes.copy_new(conn, bare_fixes(1, 1, []), {}, SHARD, 1)


async def test_insert_and_copy_store_the_same(
    telemetry: AnyPool, app: AnyPool, tenant: Tenant
) -> None:
    copied, inserted = new_truck_key(), new_truck_key()
    given = bare_fixes(tenant.key, copied, [START_MS, START_MS + 1])
    given["speed_kmh"], given["odometer_km"], given["fuel_pct"] = 33.3, 123_456.789, [1.5, np.nan]
    given["seq"], given["satellites"], given["alarm"], given["ignition"] = 2**40, 12, 3, [1, 0]
    extras = {1: '{"क":[1,2.50]}'.encode()}
    async with telemetry.acquire() as conn:
        await fixes.ensure_partitions(conn, fixes.days_of(given))
        await fixes.copy_new(conn, given, extras, SHARD, 1)
        given["truck_key"] = inserted
        await fixes.insert_older(conn, given, extras, SHARD, 1)

    async with as_tenant(app, tenant.key) as conn:
        tracks = [
            await fixes.track(conn, truck, START_MS, START_MS + 10, 10)
            for truck in (copied, inserted)
        ]

    assert tracks[0] == tracks[1]
    first, second = tracks[0]
    assert (first.ts_ms, first.ignition, first.extra) == (START_MS, True, None)
    assert (second.fuel_pct, second.seq, second.extra) == (None, 2**40, {"क": [1, 2.5]})


async def test_the_order_of_a_copy_keeps_unknown_keys_with_their_fix(
    telemetry: AnyPool, app: AnyPool, tenant: Tenant
) -> None:
    truck = new_truck_key()
    given = bare_fixes(tenant.key, truck, [START_MS + 2, START_MS, START_MS + 1])
    async with telemetry.acquire() as conn:
        await fixes.ensure_partitions(conn, fixes.days_of(given))
        await fixes.copy_new(conn, given, {0: b'{"n":2}', 2: b'{"n":1}'}, SHARD, 1)

    async with as_tenant(app, tenant.key) as conn:
        stored = await fixes.track(conn, truck, START_MS, START_MS + 10, 10)

    assert [fix.extra for fix in stored] == [None, {"n": 1}, {"n": 2}]


async def test_a_repeated_fix_is_refused_by_the_copy(telemetry: AnyPool, tenant: Tenant) -> None:
    given = bare_fixes(tenant.key, new_truck_key(), [START_MS])
    async with telemetry.acquire() as conn:
        await store(conn, given)
        with pytest.raises(asyncpg.UniqueViolationError):
            await store(conn, given)


@pytest.mark.parametrize(("field", "value"), [("lat", 90.1), ("lon", -180.1), ("lat", np.nan)])
async def test_impossible_places_are_refused(
    telemetry: AnyPool, tenant: Tenant, field: str, value: float
) -> None:
    given = bare_fixes(tenant.key, new_truck_key(), [START_MS])
    given[field] = value
    async with telemetry.acquire() as conn:
        with pytest.raises(asyncpg.CheckViolationError):
            await store(conn, given)


async def test_a_track_is_paged_over_midnight(
    telemetry: AnyPool, app: AnyPool, tenant: Tenant
) -> None:
    truck = new_truck_key()
    midnight = START_MS // DAY_MS * DAY_MS + DAY_MS
    times = [midnight + step for step in (-2000, -1000, 0, 1000, 2000)]
    async with telemetry.acquire() as conn:
        await store(conn, bare_fixes(tenant.key, truck, times))

    async with as_tenant(app, tenant.key) as conn:
        pages: list[list[StoredFix]] = []
        after: int | None = None
        while page := await fixes.track(conn, truck, times[0], times[-1], 2, after):
            pages.append(page)
            after = page[-1].ts_ms

    assert times[:-1] == [fix.ts_ms for page in pages for fix in page], "`to` is not included"
    assert [len(page) for page in pages] == [2, 2]


async def test_replay_gives_each_committed_batch_in_order(
    telemetry: AnyPool, tenant: Tenant, lease: Lease
) -> None:
    truck = new_truck_key()
    neighbour = await leases.acquire(telemetry, lease.shard + 1, "neighbour")
    sent: dict[int, FixArray] = {}
    # Batch numbers and device times go different ways; late fixes lie in older partitions.
    for batch, day in ((1, 3), (2, -1), (3, 0), (4, 2), (6, 1)):
        times = [START_MS + day * DAY_MS + second * 1000 for second in range(5)]
        sent[batch] = bare_fixes(tenant.key, truck, times)
        sent[batch]["speed_kmh"][::2] = batch
        await commit(telemetry, lease, batch, sent[batch])
        other = bare_fixes(tenant.key, new_truck_key(), times)
        await commit(telemetry, neighbour, batch, other)
    await commit(telemetry, lease, 7, bare_fixes(tenant.key, truck, []))
    await abandon(telemetry, lease, 8, bare_fixes(tenant.key, truck, [START_MS - 1]))

    async with telemetry.acquire() as conn:
        replayed = [pair async for pair in fixes.replay_after(conn, lease.shard, 2)]

    assert [batch for batch, _ in replayed] == [3, 4, 6, 7]
    for batch, stored in replayed[:-1]:
        assert sent[batch].tobytes() == stored.tobytes()
    assert len(replayed[-1][1]) == 0


async def abandon(pool: AnyPool, lease: Lease, batch: int, given: FixArray) -> None:
    """A shard that dies before its commit."""
    async with pool.acquire() as conn:
        transaction = conn.transaction()
        await transaction.start()
        await leases.open_batch(conn, lease, batch, 0, len(given))
        await store(conn, given, batch, lease.shard)
        await transaction.rollback()


async def test_replay_in_several_groups_is_the_same(
    telemetry: AnyPool, tenant: Tenant, lease: Lease, monkeypatch: pytest.MonkeyPatch
) -> None:
    truck = new_truck_key()
    for batch in range(1, 8):
        times = [START_MS + batch * 10_000 + step for step in range(batch)]
        await commit(telemetry, lease, batch, bare_fixes(tenant.key, truck, times))

    monkeypatch.setattr(fixes, "REPLAY_FIXES_MAX", 5)
    async with telemetry.acquire() as conn:
        replayed = [pair async for pair in fixes.replay_after(conn, lease.shard, 0)]

    assert [(n, n) for n in range(1, 8)] == [(batch, len(found)) for batch, found in replayed]


async def test_partitions_are_made_once_by_whoever_comes(telemetry: AnyPool) -> None:
    day = date(2031, 1, 1) + timedelta(days=secrets.randbelow(10_000))
    async with telemetry.acquire() as one, telemetry.acquire() as two:
        transaction = one.transaction()
        await transaction.start()
        assert await one.fetchval("SELECT ensure_fix_partition($1)", day)
        second = asyncio.create_task(two.fetchval("SELECT ensure_fix_partition($1)", day))
        await until_someone_waits(telemetry)
        await transaction.commit()

        assert not await second
        await fixes.ensure_partitions(two, [day, day])


async def test_a_partition_for_no_sane_day_is_refused(telemetry: AnyPool) -> None:
    async with telemetry.acquire() as conn:
        with pytest.raises(asyncpg.CheckViolationError):
            await fixes.ensure_partitions(conn, [date(1999, 12, 31)])


def test_days_are_counted_in_utc() -> None:
    new_year_ms = 1_767_225_600_000
    given = bare_fixes(1, 1, [new_year_ms - 1, new_year_ms, new_year_ms + DAY_MS - 1])

    assert [date(2025, 12, 31), date(2026, 1, 1)] == fixes.days_of(given)
