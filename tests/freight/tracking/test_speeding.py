"""Overspeed: streams of fixes, each with its story beside it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from freight.tracking.fences import FenceBook
from tests.freight.tracking.journey import LAT, LON, Journey, around_with, rules_with, tell
from tests.freight.tracking.test_motion import PARTS, journey_of
from tests.freight.world import Change, square

# By the defaults: 80 km/h, more than 5 over for half a minute, until 80 again.
STORIES: list[tuple[str, Journey, list[Any]]] = [
    (
        "exactly at what is tolerated: nothing",
        Journey().drive(10, 85),
        [],
    ),
    (
        "overtakes within twenty seconds: nothing",
        Journey().drive(5, 75).drive(1 / 3, 95).drive(5, 75),
        [],
    ),
    (
        "too fast for two minutes, then wavering between 82 and 88 for two more: one episode",
        Journey()
        .drive(5, 75)
        .drive(2, 95)
        .drive(0.5, 82)
        .drive(0.5, 88)
        .drive(0.5, 82)
        .drive(0.5, 88)
        .drive(5, 78),
        [(310, 550)],
    ),
    (
        "too fast into a silence of ten minutes: over with the last fix before it",
        Journey().drive(5, 75).drive(2, 95).wait(600).shift(10_000).drive(5, 75),
        [(310, 420)],
    ),
    (
        "too fast twice",
        Journey().drive(2, 95).drive(2, 75).drive(2, 95),
        [(10, 130), (250, None)],
    ),
    (
        "a device without speeds, its way says 100 km/h each half minute",
        Journey(30, says_speed=False).drive(5, 60).drive(5, 100).drive(5, 60),
        [(330, 630)],
    ),
    (
        "a device without speeds each ten seconds: the receiver's noise is no speed",
        Journey(10, says_speed=False).drive(10, 60, noise_m=100),
        [],
    ),
]


@pytest.mark.parametrize(
    ("journey", "episodes"), [s[1:] for s in STORIES], ids=[s[0][:40] for s in STORIES]
)
def test_story(journey: Journey, episodes: list[Any]) -> None:
    told = tell(journey)

    assert told.spans("overspeed") == episodes
    mine = [(k.rpartition(".")[2], at) for k, at in told.events if k.startswith("truck.overspeed")]
    expected = [
        turn
        for begin, end in episodes
        for turn in (("started", begin), *([("ended", end)] if end is not None else []))
    ]
    assert mine == expected


def test_the_end_says_how_fast_how_far_and_how_long() -> None:
    told = tell(Journey().drive(5, 75).drive(2, 95).drive(1, 110).drive(5, 75))

    (data,) = told.event("truck.overspeed.ended")
    assert data["limit_kmh"] == 80.0
    assert data["speed_kmh_max"] == 110.0
    assert data["duration_s"] == 180
    assert data["distance_km"] == pytest.approx(11 * 95 / 360 + 6 * 110 / 360 + 75 / 360, abs=0.01)
    assert data["lat"] == 20.0


@pytest.mark.parametrize(
    ("truck_class", "limits", "episodes"),
    [
        ("trailer", {"trailer": 60.0}, 1),
        ("trailer", {"tanker": 60.0}, 0),
        (None, {"trailer": 60.0}, 0),
        ("trailer", {"trailer": 120.0}, 0),  # the tenant's own limit is the least
    ],
)
def test_the_least_limit_counts(
    truck_class: str | None, limits: dict[str, float], episodes: int
) -> None:
    rules = rules_with(speeding={"class_limits_kmh": limits})

    told = tell(Journey().drive(5, 50).drive(5, 70), around_with(rules, truck_class=truck_class))

    assert len(told.spans("overspeed")) == episodes


def test_told_at_once_where_no_time_is_asked_for() -> None:
    told = tell(
        Journey().drive(5, 70).wait(10).fix(90), around_with(rules_with(speeding={"for_s": 0}))
    )

    assert told.spans("overspeed") == [(310, None)]


def test_clearing_above_the_trigger_is_refused() -> None:
    with pytest.raises(ValidationError):
        rules_with(speeding={"under_kmh": 10})


FAST = st.tuples(
    st.sampled_from(["drive", "back", "wait", "odd"]),
    st.floats(0.2, 10.0),
    st.sampled_from([75.0, 82.0, 88.0, 120.0]),
    st.sampled_from([0.0, 5.0]),
    st.sampled_from([None, True]),
)


@settings(max_examples=100, deadline=None)
@given(
    parts=st.lists(st.one_of(FAST, PARTS), min_size=1, max_size=10),
    every_s=st.sampled_from([5.0, 30.0]),
    says_speed=st.booleans(),
)
def test_skipping_quiet_fixes_changes_nothing(
    parts: list[Any], every_s: float, says_speed: bool
) -> None:
    told = tell(journey_of(parts, every_s, says_speed))

    for begin, end in told.spans("overspeed"):
        assert end is None or end >= begin


def test_a_fence_allows_less_and_never_more() -> None:
    """60 in the town, whose hysteresis it is; what the bypass would allow is more than the law."""
    town, bypass = square(LON + 0.02, LAT - 0.02, 0.05), square(LON + 0.12, LAT - 0.02, 0.05)
    book = FenceBook()
    book.apply(
        [
            Change("TOWN", town, 1, speed_limit_kmh=60.0),
            Change("BYPASS", bypass, 2, speed_limit_kmh=120.0),
        ]
    )
    journey = Journey().stand(5).drive(10, 75).drive(5, 95)

    told = tell(journey, around_with(fences=book))

    in_town, beyond = told.span_data("overspeed")
    assert in_town["limit_kmh"] == 60.0
    assert 77.02 < in_town["lon"] < 77.03
    assert in_town["duration_s"] == pytest.approx(5.2 * 3600 / 75, abs=60)
    assert beyond["limit_kmh"] == 80.0
