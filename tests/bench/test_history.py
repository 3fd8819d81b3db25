"""`bench history` fills days as they are driven, and asks every question it prints."""

from __future__ import annotations

import argparse

import numpy as np
import pytest

from bench import history
from bench.history_ground import EVERY_S, SPEED_KMH, driving
from geo.point import haversine_m

KEYS = np.array([5, 6])


def test_trucks_drive_no_faster_than_they_say() -> None:
    fixes = driving(1, KEYS, np.arange(0, 86_400, EVERY_S), 1_790_000_000_000)

    for key in KEYS:
        own = fixes[fixes["truck_key"] == key]
        ways_m = haversine_m(own["lat"][:-1], own["lon"][:-1], own["lat"][1:], own["lon"][1:])
        assert np.diff(own["ts_ms"]).min() > 0
        # The road winds: a little longer than the way along it is counted.
        assert ways_m.max() < 1.5 * SPEED_KMH / 3.6 * EVERY_S
        assert 0.1 < np.mean(own["speed_kmh"] == 0.0) < 0.3


@pytest.mark.postgres
def test_a_small_run_asks_everything() -> None:
    parser = argparse.ArgumentParser()
    history.options(parser)
    args = parser.parse_args(["--fixes", "26000", "--fleet", "50", "--asked", "2"])

    report = history.run(args)

    figures = report.as_json()["figures"]
    assert figures["fixes"] == 25_920
    for name in ("track_day", "trips_day", "stops_day", "events_day", "nearest_20", "heat_now"):
        assert 0.0 < figures[f"{name}_p50_ms"] <= figures[f"{name}_p99_ms"]
    assert report.as_json()["required"] == {"track_day_p99_ms": "<= 200"}
