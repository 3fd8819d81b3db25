"""Trucks that go on along their routes: only what follows the route is asked, and it suffices."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from config.policy import defaults
from freight.fixes import FIX_DTYPE, FixArray
from freight.tracking.columns import TruckColumns
from freight.tracking.fences import FenceBook
from freight.tracking.fold import fold
from freight.tracking.folding import World
from freight.tracking.outlook import NEVER_MS
from tests.freight.tracking.stream import BASE, START_MS, missing, plainly, world
from tests.freight.world import TENANT_KEY

TRUCK = 1  # follows a route of nine kilometres to the east
STEP_MS = 10_000
SECTION_M = 1_000.0
KNOWN = {"tenant_key", "truck_key", "ts_ms", "received_ms"}


def headed_east(kilometres: float) -> FixArray:
    """Along the route at 60 km/h."""
    count = round(kilometres * 6)
    fixes = np.zeros(count, dtype=FIX_DTYPE)
    for name in set(FIX_DTYPE.names or ()) - KNOWN:
        fixes[name] = missing(name)
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
