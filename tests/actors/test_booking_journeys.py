"""A truck that is given a leg follows its stops without anybody asking, and stops with the leg."""

from __future__ import annotations

from typing import Any

import pytest

from actors.booking_journeys import BookingJourneys
from actors.booking_writing import TenantName
from actors.bookings import Bookings
from config.policy import Policy, Settings, policy
from freight.booking import commands as asked
from freight.booking.state import Milestone, Side
from store import awards, journeys, routes
from store.journeys import Journey, JourneyTerms
from store.postgres import AnyPool, as_tenant
from store.tenants import Tenant
from tests.actors.booked import (
    DELHI,
    JAIPUR,
    SOMEBODY,
    add_truck,
    assign,
    load,
    taken,
    waiting,
)

SEA = (15.0, 65.0)


def looking(**rules: bool) -> Policy:
    """That looks each time it is asked to."""
    now = policy()
    ours = now.booking_rules.journeys.model_copy(update=rules)
    return now.model_copy(
        update={
            "bookings": now.bookings.model_copy(update={"journeys_look_s": 1e-9}),
            "booking_rules": now.booking_rules.model_copy(update={"journeys": ours}),
        }
    )


@pytest.fixture
def settings() -> Settings:
    return Settings(looking())


@pytest.fixture
def shard(tenant: Tenant) -> int:
    """Nobody else's."""
    return tenant.key


@pytest.fixture
def engine(app: AnyPool, shard: int, settings: Settings) -> Bookings:
    return Bookings(app, shard, settings)


@pytest.fixture
def ways(app: AnyPool, system: AnyPool, shard: int, settings: Settings) -> BookingJourneys:
    return BookingJourneys(app, system, shard, settings)


async def all_of(app: AnyPool, name: TenantName, **having: Any) -> list[Journey]:
    async with as_tenant(app, name.key) as conn:
        return await journeys.list_page(conn, None, 100, **having)


async def given(app: AnyPool, engine: Bookings, name: TenantName) -> tuple[str, str]:
    """A booking, and the truck that has it."""
    truck = await add_truck(app, name)
    booking = await waiting(engine, name)
    taken(await engine.take(name, booking, assign(truck)))
    return booking, truck


async def test_it_begins_with_the_truck_and_is_begun_once(
    app: AnyPool,
    system: AnyPool,
    engine: Bookings,
    name: TenantName,
    ways: BookingJourneys,
) -> None:
    booking, truck = await given(app, engine, name)
    await ways.go_on()
    await ways.go_on()
    # As after a crash: another one, which knows nothing.
    await BookingJourneys(app, system, name.key, Settings(looking())).go_on()

    (made,) = await all_of(app, name)
    assert (made.id, made.truck, made.state) == (f"bj-{booking}-L1-1", truck, "active")
    assert [(stop.lat, stop.lon) for stop in made.stops] == [DELHI, JAIPUR]
    async with as_tenant(app, name.key) as conn:
        route = await routes.get(conn, made.route.id)
    assert route.length_m > 200_000
    assert ways.counts["journeys_begun_total"] == 1


async def test_it_ends_when_the_truck_loses_the_leg(
    app: AnyPool, engine: Bookings, name: TenantName, ways: BookingJourneys
) -> None:
    back = await given(app, engine, name)
    off = await given(app, engine, name)
    await ways.go_on()
    taken(await engine.take(name, back[0], asked.Unassign(by=SOMEBODY, leg="L1")))
    taken(await engine.take(name, off[0], asked.Cancel(by=SOMEBODY, side=Side.OPERATOR)))
    await ways.go_on()

    ended = {one.truck: one.end_reason for one in await all_of(app, name)}
    assert ended == {back[1]: "unassigned", off[1]: "cancelled"}


async def test_who_takes_over_goes_on_from_where_it_is(
    app: AnyPool, engine: Bookings, name: TenantName, ways: BookingJourneys
) -> None:
    booking, first = await given(app, engine, name)
    await ways.go_on()
    second = await add_truck(app, name)
    taken(await engine.take(name, booking, asked.Swap(by=SOMEBODY, leg="L1", truck=second)))
    await ways.go_on()

    found = {one.truck: (one.id, one.end_reason) for one in await all_of(app, name)}
    assert found == {
        first: (f"bj-{booking}-L1-1", "swapped"),
        second: (f"bj-{booking}-L1-2", None),
    }


async def test_what_a_person_has_given_the_truck_stays(
    app: AnyPool, engine: Bookings, name: TenantName, ways: BookingJourneys
) -> None:
    _, other = await given(app, engine, name)
    await ways.go_on()
    (ours,) = await all_of(app, name)
    booking, truck = await given(app, engine, name)
    async with as_tenant(app, name.key) as conn:
        keys = await awards.truck_keys(conn, [truck, other])
        terms = JourneyTerms(route=ours.route)
        await journeys.begin(conn, name.key, keys[truck], "by-hand", terms)
        # And another person has ended ours: it does not come back.
        await journeys.end(conn, ours.id, "ended", None)
    await ways.go_on()

    assert {one.id for one in await all_of(app, name)} == {"by-hand", ours.id}
    taken(await engine.take(name, booking, asked.Unassign(by=SOMEBODY, leg="L1")))
    await ways.go_on()
    assert [one.id for one in await all_of(app, name) if one.ended_at is None] == ["by-hand"]


async def test_one_that_a_person_has_sent_another_way_is_that_persons(
    app: AnyPool, engine: Bookings, name: TenantName, ways: BookingJourneys
) -> None:
    await given(app, engine, name)
    booking, _ = await given(app, engine, name)
    await ways.go_on()
    other, ours = sorted(await all_of(app, name), key=lambda one: booking in one.id)
    async with as_tenant(app, name.key) as conn:
        await journeys.change(conn, ours.id, JourneyTerms(route=other.route), None)
    taken(await engine.take(name, booking, asked.Unassign(by=SOMEBODY, leg="L1")))
    await ways.go_on()

    assert all(one.ended_at is None for one in await all_of(app, name))


async def test_where_no_highway_leads_the_booking_goes_on_without(
    app: AnyPool, engine: Bookings, name: TenantName, ways: BookingJourneys
) -> None:
    truck = await add_truck(app, name)
    booking = await waiting(engine, name, load(at=SEA))
    taken(await engine.take(name, booking, assign(truck)))
    await ways.go_on()
    await ways.go_on()

    assert await all_of(app, name) == []
    assert ways.counts["journeys_refused_total"] == 1
    reach = asked.Reach(
        by=SOMEBODY, leg="L1", milestone=Milestone.ARRIVED, stop="S1", reason="seen"
    )
    taken(await engine.take(name, booking, reach))


async def test_a_tenant_may_leave_it_to_its_people(
    app: AnyPool, system: AnyPool, engine: Bookings, name: TenantName
) -> None:
    await given(app, engine, name)
    by_hand = Settings(looking(automatic=False))
    await BookingJourneys(app, system, name.key, by_hand).go_on()

    assert await all_of(app, name) == []


async def test_no_more_than_a_few_are_planned_before_facts_are_followed_again(
    app: AnyPool, system: AnyPool, engine: Bookings, name: TenantName
) -> None:
    now = looking()
    few = now.bookings.model_copy(update={"journeys_at_once": 2})
    ways = BookingJourneys(
        app, system, name.key, Settings(now.model_copy(update={"bookings": few}))
    )
    for _ in range(3):
        await given(app, engine, name)
    begun = []
    for _ in range(3):
        await ways.go_on()
        begun.append(len(await all_of(app, name)))

    assert begun == [2, 3, 3]
