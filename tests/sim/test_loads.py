"""Loads are wanted near trucks, fit into one of them, and lead somewhere else."""

from __future__ import annotations

import random

import pytest

from config.policy import policy
from geo.point import haversine_m
from geo.roads import read_roads
from sim.fleet import fleet
from sim.loads import Order, order
from sim.world import World

GRAPH = read_roads()
RULES = policy().simulation
TRUCKS = fleet(20)
WORLD = World(GRAPH, RULES, trucks=20, seed=2, start_ms=1_793_520_000_000)


def ordered(seed: int, **changes: float) -> Order:
    rules = RULES.market.shippers.model_copy(update=changes)
    found = order(WORLD, TRUCKS, range(20), rules, random.Random(seed))  # noqa: S311
    assert found is not None
    return found


def km_of(found: Order) -> float:
    start, end = (stop["place"] for stop in found.body["stops"])
    return float(haversine_m(start["lat"], start["lon"], end["lat"], end["lon"])) / 1000.0


@pytest.mark.parametrize("seed", range(10))
def test_a_local_load_lies_between_a_depot_and_a_road_near_it(seed: int) -> None:
    found = ordered(seed, local_share=1.0)
    places = [stop["place"] for stop in found.body["stops"]]

    assert [stop["kind"] for stop in found.body["stops"]] == ["pickup", "drop"]
    assert sum("fence" in place for place in places) == 1
    assert 1.0 < km_of(found) <= RULES.market.shippers.local_km[1]


@pytest.mark.parametrize("seed", range(10))
def test_a_far_load_goes_from_depot_to_depot(seed: int) -> None:
    found = ordered(seed, local_share=0.0)
    least, most = RULES.market.shippers.far_km

    assert all(stop["place"]["fence"].startswith("depot-") for stop in found.body["stops"])
    assert least <= found.km <= most


@pytest.mark.parametrize("seed", range(10))
def test_some_truck_of_the_fleet_can_take_it(seed: int) -> None:
    load = ordered(seed).body["load"]

    assert any(
        truck.body == load["body"] and truck.truck_class.payload_kg >= load["weight_kg"]
        for truck in TRUCKS
    )
    assert load["weight_kg"] % 100 == 0
    assert load["material"] in RULES.market.shippers.materials


def test_the_same_chance_gives_the_same_load_and_nobody_free_gives_none() -> None:
    assert ordered(4) == ordered(4)
    assert order(WORLD, TRUCKS, [], RULES.market.shippers, random.Random(4)) is None  # noqa: S311


def test_where_loads_wait_already_no_more_are_wanted() -> None:
    rules = RULES.market.shippers.model_copy(update={"looked_at": 20})
    waiting: frozenset[str] = frozenset()
    towns: list[str] = []
    while len(towns) < 5:
        rng = random.Random(1)  # noqa: S311
        found = order(WORLD, TRUCKS, range(20), rules, rng, waiting=waiting)
        assert found is not None
        names = [stop["place"]["name"] for stop in found.body["stops"]]
        towns.append(next(name for name in names if name.endswith(" depot")))
        waiting |= set(names)

    assert len(set(towns)) == 5
