"""A fact is stored once however often it is derived, and announced exactly when it was new."""

from __future__ import annotations

import asyncio
import secrets
import uuid

import msgspec
import pytest

from freight.cloudevents import cloud_event
from freight.events import TruckEvent, event_id
from store import events, outbox, rejections
from store.postgres import AnyConnection, AnyPool, as_tenant
from store.rejections import Rejection
from store.tenants import Tenant
from tests.store.fix_arrays import START_MS


@pytest.fixture
def truck_key() -> int:
    return secrets.randbelow(2**40)


def fact(tenant: Tenant, truck_key: int, second: int, kind: str = "entered") -> TruckEvent:
    time_ms = START_MS + second * 1000
    type_ = f"truck.fence.{kind}"
    return TruckEvent(
        id=event_id(truck_key, type_, "F1", time_ms),
        type=type_,
        tenant_key=tenant.key,
        truck_key=truck_key,
        tenant=tenant.id,
        subject="trucks/T1",
        time_ms=time_ms,
        known_at_ms=time_ms + 77,
        data={"fence": "F1", "lat": 19.5, "name": "दिल्ली"},
    )


async def drain(system: AnyPool, tenant: Tenant) -> list[outbox.OutboxRow]:
    """What the relay would announce of this tenant; the rest stays for whoever comes next."""
    async with system.acquire() as conn, conn.transaction():
        rows = [r for r in await outbox.take(conn, 10_000) if r.tenant_key == tenant.key]
        await outbox.delete(conn, [row.id for row in rows])
    return rows


async def insert(telemetry: AnyPool, facts: list[TruckEvent]) -> int:
    async with telemetry.acquire() as conn, conn.transaction():
        return await events.insert(conn, facts)


async def test_a_fact_comes_back_as_it_was(
    telemetry: AnyPool, tenant_conn: AnyConnection, tenant: Tenant, truck_key: int
) -> None:
    given = fact(tenant, truck_key, 1)

    assert await insert(telemetry, [given]) == 1

    stored = await events.get(tenant_conn, given.id)
    assert stored is not None
    assert msgspec.structs.asdict(given) == {
        name: value for name, value in msgspec.structs.asdict(stored).items() if name != "seq"
    }
    assert cloud_event(given) == cloud_event(stored)
    assert await events.get(tenant_conn, uuid.uuid4()) is None


async def test_only_new_facts_are_announced(
    telemetry: AnyPool, system: AnyPool, tenant: Tenant, truck_key: int
) -> None:
    first, second, third = (fact(tenant, truck_key, second) for second in (1, 2, 3))

    assert await insert(telemetry, []) == 0
    assert await insert(telemetry, [first, second, first]) == 2
    announced = await drain(system, tenant)
    assert await insert(telemetry, [second, third, first]) == 1
    announced_later = await drain(system, tenant)

    bodies = [msgspec.json.encode(cloud_event(event)) for event in (first, second, third)]
    assert bodies == [row.body for row in (*announced, *announced_later)]
    seqs = [row.event_seq for row in (*announced, *announced_later)]
    assert seqs == sorted(seqs)


async def test_the_log_keeps_the_order_given(
    telemetry: AnyPool, tenant_conn: AnyConnection, tenant: Tenant, truck_key: int
) -> None:
    facts = [fact(tenant, truck_key, second) for second in (5, 3, 9, 1)]

    await insert(telemetry, facts)

    listed = await events.list_page(tenant_conn, limit=10)
    assert [event.id for event in facts] == [event.id for event in listed]


async def test_an_abandoned_transaction_announces_nothing(
    telemetry: AnyPool, system: AnyPool, tenant: Tenant, truck_key: int
) -> None:
    async with telemetry.acquire() as conn:
        transaction = conn.transaction()
        await transaction.start()
        await events.insert(conn, [fact(tenant, truck_key, 1)])
        await transaction.rollback()

    assert await drain(system, tenant) == []


