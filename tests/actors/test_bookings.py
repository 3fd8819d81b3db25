"""A booking's commands: decided, committed with their log and promises, and only then known."""

from __future__ import annotations

import asyncio
import secrets

import asyncpg
import msgspec
import pytest

from actors.booking_writing import TenantName
from actors.bookings import PROMISED, STALE, Bookings, BusyError, Refused, Taken
from actors.errors import StoreAwayError
from config.policy import Settings, policy
from freight.booking import commands as asked
from freight.booking.events import BookingEvent
from freight.booking.evolve import replayed
from freight.booking.state import Booking, Status
from store import bookings
from store.postgres import AnyPool, as_tenant
from tests.actors.booked import SOMEBODY, add_truck, assign, create, taken, waiting


@pytest.fixture
def engine(app: AnyPool) -> Bookings:
    return Bookings(app, 0, Settings(policy()))


async def test_what_is_known_is_what_the_log_gives(
    engine: Bookings, app: AnyPool, name: TenantName
) -> None:
    booking_id = await waiting(engine, name)
    truck = await add_truck(app, name)
    known = taken(await engine.take(name, booking_id, assign(truck)))

    async with as_tenant(app, name.key) as conn:
        log = await bookings.log(conn, booking_id)
        stored = msgspec.json.decode(await bookings.get(conn, booking_id), type=Booking)
    events = [msgspec.json.decode(one.event, type=BookingEvent) for one in log]

    assert known.status is Status.ASSIGNED
    assert replayed(events) == known == stored
    assert [one.version for one in log] == list(range(1, known.version + 1))


async def test_the_same_key_again_changes_nothing(engine: Bookings, name: TenantName) -> None:
    booking_id = f"bk-{secrets.token_hex(4)}"
    first = await engine.take(name, booking_id, create(booking_id, key="k"))
    again = await engine.take(name, booking_id, create(booking_id, key="k"))

    assert isinstance(first, Taken)
    assert isinstance(again, Taken)
    assert (again.booking, again.events) == (first.booking, ())


async def test_a_truck_is_promised_to_one_of_many_who_ask_at_once(
    engine: Bookings, app: AnyPool, name: TenantName
) -> None:
    """From several actors, which know nothing of each other but the database."""
    truck = await add_truck(app, name)
    ids = [await waiting(engine, name) for _ in range(6)]
    engines = [Bookings(app, 0, Settings(policy())) for _ in ids]

    answers = await asyncio.gather(
        *(one.take(name, each, assign(truck)) for one, each in zip(engines, ids, strict=True))
    )

    won = [answer for answer in answers if isinstance(answer, Taken)]
    lost = [answer for answer in answers if isinstance(answer, Refused)]
    assert len(won) == 1
    assert {answer.code for answer in lost} == {PROMISED}


async def test_a_leg_is_awarded_once_though_two_actors_think_they_have_it(
    app: AnyPool, name: TenantName, engine: Bookings
) -> None:
    booking_id = await waiting(engine, name)
    trucks_there = [await add_truck(app, name) for _ in range(4)]
    engines = [Bookings(app, 0, Settings(policy())) for _ in trucks_there]
    for one in engines:
        await one.find(name, booking_id)

    answers = await asyncio.gather(
        *(
            one.take(name, booking_id, assign(truck))
            for one, truck in zip(engines, trucks_there, strict=True)
        )
    )

    async with as_tenant(app, name.key) as conn:
        standing = await conn.fetchval(
            "SELECT count(*) FROM awards WHERE booking = $1 AND stands", booking_id
        )
    assert sum(isinstance(answer, Taken) for answer in answers) == 1
    assert standing == 1


