"""Zones and closed cities keep trucks out of a round; so does a driver who drives another."""

from __future__ import annotations

import secrets
from typing import Any

from actors.booking_writing import TenantName
from actors.bookings import Bookings
from actors.dispatch_round import DispatchRounds
from config.policy import Settings
from freight.booking.state import Status
from freight.dispatch.explanations import decode
from freight.dispatch.reasons import Reason
from store import awards, dispatch, fences
from store.postgres import AnyPool, as_tenant
from tests.actors.booked import JAIPUR, Actors, assign, taken, waiting
from tests.actors.dispatching import FAR, NEAR, place, status, willing


async def close_jaipur(app: AnyPool, name: TenantName, **more: Any) -> None:
    circle = {"center": {"lat": JAIPUR[0], "lon": JAIPUR[1]}, "radius_m": 3000}
    about: dict[str, Any] = {"name": "Jaipur", "kind": "no_entry", "shape": circle}
    async with as_tenant(app, name.key) as conn:
        await fences.create(conn, name.key, id="jaipur", **about, **more)


async def reasons(app: AnyPool, name: TenantName, booking: str, truck: str) -> tuple[Reason, ...]:
    async with as_tenant(app, name.key) as conn:
        (kept,) = await dispatch.recorded(conn, booking, 10)
        keys = await awards.truck_keys(conn, [truck])
    verdict = decode(kept.explanation).verdict(keys[truck])
    assert verdict is not None
    return verdict.reasons


async def test_a_city_that_is_closed_to_a_class_keeps_its_trucks_out(
    app: AnyPool, engine: Bookings, name: TenantName, actors: Actors, rounds: DispatchRounds
) -> None:
    await close_jaipur(app, name, truck_classes=["TRL_18W"])
    barred = await place(app, name, actors, NEAR, truck_class="TRL_18W")
    free = await place(app, name, actors, FAR, truck_class="OPEN_10W", payload_kg=16_000)
    booking = await waiting(engine, name)
    await rounds.run(name)

    found = await engine.find(name, booking)
    assert found is not None
    assert found.legs[0].carriage is not None
    assert found.legs[0].carriage.truck == free
    assert await reasons(app, name, booking, barred) == (Reason.ZONE,)


async def test_where_nothing_is_dropped_nobody_is_sent(
    app: AnyPool, system: AnyPool, name: TenantName
) -> None:
    policy = willing()
    zones = policy.fleet.zones.model_copy(update={"drop_kinds": frozenset({"depot"})})
    fleet = policy.fleet.model_copy(update={"zones": zones})
    settings = Settings(policy.model_copy(update={"fleet": fleet}))
    engine = Bookings(app, 0, settings)
    actors = Actors(engine)
    truck = await place(app, name, actors, NEAR)
    booking = await waiting(engine, name)
    await DispatchRounds(app, system, actors, settings).run(name)

    assert await status(engine, name, booking) is Status.DISPATCHING
    assert await reasons(app, name, booking, truck) == (Reason.ZONE,)


async def test_a_driver_who_is_to_drive_another_truck_drives_no_second_one(
    app: AnyPool, engine: Bookings, name: TenantName, actors: Actors, rounds: DispatchRounds
) -> None:
    driver = f"d-{secrets.token_hex(4)}"
    first = await place(app, name, actors, FAR)
    second = await place(app, name, actors, NEAR)
    async with as_tenant(app, name.key) as conn:
        keys = await awards.truck_keys(conn, [second])
        await conn.execute(
            """
            INSERT INTO drivers (tenant_key, id, truck_key, name_sealed) VALUES ($1, $2, $3, '')
            """,
            *(name.key, driver, keys[second]),
        )
    by_hand = assign(first)
    promised, booking = await waiting(engine, name), await waiting(engine, name)
    given = type(by_hand)(by=by_hand.by, leg="L1", truck=first, driver=driver)
    taken(await engine.take(name, promised, given))
    await rounds.run(name)

    assert await status(engine, name, booking) is Status.DISPATCHING
    assert Reason.PROMISED in await reasons(app, name, booking, second)
