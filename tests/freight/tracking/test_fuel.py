"""Fuel filled and missing: streams of fixes, each with its story beside it."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.freight.tracking.journey import Journey, around_with, rules_with, tell
from tests.freight.tracking.test_motion import PARTS, journey_of

# By the defaults: changes of 10 % and more, noise of 5 %, levels of five readings in five minutes.


def slope(journey: Journey, minutes: float, begin_pct: float, end_pct: float) -> Journey:
    """Stands while the level goes from one to another."""
    count = round(minutes * 60 / journey.every_s)
    for i in range(count):
        pct = begin_pct + (end_pct - begin_pct) * (i + 1) / count
        journey.wait(journey.every_s).fix(fuel_pct=pct)
    return journey


def parked(pct: float, minutes: float = 30) -> Journey:
    return Journey(30).drive(10, 50, fuel_pct=pct).stand(minutes, fuel_pct=pct)


def arrived_at(journey: Journey, pct: float) -> Journey:
    """Somewhere else, after half an hour's drive."""
    return journey.drive(30, 50, fuel_pct=60.0).stand(20, fuel_pct=pct)


STORIES: list[tuple[str, Journey, list[Any]]] = [
    (
        "stands with the level it had: nothing",
        parked(60.0, 120),
        [],
    ),
    (
        "thirty per cent are gone within three minutes: dropped, when it began",
        slope(parked(60.0), 3, 60, 30).stand(20, fuel_pct=30.0),
        [("dropped", 60.0, 30.0, True)],
    ),
    (
        "is filled while it stands",
        slope(parked(20.0), 5, 20, 90).stand(20, fuel_pct=90.0),
        [("filled", 20.0, 90.0, True)],
    ),
    (
        "drives off while the level still falls: told as far as it was seen",
        slope(parked(60.0), 6, 60, 30).drive(10, 50, fuel_pct=30.0),
        [("dropped", 60.0, pytest.approx(40.0, abs=5.0), True)],
    ),
    (
        "thirty per cent less after a day's drive: burnt",
        arrived_at(parked(60.0), 30.0),
        [],
    ),
    (
        "more than before though it only drove: filled on the way, too shortly to be seen",
        arrived_at(parked(30.0), 85.0),
        [("filled", 30.0, 85.0, False)],
    ),
    (
        "one reading of zero, as floats stick now and then: nothing",
        parked(60.0).stand(0.5, fuel_pct=0.0).stand(30, fuel_pct=60.0),
        [],
    ),
    (
        "idles all night with air conditioning, two per cent an hour: nothing",
        slope(parked(90.0), 600, 90, 70),
        [],
    ),
    (
        "siphoned slowly, twenty per cent in an hour: not taken for idling",
        slope(parked(80.0), 60, 80, 60).stand(30, fuel_pct=60.0),
        [("dropped", 80.0, pytest.approx(69.0, abs=2.0), True)],
    ),
    (
        "slopes on a hilly road slosh the fuel: nobody looks while it drives",
        parked(60.0).drive(5, 50, fuel_pct=20.0).drive(5, 50, fuel_pct=95.0),
        [],
    ),
    (
        "a device without a fuel gauge",
        Journey(30).drive(10, 50).stand(60),
        [],
    ),
]


@pytest.mark.parametrize(
    ("journey", "changes"), [s[1:] for s in STORIES], ids=[s[0][:40] for s in STORIES]
)
def test_story(journey: Journey, changes: list[Any]) -> None:
    told = tell(journey)

    events = [e for e in told.truck.facts.events if e.type.startswith("truck.fuel")]
    assert [
        (e.type.rpartition(".")[2], e.data["before_pct"], e.data["after_pct"], e.data["standing"])
        for e in events
    ] == changes


def test_a_noisy_gauge_tells_one_drop_with_its_time_and_place() -> None:
    chance = random.Random(5)  # noqa: S311 - a gauge's noise
    journey = Journey(30).drive(10, 50)
    for pct in [60.0] * 60 + [40.0] * 60:
        journey.wait(30).fix(fuel_pct=pct + chance.uniform(-1.2, 1.2))

    told = tell(journey)

    assert [e for e in told.events if "fuel" in e[0]] == [("truck.fuel.dropped", 600 + 61 * 30)]
    (data,) = told.event("truck.fuel.dropped")
    assert data["change_pct"] == pytest.approx(-20.0, abs=1.5)
    assert data["halt"] == "unknown"
    assert (data["lat"], data["lon"]) == (20.0, pytest.approx(77.08, abs=0.01))


def test_a_parked_gauge_without_news_is_left_alone() -> None:
    assert tell(parked(60.0, 600)).shown < 80


def test_noise_must_be_less_than_what_is_told() -> None:
    with pytest.raises(ValidationError):
        rules_with(fuel={"noise_pct": 10})


FUEL = st.lists(
    st.tuples(st.sampled_from([None, 20.0, 22.0, 60.0, 64.0, 66.0]), st.integers(1, 8)),
    max_size=8,
)


@settings(max_examples=100, deadline=None)
@given(
    parts=st.lists(st.tuples(PARTS, FUEL), min_size=1, max_size=8),
    readings=st.sampled_from([2, 3, 5]),
    every_s=st.sampled_from([10.0, 60.0]),
)
def test_skipping_quiet_fixes_changes_nothing(
    parts: list[Any], readings: int, every_s: float
) -> None:
    journey = Journey(every_s)
    for part, levels in parts:
        journey = _continued(journey, journey_of([part], every_s, says_speed=True))
        for pct, times in levels:
            for _ in range(times):
                journey.wait(every_s).fix(fuel_pct=pct)

    tell(journey, around_with(rules_with(fuel={"readings": readings})))


def _continued(journey: Journey, more: Journey) -> Journey:
    start = journey.ts_ms
    for fix in more.fixes:
        journey.ts_ms = start + fix.ts_ms - more.fixes[0].ts_ms + 1000
        journey.fix(fix.speed_kmh or 0.0, ignition=fix.ignition, fuel_pct=60.0)
        journey.shift((fix.speed_kmh or 0.0) / 3.6 * journey.every_s)
    return journey
