"""From facts to alerts on the real store: once, at their time, whatever the order or company."""

from __future__ import annotations

import asyncio
import random
from collections import Counter, defaultdict
from collections.abc import Sequence

import asyncpg
import pytest

from actors.alerts.timers import RulesRound, forgetting_round
from actors.booking_writing import TenantName
from config.policy import Snapshot, defaults
from freight.alerts.kinds import Kind
from freight.alerts.state import AlertState
from freight.events import TruckEvent
from store.postgres import AnyConnection, AnyPool, as_tenant
from store.tenants import Tenant
from tests.actors.alerts.world import MINUTE_MS, World, lives, send
from tests.actors.breaking import Breaker, breaking

TOO_FAST = {"speed_kmh_max": 95.0, "limit_kmh": 80.0}


@pytest.fixture
async def world(app: AnyPool, system: AnyPool, name: TenantName) -> World:
    return await World.begun(app, system, name)


async def test_an_emergency_is_raised_with_its_fact_and_escalated_by_time(world: World) -> None:
    truck = await world.truck()
    await world.tell([world.fact("truck.alarm.raised", truck, 0, alarm="panic")])
    await world.watch()
    (alert,) = await world.shown()
    assert (alert.kind, alert.state, alert.truck, alert.level) == (
        Kind.PANIC,
        AlertState.RAISED,
        truck,
        0,
    )
    for minutes in (6, 10, 16, 60):
        world.clock.pass_by(minutes)
        await world.watch()
    (alert,) = await world.shown()
    assert alert.level == 3
    kinds = Counter(kind for kind, _ in await world.told())
    assert kinds == {"alert.raised": 1, "alert.escalated": 3}


async def test_what_does_not_last_is_never_shown(world: World) -> None:
    truck = await world.truck()
    await world.tell([world.fact("truck.overspeed.started", truck, 0, **TOO_FAST)])
    await world.watch()
    assert await world.shown() == []
    world.clock.pass_by(0.5)
    await world.tell([world.fact("truck.overspeed.ended", truck, 0)])
    await world.live_on(1)
    assert (await world.shown(), await world.told()) == ([], [])
    world.clock.pass_by(60 * 24 * 10)
    async with as_tenant(world.app, world.name.key) as conn:
        assert await conn.fetchval("SELECT count(*) FROM alerts WHERE status = 'lapsed'") == 1
    assert await forgetting_round(world.desk()) >= 1
    async with as_tenant(world.app, world.name.key) as conn:
        assert await conn.fetchval("SELECT count(*) FROM alerts") == 0
        assert await conn.fetchval("SELECT count(*) FROM alert_log") == 0


async def test_what_lasts_is_raised_at_its_time_and_over_by_itself(world: World) -> None:
    truck = await world.truck()
    await world.tell([world.fact("truck.overspeed.started", truck, 0, **TOO_FAST)])
    await world.watch()
    world.clock.pass_by(1.1)
    await world.watch()
    (alert,) = await world.shown()
    assert alert.state is AlertState.RAISED
    await world.tell([world.fact("truck.overspeed.ended", truck, 0)])
    await world.watch()
    world.clock.pass_by(10)
    await world.watch()
    (alert,) = await world.shown()
    assert (alert.state, alert.resolution) == (AlertState.RESOLVED, "auto")
    assert [kind for kind, _ in await world.told()] == ["alert.raised", "alert.resolved"]


async def test_what_comes_back_beside_an_open_one_is_looked_up_and_joins_it(world: World) -> None:
    truck = await world.truck()
    ended = world.fact("truck.overspeed.ended", truck, -0.5)
    await world.tell([world.fact("truck.overspeed.started", truck, -1, **TOO_FAST), ended])
    await world.watch()
    await world.tell([world.fact("truck.overspeed.started", truck, 0, **TOO_FAST)])
    await world.watch()
    taken_back = {"replaces": str(ended.id), "replaces_type": ended.type}
    await world.tell([world.fact("event.retracted", truck, 0.1, **taken_back)])
    await world.watch()
    world.clock.pass_by(2)
    await world.watch()
    (alert,) = await world.shown()
    assert (alert.state, len(alert.on), alert.count) == (AlertState.RAISED, 2, 2)
    async with as_tenant(world.app, world.name.key) as conn:
        kept = await conn.fetch(
            "SELECT status, once = dedup AS alone FROM alerts ORDER BY began_at"
        )
        logged = await conn.fetch("SELECT type FROM alert_log ORDER BY alert, version")
    assert [tuple(row) for row in kept] == [("lapsed", True), ("raised", True)]
    assert "cause_handed_over" in {row["type"] for row in logged}


