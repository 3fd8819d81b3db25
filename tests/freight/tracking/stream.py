"""Streams of fixes with all that devices do, and what their machines say of them one by one."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import numpy as np
from msgspec.structs import replace

from config.policy import defaults
from freight.fixes import FIX_DTYPE, MISSING_INT8, MISSING_INT16, MISSING_INT64, FixArray
from freight.tracking.fences import FenceBook
from freight.tracking.fold import Followed, follow, holding, sets_of
from freight.tracking.folding import World
from freight.tracking.journeys import JourneyBook, JourneyPlan
from freight.tracking.names import TruckName
from freight.tracking.sample import samples
from freight.tracking.tracked import Tracked
from tests.freight.test_journeys import Change as Journeyed
from tests.freight.test_journeys import line
from tests.freight.world import TENANT_KEY, Change, square

TRUCKS = 6
START_MS = 1_760_000_000_000
BASE = (20.0, 77.0)


def book() -> FenceBook:
    found = FenceBook()
    found.apply(
        [
            Change("YARD", square(77.0, 20.0, 0.01), 1),
            Change("TOWN", square(77.02, 19.99, 0.05), 2),
            Change("GATE", {"center": {"lat": 20.005, "lon": 77.03}, "radius_m": 120.0}, 3),
        ]
    )
    return found


def world(fences: FenceBook) -> World:
    names = {key: TruckName("acme", f"T{key}") for key in range(1, TRUCKS + 1)}
    rules = defaults().tracking_rules
    return World(fences, names, lambda _tenant: rules, START_MS, journeys())


def journeys() -> JourneyBook:
    """Routes that trucks follow, leave, drive the wrong way, and change under way."""
    out, back, beside = (
        line((0, 0), (9, 0)),
        line((0, 0), (4, 0), (0, 0)),
        line((0, 0), (2, 0), (9, 3)),
    )
    plan = JourneyPlan(
        from_ms=START_MS + 60_000,
        route=out,
        start_by_ms=START_MS + 900_000,
        promised_to_ms=START_MS + 7_200_000,
    )
    found = JourneyBook()
    found.apply(
        [
            Journeyed(1, plan, truck_key=1),
            Journeyed(2, replace(plan, route=back), truck_key=2, journey_id="J2"),
            Journeyed(3, replace(plan, route=beside), truck_key=3, journey_id="J3"),
            Journeyed(
                4, replace(plan, route=beside, alternates=(out,)), truck_key=4, journey_id="J4"
            ),
            Journeyed(5, plan, START_MS + 5_000_000, truck_key=3, journey_id="J3", version=2),
            Journeyed(6, None, START_MS + 20_000_000, journey_id="J4", truck_key=4),
        ]
    )
    return found


def driven(seed: int, count: int) -> FixArray:
    """A stream of all kinds of things that devices say; by device time."""
    chance = random.Random(seed)  # noqa: S311 - a test's own stream
    rows = [row for truck in range(1, TRUCKS + 1) for row in _of_truck(truck, count, chance)]
    rows.sort(key=lambda row: row["ts_ms"])
    fixes = np.zeros(len(rows), dtype=FIX_DTYPE)
    for i, row in enumerate(rows):
        for name in FIX_DTYPE.names or ():
            fixes[name][i] = row.get(name, missing(name))
    return fixes


def missing(name: str) -> float:
    integers = {"seq": MISSING_INT64, "satellites": MISSING_INT16}
    if name in ("ignition", "alarm"):
        return MISSING_INT8
    return integers.get(name, float("nan"))


def _of_truck(truck: int, count: int, chance: random.Random) -> Iterator[dict[str, Any]]:
    ts_ms, lat, lon, speed, ignition = START_MS + truck, *BASE, 0.0, 0
    speaks, east = chance.random() < 0.7, 1.0
    for _ in range(count):
        ts_ms += chance.choice([1000, 10_000, 10_000, 10_000, 60_000, 900_000, 5_000_000])
        if chance.random() < 0.1:
            speed = chance.choice([0.0, 0.0, 15.0, 55.0, 85.0, 120.0])
            ignition = int(speed > 0 or chance.random() < 0.3)
        if chance.random() < 0.02:
            east = -east
        step = speed / 3.6 * min(60.0, 10.0) / 105_000.0
        lon += east * step
        noise = chance.choice([0.0, 0.0, 5e-5, 5e-4])
        row = {
            "tenant_key": TENANT_KEY,
            "truck_key": truck,
            "ts_ms": ts_ms,
            "received_ms": ts_ms + 500,
            "lat": lat + chance.uniform(-noise, noise),
            "lon": lon + chance.uniform(-noise, noise),
            "ignition": ignition,
        }
        if speaks:
            row["speed_kmh"] = speed
        yield row | _said_now_and_then(row, chance)


def _said_now_and_then(row: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    said: dict[str, Any] = {}
    if chance.random() < 0.1:
        said["accuracy_m"] = chance.choice([3.0, 40.0, 900.0])
    if chance.random() < 0.02:
        said["lat"] = row["lat"] + 3.0
    if chance.random() < 0.01:
        said |= {"lat": 0.0, "lon": 0.0}
    if chance.random() < 0.01:
        said["alarm"] = chance.choice([1, 2, 3, 4, 5])
    if chance.random() < 0.3:
        said["fuel_pct"] = chance.choice([60.0, 60.5, 30.0])
    if chance.random() < 0.3:
        said["external_v"] = chance.choice([24.0, 24.0, 24.0, 8.0, 2.0])
    return said


def plainly(fixes: FixArray, around: World) -> dict[int, Followed]:
    """Every fix of every truck through its machines, one after another."""
    sets = sets_of(*holding(fixes, around.fences), np.arange(len(fixes)))
    trucks: dict[int, Followed] = {}
    for i, (key, fix) in enumerate(zip(fixes["truck_key"].tolist(), samples(fixes), strict=True)):
        if key not in trucks:
            trucks[key] = follow(Tracked(TENANT_KEY, key), around)
        trucks[key].look(fix, sets.get(i, frozenset()))
    return trucks
