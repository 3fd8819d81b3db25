"""Harsh braking and acceleration: each stream with its story beside it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.freight.tracking.journey import Journey, tell


def speeds(*kmh: float, every_s: float = 1.0) -> Journey:
    """After ten minutes at the first of them."""
    journey = Journey(10).drive(10, kmh[0])
    for speed in kmh:
        journey.wait(every_s).shift(speed / 3.6 * every_s).fix(speed)
    return journey


# By the defaults: 4 m/s2 (14.4 km/h in a second) braking, 3.5 (12.6) accelerating, within 3 s.
STORIES: list[tuple[str, Journey, list[Any]]] = [
    ("brakes as one does", speeds(60, 50, 40, 30, 20), []),
    (
        "stands on the brake for three seconds: one event, when it was seen first",
        speeds(80, 60, 40, 20, 20, 20),
        [("truck.harsh_braking", 602, 80.0, 60.0, -5.6)],
    ),
    (
        "twice, with five seconds between",
        speeds(80, 60, 60, 60, 60, 60, 40),
        [
            ("truck.harsh_braking", 602, 80.0, 60.0, -5.6),
            ("truck.harsh_braking", 607, 60.0, 40.0, -5.6),
        ],
    ),
    (
        "accelerates harshly, empty and downhill",
        speeds(20, 35, 40),
        [("truck.harsh_acceleration", 602, 20.0, 35.0, 4.2)],
    ),
    ("sixty in one second is no brake but a mistake", speeds(80, 20, 80), []),
    ("the same speeds ten seconds apart say nothing", speeds(80, 60, 40, 20, every_s=10), []),
    (
        "two seconds apart they still do",
        speeds(80, 50, 50, every_s=2),
        [("truck.harsh_braking", 604, 80.0, 50.0, -4.2)],
    ),
]


@pytest.mark.parametrize(
    ("journey", "events"), [s[1:] for s in STORIES], ids=[s[0][:40] for s in STORIES]
)
def test_story(journey: Journey, events: list[Any]) -> None:
    told = tell(journey)

    found = [
        (kind, at, data["from_kmh"], data["to_kmh"], data["mps2"])
        for (kind, at), data in zip(
            told.events, (e.data for e in told.truck.facts.events), strict=True
        )
        if "harsh" in kind
    ]
    assert found == events


def test_speeds_that_follow_from_ways_are_noise() -> None:
    journey = Journey(1, says_speed=False).drive(5, 60, noise_m=20)

    assert not [kind for kind, _ in tell(journey).events if "harsh" in kind]


@settings(max_examples=100, deadline=None)
@given(
    parts=st.lists(
        st.tuples(
            st.sampled_from([0.0, 15.0, 30.0, 44.4, 60.0, 80.0]),
            st.sampled_from([0.5, 1.0, 3.0, 10.0]),
            st.integers(1, 30),
        ),
        min_size=1,
        max_size=15,
    )
)
def test_skipping_quiet_fixes_changes_nothing(parts: list[Any]) -> None:
    journey = Journey(10).drive(5, 50)
    for kmh, every_s, times in parts:
        for _ in range(times):
            journey.wait(every_s).shift(kmh / 3.6 * every_s).fix(kmh)

    tell(journey)
