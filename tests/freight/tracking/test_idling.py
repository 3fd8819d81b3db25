"""Idling: streams of fixes, each with its story beside it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.freight.tracking.journey import Journey, tell
from tests.freight.tracking.test_motion import PARTS, journey_of


def arrived() -> Journey:
    """At rest since second 910."""
    return Journey().stand(5, ignition=False).drive(10, 60, ignition=True)


# Each: what happens, the journey, and the idlings, in seconds.
STORIES: list[tuple[str, Journey, list[Any]]] = [
    (
        "parked with the engine off: nothing",
        arrived().stand(60, ignition=False),
        [],
    ),
    (
        "waits four minutes with the engine on: too short",
        arrived().stand(4, ignition=True).stand(30, ignition=False),
        [],
    ),
    (
        "unloads for twenty minutes with the engine on: from coming to rest until it goes off",
        arrived().stand(20, ignition=True).stand(30, ignition=False),
        [(910, 2110)],
    ),
    (
        "engine off at once, on again later, and drives away from idling: until it left",
        arrived().stand(10, ignition=False).stand(10, ignition=True).drive(5, 50, ignition=True),
        [(1510, 2100)],
    ),
    (
        "twice in one stop: told twice",
        arrived()
        .stand(10, ignition=True)
        .stand(10, ignition=False)
        .stand(10, ignition=True)
        .stand(1, ignition=False),
        [(910, 1510), (2110, 2710)],
    ),
    (
        "the engine goes off in a long silence: until it was last heard",
        arrived().stand(10, ignition=True).wait(7200).stand(5, ignition=False),
        [(910, 1500)],
    ),
    (
        "turned off after six silent minutes: it had idled long enough",
        arrived().stand(1, ignition=True).wait(360).stand(5, ignition=False),
        [(910, 1330)],
    ),
    (
        "says nothing about the ignition for a while: as it said last",
        arrived().stand(10, ignition=True).stand(5).stand(1, ignition=False),
        [(910, 1810)],
    ),
]


@pytest.mark.parametrize(
    ("journey", "idlings"), [s[1:] for s in STORIES], ids=[s[0][:40] for s in STORIES]
)
def test_story(journey: Journey, idlings: list[Any]) -> None:
    told = tell(journey)

    assert told.spans("idle") == idlings
    mine = [event for event in told.events if event[0] == "truck.idled"]
    assert mine == [("truck.idled", begin) for begin, _ in idlings]


@settings(max_examples=100, deadline=None)
@given(parts=st.lists(PARTS, min_size=1, max_size=10), every_s=st.sampled_from([5.0, 30.0, 120.0]))
def test_skipping_quiet_fixes_changes_nothing(parts: list[Any], every_s: float) -> None:
    told = tell(journey_of(parts, every_s, says_speed=True))

    for begin, end in told.spans("idle"):
        assert end is None or end >= begin
