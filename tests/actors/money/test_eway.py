"""E-way bills over the portal's real HTTP: the delayed truck, the swapped one, and any crash."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from actors.booking_writing import TenantName
from actors.money import eway as engine
from actors.money import eway_round as rounds
from actors.money.at_portal import outcome_of
from actors.money.eway import discard, for_booking, settle
from config.policy import Settings
from freight.booking import commands as asked
from freight.booking.state import Booking, Side
from freight.eway import events as told
from freight.eway.autopilot import PART_B
from freight.eway.codes import CancelReason, ExtensionReason
from freight.eway.decide import Did
from freight.eway.payloads import Extension
from freight.eway.state import Bill, Cancel, Extend, Generate, Status
from freight.eway.times import time_text
from freight.tasks import TaskState
from providers.errors import ProviderAwayError
from store import bookings, eway
from store.errors import AlreadyExistsError
from store.postgres import AnyConnection, AnyPool, as_tenant
from store.tenants import Tenant
from tests.actors.booked import SOMEBODY, taken
from tests.actors.money.eway_world import (
    BEGUN_MS,
    DELHI,
    FROM_MS,
    JAIPUR,
    MINUTE_MS,
    TO_MS,
    UNTIL_MS,
    World,
    flown,
)
from tests.providers.eway_simulator import Simulated

pytestmark = pytest.mark.postgres
HOUR_MS = 3_600_000


@pytest.fixture
async def simulated(tmp_path: Path) -> AsyncIterator[Simulated]:
    async with Simulated(tmp_path / "portal").running() as running:
        await running.at(BEGUN_MS)
        yield running


@pytest.fixture
def world(
    app: AnyPool, system: AnyPool, telemetry: AnyPool, tenant: Tenant, simulated: Simulated
) -> World:
    name = TenantName(tenant.key, tenant.id)
    return World(app, system, telemetry, name, simulated, Settings(flown()))


async def test_a_delayed_truck_gets_its_task_inside_the_window_and_only_there(
    world: World,
) -> None:
    bill = await world.generated()
    assert (bill.status, time_text(bill.valid_until_ms or 0)) == (
        Status.ACTIVE,
        "22/11/2026 11:59:00 PM",
    )
    # It has stood still near Delhi for two days: it will not be there by midnight.
    await world.seen(FROM_MS - 2 * MINUTE_MS, DELHI)
    await world.look(FROM_MS - MINUTE_MS)
    assert await world.tasks() == []

    await world.look(FROM_MS)
    (task,) = await world.tasks()
    assert (task.state, task.opened_ms) == (TaskState.OPEN, FROM_MS)
    assert (task.from_ms, task.to_ms) == (FROM_MS, TO_MS)
    assert (task.facts["place"], task.facts["pin"]) == ("Delhi", 110001)
    assert 200 < task.facts["remaining_km"] < 300
    assert task.facts["arrival_ms"] > FROM_MS + 5 * HOUR_MS

    await world.look(UNTIL_MS + MINUTE_MS)
    assert (await world.now()).status is Status.EXPIRED
    await world.look(TO_MS - 2 * HOUR_MS)
    (task,) = await world.tasks()
    assert task.escalated_ms == TO_MS - 2 * HOUR_MS
    await world.look(TO_MS + MINUTE_MS)
    (task,) = await world.tasks()
    assert task.state is TaskState.LAPSED
    assert await world.told() == [
        "eway.generated",
        "eway.expiring",  # a day before
        "eway.expiring",  # eight hours
        "task.opened",
        "eway.expired",
        "task.escalated",
        "task.lapsed",
    ]


async def test_a_truck_that_is_in_time_gets_none(world: World) -> None:
    await world.generated()
    await world.seen(FROM_MS - MINUTE_MS, (27.0, 75.9))  # 20 km before Jaipur
    for at_ms in (FROM_MS, FROM_MS + HOUR_MS, FROM_MS + 2 * HOUR_MS):
        await world.look(at_ms)

    assert await world.tasks() == []
    assert "eway.expiring" not in await world.told()


async def test_a_person_extends_and_the_task_is_done(world: World) -> None:
    await world.generated()
    await world.look(FROM_MS)
    await world.seen(FROM_MS, DELHI)
    await world.ask(longer())
    bill = await world.look(FROM_MS + MINUTE_MS)

    assert time_text(bill.valid_until_ms or 0) == "24/11/2026 11:59:00 PM"
    (task,) = await world.tasks()
    assert task.state is TaskState.DONE


def longer() -> Extend:
    return Extend(Extension("Delhi", 110001, 7, 270, ExtensionReason.OTHERS, "Delay"))


async def test_the_autopilot_extends_where_it_may(world: World) -> None:
    world.settings = Settings(flown(extends=True))
    await world.generated()
    await world.seen(FROM_MS - 2 * MINUTE_MS, DELHI)
    early = await world.look(FROM_MS - MINUTE_MS)
    bill = await world.look(FROM_MS)
    again = await world.look(FROM_MS + MINUTE_MS)

    assert early.extensions == 0
    assert (bill.extensions, again.extensions) == (1, 1)
    assert time_text(bill.valid_until_ms or 0) == "24/11/2026 11:59:00 PM"
    assert await world.tasks() == []
    assert (await world.simulated.calls())["EXTENDVALIDITY"] == 1


async def test_a_swap_produces_part_b(world: World) -> None:
    await world.generated()
    second = await world.add_truck("RJ14 GA 1234")
    await world.swap(second, "Engine seized near Neemrana")
    swapped_ms = BEGUN_MS + 5 * HOUR_MS
    await world.seen(swapped_ms, JAIPUR, second)
    bill = await world.look(swapped_ms)

    assert bill.vehicle == "RJ14GA1234"
    (kept,) = (await world.simulated.ask("GET", "/bills"))["bills"]
    entered = kept["vehicles"][-1]
    assert (entered["vehicle"], entered["place"], entered["state"]) == ("RJ14GA1234", "Jaipur", "8")
    async with as_tenant(world.app, world.name.key) as conn:
        log = await eway.log(conn, "b1", 0, 100)
    assert [type(one.event).__name__ for one in log[-2:]] == ["Asked", "VehicleChanged"]
    assert log[-1].event.reason == 1  # type: ignore[union-attr]
    assert "eway.part_b_updated" in await world.told()


async def test_a_swap_to_a_truck_nobody_sees_is_a_task_until_it_is_seen(world: World) -> None:
    await world.generated()
    second = await world.add_truck("RJ14GA1234")
    await world.swap(second, "went home")
    await world.look(BEGUN_MS + HOUR_MS)
    (task,) = await world.tasks(PART_B)
    assert task.facts["missing"] == ["here"]

    await world.seen(BEGUN_MS + 2 * HOUR_MS, DELHI, second)
    bill = await world.look(BEGUN_MS + 2 * HOUR_MS)
    (task,) = await world.tasks(PART_B)
    assert (bill.vehicle, task.state) == ("RJ14GA1234", TaskState.DONE)


async def test_once_nobody_drives_its_bill_is_closed_and_its_task_lapses(world: World) -> None:
    await world.generated()
    await world.look(FROM_MS)
    cancel = asked.Cancel(by=SOMEBODY, side=Side.OPERATOR)
    taken(await world.engine.take(world.name, world.booking, cancel))
    bill = await world.look(UNTIL_MS)

    assert bill.status is Status.CLOSED
    assert [task.state for task in await world.tasks()] == [TaskState.LAPSED]


# -------------------------------------------------------------------------------- crashes


class KilledError(BaseException):
    """As by kill -9: nothing of ours handles it."""


async def never(*_: object, **__: object) -> Any:
    raise KilledError


async def test_killed_between_intent_and_call_it_is_generated_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.begin()
    await world.ask(Generate())
    with monkeypatch.context() as patch:
        patch.setattr(engine, "outcome_of", never)
        with pytest.raises(KilledError):
            await world.look(BEGUN_MS)
    assert (await world.now()).pending is not None
    await world.look(BEGUN_MS + MINUTE_MS - 1)  # somebody may still be at it
    assert "GENEWAYBILL" not in await world.simulated.calls()

    bill = await world.look(BEGUN_MS + 2 * MINUTE_MS)
    assert bill.status is Status.ACTIVE
    assert (await world.simulated.calls())["GENEWAYBILL"] == 1


async def test_killed_between_call_and_record_it_is_generated_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.begin()
    await world.ask(Generate())

    async def asks_and_dies(*said: Any, **more: Any) -> Any:
        assert isinstance(await outcome_of(*said, **more), Did)
        raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr(engine, "outcome_of", asks_and_dies)
        with pytest.raises(KilledError):
            await world.look(BEGUN_MS)
    bill = await world.look(BEGUN_MS + MINUTE_MS)

    (kept,) = (await world.simulated.ask("GET", "/bills"))["bills"]
    assert (bill.status, bill.number) == (Status.ACTIVE, str(kept["number"]))
    assert bill.generated_ms == BEGUN_MS
    assert (await world.simulated.calls())["GENEWAYBILL"] == 1


@pytest.mark.parametrize("action", ["EXTENDVALIDITY", "VEHEWB"])
async def test_an_answer_that_got_lost_is_looked_for_before_asking_again(
    world: World, action: str
) -> None:
    world.settings = Settings(flown(extends=True))
    await world.generated()
    if action == "VEHEWB":
        second = await world.add_truck("RJ14GA1234")
        await world.swap(second, "broke down")
        await world.seen(FROM_MS - 9 * HOUR_MS, DELHI, second)
        at_ms = FROM_MS - 9 * HOUR_MS
    else:
        await world.seen(FROM_MS, DELHI)
        at_ms = FROM_MS
    await world.simulated.trouble(action, "lost")
    bill = await world.look(at_ms)
    assert bill.pending is not None
    bill = await world.look(at_ms + MINUTE_MS)

    assert bill.pending is None
    assert (await world.simulated.calls())[action] == 1


async def test_two_at_once_ask_once(world: World) -> None:
    await world.begin()
    await world.ask(Generate())
    await world.simulated.at(BEGUN_MS)
    done = await asyncio.gather(*(settle(world.desk, world.name, "b1") for _ in range(4)))

    assert sorted(done) == [False, False, False, True]
    assert (await world.simulated.calls())["GENEWAYBILL"] == 1


async def test_a_portal_that_is_away_is_asked_later_and_people_are_told(world: World) -> None:
    await world.begin()
    await world.ask(Generate())
    await world.simulated.trouble("GENEWAYBILL", "outage")
    bill = await world.look(BEGUN_MS)
    async with as_tenant(world.app, world.name.key) as conn:
        trouble = await eway.trouble_of(conn, "b1")
    assert bill.pending is not None
    assert ProviderAwayError.__name__ in (trouble or "")

    bill = await world.look(BEGUN_MS + MINUTE_MS)
    assert (bill.pending, bill.status) == (None, Status.ACTIVE)


async def test_what_the_portal_refuses_is_written_down(world: World) -> None:
    await world.generated()
    await world.ask(Cancel(CancelReason.OTHERS, "by mistake"))
    await world.simulated.at(BEGUN_MS + 25 * HOUR_MS)  # its clock and ours differ
    world.now_ms = BEGUN_MS + HOUR_MS
    await rounds.eway_round(world.desk)
    bill = await world.now()

    assert (bill.status, bill.pending) == (Status.ACTIVE, None)
    assert bill.refused is not None
    assert bill.refused.code == "315"
    assert "eway.refused" in await world.told()


async def test_what_others_did_on_the_portal_is_taken_over(world: World) -> None:
    bill = await world.generated()
    await world.simulated.ask("POST", f"/bills/{bill.number}/reject")
    async with as_tenant(world.app, world.name.key) as conn:
        await eway.mark_stale(conn, "b1", world.now_ms)
    bill = await world.look(BEGUN_MS + MINUTE_MS)

    assert bill.status is Status.REJECTED


async def test_a_document_has_one_bill_until_that_is_thrown_away(world: World) -> None:
    await world.begin()
    bill = await world.now()
    async with as_tenant(world.app, world.name.key) as conn:
        with pytest.raises(AlreadyExistsError, match="document"):
            await again(world, conn, bill, "b2")
    async with as_tenant(world.app, world.name.key) as conn:
        await discard(world.counter(conn), "b1", "users/a")
    async with as_tenant(world.app, world.name.key) as conn:
        assert (await again(world, conn, bill, "b3")).status is Status.DRAFT


async def again(world: World, conn: AnyConnection, bill: Bill, name: str) -> Bill:
    drafted = told.Drafted(
        at_ms=world.now_ms,
        by="users/a",
        id=name,
        booking=bill.booking,
        leg="L1",
        consignment=bill.consignment,
        transport=bill.transport,
    )
    return await engine.draft(world.counter(conn), drafted)


async def test_a_round_looks_at_so_many_bills(world: World) -> None:
    await world.generated()
    now = world.settings.now
    few = now.eway_portal.model_copy(update={"bills_at_once": 1})
    world.settings = Settings(now.model_copy(update={"eway_portal": few}))
    world.now_ms = BEGUN_MS + HOUR_MS

    assert await rounds.eway_round(world.desk) == 1


async def test_a_booking_that_changes_has_its_bills_looked_at(world: World) -> None:
    now = flown()
    slow = now.eway_portal.model_copy(update={"look_s": 3600})
    world.settings = Settings(now.model_copy(update={"eway_portal": slow}))
    await world.generated()
    world.now_ms = BEGUN_MS + MINUTE_MS
    async with as_tenant(world.app, world.name.key) as conn:
        due = await _due(world)
        state = await bookings.get(conn, world.booking)
        booking = msgspec.json.decode(state, type=Booking)
        await for_booking(conn, world.desk, world.name, booking)

    assert not due
    assert await _due(world)


async def _due(world: World) -> bool:
    async with world.system.acquire() as conn:
        found = await eway.due(conn, world.now_ms, 1_000)
    return any(one.tenant_key == world.name.key for one in found)
