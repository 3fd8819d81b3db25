"""Driving by night and without rest: streams of fixes, each with its story beside it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from freight.tracking.machines.driving_hours import night_at
from tests.freight.tracking.journey import T0, Journey, around_with, rules_with, tell
from tests.freight.tracking.test_motion import PARTS, journey_of

HOUR = 3600
# T0 is 14:23:20 in India, where the night lasts from 23:00 to 05:00.
NIGHT_S, MORNING_S = 31_000, 52_600


def at_night(minutes_after: float = 0.0) -> Journey:
    """Parked from the afternoon until so long after the night began."""
    return Journey(30).stand(10).wait(NIGHT_S - 600 - 30 + minutes_after * 60).fix()


NIGHTS: list[tuple[str, Journey, list[Any]]] = [
    (
        "drives for twenty minutes in the night: too short",
        at_night(60).drive(20, 50).stand(60),
        [],
    ),
    (
        "drives from half past ten in the evening until one: by night since eleven",
        at_night(-30).drive(150, 50).stand(60),
        [(NIGHT_S, NIGHT_S + 2 * HOUR)],
    ),
    (
        "drives from one in the morning until seven: until the night ends",
        at_night(120).drive(360, 50).stand(60),
        [(NIGHT_S + 2 * HOUR - 30, MORNING_S)],
    ),
    (
        "two stretches of forty minutes with a tea between: one drive",
        at_night(60).drive(40, 50).stand(15).drive(40, 50).stand(60),
        [(NIGHT_S + HOUR - 30, NIGHT_S + HOUR + 95 * 60)],
    ),
    (
        "two stretches of forty minutes with two hours' sleep between: two drives",
        at_night(30).drive(40, 50).stand(120).drive(40, 50).stand(60),
        [
            (NIGHT_S + 30 * 60 - 30, NIGHT_S + 70 * 60),
            (NIGHT_S + 190 * 60, NIGHT_S + 230 * 60),
        ],
    ),
    (
        "drives all day: not by night",
        Journey(30).stand(10).drive(400, 50),
        [],
    ),
]


@pytest.mark.parametrize(
    ("journey", "nights"), [s[1:] for s in NIGHTS], ids=[s[0][:40] for s in NIGHTS]
)
def test_night(journey: Journey, nights: list[Any]) -> None:
    told = tell(journey)

    found = told.spans("night_driving")
    assert len(found) == len(nights)
    for span, expected in zip(found, nights, strict=True):
        assert span == pytest.approx(expected, abs=60)
    turns = [(k.rpartition(".")[2], at) for k, at in told.events if "night_driving" in k]
    assert turns == [t for b, e in found for t in (("started", b), ("ended", e))]


RESTS: list[tuple[str, Journey, list[int]]] = [
    (
        "four hours and a half: allowed",
        Journey(30).stand(10).drive(270, 50).stand(60),
        [],
    ),
    (
        "six hours: told once, at five",
        Journey(30).stand(10).drive(360, 50).stand(60),
        [600 + 5 * HOUR],
    ),
    (
        "six hours with three teas of ten minutes: teas are neither driving nor rest",
        Journey(30)
        .stand(10)
        .drive(90, 50)
        .stand(10)
        .drive(90, 50)
        .stand(10)
        .drive(90, 50)
        .stand(10)
        .drive(90, 50),
        [600 + 5 * HOUR + 1800],
    ),
    (
        "three hours, a rest of forty minutes, three hours: allowed",
        Journey(30).stand(10).drive(180, 50).stand(40).drive(180, 50),
        [],
    ),
    (
        "three hours, forty silent minutes at one place, three hours: a rest",
        Journey(30).stand(10).drive(180, 50).wait(2400).drive(180, 50),
        [],
    ),
    (
        "three hours, an hour on a ferry with the engine off, three hours: a rest",
        Journey(30)
        .stand(10)
        .drive(180, 50, ignition=True)
        .drive(60, 20, ignition=False)
        .drive(180, 50, ignition=True),
        [],
    ),
    (
        "twice too long, with a night's rest between: told twice",
        Journey(30).stand(10).drive(320, 50).stand(480).drive(320, 50),
        [600 + 5 * HOUR, 600 + 5 * HOUR + 800 * 60],
    ),
]


@pytest.mark.parametrize(
    ("journey", "times"), [s[1:] for s in RESTS], ids=[s[0][:40] for s in RESTS]
)
def test_rest(journey: Journey, times: list[int]) -> None:
    told = tell(journey)

    found = [at for kind, at in told.events if kind == "truck.continuous_driving.exceeded"]
    assert found == [pytest.approx(at, abs=120) for at in times]
    assert len(told.spans("continuous_driving")) == len(times)


def test_a_stretch_that_was_too_long_ends_with_the_rest() -> None:
    told = tell(Journey(30).stand(10).drive(360, 50).stand(60))

    ((begin, end),) = told.spans("continuous_driving")
    assert (begin, end) == (600, 600 + 6 * HOUR + 30)
    (data,) = told.span_data("continuous_driving")
    assert data["driving_s"] == 6 * HOUR + 30


@pytest.mark.parametrize(
    ("keys", "begin_s", "end_s"),
    [
        ({}, NIGHT_S, MORNING_S),
        ({"time_zone": "UTC"}, NIGHT_S + 5.5 * HOUR, MORNING_S + 5.5 * HOUR),
        ({"night_from": "01:00", "night_to": "04:30"}, NIGHT_S + 2 * HOUR, MORNING_S - HOUR / 2),
        ({"night_from": "12:00", "night_to": "15:00"}, -8600, 2200),
    ],
)
def test_which_night_is_next(keys: dict[str, Any], begin_s: float, end_s: float) -> None:
    rules = rules_with(driving_hours=keys).driving_hours

    assert night_at(T0, rules) == (T0 + begin_s * 1000, T0 + end_s * 1000)


def test_the_night_goes_by_the_clock_where_it_is_put_forward() -> None:
    rules = rules_with(driving_hours={"time_zone": "Europe/Berlin"}).driving_hours
    saturday_ms = 1_774_720_800_000  # 28 March 2026, 18:00 UTC; at two the clock goes to three

    begin_ms, end_ms = night_at(saturday_ms, rules)

    assert end_ms - begin_ms == 5 * HOUR * 1000


def test_an_unknown_time_zone_is_refused() -> None:
    with pytest.raises(ValidationError, match="Asia/Kolkata"):
        rules_with(driving_hours={"time_zone": "Mumbai"})


SHORT = {"night_s_min": 300, "driving_s_max": 900, "rest_s_min": 400}
NIGHT_SOON = {"night_from": "14:40:00", "night_to": "15:10:00"}


@settings(max_examples=120, deadline=None)
@given(
    parts=st.lists(PARTS, min_size=1, max_size=12),
    every_s=st.sampled_from([10.0, 45.0]),
    rest_s=st.sampled_from([100, 400, 1200]),
)
def test_skipping_quiet_fixes_changes_nothing(
    parts: list[Any], every_s: float, rest_s: int
) -> None:
    hours = {**SHORT, **NIGHT_SOON, "rest_s_min": rest_s}

    told = tell(
        journey_of(parts, every_s, says_speed=True), around_with(rules_with(driving_hours=hours))
    )

    for begin, end in told.spans("night_driving") + told.spans("continuous_driving"):
        assert end is None or end >= begin
