"""The expected crossings are right by hand and agree with the product's own geometry."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from config.policy import policy
from freight.fixes import FIX_DTYPE, FixArray
from geo.fences import FenceIndex, compile_shape
from geo.roads import read_roads
from geo.shapes import parse_shape
from sim.places import demo_fences
from sim.scenario import scenario
from sim.truth import ENTERED, EXITED, ExpectedCrossing, distinct_fixes, expected_crossings

BOX: dict[str, Any] = {
    "id": "box",
    "shape": {
        "type": "Polygon",
        "coordinates": [
            [[77.0, 20.0], [77.2, 20.0], [77.2, 20.2], [77.0, 20.2], [77.0, 20.0]],
            [[77.08, 20.08], [77.12, 20.08], [77.12, 20.12], [77.08, 20.12], [77.08, 20.08]],
        ],
    },
}
ROUND: dict[str, Any] = {
    "id": "round",
    "shape": {"center": {"lat": 20.1, "lon": 77.3}, "radius_m": 5000},
}


def drive_east(truck: int, lons: list[float], first_ms: int = 1000) -> FixArray:
    fixes = np.zeros(len(lons), dtype=FIX_DTYPE)
    fixes["truck_key"], fixes["lat"], fixes["lon"] = truck, 20.1, lons
    fixes["ts_ms"] = first_ms + 1000 * np.arange(len(lons))
    return fixes


def test_crossings_by_hand_with_a_hole_and_a_circle() -> None:
    fixes = drive_east(1, [76.9, 77.05, 77.1, 77.15, 77.25, 77.3, 77.4])

    assert expected_crossings(fixes, [BOX, ROUND]) == [
        ExpectedCrossing(1, 2000, ENTERED, "box"),
        ExpectedCrossing(1, 3000, EXITED, "box"),
        ExpectedCrossing(1, 4000, ENTERED, "box"),
        ExpectedCrossing(1, 5000, EXITED, "box"),
        ExpectedCrossing(1, 6000, ENTERED, "round"),
        ExpectedCrossing(1, 7000, EXITED, "round"),
    ]


def test_a_first_fix_inside_is_an_initial_entering_for_each_truck() -> None:
    fixes = np.concatenate([drive_east(1, [77.05, 77.06]), drive_east(2, [77.05, 76.0])])

    assert expected_crossings(fixes, [BOX]) == [
        ExpectedCrossing(1, 1000, ENTERED, "box", initial=True),
        ExpectedCrossing(2, 1000, ENTERED, "box", initial=True),
        ExpectedCrossing(2, 2000, EXITED, "box"),
    ]


def test_order_and_repetition_do_not_matter() -> None:
    fixes = drive_east(1, [76.9, 77.05, 77.25, 77.3, 77.4])
    shuffled = np.concatenate([fixes[::-1], fixes[1:3]])

    assert expected_crossings(shuffled, [BOX, ROUND]) == expected_crossings(fixes, [BOX, ROUND])
    assert np.array_equal(distinct_fixes(shuffled), fixes)


def test_no_fixes_cross_nothing() -> None:
    assert expected_crossings(np.empty(0, dtype=FIX_DTYPE), [BOX]) == []


def test_a_shape_without_truth_is_refused() -> None:
    line = {"id": "x", "shape": {"line": [], "width_m": 3}}
    with pytest.raises(ValueError, match="no expected truth"):
        expected_crossings(drive_east(1, [77.0]), [line])


def test_the_fence_index_agrees_on_a_simulated_drive() -> None:
    graph, rules = read_roads(), policy().simulation
    fixes = distinct_fixes(
        scenario(
            graph,
            rules,
            trucks=250,
            rate_hz=0.1,
            seed=2,
            start_ms=1_760_000_000_000,
            duration_s=1200,
        ).fixes
    )
    fences = demo_fences(graph, rules)
    index = FenceIndex({i: compile_shape(parse_shape(f["shape"])) for i, f in enumerate(fences)})
    points, numbers = index.holding(fixes["lat"], fixes["lon"])
    inside: list[set[int]] = [set() for _ in fixes]
    for point, number in zip(points.tolist(), numbers.tolist(), strict=True):
        inside[point].add(number)
    found = []
    for i, fix in enumerate(fixes):
        first = i == 0 or fixes["truck_key"][i - 1] != fix["truck_key"]
        before = set() if first else inside[i - 1]
        for kind, crossed in ((ENTERED, inside[i] - before), (EXITED, before - inside[i])):
            for number in crossed:
                about = int(fix["truck_key"]), int(fix["ts_ms"]), kind, fences[number]["id"]
                found.append(ExpectedCrossing(*about, initial=first))

    assert sorted(found) == expected_crossings(fixes, fences)
    assert len(found) > 100
