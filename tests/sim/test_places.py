"""The demo's trucks and fences are well formed and the same on every run."""

from __future__ import annotations

import re

from config.policy import policy
from geo.roads import read_roads
from geo.shapes import parse_shape
from sim.fleet import fleet
from sim.places import demo_fences

GRAPH = read_roads()
RULES = policy().simulation


def test_trucks_have_indian_registrations_and_usable_ids() -> None:
    trucks = fleet(2000)

    assert len({truck.id for truck in trucks}) == 2000
    assert all(re.fullmatch(r"[A-Z]{2}\d{2}[A-Z]{2}\d{4}", truck.id) for truck in trucks)
    assert all(truck.registration.replace(" ", "") == truck.id for truck in trucks)
    assert {truck.truck_class.name for truck in trucks} >= {"OPEN_10W", "TRL_18W"}


def test_a_larger_fleet_begins_with_the_smaller_one() -> None:
    assert fleet(500)[:100] == fleet(100)


def test_fences_are_valid_distinct_and_stable() -> None:
    fences = demo_fences(GRAPH, RULES)

    assert fences == demo_fences(GRAPH, RULES)
    assert len({fence["id"] for fence in fences}) == len(fences)
    assert all(re.fullmatch(r"[a-z0-9-]{1,64}", fence["id"]) for fence in fences)
    assert {fence["kind"] for fence in fences} == {"depot", "city", "toll"}
    assert sum(fence["kind"] == "toll" for fence in fences) >= RULES.setup.tolls
    for fence in fences:
        parse_shape(fence["shape"])
