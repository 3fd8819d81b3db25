"""Two hundred bookings want sixty trucks while all who handle them are killed again and again.

A killed actor is a cancelled task: its connection is broken off wherever it stood, in the middle
of a transaction too, and another actor that knows nothing begins where the store is.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import Awaitable, Callable

from actors.booking_writing import TenantName
from actors.bookings import Bookings
from actors.dispatch_round import DispatchRounds
from actors.errors import StoreAwayError
from actors.offering import OfferWish
from config.policy import Settings
from freight.booking import commands as asked
from freight.booking.state import Booking, Status
from freight.dispatch.offer_messages import Accept, Decline
from store import bookings, offers
from store.postgres import STORE_FAILURES, AnyPool, as_tenant
from tests.actors.booked import DELHI, SOMEBODY, Actors, add_truck, create, load
from tests.actors.dispatching import add_carrier, willing
from tests.launch.waiting import until

BOOKINGS, TRUCKS, DISPATCHERS = 200, 60, 3
KILLS = 60

OVERLAPS = """
    SELECT count(*) FROM awards a JOIN awards b
        ON a.nr < b.nr AND a.truck_key = b.truck_key AND a.during && b.during
"""
TWICE = """
    SELECT count(*) FROM (SELECT FROM awards WHERE stands
        GROUP BY booking, leg HAVING count(*) > 1) twice
"""
TWICE_ACCEPTED = """
    SELECT count(*) FROM (SELECT FROM offers WHERE state = 'accepted'
        GROUP BY booking, leg HAVING count(*) > 1) twice
"""


class Storm:
    def __init__(
        self, app: AnyPool, system: AnyPool, name: TenantName, settings: Settings, seed: int
    ) -> None:
        self.app, self.system, self.name, self.settings = app, system, name, settings
        self.rng = random.Random(seed)  # noqa: S311 - a repeatable storm
        self.at: dict[int, tuple[float, float]] = {}
        self.killed: Counter[str] = Counter()
        self.calm = False

    def actors(self) -> Actors:
        """As they are after a start: nothing is known."""
        return Actors(Bookings(self.app, 0, self.settings), self.at)

    async def killed_often(self, what: str, work: Callable[[], Awaitable[object]]) -> None:
        """Until the storm is over and the work has gone through once undisturbed."""
        while True:
            calm = self.calm
            task = asyncio.ensure_future(work())
            if not calm and self.rng.random() < 0.4:
                await asyncio.sleep(self.rng.random() * 0.02)
                self.killed[what] += not task.done()
                task.cancel()
            with contextlib.suppress(asyncio.CancelledError, StoreAwayError, *STORE_FAILURES):
                await task
            if calm:
                return

    async def book(self, number: int) -> None:
        """A shipper that asks again until it is answered, each time by the same key."""
        booking_id = f"bk-{number}"
        place = (DELHI[0] + self.rng.random() * 0.2, DELHI[1] + self.rng.random() * 0.2)
        commands = (
            create(booking_id, key="create", carried=load(at=place)),
            asked.Confirm(by=SOMEBODY, key="confirm"),
        )
        for command in commands:
            answered = False
            while not answered:
                task = asyncio.ensure_future(
                    self.actors().engine.take(self.name, booking_id, command)
                )
                if self.rng.random() < 0.1:
                    await asyncio.sleep(self.rng.random() * 0.01)
                    self.killed["booking shard"] += not task.done()
                    task.cancel()
                with contextlib.suppress(asyncio.CancelledError, StoreAwayError, *STORE_FAILURES):
                    await task
                    answered = True

    async def dispatch(self) -> None:
        await DispatchRounds(self.app, self.system, self.actors(), self.settings).run(self.name)

    async def answer(self) -> None:
        """Carriers answer what is open; every accept is sent twice at once, to different actors."""
        async with as_tenant(self.app, self.name.key) as conn:
            open_ones = await offers.list_page(
                conn, before=None, limit=40, having={"state": "made"}
            )
        for offer in self.rng.sample(open_ones, min(6, len(open_ones))):
            declines = self.rng.random() < 0.15
            command = Decline(offer.id, "no driver") if declines else Accept(offer.id)
            wish = OfferWish(offer.leg, command, SOMEBODY)
            await asyncio.gather(
                *(self.actors().engine.take_offer(self.name, offer.booking, wish) for _ in range(2))
            )


async def test_nothing_is_promised_twice_and_nothing_is_lost(
    app: AnyPool, system: AnyPool, name: TenantName
) -> None:
    settings = Settings(willing(offers_max=30))
    storm = Storm(app, system, name, settings, seed=7)
    carriers = [await add_carrier(app, name) for _ in range(4)]
    for number in range(TRUCKS):
        truck = await add_truck(
            app, name, payload_kg=20_000, carrier=([None, *carriers])[number % 5]
        )
        async with as_tenant(app, name.key) as conn:
            key = await conn.fetchval("SELECT key FROM trucks WHERE id = $1", truck)
        storm.at[key] = (DELHI[0] + 0.1, DELHI[1] + number / 500)

    workers = [
        asyncio.create_task(storm.killed_often("dispatcher", storm.dispatch))
        for _ in range(DISPATCHERS)
    ] + [asyncio.create_task(storm.killed_often("carrier", storm.answer))]
    await asyncio.gather(*(storm.book(number) for number in range(BOOKINGS)))
    await until(lambda: sum(storm.killed.values()) >= KILLS)
    storm.calm = True
    await asyncio.gather(*workers)
    await settled(storm)

    await check(storm)


async def settled(storm: Storm) -> None:
    """Every truck has a load: the storm is over, so this goes on until nothing is open."""
    while True:
        await storm.dispatch()
        await storm.answer()
        async with as_tenant(storm.app, storm.name.key) as conn:
            standing = await conn.fetchval("SELECT count(*) FROM awards WHERE stands")
        if standing == TRUCKS:
            return


async def check(storm: Storm) -> None:
    async with as_tenant(storm.app, storm.name.key) as conn:
        wrong = [await conn.fetchval(sql) for sql in (OVERLAPS, TWICE, TWICE_ACCEPTED)]
        standing = await conn.fetch("SELECT booking, truck_key FROM awards WHERE stands")
        rows = await bookings.list_page(conn, before=None, limit=BOOKINGS + 1)
        told = await conn.fetchval(
            "SELECT count(*) FROM events WHERE type = 'booking.assigned' AND tenant_key = $1",
            storm.name.key,
        )
    found = {row.id: await _fresh(storm, row.id) for row in rows}
    statuses = Counter(booking.status for booking in found.values())

    assert wrong == [0, 0, 0]
    assert len(found) == BOOKINGS
    assert statuses == {Status.ASSIGNED: TRUCKS, Status.DISPATCHING: BOOKINGS - TRUCKS}
    assert {row["booking"] for row in standing} == {
        one for one, booking in found.items() if booking.status is Status.ASSIGNED
    }
    assert len({row["truck_key"] for row in standing}) == TRUCKS
    assert told == TRUCKS, "each assignment is told once"
    assert min(storm.killed[who] for who in ("dispatcher", "carrier", "booking shard")) > 0


async def _fresh(storm: Storm, booking_id: str) -> Booking:
    found = await storm.actors().engine.find(storm.name, booking_id)
    assert found is not None
    return found