async def test_the_database_itself_refuses_a_second_open_one(
    world: World, superuser: AnyConnection
) -> None:
    truck = await world.truck()
    await world.tell([world.fact("truck.alarm.raised", truck, 0, alarm="panic")])
    await world.watch()
    with pytest.raises(asyncpg.UniqueViolationError, match="alerts_open_once"):
        await superuser.execute(
            """
            INSERT INTO alerts (began_at, updated_at, raised_at, tenant_key, version, level,
                for_carrier, for_shipper, id, kind, severity, status, dedup, once, subject, marks,
                state)
            SELECT began_at, updated_at, raised_at, tenant_key, version, level, for_carrier,
                for_shipper, id || '-2', kind, severity, status, dedup, once, subject, marks, state
            FROM alerts WHERE tenant_key = $1
            """,
            world.name.key,
        )


async def storm(world: World) -> list[TruckEvent]:
    """Of three trucks in two hours, learned late and all at once: too fast, and alarms."""
    trucks = [await world.truck() for _ in range(3)]
    chance = random.Random(7)  # noqa: S311 - a scenario, not a secret
    facts: list[TruckEvent] = []
    for truck in trucks:
        for nr in range(8):
            begins = -120 + nr * 13 + chance.random()
            lasts = chance.choice([0.4, 2.0, 6.0])
            facts += [
                world.fact("truck.overspeed.started", truck, begins, **TOO_FAST),
                world.fact("truck.overspeed.ended", truck, begins + lasts),
            ]
        facts += [
            world.fact("truck.alarm.raised", truck, -chance.random() * 120, alarm=alarm)
            for alarm in ("panic", "tamper", "power_cut", "panic")
        ]
    return facts


async def test_a_storm_in_any_order_with_repetitions_gives_the_same_alerts(
    world: World, app: AnyPool, system: AnyPool, other_tenant: Tenant
) -> None:
    facts = await storm(world)
    await world.tell(facts)
    await world.watch()
    await world.live_on(2)
    known = lives(await world.shown())
    assert len(known) > 6

    chance = random.Random(11)  # noqa: S311 - a scenario, not a secret
    again = [chance.choice(facts) for _ in range(40)]
    chance.shuffle(again)
    await world.tell(again)
    await world.watch()
    assert lives(await world.shown()) == known

    shuffled = await World.begun(app, system, TenantName(other_tenant.key, other_tenant.id))
    shuffled.clock = world.clock
    world.clock.now_ms -= 120 * MINUTE_MS
    # A truck's facts come in their order, those of several in any.
    queues = _by_truck(await storm(shuffled))
    while queues:
        part: list[TruckEvent] = []
        for _ in range(chance.randint(1, 9)):
            queue = chance.choice([queue for queue in queues if queue])
            part.append(queue.pop(0))
            queues = [queue for queue in queues if queue]
            if not queues:
                break
        await shuffled.tell(part)
    desk = shuffled.desk()
    few = desk.settings.now.watch.following.model_copy(update={"facts_max": 5})
    watch = desk.settings.now.watch.model_copy(update={"following": few})
    desk.settings.swap(Snapshot(desk.settings.now.model_copy(update={"watch": watch})))
    await shuffled.watch(desk)
    await shuffled.live_on(2, desk)
    counted = Counter((kind, state) for _, kind, _, _, state, _, _ in known)
    found = await shuffled.shown()
    assert Counter((one.kind, one.state) for one in found) == counted


def _by_truck(facts: Sequence[TruckEvent]) -> list[list[TruckEvent]]:
    subjects = sorted({fact.subject for fact in facts})
    return [[fact for fact in facts if fact.subject == one] for one in subjects]


