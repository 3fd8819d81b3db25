"""What no fact tells of is found by looking; and that nobody can look is told as well."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from actors.alerts.rounds import SURVEYS
from actors.alerts.sight import Seeing, missed_round
from actors.alerts.surveys import survey_round
from actors.booking_writing import TenantName
from actors.bookings import Bookings
from actors.desk import WorkDesk
from actors.stats import ActorStats
from config.policy import Snapshot
from freight.alerts.kinds import Kind
from freight.alerts.state import Alert, AlertState
from freight.booking import commands as asked
from freight.booking.state import Milestone
from store import watch_spells
from store.postgres import AnyConnection, AnyPool, as_tenant
from tests.actors.alerts.world import MINUTE_MS, World, send
from tests.actors.booked import SOMEBODY, assign, taken, waiting

DAY_MINUTES = 60 * 24


@pytest.fixture
async def world(app: AnyPool, system: AnyPool, name: TenantName) -> World:
    return await World.begun(app, system, name)


async def look(world: World, *names: str, desk: WorkDesk | None = None) -> None:
    for survey in SURVEYS:
        if survey.name in names:
            await survey_round(survey, desk or world.desk(), defaultdict(float))
    await world.watch(desk)


async def of_kind(world: World, kind: Kind) -> list[Alert]:
    return [one for one in await world.shown() if one.kind is kind]


async def a_leg(world: World, engine: Bookings) -> tuple[str, str]:
    """A booking, and the truck that it is given to."""
    booking, truck = await waiting(engine, world.name), await world.truck()
    taken(await engine.take(world.name, booking, assign(truck)))
    return booking, truck


async def owe(world: World, booking: str, due_ms: int) -> None:
    async with as_tenant(world.app, world.name.key) as conn:
        await conn.execute(
            """
            INSERT INTO dues (due_at, updated_at, amount_minor, paid_minor, tenant_key, booking,
                due, kind) VALUES ($1, now(), 900, 0, $2, $3, 'D1', 'credit')
            """,
            *(datetime.fromtimestamp(due_ms / 1000, UTC), world.name.key, booking),
        )


async def test_money_that_is_overdue_is_an_alert_until_it_is_paid(
    world: World, engine: Bookings
) -> None:
    booking = await waiting(engine, world.name)
    await owe(world, booking, world.clock.now_ms - 12 * 60 * MINUTE_MS)
    await look(world, "dues")
    assert await world.shown() == []
    world.clock.pass_by(DAY_MINUTES)
    await look(world, "dues")
    (alert,) = await world.shown()
    assert (alert.kind, alert.booking, alert.severity) == (Kind.PAYMENT_OVERDUE, booking, "info")
    assert alert.evidence.facts["days"] == 1
    world.clock.pass_by(20 * DAY_MINUTES)
    await look(world, "dues")
    (alert,) = await world.shown()
    assert (alert.severity, alert.count) == ("warning", 1)

    async with as_tenant(world.app, world.name.key) as conn:
        await conn.execute("UPDATE dues SET paid_minor = 900")
    await look(world, "dues")
    (alert,) = await world.shown()
    assert (alert.state, alert.resolution) == (AlertState.RESOLVED, "auto")


async def test_a_look_that_was_cut_takes_nothing_back(world: World, engine: Bookings) -> None:
    desk = world.desk()
    for days in (3, 2):
        booking = await waiting(engine, world.name)
        await owe(world, booking, world.clock.now_ms - days * DAY_MINUTES * MINUTE_MS)
    await look(world, "dues", desk=desk)
    assert len(await world.shown()) == 2
    usual = desk.settings.now
    surveys = usual.watch.surveys.model_copy(update={"found_max": 1})
    watch = usual.watch.model_copy(update={"surveys": surveys})
    desk.settings.swap(Snapshot(usual.model_copy(update={"watch": watch})))
    await look(world, "dues", desk=desk)
    assert {one.state for one in await world.shown()} == {AlertState.RAISED}


async def test_a_truck_that_waits_too_long_is_told_with_its_clock(
    world: World, engine: Bookings
) -> None:
    booking, truck = await a_leg(world, engine)
    for milestone in (Milestone.EN_ROUTE, Milestone.ARRIVED):
        told = asked.Reach(
            by=SOMEBODY,
            leg="L1",
            reason="a test",
            milestone=milestone,
            stop=None if milestone is Milestone.EN_ROUTE else "S1",
        )
        taken(await engine.take(world.name, booking, told))
    await look(world, "detention")
    assert await world.shown() == []
    world.clock.pass_by(30 * 60)
    await look(world, "detention")
    (alert,) = await of_kind(world, Kind.DETENTION_RUNNING)
    assert (alert.booking, alert.truck) == (booking, truck)
    assert alert.around.lane == "Okhla>Jaipur"
    assert alert.evidence.facts["minutes"] > 0


async def test_a_truck_that_never_sent_anything_and_one_that_did_not_set_out(
    world: World, engine: Bookings
) -> None:
    booking, truck = await a_leg(world, engine)
    world.clock.pass_by(60)
    await look(world, "unheard", "late_starts")
    assert await world.shown() == []
    told = asked.Reach(by=SOMEBODY, leg="L1", reason="a test", milestone=Milestone.EN_ROUTE)
    taken(await engine.take(world.name, booking, told))
    await look(world, "unheard")
    (alert,) = await of_kind(world, Kind.UNTRACKED_TRIP)
    assert (alert.booking, alert.truck, alert.state) == (booking, truck, AlertState.RAISED)


async def test_papers_are_held_against_their_last_day(world: World, engine: Bookings) -> None:
    _, truck = await a_leg(world, engine)
    yesterday = datetime.fromtimestamp(world.clock.now_ms / 1000, UTC).date() - timedelta(days=2)
    async with as_tenant(world.app, world.name.key) as conn:
        await conn.execute(
            "INSERT INTO truck_papers (truck_key, tenant_key, kind, valid_until) "
            "VALUES ($1, $2, 'insurance', $3)",
            *(world.trucks[truck], world.name.key, yesterday),
        )
    await look(world, "papers")
    (alert,) = await of_kind(world, Kind.DOCUMENT_EXPIRING)
    assert (alert.truck, alert.evidence.facts["paper"]) == (truck, "insurance")
    async with as_tenant(world.app, world.name.key) as conn:
        await conn.execute("UPDATE truck_papers SET valid_until = '2100-01-01'")
    await look(world, "papers")
    (alert,) = await of_kind(world, Kind.DOCUMENT_EXPIRING)
    assert alert.state is AlertState.RESOLVED


async def test_an_eway_bill_that_ends_before_anybody_arrives(
    world: World, engine: Bookings, superuser: AnyConnection
) -> None:
    booking, truck = await a_leg(world, engine)
    ends = datetime.fromtimestamp(world.clock.now_ms / 1000, UTC) + timedelta(hours=2)
    await superuser.execute(
        """
        INSERT INTO eway_bills (created_at, updated_at, valid_until, tenant_key, version,
            document_year, id, booking, leg, status, sender_gstin, document_kind, document_number,
            state)
        VALUES (now(), now(), $1, $2, 1, 2026, 'ewb-1', $3, 'L1', 'active', 'URP', 'INV', '1', '')
        """,
        *(ends, world.name.key, booking),
    )
    await look(world, "eway_bills")
    assert await world.shown() == []
    world.clock.pass_by(3 * 60)
    await look(world, "eway_bills")
    (alert,) = await of_kind(world, Kind.EWAY_BILL_EXPIRING)
    assert (alert.booking, alert.truck) == (booking, truck)
    assert (alert.evidence.facts["bill"], alert.evidence.facts["minutes"]) == ("ewb-1", 60)


async def test_a_look_at_weights_finds_none_where_nothing_was_unloaded(
    world: World, engine: Bookings
) -> None:
    await a_leg(world, engine)
    await look(world, *(survey.name for survey in SURVEYS))
    assert await world.shown() == []


# ------------------------------------------------------------------------------------- sight


class Ingest:
    """An actor that is in trouble or not, as a test says."""

    def __init__(self) -> None:
        self.trouble: str | None = None

    async def __call__(self) -> Sequence[ActorStats]:
        return [ActorStats("ingest_worker", "ingest-worker-0", 1, {}, self.trouble)]


async def blind_since(world: World) -> dict[str, int]:
    async with as_tenant(world.app, world.name.key) as conn:
        return {one.cause: one.began_ms for one in await watch_spells.going_on(conn)}


async def test_a_broker_that_is_away_makes_blind_and_afterwards_it_is_said_who_may_be_missed(
    world: World, telemetry: AnyPool
) -> None:
    gone, there = await world.truck(), await world.truck()
    ingest, desk = Ingest(), world.desk()
    seeing = Seeing(desk, ingest)
    await seeing.look()
    assert await blind_since(world) == {}
    ingest.trouble = "broker away"
    await seeing.look()
    assert await blind_since(world) == {}, "a restart is no blindness"
    world.clock.pass_by(0.2)
    await seeing.look()
    assert list(await blind_since(world)) == ["ingest"]
    await look(world, "blindness")
    (alert,) = await world.shown()
    assert (alert.kind, alert.severity) == (Kind.WATCH_IMPAIRED, "critical")

    await send(world, telemetry, gone, [-5])
    await send(world, telemetry, there, [each / 2 for each in range(-10, 20)])
    for _ in range(20):
        world.clock.pass_by(0.4)
        await seeing.look()
    ingest.trouble = None
    await seeing.look()
    assert await blind_since(world) == {}
    await look(world, "blindness")
    world.clock.pass_by(3)
    await missed_round(desk)
    await look(world, "blindness")
    (alert,) = await world.shown()
    assert alert.state is AlertState.RESOLVED
    async with as_tenant(world.app, world.name.key) as conn:
        (spell,) = await watch_spells.over(conn, 0, 10)
    assert spell.missed is not None
    assert [one["truck"] for one in spell.missed["trucks"]] == [gone]
    assert (spell.missed["trucks_count"], spell.missed["trucks"][0]["to_ms"]) == (1, None)


async def test_nobody_having_watched_and_a_silent_fleet_are_blind_times(
    world: World, telemetry: AnyPool
) -> None:
    for _ in range(3):
        await send(world, telemetry, await world.truck(), [-1])
    seeing = Seeing(world.desk(), Ingest())
    await seeing.look()
    assert await blind_since(world) == {}
    world.clock.pass_by(15)
    await seeing.look()
    began = await blind_since(world)
    assert list(began) == ["silence"]
    assert began["silence"] == world.clock.now_ms - 10 * MINUTE_MS
    async with as_tenant(world.app, world.name.key) as conn:
        spells = await watch_spells.over(conn, 0, 10)
    assert [(one.cause, (one.ended_ms or 0) - one.began_ms) for one in spells] == [
        ("away", 15 * MINUTE_MS)
    ]


async def test_a_cause_in_a_blind_time_that_was_raised_behind_it_is_named(
    world: World, superuser: AnyConnection
) -> None:
    truck = await world.truck()
    fact = world.fact("truck.alarm.raised", truck, 0, alarm="panic")
    async with world.system.acquire() as conn:
        began_ms = world.clock.now_ms - MINUTE_MS
        world.clock.pass_by(10)
        span = began_ms, world.clock.now_ms - MINUTE_MS
        keys = [world.name.key]
        await watch_spells.note_gap(conn, keys, "away", "a test", span, world.clock.now_ms)
    await world.tell([fact])
    await world.watch()
    await missed_round(world.desk())
    async with as_tenant(world.app, world.name.key) as conn:
        (spell,) = await watch_spells.over(conn, 0, 10)
    (alert,) = await world.shown()
    assert spell.missed is not None
    assert spell.missed["late_alerts"] == [alert.id]
