"""The expected crossings are right by hand, whatever the order and the number of repetitions."""

from __future__ import annotations

from typing import Any

import numpy as np

from config.policy import defaults
from freight.fixes import FIX_DTYPE, FixArray
from freight.tracking.machines.visiting import ENTERED, EXITED
from sim.truth import ExpectedCrossing, distinct_fixes, expected_crossings
from tests.freight.tracking.stream import missing

RULES = defaults().tracking_rules
START_MS = 1_760_000_000_000
BOX: dict[str, Any] = {
    "id": "box",
    "shape": {
        "type": "Polygon",
        "coordinates": [[[77.0, 20.0], [77.2, 20.0], [77.2, 20.2], [77.0, 20.2], [77.0, 20.0]]],
    },
}
ROUND: dict[str, Any] = {
    "id": "round",
    "shape": {"center": {"lat": 20.1, "lon": 77.3}, "radius_m": 5000},
}


def drive_east(truck: int, lons: list[float]) -> FixArray:
    """A fix every ten minutes."""
    fixes = np.zeros(len(lons), dtype=FIX_DTYPE)
    for name in (FIX_DTYPE.names or ())[6:]:
        fixes[name] = missing(name)
    fixes["tenant_key"] = 7
    fixes["truck_key"], fixes["lat"], fixes["lon"] = truck, 20.1, lons
    fixes["ts_ms"] = START_MS + 600_000 * np.arange(len(lons))
    fixes["received_ms"] = fixes["ts_ms"]
    return fixes


def minute(number: int) -> int:
    return START_MS + 60_000 * number


def test_crossings_by_hand() -> None:
    fixes = drive_east(1, [76.9, 77.05, 77.1, 77.22, 77.3, 77.4])

    assert expected_crossings(fixes, [BOX, ROUND], RULES) == [
        ExpectedCrossing(1, minute(10), ENTERED, "box"),
        ExpectedCrossing(1, minute(30), EXITED, "box"),
        ExpectedCrossing(1, minute(40), ENTERED, "round"),
        ExpectedCrossing(1, minute(50), EXITED, "round"),
    ]


def test_order_and_repetition_do_not_matter() -> None:
    fixes = drive_east(1, [76.9, 77.05, 77.1, 77.22, 77.3, 77.4])
    shuffled = np.concatenate([fixes[::-1], fixes[1:3]])

    told = expected_crossings(shuffled, [BOX, ROUND], RULES)

    assert told == expected_crossings(fixes, [BOX, ROUND], RULES)
    assert np.array_equal(distinct_fixes(shuffled)["ts_ms"], fixes["ts_ms"])


def test_no_fixes_cross_nothing() -> None:
    assert expected_crossings(np.empty(0, dtype=FIX_DTYPE), [BOX], RULES) == []
