"""A truck goes offline after it was given a load: who is told, and what becomes of the load."""

from __future__ import annotations

import numpy as np
import pytest

from actors.booking_silence import SilenceWatch
from actors.booking_writing import TenantName
from actors.bookings import Bookings
from actors.dispatch_round import DispatchRounds
from actors.journal import Journal
from actors.life import now_ms
from config.policy import Settings, policy
from freight.booking.state import Leg, Status
from freight.dispatch.explanations import decode
from freight.dispatch.offer_messages import Accept
from freight.dispatch.reasons import Reason
from freight.fixes import FIX_DTYPE, MISSING_INT8, MISSING_INT16, MISSING_INT64, FixBatch
from store import awards, bookings, dispatch
from store.postgres import AnyPool, as_tenant
from store.tenants import Tenant
from tests.actors.booked import Actors, add_truck, assign, taken, waiting
from tests.actors.dispatching import (
    FAR,
    NEAR,
    add_carrier,
    answer,
    offered,
    place,
    status,
    willing,
)

MINUTE_MS = 60_000


def watching(patience_minutes: int) -> Settings:
    now = willing()
    silence = now.booking_rules.silence.model_copy(update={"patience_minutes": patience_minutes})
    update = {
        "bookings": now.bookings.model_copy(update={"silence_look_s": 0.000_001}),
        "booking_rules": now.booking_rules.model_copy(update={"silence": silence}),
    }
    return Settings(now.model_copy(update=update))


@pytest.fixture
def settings() -> Settings:
    return watching(patience_minutes=60)


@pytest.fixture
def shard(tenant: Tenant) -> int:
    """Nobody else's."""
    return tenant.key


@pytest.fixture
def engine(app: AnyPool, shard: int, settings: Settings) -> Bookings:
    return Bookings(app, shard, settings)


@pytest.fixture
def watch(engine: Bookings, system: AnyPool, shard: int, settings: Settings) -> SilenceWatch:
    return SilenceWatch(engine, system, shard, settings)


@pytest.fixture
def tracking(telemetry: AnyPool, system: AnyPool, name: TenantName) -> Tracking:
    return Tracking(telemetry, system, name.key)


async def key_of(app: AnyPool, name: TenantName, truck: str) -> int:
    async with as_tenant(app, name.key) as conn:
        return (await awards.truck_keys(conn, [truck]))[truck]


class Tracking:
    """The truck shard's part, by a real journal that knows the trucks there are when it begins."""

    def __init__(self, telemetry: AnyPool, system: AnyPool, tenant_key: int) -> None:
        self._journal = Journal(telemetry, system, 1_000 + tenant_key % 30_000, policy().tracking)
        self._tenant_key = tenant_key
        self._has_begun = False

    async def heard(self, truck_key: int, minutes_ago: float) -> None:
        fixes = np.zeros(1, FIX_DTYPE)
        for field in FIX_DTYPE.names or ():
            if FIX_DTYPE[field].kind == "f":
                fixes[field] = np.nan
        fixes["seq"], fixes["satellites"] = MISSING_INT64, MISSING_INT16
        fixes["ignition"] = fixes["alarm"] = MISSING_INT8
        fixes["tenant_key"], fixes["truck_key"] = self._tenant_key, truck_key
        fixes["ts_ms"] = fixes["received_ms"] = now_ms() - round(minutes_ago * MINUTE_MS)
        fixes["lat"], fixes["lon"] = NEAR
        if not self._has_begun:
            await self._journal.recover()
            self._has_begun = True
        await self._journal.commit(FixBatch(fixes, {}))
        # As long ago as the fix says, not just now.
        self._journal.columns.last["committed_ms"] -= round(minutes_ago * MINUTE_MS)
        await self._journal.go_on(look_for_silent=True)


async def leg_of(engine: Bookings, name: TenantName, booking: str) -> Leg:
    found = await engine.find(name, booking)
    assert found is not None
    return found.legs[0]


