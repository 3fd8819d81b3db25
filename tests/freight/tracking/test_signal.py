"""Silence: streams of fixes, each with its story beside it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freight.tracking.facts import Facts
from freight.tracking.machines import signal
from freight.tracking.tracked import Tracked
from tests.freight.tracking.journey import T0, Journey, around_with, rules_with, tell
from tests.freight.tracking.test_motion import PARTS, journey_of

# By the defaults: fifteen minutes while driving, three hours while parked.
STORIES: list[tuple[str, Journey, list[Any]]] = [
    (
        "fourteen minutes without a word on the road: patience",
        Journey().stand(5).drive(5, 60).wait(840).shift(14_000).drive(5, 60),
        [],
    ),
    (
        "half an hour without a word on the road: interrupted after fifteen minutes",
        Journey().stand(5).drive(5, 60).wait(1800).shift(30_000).drive(5, 60),
        [("interrupted", 1500), ("resumed", 2410)],
    ),
    (
        "parked with hourly words: nothing",
        Journey().stand(5).drive(5, 60).stand(5).wait(3600).fix().wait(3600).fix(),
        [],
    ),
    (
        "engine off, and the device sleeps at once: it is parked though no stop is known yet",
        Journey().stand(5).drive(5, 60, ignition=True).wait(1).fix(ignition=False).wait(7200).fix(),
        [],
    ),
    (
        "parked and silent all night",
        Journey().stand(10).wait(28_800).stand(5),
        [("interrupted", 600 + 3 * 3600), ("resumed", 600 + 28_800 + 10)],
    ),
]


@pytest.mark.parametrize(
    ("journey", "events"), [s[1:] for s in STORIES], ids=[s[0][:40] for s in STORIES]
)
def test_story(journey: Journey, events: list[Any]) -> None:
    told = tell(journey)

    found = [(k.rpartition(".")[2], at) for k, at in told.events if k.startswith("truck.tracking")]
    assert found == events
    times = [at for _, at in events]
    assert told.spans("interruption") == ([tuple(times)] if times else [])


@pytest.mark.parametrize(
    ("interval_s", "keys", "allowed_s"),
    [
        (None, {}, 900),
        (10.0, {}, 900),  # three intervals are less than the least
        (600.0, {}, 1800),
        (600.0, {"intervals": 5}, 3000),
        (None, {"silence_s_min": 100}, 180),
    ],
)
def test_each_device_has_its_own_patience(
    interval_s: float | None, keys: dict[str, Any], allowed_s: int
) -> None:
    around = around_with(rules_with(signal=keys), interval_s=interval_s)
    journey = Journey().stand(5).drive(5, 60).wait(7200).shift(120_000).fix(60)

    told = tell(journey, around)

    (data,) = told.event("truck.tracking.resumed")
    assert told.spans("interruption")[0][0] == 600 + allowed_s
    assert data["allowed_s"] == allowed_s
    assert data["last_ms"] == T0 + 600_000
    assert data["silent_s"] == 7200
    assert data["moved_km"] == pytest.approx(120.0, abs=0.1)


def test_a_clock_tells_the_same_fact_that_the_next_fix_will_tell() -> None:
    around = around_with()
    silent = tell(Journey().stand(5).drive(5, 60), around).truck.state
    due_ms = signal.due_ms(silent, around)

    assert due_ms == T0 + 1_500_000
    assert _ticked(silent, due_ms).events == []
    ticked = _ticked(silent, due_ms + 1)
    again = _ticked(silent, due_ms + 3_600_000)
    later = tell(Journey().stand(5).drive(5, 60).wait(7200).shift(120_000).fix(60), around)
    (interrupted,) = [e for e in later.truck.facts.events if e.type == "truck.tracking.interrupted"]
    for facts in (ticked, again):
        assert [e.id for e in facts.events] == [interrupted.id]
        assert [e.time_ms for e in facts.events] == [due_ms]
        assert list(facts.spans) == [("interruption", "", due_ms)]


def test_a_truck_never_heard_of_is_not_missed() -> None:
    never = Tracked(7, 1)

    assert signal.due_ms(never, around_with()) is None
    assert _ticked(never, T0).events == []


def _ticked(state: Tracked, at_ms: int) -> Facts:
    around = around_with()
    facts = Facts(state.tenant_key, state.truck_key, around.name, at_ms)
    told = signal.tick(state, around, at_ms, facts)
    assert told is bool(facts.events)
    return facts


@settings(max_examples=60, deadline=None)
@given(
    parts=st.lists(PARTS, min_size=1, max_size=10),
    every_s=st.sampled_from([10.0, 800.0, 2000.0]),
    interval_s=st.sampled_from([None, 300.0]),
)
def test_skipping_quiet_fixes_changes_nothing(
    parts: list[Any], every_s: float, interval_s: float | None
) -> None:
    told = tell(journey_of(parts, every_s, says_speed=True), around_with(interval_s=interval_s))

    for begin, end in told.spans("interruption"):
        assert end is not None
        assert end > begin
