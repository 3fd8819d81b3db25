"""Trucks that go on along their routes: only what follows the route is asked, and it suffices."""

from __future__ import annotations

import dataclasses
import math
import random

import numpy as np
import pytest

from config.policy import defaults
from freight.events import TruckEvent
from freight.fixes import FIX_DTYPE, FixArray
from freight.tracking.columns import TruckColumns
from freight.tracking.fences import FenceBook
from freight.tracking.fold import fold
from freight.tracking.folding import World
from freight.tracking.journeys import JourneyBook
from freight.tracking.outlook import NEVER_MS
from freight.tracking.sample import Sample
from tests.freight.test_journeys import Change as Journeyed
from tests.freight.tracking.journey import T0
from tests.freight.tracking.stream import BASE, START_MS, missing, plainly, world
from tests.freight.tracking.trips_on_routes import Trip, plan
from tests.freight.world import TENANT_KEY

TRUCK = 1  # follows a route of nine kilometres to the east
STEP_MS = 10_000
SECTION_M = 1_000.0
KNOWN = {"tenant_key", "truck_key", "ts_ms", "received_ms"}


def unsaid(count: int) -> FixArray:
    fixes = np.zeros(count, dtype=FIX_DTYPE)
    for name in set(FIX_DTYPE.names or ()) - KNOWN:
        fixes[name] = missing(name)
    return fixes


def headed_east(kilometres: float) -> FixArray:
    """Along the route at 60 km/h."""
    count = round(kilometres * 6)
    fixes = unsaid(count)
    metres = np.arange(count) * STEP_MS / 60.0
    fixes["tenant_key"], fixes["truck_key"] = TENANT_KEY, TRUCK
    fixes["ts_ms"] = START_MS + 60_000 + np.arange(count) * STEP_MS
    fixes["received_ms"] = fixes["ts_ms"] + 500
    fixes["lat"] = BASE[0]
    fixes["lon"] = BASE[1] + metres / (111_195.0 * np.cos(np.radians(BASE[0])))
    fixes["speed_kmh"], fixes["heading_deg"], fixes["ignition"] = 60.0, 90.0, 1
    return fixes


def by_the_kilometre() -> World:
    usual = defaults().tracking_rules
    following = usual.following.model_copy(update={"section_m": SECTION_M})
    rules = usual.model_copy(update={"following": following})
    return dataclasses.replace(world(FenceBook()), rules_of=lambda _tenant: rules)


@pytest.mark.parametrize("batch", [1, 2, 5, 60])
def test_sections_are_passed_as_the_machines_would_pass_them(batch: int) -> None:
    fixes, around, columns = headed_east(8.0), by_the_kilometre(), TruckColumns()
    passed = looked = 0
    for at in range(0, len(fixes), batch):
        folding = fold(columns, fixes[at : at + batch], around)
        columns.apply(folding, START_MS)
        passed, looked = passed + len(folding.passed), looked + len(folding.looked)
        state = columns.find(TRUCK)
        assert state == plainly(fixes[: at + batch], around)[TRUCK].state

    if batch == 1:
        assert passed >= 6
        assert looked < len(fixes) / 3


def stories(chance: random.Random) -> tuple[FixArray, JourneyBook]:
    """Five trucks on routes of straight lines, there and back or not, beside them, with rests,
    silences and turns."""
    told: list[tuple[int, Sample]] = []
    journeys = JourneyBook()
    for truck in range(1, 6):
        corners = [(0.0, 0.0)]
        for _ in range(chance.randint(2, 5)):
            east, north = corners[-1]
            corners.append((east + chance.choice([-8, 4, 9]), north + chance.choice([-6, 0, 5])))
        corners += corners[-2::-1] if chance.random() < 0.3 else []
        journeys.apply([Journeyed(truck, plan(*corners), T0, f"J{truck}", truck)])
        trip = Trip(every_s=chance.choice([10.0, 30.0, 60.0]), says_heading=chance.random() < 0.7)
        for corner in corners[1:]:
            trip.stand(chance.choice([0, 0, 0, 30]))
            if chance.random() < 0.1:
                trip.jump((trip.at[0] + chance.uniform(-3, 3), trip.at[1]), 40)
            if chance.random() < 0.1:
                trip.drive((trip.at[0] - 3, trip.at[1] + 1))
            trip.drive(corner, kmh=chance.choice([20, 60, 90]), aside_m=chance.choice([0, 0, 450]))
        told += [(truck, fix) for fix in trip.fixes]
    told.sort(key=lambda each: each[1].ts_ms)
    fixes = unsaid(len(told))
    for row, (truck, fix) in zip(fixes, told, strict=True):
        row["tenant_key"], row["truck_key"] = TENANT_KEY, truck
        row["ts_ms"], row["received_ms"] = fix.ts_ms, fix.received_ms
        row["lat"], row["lon"] = fix.lat, fix.lon
        for name in ("speed_kmh", "heading_deg"):
            said = getattr(fix, name)
            row[name] = math.nan if said is None else said
    return fixes, journeys


@pytest.mark.parametrize("seed", range(8))
def test_stories_on_routes_end_as_fix_by_fix(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - a test's own stream
    (fixes, journeys), columns = stories(chance), TruckColumns()
    around = dataclasses.replace(by_the_kilometre(), journeys=journeys)
    events: list[TruckEvent] = []
    at = 0
    while at < len(fixes):
        size = chance.choice([1, 1, 2, 5, 20, 200])
        folding = fold(columns, fixes[at : at + size], around)
        events += folding.events
        columns.apply(folding, START_MS)
        at += size

    for key, truck in plainly(fixes, around).items():
        assert columns.find(key) == truck.state
        assert [event for event in events if event.truck_key == key] == truck.facts.events


def test_what_was_passed_counts_once_it_is_applied() -> None:
    fixes, around, columns = headed_east(8.0), by_the_kilometre(), TruckColumns()
    one_by_one = iter(fixes[:, np.newaxis])
    fix = next(one_by_one)
    while not (folding := fold(columns, fix, around)).passed:
        columns.apply(folding, START_MS)
        fix = next(one_by_one)
    before, (passed,) = columns.find(TRUCK), folding.passed

    again = fold(columns, fix, around)

    assert columns.find(TRUCK) == before
    assert again.passed[0].state == passed.state
    columns.apply(again, START_MS)
    after = columns.find(TRUCK)
    assert after is not None
    assert before is not None
    assert after.following.last_m > before.following.last_m
    assert columns.bounds["until_ms"].max() < NEVER_MS
