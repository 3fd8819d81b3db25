"""Journeys: one open a truck, every version by revision, seen by whom they concern."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from freight.events import TruckEvent
from freight.routing.plan import Section
from freight.tracking.journeys import (
    AllowedPlace,
    JourneyBook,
    JourneyPlan,
    Line,
    PlannedStop,
    Stretch,
)
from freight.tracking.machines.following import ARRIVED
from freight.tracking.standing import CORRECTED, RETRACTED
from store import carriers, events, journey_versions, journeys, revisions, routes, trucks
from store.errors import AlreadyExistsError, NotFoundError, StaleVersionError
from store.journey_versions import JourneyVersion
from store.journeys import Journey, JourneyState, JourneyTerms, Place, Stop
from store.postgres import AnyConnection, AnyPool, as_tenant, epoch_ms
from store.routes import RouteRef
from store.tenants import Tenant
from tests.store.test_isolation import add_truck
from tests.store.test_routes import LINE, START, drawn

ON_R1 = JourneyTerms(route=RouteRef("R1", 1), starts_at=START)
FULL = JourneyTerms(
    route=RouteRef("R1", 1),
    alternates=(RouteRef("R2", 1),),
    starts_at=START,
    departs_from=START,
    departs_until=START + timedelta(hours=1),
    arrives_from=START + timedelta(hours=8),
    arrives_until=START + timedelta(hours=9),
    corridor_m=250.0,
    stops=(
        Stop(
            name="Pune",
            lat=18.5,
            lon=73.8,
            radius_m=300.0,
            arrives_until=START + timedelta(hours=8),
            service_s=1800.0,
        ),
    ),
    allowed=(Place(lat=18.7, lon=73.4, radius_m=500.0, fence="dhaba"),),
    paise_per_km=4000,
    paise_per_hour=60000,
)


@pytest.fixture
async def truck_key(app: AnyPool, tenant: Tenant) -> int:
    """A truck, and two routes that it may follow."""
    async with as_tenant(app, tenant.key) as conn:
        await routes.create(conn, tenant.key, "R1", drawn())
        sections = (Section(0, "expressway", 70.0), Section(1, None, None))
        await routes.create(conn, tenant.key, "R2", replace(drawn(), sections=sections))
    return await add_truck(app, tenant, "T1")


async def begin(
    app: AnyPool, tenant: Tenant, truck_key: int, journey_id: str, terms: JourneyTerms = ON_R1
) -> Journey:
    async with as_tenant(app, tenant.key) as conn:
        return await journeys.begin(conn, tenant.key, truck_key, journey_id, terms)


async def test_a_journey_is_kept_whole(app: AnyPool, tenant: Tenant, truck_key: int) -> None:
    made = await begin(app, tenant, truck_key, "J1", FULL)

    async with as_tenant(app, tenant.key) as conn:
        assert await journeys.get_open(conn, truck_key) == made
        assert await journeys.get(conn, "J1") == made
    assert (made.truck, made.state, made.version) == ("T1", JourneyState.ACTIVE, 1)
    told = {name: getattr(made, name) for name in JourneyTerms.__dataclass_fields__}
    assert JourneyTerms(**told) == FULL


async def test_a_truck_is_on_one_journey_at_a_time(
    app: AnyPool, tenant: Tenant, truck_key: int
) -> None:
    await begin(app, tenant, truck_key, "J1")

    with pytest.raises(AlreadyExistsError, match="open journey"):
        await begin(app, tenant, truck_key, "J2")
    async with as_tenant(app, tenant.key) as conn:
        await journeys.end(conn, "J1", "ended", 1)
    with pytest.raises(AlreadyExistsError, match="'J1'"):
        await begin(app, tenant, truck_key, "J1")
    await begin(app, tenant, truck_key, "J2")


async def test_two_that_assign_at_once_do_not_both(
    app: AnyPool, tenant: Tenant, truck_key: int
) -> None:
    results = await asyncio.gather(
        *(begin(app, tenant, truck_key, f"J{n}") for n in range(3)), return_exceptions=True
    )

    assert sum(isinstance(each, Journey) for each in results) == 1
    assert sum(isinstance(each, AlreadyExistsError) for each in results) == 2


async def test_changes_are_guarded_by_versions(
    app: AnyPool, tenant: Tenant, truck_key: int
) -> None:
    await begin(app, tenant, truck_key, "J1")
    async with as_tenant(app, tenant.key) as conn:
        changed = await journeys.change(conn, "J1", FULL, 1)
        assert (changed.version, changed.corridor_m) == (2, 250.0)
        with pytest.raises(StaleVersionError):
            await journeys.change(conn, "J1", ON_R1, 1)
        with pytest.raises(StaleVersionError):
            await journeys.end(conn, "J1", "ended", 1)
        ended = await journeys.end(conn, "J1", "ended", 2)
        assert (ended.state, ended.end_reason, ended.version) == (JourneyState.ENDED, "ended", 3)
        for gone in (journeys.change(conn, "J1", ON_R1, None), journeys.end(conn, "J1", "x", None)):
            with pytest.raises(NotFoundError):
                await gone


def fact(tenant: Tenant, truck_key: int, kind: str, at_s: int, **data: Any) -> TruckEvent:
    """Of the journey J1, so many seconds after it began."""
    return TruckEvent(
        id=uuid.uuid4(),
        type=kind,
        tenant_key=tenant.key,
        truck_key=truck_key,
        tenant=tenant.id,
        subject="trucks/T1",
        time_ms=epoch_ms(START) + at_s * 1000,
        known_at_ms=epoch_ms(START) + at_s * 1000,
        data={"journey": "J1", **data},
    )


async def test_states_follow_time_and_arrival(
    app: AnyPool, telemetry: AnyPool, tenant: Tenant, truck_key: int
) -> None:
    later = replace(ON_R1, starts_at=datetime.now(UTC) + timedelta(hours=1))
    planned = await begin(app, tenant, truck_key, "J1", later)
    async with as_tenant(app, tenant.key) as conn:
        active = await journeys.change(conn, "J1", ON_R1, None)
    arrival = fact(tenant, truck_key, ARRIVED, 60)

    async def after(*facts: TruckEvent) -> Journey:
        async with telemetry.acquire() as conn:
            await events.insert(conn, facts)
        async with as_tenant(app, tenant.key) as conn:
            return await journeys.get(conn, "J1")

    arrived = await after(fact(tenant, truck_key, "truck.route.started", 1), arrival)
    assert planned.state is JourneyState.PLANNED
    assert active.state is JourneyState.ACTIVE
    assert arrived.state is JourneyState.ARRIVED
    assert arrived.arrived_at == START + timedelta(seconds=60)
    async with as_tenant(app, tenant.key) as conn:
        listed = await journeys.list_page(conn, None, 10, state=JourneyState.ARRIVED)
    assert listed == [arrived]

    replaced = {"replaces": str(arrival.id), "replaces_type": ARRIVED}
    retracted = fact(tenant, truck_key, RETRACTED, 60, **replaced)
    earlier = await after(fact(tenant, truck_key, ARRIVED, 30), retracted)
    assert earlier.arrived_at == START + timedelta(seconds=30)
    gone = await after(fact(tenant, truck_key, RETRACTED, 30, **replaced))
    assert gone == active, "an arrival changes nothing of what the truck was told"
    again = await after(fact(tenant, truck_key, CORRECTED, 30, **replaced))
    assert again.state is JourneyState.ARRIVED
    other = fact(tenant, truck_key, RETRACTED, 30, **replaced | {"replaces_type": "truck.stopped"})
    assert await after(other) == again


async def test_lists_go_by_truck_and_state_in_pages(
    app: AnyPool, tenant: Tenant, truck_key: int
) -> None:
    other = await add_truck(app, tenant, "T2")
    await begin(app, tenant, other, "J5")
    for number in range(3):
        await begin(app, tenant, truck_key, f"J{number}")
        async with as_tenant(app, tenant.key) as conn:
            await journeys.end(conn, f"J{number}", "ended", None)
    await begin(app, tenant, truck_key, "J3")

    async with as_tenant(app, tenant.key) as conn:
        first = await journeys.list_page(conn, None, 2, truck="T1")
        second = await journeys.list_page(conn, "J1", 10, truck="T1")
        active = await journeys.list_page(conn, None, 10, state=JourneyState.ACTIVE)
        ended = await journeys.list_page(conn, None, 10, truck="T1", state=JourneyState.ENDED)
    assert [each.id for each in first] == ["J0", "J1"]
    assert [each.id for each in second] == ["J2", "J3"]
    assert [each.id for each in active] == ["J3", "J5"]
    assert [each.id for each in ended] == ["J0", "J1", "J2"]


async def test_shards_read_every_version_by_revision(
    app: AnyPool, system: AnyPool, tenant: Tenant, truck_key: int
) -> None:
    async with system.acquire() as conn:
        before = await revisions.head(conn)
    made = await begin(app, tenant, truck_key, "J1", FULL)
    async with as_tenant(app, tenant.key) as conn:
        changed = await journeys.change(conn, "J1", replace(FULL, corridor_m=None), None)
        ended = await journeys.end(conn, "J1", "ended", None)
        again = await journeys.begin(conn, tenant.key, truck_key, "J2", ON_R1)

    async with system.acquire() as conn:
        assert await revisions.head(conn) >= again.revision
        told = await journey_versions.changes_between(conn, before, ended.revision)
        after = await journey_versions.changes_between(conn, made.revision, None)
        now_ms = epoch_ms(datetime.now(UTC)) + 60_000
        kept = await journey_versions.changes_between(conn, 0, None, now_ms)
    first, second, third = ours(told, tenant)
    assert [each.revision for each in (first, second, third)] == [
        *(made.revision, changed.revision, ended.revision)
    ]
    assert (first.truck_key, first.journey_id, first.version) == (truck_key, "J1", 1)
    start_ms = epoch_ms(START)
    hour_ms = 3_600_000
    assert first.plan == JourneyPlan(
        from_ms=start_ms,
        route=Line(LINE),
        alternates=(Line(LINE, (Stretch(0, "expressway"), Stretch(1, "unknown"))),),
        stops=(PlannedStop("Pune", 18.5, 73.8, 300.0, None, start_ms + 8 * hour_ms, 1800.0),),
        allowed=(AllowedPlace(18.7, 73.4, 500.0),),
        corridor_m=250.0,
        start_by_ms=start_ms + hour_ms,
        promised_from_ms=start_ms + 8 * hour_ms,
        promised_to_ms=start_ms + 9 * hour_ms,
        paise_per_km=4000,
        paise_per_hour=60000,
    )
    assert second.plan is not None
    assert second.plan.corridor_m is None
    assert third.plan is None
    assert [each.journey_id for each in ours(after, tenant)] == ["J1", "J1", "J2"]
    assert [each.journey_id for each in ours(kept, tenant)] == ["J2"]


def ours(found: list[JourneyVersion], tenant: Tenant) -> list[JourneyVersion]:
    return [each for each in found if each.tenant_key == tenant.key]


async def test_a_shards_book_follows_the_store(
    app: AnyPool, system: AnyPool, tenant: Tenant, truck_key: int
) -> None:
    """Also one that starts later, and so reads it all at once."""
    book = JourneyBook()

    async def learn(which: JourneyBook) -> None:
        async with system.acquire() as conn:
            head = await revisions.head(conn)
            which.apply(await journey_versions.changes_between(conn, which.revision, head))

    await begin(app, tenant, truck_key, "J1", FULL)
    await learn(book)
    soon_ms = epoch_ms(datetime.now(UTC)) + 60_000
    followed = book.at(truck_key, soon_ms)
    assert followed is not None
    assert (followed.key, len(followed.ways), book.at(truck_key, epoch_ms(START) - 1)) == (
        *(("J1", 1), 2),
        None,
    )
    async with as_tenant(app, tenant.key) as conn:
        await journeys.change(conn, "J1", replace(FULL, route=RouteRef("R2", 1), alternates=()), 1)
    await learn(book)
    late_comer = JourneyBook()
    await learn(late_comer)
    for which in (book, late_comer):
        changed = which.at(truck_key, soon_ms)
        assert changed is not None
        assert changed.key == ("J1", 2)
        earlier = which.at(truck_key, epoch_ms(START))
        assert earlier is not None
        assert earlier.key == ("J1", 1)
    async with as_tenant(app, tenant.key) as conn:
        await journeys.end(conn, "J1", "ended", None)
    await learn(book)
    assert book.at(truck_key, soon_ms) is None


async def test_a_deleted_trucks_journey_ends(
    app: AnyPool, system: AnyPool, tenant: Tenant, truck_key: int
) -> None:
    made = await begin(app, tenant, truck_key, "J1")

    async with as_tenant(app, tenant.key) as conn:
        await trucks.delete(conn, "T1")
        ended = await journeys.get(conn, "J1")
        await routes.delete(conn, "R1", None)

    assert (ended.state, ended.end_reason) == (JourneyState.ENDED, "truck deleted")
    async with system.acquire() as conn:
        changes = await journey_versions.changes_between(conn, made.revision, None)
    assert [each.journey_id for each in changes if each.tenant_key == tenant.key] == ["J1"]


async def test_a_carrier_sees_what_its_own_trucks_follow(
    app: AnyPool, owner: AnyConnection, tenant: Tenant, truck_key: int
) -> None:
    await carriers.seed(owner, tenant.key, "swift", "Swift Logistics")
    async with as_tenant(app, tenant.key) as conn:
        await conn.execute("UPDATE trucks SET carrier = 'swift' WHERE id = 'T1'")
        await routes.create(conn, tenant.key, "R3", drawn())
    others = await add_truck(app, tenant, "T2")
    await begin(app, tenant, truck_key, "J1", FULL)
    await begin(app, tenant, others, "J2", replace(ON_R1, route=RouteRef("R3", 1)))

    async with as_tenant(app, tenant.key, "swift") as conn:
        assert [each.id for each in await journeys.list_page(conn, None, 10)] == ["J1"]
        assert [each.id for each in await routes.list_page(conn, None, 10)] == ["R1", "R2"]
        with pytest.raises(NotFoundError):
            await routes.get(conn, "R3")
        with pytest.raises(NotFoundError):
            await journeys.get(conn, "J2")


async def test_journeys_are_a_tenants_own(
    app: AnyPool, tenant: Tenant, other_tenant: Tenant, truck_key: int
) -> None:
    await begin(app, tenant, truck_key, "J1")

    async with as_tenant(app, other_tenant.key) as conn:
        assert await journeys.list_page(conn, None, 10) == []
        assert await journeys.get_open(conn, truck_key) is None
        with pytest.raises(NotFoundError):
            await journeys.end(conn, "J1", "theirs", None)
