"""What trucks do is taken up once, in whatever order its numbers become visible."""

from __future__ import annotations

import uuid

import pytest

from actors.booking_facts import FactsFollower
from actors.booking_writing import TenantName
from actors.bookings import Bookings
from actors.life import now_ms
from actors.rehome import rehome_bookings
from config.policy import Settings, policy
from freight.booking.state import Status
from freight.events import TruckEvent
from freight.load import Load, Place, Stop, StopKind
from store import booking_facts, events
from store.postgres import AnyPool, as_tenant
from tests.actors.booked import DELHI, JAIPUR, add_truck, assign, taken, waiting

FENCED = Load(
    material="cement",
    weight_kg=9_000,
    stops=(
        Stop("S1", StopKind.PICKUP, Place(*DELHI, fence="plant"), 9_000),
        Stop("S2", StopKind.DROP, Place(*JAIPUR, fence="site"), 9_000),
    ),
)
SHARD = 3


@pytest.fixture
def engine(app: AnyPool) -> Bookings:
    return Bookings(app, SHARD, Settings(policy()))


def follower(engine: Bookings, system: AnyPool, **limits: float) -> FactsFollower:
    now = policy().bookings.model_copy(update=limits)
    settings = Settings(policy().model_copy(update={"bookings": now}))
    return FactsFollower(engine, system, SHARD, settings)


async def tell(app: AnyPool, name: TenantName, truck: str, kind: str, fence: str) -> None:
    """As a truck shard would."""
    async with as_tenant(app, name.key) as conn:
        key = await conn.fetchval("SELECT key FROM trucks WHERE id = $1", truck)
        event = TruckEvent(
            id=uuid.uuid4(),
            type=f"truck.fence.{kind}",
            tenant_key=name.key,
            truck_key=key,
            tenant=name.id,
            subject=f"trucks/{truck}",
            time_ms=now_ms() + 10,
            known_at_ms=now_ms(),
            data={"fence": fence, "entered_ts_ms": now_ms()},
        )
        await events.insert(conn, [event])


async def carried(engine: Bookings, app: AnyPool, name: TenantName) -> tuple[str, str]:
    booking, truck = await waiting(engine, name, FENCED), await add_truck(app, name)
    taken(await engine.take(name, booking, assign(truck)))
    return booking, truck


async def status(engine: Bookings, name: TenantName, booking: str) -> Status:
    found = await engine.find(name, booking)
    assert found is not None
    return found.status


async def test_a_truck_that_comes_to_the_pickup_moves_its_booking(
    engine: Bookings, app: AnyPool, system: AnyPool, name: TenantName
) -> None:
    facts = follower(engine, system)
    await facts.go_on()
    booking, truck = await carried(engine, app, name)
    await tell(app, name, truck, "entered", "elsewhere")
    await tell(app, name, truck, "entered", "plant")
    await facts.go_on()

    assert await status(engine, name, booking) is Status.AT_PICKUP


async def test_a_fact_is_taken_up_once_though_it_is_read_again(
    engine: Bookings, app: AnyPool, system: AnyPool, name: TenantName
) -> None:
    facts = follower(engine, system)
    await facts.go_on()
    booking, truck = await carried(engine, app, name)
    await tell(app, name, truck, "entered", "plant")
    await facts.go_on()
    before = await engine.find(name, booking)
    seen = facts.counts["facts_total"]
    await facts.go_on()

    assert facts.counts["facts_total"] == seen
    assert await engine.find(name, booking) == before
    # One that starts anew reads it again, and the booking knows that it was told.
    anew = follower(Bookings(app, SHARD, Settings(policy())), system)
    await anew.go_on()
    assert anew.counts["moves_total"] == 0


async def test_what_has_settled_is_left_behind(
    engine: Bookings, app: AnyPool, system: AnyPool, name: TenantName
) -> None:
    facts = follower(engine, system, settle_s=0.000_001)
    await facts.go_on()
    _, truck = await carried(engine, app, name)
    await tell(app, name, truck, "entered", "plant")
    for _ in range(2):  # what the first one moved is told in the same log
        await facts.go_on()
    async with system.acquire() as conn:
        kept = await booking_facts.cursor(conn, SHARD)
        newest = await booking_facts.newest(conn)

    assert kept == newest


async def test_a_backlog_is_taken_up_piece_by_piece(
    engine: Bookings, app: AnyPool, system: AnyPool, name: TenantName
) -> None:
    facts = follower(engine, system, facts_max=2, settle_s=0.000_001)
    await facts.go_on()
    booking, truck = await carried(engine, app, name)
    for _ in range(5):
        await tell(app, name, truck, "entered", "elsewhere")
    await tell(app, name, truck, "entered", "plant")
    while await facts.go_on():
        pass

    assert await status(engine, name, booking) is Status.AT_PICKUP


async def test_a_truck_that_is_at_the_pickup_already_has_come_for_the_load(
    engine: Bookings, app: AnyPool, system: AnyPool, telemetry: AnyPool, name: TenantName
) -> None:
    booking, truck = await waiting(engine, name, FENCED), await add_truck(app, name)
    await tell(app, name, truck, "entered", "plant")
    async with telemetry.acquire() as conn:
        await conn.execute(
            """
            INSERT INTO spans (tenant_key, truck_key, kind, about, data, from_ts, known_at)
            SELECT tenant_key, truck_key, 'visit', 'plant', '{}', time, known_at
            FROM events WHERE tenant_key = $1 AND type = 'truck.fence.entered'
            """,
            name.key,
        )
    now = taken(await engine.take(name, booking, assign(truck, from_ms=now_ms() + 1_000)))
    facts = follower(engine, system)
    await facts.greet_all()

    found = await engine.find(name, booking)
    assert found is not None
    arrived = found.legs[0].at("S1").arrived
    carriage = now.legs[0].carriage
    assert carriage is not None
    assert arrived is not None
    assert arrived.at_ms == carriage.from_ms


async def test_a_booking_of_a_shard_that_is_no_more_is_followed_by_another(
    engine: Bookings, app: AnyPool, system: AnyPool, name: TenantName
) -> None:
    await carried(engine, app, name)
    moved = await rehome_bookings(system, SHARD)
    async with as_tenant(app, name.key) as conn:
        found = await conn.fetch("SELECT shard FROM booking_legs")

    assert moved >= 1
    assert [row["shard"] for row in found] == [0]
