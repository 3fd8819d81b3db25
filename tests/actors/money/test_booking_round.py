"""The books' look at bookings that changed: none forgotten, none twice, none in another's way."""

from __future__ import annotations

import asyncio

import pytest

from actors.booking_writing import TenantName
from actors.bookings import Bookings
from actors.life import now_ms
from actors.money import booking_round as looking
from actors.money.booking_round import booking_round
from actors.money.desk import Desk
from config.policy import Settings, policy
from freight.booking import commands as asked
from freight.booking.state import Side
from freight.dues.owing import dues_of
from store import dues
from store.dues import Changed
from store.personal import PersonalData
from store.postgres import AnyPool, as_tenant
from store.tenants import Tenant
from tests.actors.booked import SOMEBODY, taken, waiting
from tests.actors.money.fake_provider import FakeProvider, FakeProviders

pytestmark = pytest.mark.usefixtures("fresh_books")


@pytest.fixture
def engine(app: AnyPool) -> Bookings:
    return Bookings(app, 0, Settings(policy()))


@pytest.fixture
def name(tenant: Tenant) -> TenantName:
    return TenantName(tenant.key, tenant.id)


@pytest.fixture
def desk(app: AnyPool, system: AnyPool, personal: PersonalData) -> Desk:
    providers = FakeProviders(FakeProvider())
    return Desk(app, system, Settings(policy()), now_ms, providers, personal)


async def queued(desk: Desk, name: TenantName) -> list[Changed]:
    async with desk.system.acquire() as conn:
        return [one for one in await dues.changed(conn, 10_000) if one.tenant_key == name.key]


async def owed(desk: Desk, name: TenantName, booking: str) -> list[tuple[str, int]]:
    async with as_tenant(desk.app, name.key) as conn:
        return [(due.id, due.amount_minor) for due in await dues.of_booking(conn, booking)]


async def test_what_a_booking_owes_follows_it(
    engine: Bookings, desk: Desk, name: TenantName
) -> None:
    booking = await waiting(engine, name)
    await booking_round(desk)
    assert await owed(desk, name, booking) == [("balance-1", 100_00)]
    assert await queued(desk, name) == []

    cancel = asked.Cancel(by=SOMEBODY, side=Side.SHIPPER, reason="no goods")
    cancelled = taken(await engine.take(name, booking, cancel))
    await booking_round(desk)

    cost = sum(charge.amount_minor for charge in cancelled.charges.values())
    assert await owed(desk, name, booking) == [("balance-1", cost)]


async def test_two_at_once_look_once_at_each(
    engine: Bookings, desk: Desk, name: TenantName
) -> None:
    ids = [await waiting(engine, name) for _ in range(5)]

    await asyncio.gather(*(booking_round(desk) for _ in range(3)))

    assert await queued(desk, name) == []
    assert [await owed(desk, name, one) for one in ids] == [[("balance-1", 100_00)]] * 5


async def test_one_that_cannot_be_looked_at_is_put_off_and_told(
    engine: Bookings, desk: Desk, name: TenantName, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, whole = [await waiting(engine, name) for _ in range(2)]
    right = dues_of

    def fails(booking: object, *given: object) -> object:
        if getattr(booking, "id", None) == broken:
            raise ZeroDivisionError("no such price")
        return right(booking, *given)  # type: ignore[arg-type]

    monkeypatch.setattr(looking, "dues_of", fails)
    await booking_round(desk)

    assert await owed(desk, name, whole) == [("balance-1", 100_00)]
    assert await queued(desk, name) == [], "not before its time"
    async with desk.system.acquire() as system:
        assert (await dues.stuck(system, 1)).bookings >= 1
    async with as_tenant(desk.app, name.key) as conn:
        rows = await conn.fetch("SELECT * FROM books_queue WHERE booking = $1", broken)
        put_off = {(row["tries"], row["trouble"]) for row in rows}
        assert put_off == {(1, "ZeroDivisionError: no such price")}
        await conn.execute("UPDATE books_queue SET not_before = now() WHERE booking = $1", broken)

    monkeypatch.setattr(looking, "dues_of", right)
    await booking_round(desk)
    assert await owed(desk, name, broken) == [("balance-1", 100_00)]