async def test_a_truck_that_is_let_go_is_free_and_its_history_without_overlap(
    engine: Bookings, app: AnyPool, name: TenantName
) -> None:
    truck = await add_truck(app, name)
    first, second = await waiting(engine, name), await waiting(engine, name)
    taken(await engine.take(name, first, assign(truck)))
    taken(await engine.take(name, first, asked.Unassign(by=SOMEBODY, leg="L1")))
    taken(await engine.take(name, second, assign(truck)))

    async with as_tenant(app, name.key) as conn:
        rows = await conn.fetch("SELECT booking, stands, during FROM awards ORDER BY nr")
    assert [(row["booking"], row["stands"]) for row in rows] == [(first, False), (second, True)]
    assert rows[0]["during"].isempty or rows[0]["during"].upper <= rows[1]["during"].lower


async def test_a_load_after_the_one_that_the_truck_has_gets_it_from_then_on(
    engine: Bookings, app: AnyPool, name: TenantName
) -> None:
    truck = await add_truck(app, name)
    first, second, third = [await waiting(engine, name) for _ in range(3)]
    now = taken(await engine.take(name, first, assign(truck)))
    carriage = now.legs[0].carriage
    assert carriage is not None
    later_ms = carriage.from_ms + 3_600_000
    taken(await engine.take(name, second, assign(truck, from_ms=later_ms)))

    refused = await engine.take(name, third, assign(truck, from_ms=later_ms + 1))

    assert isinstance(refused, Taken | Refused)
    async with as_tenant(app, name.key) as conn:
        overlaps = await conn.fetchval(
            """
            SELECT count(*) FROM awards a JOIN awards b ON a.truck_key = b.truck_key
                AND a.nr < b.nr AND a.during && b.during
            """
        )
    assert overlaps == 0


async def test_a_command_for_another_version_is_refused(engine: Bookings, name: TenantName) -> None:
    booking_id = await waiting(engine, name)
    answer = await engine.take(name, booking_id, asked.Close(by=SOMEBODY), expected=1)

    assert isinstance(answer, Refused)
    assert answer.code == STALE


async def test_a_truck_that_nobody_knows_is_refused_and_nothing_written(
    engine: Bookings, name: TenantName
) -> None:
    booking_id = await waiting(engine, name)
    answer = await engine.take(name, booking_id, assign("nobody"))
    found = await engine.find(name, booking_id)

    assert isinstance(answer, Refused)
    assert found is not None
    assert found.status is Status.DISPATCHING


async def test_nothing_is_known_that_was_not_committed(
    engine: Bookings, name: TenantName, monkeypatch: pytest.MonkeyPatch
) -> None:
    booking_id = await waiting(engine, name)

    async def fail(*_: object) -> None:
        raise asyncpg.PostgresConnectionError("the server is gone")

    with monkeypatch.context() as broken:
        broken.setattr(bookings, "write", fail)
        with pytest.raises(StoreAwayError):
            await engine.take(name, booking_id, asked.Fail(by=SOMEBODY, leg="L1"))

    found = await engine.find(name, booking_id)
    assert found is not None
    assert found.status is Status.DISPATCHING


async def test_more_commands_than_may_wait_are_refused(app: AnyPool, name: TenantName) -> None:
    few = policy().bookings.model_copy(update={"waiting_max": 1})
    engine = Bookings(app, 0, Settings(policy().model_copy(update={"bookings": few})))
    first, second = [f"bk-{secrets.token_hex(4)}" for _ in range(2)]
    answers = await asyncio.gather(
        engine.take(name, first, create(first)),
        engine.take(name, second, create(second)),
        return_exceptions=True,
    )

    assert isinstance(answers[0], Taken)
    assert isinstance(answers[1], BusyError)


async def test_what_is_not_used_is_forgotten_and_read_again(app: AnyPool, name: TenantName) -> None:
    few = policy().bookings.model_copy(update={"known_max": 2})
    engine = Bookings(app, 0, Settings(policy().model_copy(update={"bookings": few})))
    ids = [await waiting(engine, name) for _ in range(4)]

    assert len(engine) == 2
    found = await engine.find(name, ids[0])
    assert found is not None
    assert found.status is Status.DISPATCHING