async def test_two_shards_derive_the_same_fact_at_once(
    telemetry: AnyPool, system: AnyPool, tenant: Tenant, truck_key: int
) -> None:
    facts = [fact(tenant, truck_key, second) for second in range(50)]

    counts = await asyncio.gather(*(insert(telemetry, facts) for _ in range(3)))

    assert sum(counts) == len(facts) == len(await drain(system, tenant))


async def test_events_are_listed_by_what_is_asked(
    telemetry: AnyPool, tenant_conn: AnyConnection, tenant: Tenant, truck_key: int
) -> None:
    other = truck_key + 1
    given = [fact(tenant, truck_key, s, kind) for s in range(3) for kind in ("entered", "exited")]
    given.append(fact(tenant, other, 1))
    await insert(telemetry, given)

    async def seconds(**asked: object) -> list[int]:
        found = await events.list_page(tenant_conn, limit=100, **asked)  # type: ignore[arg-type]
        return [(event.time_ms - START_MS) // 1000 for event in found]

    assert await seconds(truck=truck_key) == [0, 0, 1, 1, 2, 2]
    assert await seconds(truck=truck_key, newest_first=True) == [2, 2, 1, 1, 0, 0]
    assert await seconds(types=["truck.fence.exited"]) == [0, 1, 2]
    assert await seconds(from_ms=START_MS + 1000, to_ms=START_MS + 2000) == [1, 1, 1]
    assert await seconds(truck=other, types=["truck.fence.exited"]) == []


async def test_events_are_paged_both_ways(
    telemetry: AnyPool, tenant_conn: AnyConnection, tenant: Tenant, truck_key: int
) -> None:
    await insert(telemetry, [fact(tenant, truck_key, second) for second in range(7)])

    for newest_first in (False, True):
        ids: list[uuid.UUID] = []
        after: int | None = None
        while page := await events.list_page(
            tenant_conn, after=after, limit=3, newest_first=newest_first
        ):
            ids += [event.id for event in page]
            after = page[-1].seq
        assert len(ids) == len(set(ids)) == 7

    first = (await events.list_page(tenant_conn, limit=1))[0]
    assert len(await events.since(tenant_conn, first.seq, 100)) == 6


async def test_two_relays_never_take_the_same_row(
    telemetry: AnyPool, system: AnyPool, tenant: Tenant, truck_key: int
) -> None:
    await insert(telemetry, [fact(tenant, truck_key, second) for second in range(6)])

    async with (
        system.acquire() as one,
        system.acquire() as two,
        one.transaction(),
        two.transaction(),
    ):
        taken = [await outbox.take(conn, 10_000) for conn in (one, two)]
        backlog = await outbox.backlog(one)

    assert taken[1] == []
    assert len(taken[0]) == backlog.rows >= 6
    assert backlog.oldest_s > 0
    await drain(system, tenant)


async def test_rejections_are_kept_whatever_they_contain(
    telemetry: AnyPool, app: AnyPool, tenant: Tenant
) -> None:
    rows = [
        Rejection(tenant.id, "T\x001", "v1/x", "malformed", "half \ud800", b"\x00\xff", START_MS),
        Rejection("no-such-tenant", "T", "v1/y", "unknown", "", b"raw", START_MS),
        Rejection(tenant.id, "T2", "v1/z", "too_big", "", b"x" * 10_000, START_MS + 1),
    ]
    async with telemetry.acquire() as conn:
        await rejections.insert_many(conn, [])
        await rejections.insert_many(conn, rows)

    async with as_tenant(app, tenant.key) as conn:
        newest, oldest = await rejections.list_page(conn, limit=10)
        assert [oldest] == await rejections.list_page(conn, limit=10, after=newest.id)

    assert (newest.truck, newest.received_ms, len(newest.raw)) == ("T2", START_MS + 1, 4096)
    assert (oldest.truck, oldest.raw) == ("T\ufffd1", b"\x00\xff")
