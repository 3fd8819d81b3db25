"""A shard learns fences and journeys together, and recovers under those of the time."""

from __future__ import annotations

import time

import numpy as np
import pytest

from actors.in_force import InForce
from actors.journal import Journal
from config.policy import policy
from freight.fixes import FIX_DTYPE, MISSING_INT8, MISSING_INT16, MISSING_INT64, FixBatch
from freight.tracking.progress import Progress
from geo.polyline import encode
from store import events, fences, journeys, leases, routes
from store.journeys import JourneyTerms
from store.postgres import AnyPool, as_tenant, moment
from store.routes import RouteFields, RouteRef
from store.tenants import Tenant
from tests.freight.world import square
from tests.shard_numbers import new_shard
from tests.store.test_isolation import add_truck

KM = 1.0 / 111.195
START_MS = time.time_ns() // 1_000_000 - 3_600_000
NORTH = np.array([[20.0 + km * KM, 77.0] for km in range(61)])
BESIDE = NORTH + np.array([0.0, 3.0 * KM / 0.9397])


@pytest.fixture
async def truck_key(app: AnyPool, tenant: Tenant) -> int:
    """To follow the line north from half an hour ago on; beside it runs another."""
    key = await add_truck(app, tenant, "T1")
    async with as_tenant(app, tenant.key) as conn:
        for route_id, points in (("north", NORTH), ("beside", BESIDE)):
            drawn = RouteFields(
                name=route_id,
                line=encode(points, 6),
                points=len(points),
                length_m=60_000.0,
                source="polyline",
            )
            await routes.create(conn, tenant.key, route_id, drawn)
        terms = JourneyTerms(route=RouteRef("north", 1), starts_at=moment(START_MS))
        await journeys.begin(conn, tenant.key, key, "J1", terms)
    return key


def batch(tenant: Tenant, truck_key: int, first_km: int, last_km: int) -> FixBatch:
    """A kilometre a minute, along the line."""
    kms = np.arange(first_km, last_km)
    fixes = np.zeros(len(kms), dtype=FIX_DTYPE)
    for name in FIX_DTYPE.names or ():
        if FIX_DTYPE[name].kind == "f":
            fixes[name] = np.nan
    fixes["seq"], fixes["satellites"] = MISSING_INT64, MISSING_INT16
    fixes["ignition"] = fixes["alarm"] = MISSING_INT8
    fixes["tenant_key"], fixes["truck_key"] = tenant.key, truck_key
    fixes["lat"], fixes["lon"] = 20.0 + kms * KM, 77.0
    fixes["speed_kmh"], fixes["heading_deg"] = 60.0, 0.0
    fixes["ts_ms"] = START_MS + (kms + 1) * 60_000
    fixes["received_ms"] = time.time_ns() // 1_000_000
    return FixBatch(fixes, {})


async def started(telemetry: AnyPool, system: AnyPool, shard: int) -> Journal:
    journal = Journal(telemetry, system, shard, policy().tracking)
    await journal.recover()
    return journal


def seen(journal: Journal, truck_key: int) -> Progress:
    found = journal.progress_of(truck_key)
    assert found is not None
    return found


async def told(app: AnyPool, tenant: Tenant) -> list[str]:
    async with as_tenant(app, tenant.key) as conn:
        found = await events.list_page(conn, limit=1000)
    return [event.type for event in found if event.type.startswith("truck.route.")]


async def test_one_revision_is_learned_for_both(
    app: AnyPool, system: AnyPool, tenant: Tenant, truck_key: int
) -> None:
    in_force = InForce(system, late_horizon_s=3600.0)
    await in_force.learn(None)
    before = in_force.fences.revision
    assert in_force.journeys.at(truck_key, START_MS + 1) is not None

    async with as_tenant(app, tenant.key) as conn:
        shape = square(77.0, 20.0)
        yard = await fences.create(
            conn, tenant.key, id="yard", name="Yard", kind="depot", shape=shape
        )
        ended = await journeys.end(conn, "J1", "ended", None)
    await in_force.learn(yard.revision)
    assert in_force.fences.number_of(tenant.key, "yard") is not None
    far_ms = START_MS + 10 * 3_600_000
    assert in_force.journeys.at(truck_key, far_ms) is not None, "that it ended came later"
    assert before < in_force.fences.revision == in_force.journeys.revision == yard.revision

    await in_force.learn(None)
    assert in_force.journeys.at(truck_key, far_ms) is None
    assert in_force.fences.revision >= ended.revision
    in_force.forget()
    assert in_force.journeys.at(truck_key, START_MS + 1) is not None, "a late fix may be about it"


async def test_a_shard_goes_on_along_the_journey_that_it_followed(
    app: AnyPool, telemetry: AnyPool, system: AnyPool, tenant: Tenant, truck_key: int
) -> None:
    shard = new_shard()
    journal = await started(telemetry, system, shard)
    await journal.commit(batch(tenant, truck_key, 0, 20))
    before = seen(journal, truck_key)
    # Before the crash, and after the batch.
    async with as_tenant(app, tenant.key) as conn:
        terms = JourneyTerms(route=RouteRef("beside", 1))
        await journeys.change(conn, "J1", terms, None)

    again = await started(telemetry, system, shard)

    assert before.along_m == pytest.approx(19_000.0, abs=50.0)
    # The state is of the version before; the next fix is held against the new one.
    await again.commit(batch(tenant, truck_key, 20, 30))
    assert await told(app, tenant) == ["truck.route.started"]
    async with telemetry.acquire() as conn:
        noted = await leases.batches_from(conn, shard, 0)
    assert noted[0].fence_revision < noted[1].fence_revision


async def test_what_is_told_is_the_same_with_and_without_a_crash(
    app: AnyPool, telemetry: AnyPool, system: AnyPool, tenant: Tenant, truck_key: int
) -> None:
    shard = new_shard()
    journal = await started(telemetry, system, shard)
    for first in range(0, 61, 10):
        await journal.commit(batch(tenant, truck_key, first, min(first + 10, 61)))
        journal = await started(telemetry, system, shard)

    assert await told(app, tenant) == ["truck.route.started", "truck.route.arrived"]
    async with as_tenant(app, tenant.key) as conn:
        assert (await journeys.get(conn, "J1")).state == "arrived"
