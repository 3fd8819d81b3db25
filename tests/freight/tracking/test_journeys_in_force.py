"""A journey that comes, changes or goes while its truck is quiet counts from its time on."""

from __future__ import annotations

import dataclasses

import numpy as np
from msgspec.structs import replace

from freight.fixes import FIX_DTYPE, FixArray
from freight.tracking.columns import TruckColumns
from freight.tracking.fences import FenceBook
from freight.tracking.fold import fold
from freight.tracking.folding import World
from freight.tracking.journeys import JourneyBook
from freight.tracking.sample import Sample
from tests.freight.test_journeys import Change
from tests.freight.tracking.journey import T0
from tests.freight.tracking.stream import missing, world
from tests.freight.tracking.trips_on_routes import Trip, plan


def rows(fixes: list[Sample]) -> FixArray:
    found = np.zeros(len(fixes), dtype=FIX_DTYPE)
    given = {"tenant_key", "truck_key", "ts_ms", "received_ms"}
    for name in set(FIX_DTYPE.names or ()) - given:
        found[name] = missing(name)
    for row, fix in zip(found, fixes, strict=True):
        row["tenant_key"], row["truck_key"] = 7, 1
        for name in ("ts_ms", "received_ms", "lat", "lon", "speed_kmh", "heading_deg"):
            value = getattr(fix, name)
            row[name] = np.nan if value is None else value
    return found


class Shard:
    def __init__(self) -> None:
        self.columns = TruckColumns()
        self.world: World = dataclasses.replace(world(FenceBook()), journeys=JourneyBook())
        self.told: list[str] = []

    def take(self, fixes: list[Sample]) -> None:
        for fix in fixes:
            folding = fold(self.columns, rows([fix]), self.world)
            self.told += [e.type for e in folding.events if e.type.startswith("truck.route.")]
            self.columns.apply(folding, T0)


def test_a_journey_made_while_its_truck_drives_is_followed_at_once() -> None:
    shard, trip = Shard(), Trip().drive((20, 0))
    shard.take(trip.fixes[:60])
    shard.world.journeys.apply([Change(1, plan((0, 0), (60, 0)), truck_key=1)])
    shard.take(trip.fixes[60:])
    assert shard.told == ["truck.route.started"]


def test_another_route_or_none_counts_from_its_time_on() -> None:
    shard, trip = Shard(), Trip().drive((20, 0), (20, 5), (59, 5))
    route = plan((0, 0), (60, 0))
    shard.world.journeys.apply([Change(1, route, truck_key=1)])
    shard.take(trip.fixes[:120])
    by_the_north = replace(route, route=plan((0, 0), (20, 0), (20, 5), (60, 5)).route)
    change = Change(2, by_the_north, trip.fixes[119].ts_ms, truck_key=1, version=2)
    shard.world.journeys.apply([change])
    shard.take(trip.fixes[120:200])
    assert shard.told == ["truck.route.started"]

    shard.world.journeys.apply([Change(3, None, trip.fixes[199].ts_ms, truck_key=1)])
    shard.take(trip.fixes[200:])
    assert shard.told == ["truck.route.started"]
    assert len(shard.world.journeys) == 0
