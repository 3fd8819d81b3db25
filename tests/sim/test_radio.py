"""The simulated network delays, repeats and reorders fixes, and loses none."""

from __future__ import annotations

from functools import cache

import numpy as np

from config.policy import policy
from config.sections.simulation import Radio as RadioPolicy
from freight.fixes import FIX_DTYPE, FixArray
from geo.roads import read_roads
from sim.radio import Radio
from sim.scenario import Scenario, scenario

GRAPH = read_roads()
RULES = policy().simulation


@cache
def drive() -> Scenario:
    return scenario(
        GRAPH, RULES, trucks=150, rate_hz=0.5, seed=11, start_ms=1_760_000_000_000, duration_s=600
    )


def radio(trucks: int = 1, **changes: object) -> Radio:
    quiet: dict[str, object] = {"dead_share": {}, "duplicate_share": 0.0, "late_share": 0.0}
    rules = RadioPolicy.model_validate(RULES.radio.model_dump() | quiet | changes)
    return Radio(GRAPH, rules, trucks=trucks, seed=1)


def fix(ts_ms: int, truck: int = 0) -> FixArray:
    fixes = np.zeros(1, dtype=FIX_DTYPE)
    fixes["truck_key"], fixes["ts_ms"] = truck, ts_ms
    return fixes


def carry(found: Radio, fixes: FixArray, *, dead: bool = False) -> list[list[int]]:
    """Device times of each message that the radio sends for these fixes."""
    found._dead_share[:] = 1.0 if dead else 0.0
    outbox = found.carry(fixes, np.zeros(len(fixes), dtype=np.int64))
    return [outbox.fixes["ts_ms"][start:stop].tolist() for _, start, stop in outbox.messages]


def test_everything_taken_is_sent_and_nothing_else() -> None:
    found = drive()
    sent = np.concatenate([fixes for _, fixes in found.messages])

    def names(fixes: FixArray) -> set[tuple[int, int]]:
        return set(zip(fixes["truck_key"].tolist(), fixes["ts_ms"].tolist(), strict=True))

    assert names(sent) == names(found.fixes)
    assert len(sent) > len(found.fixes)  # some twice


def test_the_network_misbehaves_in_every_way() -> None:
    found = drive()
    newest: dict[int, int] = {}
    late = bursts = 0
    for truck, fixes in found.messages:
        bursts += len(fixes) > 1
        late += bool(fixes["ts_ms"][0] < newest.get(truck, 0))
        newest[truck] = max(newest.get(truck, 0), int(fixes["ts_ms"].max()))
        assert len(fixes) <= RULES.radio.burst_fixes_max

    assert bursts > 10
    assert late > 10


def test_a_dead_zone_ends_in_bursts_oldest_first() -> None:
    found = radio(newest_first_share=0.0, burst_fixes_max=2)
    for ts in (1, 2, 3):
        assert carry(found, fix(ts), dead=True) == []
    assert found.in_dead_zones == 1

    assert carry(found, fix(4)) == [[1, 2], [3], [4]]
    assert carry(found, fix(5)) == [[5]]
    assert found.in_dead_zones == 0


def test_some_devices_send_the_newest_fix_before_the_stored_ones() -> None:
    found = radio(newest_first_share=1.0)
    carry(found, fix(1), dead=True)
    carry(found, fix(2), dead=True)

    assert carry(found, fix(3)) == [[3], [1, 2]]


def test_a_late_fix_comes_with_the_next_one() -> None:
    found = radio(late_share=1.0, newest_first_share=1.0)

    assert carry(found, fix(1)) == []
    assert carry(found, fix(2)) == [[2], [1]]


def test_a_repeated_fix_is_sent_twice() -> None:
    assert carry(radio(duplicate_share=1.0), fix(1)) == [[1], [1]]


def test_a_full_tracker_forgets_its_oldest_fix_and_counts_it() -> None:
    found = radio(newest_first_share=0.0, buffer_fixes_max=2)
    for ts in (1, 2, 3, 4):
        carry(found, fix(ts), dead=True)

    assert carry(found, fix(5)) == [[3, 4], [5]]
    assert found.dropped == 2


def test_flush_sends_what_still_waits() -> None:
    found = radio(trucks=2, late_share=1.0)
    carry(found, fix(1, truck=1), dead=True)
    carry(found, fix(2, truck=0))
    outbox = found.flush()

    assert [(t, outbox.fixes["ts_ms"][a:b].tolist()) for t, a, b in outbox.messages] == [
        (0, [2]),
        (1, [1]),
    ]
    assert found.flush().messages == []


def test_coverage_depends_on_the_place_alone() -> None:
    shares = {"expressway": 0.5, "four_lane": 0.5, "two_lane": 0.5, "ghat": 0.5}
    found = radio(dead_share=shares)
    rng = np.random.default_rng(1)
    fixes = np.zeros(4000, dtype=FIX_DTYPE)
    fixes["lat"], fixes["lon"] = rng.uniform(8, 33, 4000), rng.uniform(70, 90, 4000)
    edges = np.zeros(4000, dtype=np.int64)

    dead = found._is_dead(fixes, edges)

    assert np.array_equal(dead, found._is_dead(fixes, edges))
    assert 0.45 < dead.mean() < 0.55