async def steps(app: AnyPool, name: TenantName, booking: str) -> list[str]:
    async with as_tenant(app, name.key) as conn:
        return [row.type for row in await bookings.log(conn, booking)]


async def told(app: AnyPool, name: TenantName, booking: str) -> list[str]:
    async with as_tenant(app, name.key) as conn:
        rows = await conn.fetch(
            "SELECT type FROM events WHERE subject = $1 ORDER BY seq", f"bookings/{booking}"
        )
    return [row["type"] for row in rows]


async def test_a_truck_that_goes_offline_after_it_accepted_loses_the_load_in_time(
    *,
    app: AnyPool,
    system: AnyPool,
    tracking: Tracking,
    engine: Bookings,
    name: TenantName,
    actors: Actors,
    rounds: DispatchRounds,
    shard: int,
    watch: SilenceWatch,
) -> None:
    carrier = await add_carrier(app, name)
    near = await place(app, name, actors, NEAR, carrier=carrier)
    booking = await waiting(engine, name)
    await rounds.run(name)
    (made,) = await offered(app, name, booking)
    await answer(engine, name, booking, Accept(made.id))
    far = await place(app, name, actors, FAR, carrier=carrier)
    near_key = await key_of(app, name, near)

    await tracking.heard(near_key, minutes_ago=40)
    await watch.go_on()
    await watch.go_on()
    patient = await leg_of(engine, name, booking)

    assert (patient.status, patient.carriage is not None) == (Status.ASSIGNED, True)
    assert patient.silent_ms is not None
    assert (await told(app, name, booking)).count("booking.truck_silent") == 1

    hasty = SilenceWatch(engine, system, shard, watching(patience_minutes=30))
    engine._settings = hasty._settings
    await hasty.go_on()
    await rounds.run(name)

    assert await status(engine, name, booking) is Status.DISPATCHING
    assert (await steps(app, name, booking))[-2:] == ["truck_silent", "unassigned"]
    assert [(one.truck, one.state) for one in await offered(app, name, booking)] == [
        (near, "withdrawn"),
        (far, "made"),
    ]
    async with as_tenant(app, name.key) as conn:
        kept = (await dispatch.recorded(conn, booking, 10))[0]
        standing = await conn.fetchval("SELECT count(*) FROM awards WHERE stands")
    verdict = decode(kept.explanation).verdict(near_key)
    assert verdict is not None
    assert verdict.reasons == (Reason.OFFLINE,)
    assert standing == 0


async def test_one_that_speaks_again_is_told_and_keeps_its_load(
    *,
    app: AnyPool,
    system: AnyPool,
    tracking: Tracking,
    engine: Bookings,
    name: TenantName,
    watch: SilenceWatch,
) -> None:
    truck, booking = await add_truck(app, name), await waiting(engine, name)
    taken(await engine.take(name, booking, assign(truck)))
    key = await key_of(app, name, truck)
    await tracking.heard(key, minutes_ago=40)
    await watch.go_on()
    await tracking.heard(key, minutes_ago=0)
    await watch.go_on()

    leg = await leg_of(engine, name, booking)
    assert (leg.status, leg.silent_ms) == (Status.ASSIGNED, None)
    assert (await told(app, name, booking))[-2:] == ["booking.truck_silent", "booking.truck_heard"]


async def test_one_that_spoke_while_the_shard_was_down_is_heard_by_the_next(
    *,
    app: AnyPool,
    system: AnyPool,
    tracking: Tracking,
    engine: Bookings,
    name: TenantName,
    shard: int,
    settings: Settings,
    watch: SilenceWatch,
) -> None:
    truck, booking = await add_truck(app, name), await waiting(engine, name)
    taken(await engine.take(name, booking, assign(truck)))
    key = await key_of(app, name, truck)
    await tracking.heard(key, minutes_ago=40)
    await watch.go_on()
    await tracking.heard(key, minutes_ago=0)
    anew = Bookings(app, shard, settings)
    await SilenceWatch(anew, system, shard, settings).go_on()

    assert (await leg_of(anew, name, booking)).silent_ms is None
