"""What a benchmark concludes from what it found: accounts, expected events, requirements."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bench import world
from bench.evidence import Stored, account
from bench.load_process import Published
from bench.mqtt_load import LoadResult
from bench.processes import top_functions
from bench.report import Report, Row

SAID = LoadResult(sent=0, acked=0, seconds=1.0, cpu_s=0.0, reconnects=0, drained=True)


def _published(ts_ms: list[int], acked: list[bool]) -> Published:
    count = len(ts_ms)
    zeros = np.zeros(count, dtype=np.int64)
    return Published(["t"], zeros, np.array(ts_ms), zeros, np.array(acked), SAID)


def _stored(ts_ms: list[int]) -> Stored:
    count = len(ts_ms)
    key, ones = np.full(count, 7, dtype=np.int64), np.ones(count, dtype=np.int64)
    return Stored(key, np.array(ts_ms, dtype=np.int64), ones, ones)


def test_an_account_tells_lost_doubled_foreign_and_unacknowledged_apart() -> None:
    published = _published([1, 2, 3, 4], [True, True, True, False])

    found = account(published, {"t": 7}, _stored([1, 2, 2, 4, 9]))

    assert (found.acked, found.stored) == (3, 5)
    assert (found.lost, found.doubled, found.foreign, found.unacked_stored) == (1, 1, 1, 1)


def test_the_world_is_the_same_for_everybody() -> None:
    trucks = world.truck_ids(5)

    here, there = world.build(trucks, 40, 30, seed=3), world.build(trucks, 40, 30, seed=3)

    assert np.array_equal(here.lat, there.lat)
    assert here.fences == there.fences


def test_no_truck_comes_near_the_border_of_a_fence_that_is_kept() -> None:
    ground = world.without_grazed(world.build(world.truck_ids(20), 60, 200, seed=1))

    assert len(ground.fences) > 100
    for truck in range(20):
        metres = world.metres_between(ground.lat[truck], ground.lon[truck], ground.fences)
        radii = np.array([fence.radius_m for fence in ground.fences])
        assert np.abs(metres - radii).min() >= world.MARGIN_M


def test_a_requirement_is_met_or_missed() -> None:
    assert Row("a", 5.0, at_least=5.0).met
    assert not Row("a", 4.9, at_least=5.0).met
    assert not Row("a", 1.0, at_most=0.0).met
    assert Row("a", 4.0, floor=10.0, ratio_at_least=0.4).met
    assert not Row("a", 4.0, ratio_at_least=0.4).met, "a ratio without a floor is not known"


def test_a_report_is_what_was_printed() -> None:
    report = Report("x")
    report.add("rate_per_s", 20.0, floor=40.0, at_least=30.0)

    said = report.as_json()

    assert {"name", "machine", "figures", "floor", "ratio"} <= said.keys()
    assert (said["figures"], said["floor"], said["ratio"]) == (
        {"rate_per_s": 20.0},
        {"rate_per_s": 40.0},
        {"rate_per_s": 0.5},
    )
    assert said["missed"] == ["rate_per_s"]
    assert not report.met


def test_a_profile_counts_the_time_of_the_innermost_function(tmp_path: Path) -> None:
    collapsed = tmp_path / "profile.txt"
    collapsed.write_text("main (a.py);read (b.py) 3\nmain (a.py) 1\n")

    assert top_functions(collapsed) == [("read (b.py)", 0.75), ("main (a.py)", 0.25)]