async def test_two_watches_at_once_do_no_harm(world: World) -> None:
    await world.tell(await storm(world))
    await asyncio.gather(*(world.watch() for _ in range(3)))
    await asyncio.gather(*(world.live_on(1) for _ in range(2)))
    counted = Counter(await world.told())
    assert counted
    assert not [told for told, times in counted.items() if times > 1 and "escal" not in told[0]]
    assert await numbering_is_whole(world)


async def test_a_store_that_breaks_off_anywhere_leaves_the_same_alerts_once(world: World) -> None:
    breaker = Breaker()
    desk = world.desk(breaking(world.app, breaker), breaking(world.system, breaker))
    chance = random.Random(3)  # noqa: S311 - a scenario, not a secret
    facts = await storm(world)
    while facts:
        part, facts = facts[:7], facts[7:]
        await world.tell(part)
        breaker.arm(chance, 4)
        for _ in range(60):
            try:
                await world.watch(desk)
                break
            except ConnectionError:
                continue
        breaker.disarm()
        await world.watch()
    await world.live_on(2)
    assert breaker.breaks > 15
    raised = Counter(told for told in await world.told() if told[0] == "alert.raised")
    assert set(raised.values()) == {1}
    assert len(raised) == len(await world.shown())
    assert await numbering_is_whole(world)


async def numbering_is_whole(world: World) -> bool:
    """Every alert is what its log says, and its log has no gap."""
    async with as_tenant(world.app, world.name.key) as conn:
        wrong = await conn.fetchval(
            """
            SELECT count(*) FROM alerts a WHERE version <> (SELECT count(*) FROM alert_log l
                WHERE l.alert = a.id) OR version <> (SELECT max(version) FROM alert_log l
                WHERE l.alert = a.id)
            """
        )
    return bool(wrong == 0)


async def test_other_rules_count_for_what_is_open(world: World) -> None:
    truck = await world.truck()
    await world.tell([world.fact("truck.overspeed.started", truck, 0, **TOO_FAST)])
    desk = world.desk()
    rules = RulesRound(desk, defaultdict(float))
    await world.watch(desk)
    world.clock.pass_by(2)
    await world.watch(desk)
    await rules.look()
    given = defaults().alerts.model_dump(exclude_unset=True)
    given["kinds"]["overspeed"]["enabled"] = False
    usual = defaults()
    changed = type(usual.alerts).model_validate(given)
    desk.settings.swap(Snapshot(usual.model_copy(update={"alerts": changed})))
    await rules.look()
    (alert,) = await world.shown()
    assert (alert.state, alert.resolution) == (AlertState.RESOLVED, "expired")


async def test_a_silent_truck_is_waited_for_once(world: World, telemetry: AnyPool) -> None:
    silent, heard = await world.truck(), await world.truck()
    given = defaults().alerts.model_dump(exclude_unset=True)
    given["kinds"]["overspeed"]["silent_s_max"] = 600
    usual, desk = defaults(), world.desk()
    changed = type(usual.alerts).model_validate(given)
    desk.settings.swap(Snapshot(usual.model_copy(update={"alerts": changed})))
    await send(world, telemetry, silent, [-20])
    await send(world, telemetry, heard, [-5])
    facts = (world.fact("truck.overspeed.started", one, 0, **TOO_FAST) for one in (silent, heard))
    await world.tell([*facts])
    await world.watch(desk)
    world.clock.pass_by(1.1)
    await world.watch(desk)
    assert [one.truck for one in await world.shown()] == [heard]
    world.clock.pass_by(15)
    await world.watch(desk)
    assert {one.truck for one in await world.shown()} == {silent, heard}


async def test_a_neighbours_alerts_are_nobody_elses(
    world: World, app: AnyPool, other_tenant: Tenant
) -> None:
    truck = await world.truck()
    await world.tell([world.fact("truck.alarm.raised", truck, 0, alarm="panic")])
    await world.watch()
    async with as_tenant(app, other_tenant.key) as conn:
        for table in ("alerts", "alert_log", "watch_spells"):
            assert await conn.fetchval(f"SELECT count(*) FROM {table}") == 0
