"""Trips and stops: streams of fixes, each with its story beside it."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from freight.tracking.fences import FenceBook
from tests.freight.tracking.journey import LAT, LON, Journey, around_with, rules_with, tell
from tests.freight.world import Change

# Each: what happens, the journey, trips, stops, and truck.stopped / truck.moved, in seconds.
STORIES: list[tuple[str, Journey, list[Any], list[Any], list[Any]]] = [
    (
        "stands ten minutes, drives half an hour, stands: one trip between two stops; the stop "
        "begins when it became slow, though it is known three minutes later",
        Journey().stand(10).drive(30, 60).stand(10),
        [(600, 2410)],
        [(10, 600), (2410, None)],
        [("truck.moved", 600), ("truck.stopped", 2410)],
    ),
    (
        "waits two minutes at a signal: no stop",
        Journey().stand(5).drive(10, 50).stand(2).drive(10, 50).stand(5),
        [(300, 1630)],
        [(10, 300), (1630, None)],
        [("truck.moved", 300), ("truck.stopped", 1630)],
    ),
    (
        "creeps for half an hour in a jam at 6 km/h: it drives",
        Journey().stand(5).drive(5, 50).drive(30, 6).drive(5, 50).stand(5),
        [(300, 2710)],
        [(10, 300), (2710, None)],
        [("truck.moved", 300), ("truck.stopped", 2710)],
    ),
    (
        "first seen on the road: a trip from the first fix, though nobody saw it begin",
        Journey().fix(60).drive(10, 60).stand(5),
        [(0, 610)],
        [(610, None)],
        [("truck.stopped", 610)],
    ),
    (
        "a device without speeds tells the same story",
        Journey(says_speed=False).stand(10).drive(30, 60).stand(10),
        [(600, 2410)],
        [(10, 600), (2410, None)],
        [("truck.moved", 600), ("truck.stopped", 2410)],
    ),
    (
        "goes silent while it stands and speaks again there: one stop",
        Journey().stand(5).drive(10, 50).stand(1).wait(7200).stand(5).drive(5, 50),
        [(300, 910), (8460, None)],
        [(10, 300), (910, 8460)],
        [("truck.moved", 300), ("truck.stopped", 910), ("truck.moved", 8460)],
    ),
    (
        "its last word before two hours' silence was at speed, its next one at the same place: it "
        "stood where it was seen last",
        Journey().stand(5).drive(10, 50).wait(7200).stand(5).drive(5, 50),
        [(300, 900), (8400, None)],
        [(10, 300), (900, 8400)],
        [("truck.moved", 300), ("truck.stopped", 900), ("truck.moved", 8400)],
    ),
    (
        "drives on unseen for an hour at 50 km/h: the same trip",
        Journey().stand(5).drive(10, 50).wait(3600).shift(50_000).drive(10, 50).stand(5),
        [(300, 5110)],
        [(10, 300), (5110, None)],
        [("truck.moved", 300), ("truck.stopped", 5110)],
    ),
    (
        "parked, silent all night, seen again 4 km away: it left so that 40 km/h brought it there",
        Journey().stand(10).wait(28_800).shift(4000).fix(50).drive(10, 50),
        [(29_040, None)],
        [(10, 29_040)],
        [("truck.moved", 29_040)],
    ),
    (
        "moved 160 m in the yard at walking pace: still the same stop",
        Journey().stand(10).drive(2, 4.8).stand(30),
        [],
        [(10, None)],
        [],
    ),
    (
        "moved 160 m in the yard in the evening and stood there all night: it left in the morning",
        Journey().stand(10).drive(2, 4.8).stand(600).drive(30, 60),
        [(36_720, None)],
        [(10, 36_720)],
        [("truck.moved", 36_720)],
    ),
    (
        "one fix 1.5 km away while it stands, says the device: it did not drive there and back",
        Journey(60).stand(10).shift(1500).stand(1).shift(-1500).stand(30),
        [],
        [(60, None)],
        [],
    ),
    (
        "unloaded from a ferry by a tow truck, 1.5 km on: it is there when two fixes say so",
        Journey(60).stand(10).shift(1500).stand(2),
        [(600, None)],
        [(60, 600)],
        [("truck.moved", 600)],
    ),
]


@pytest.mark.parametrize(
    ("journey", "trips", "stops", "events"),
    [story[1:] for story in STORIES],
    ids=[story[0][:40] for story in STORIES],
)
def test_story(journey: Journey, trips: list[Any], stops: list[Any], events: list[Any]) -> None:
    told = tell(journey)

    assert told.spans("trip") == trips
    assert told.spans("stop") == stops
    mine = ("truck.moved", "truck.stopped")
    assert [event for event in told.events if event[0] in mine] == events


def test_a_trip_says_where_from_and_to_how_far_how_fast_and_how_long_it_drove() -> None:
    told = tell(Journey().stand(5).drive(30, 60).stand(2).drive(6, 50).stand(5))

    (trip,) = told.span_data("trip")
    assert trip["from"] == {"lat": 20.0, "lon": 77.0}
    assert trip["to"] == {"lat": 20.0, "lon": pytest.approx(77.335, abs=0.001)}
    assert trip["distance_km"] == trip["ways_km"] == pytest.approx(35.0, abs=0.05)
    assert trip["distance_by"] == "ways"
    assert trip["odometer_km"] is None
    assert trip["speed_kmh_max"] == 60.0
    assert trip["driving_s"] == pytest.approx(36 * 60, abs=30)
    assert trip["fixes"] == 180 + 12 + 36 + 1


@pytest.mark.parametrize(
    ("readings", "keys", "distance", "by"),
    [
        ((1000.0, 1010.5), {}, 10.5, "odometer"),
        ((1000.0, 1010.5), {"odometer_counts": False}, 10.0, "ways"),
        ((1000.0, 1040.0), {}, 10.0, "ways"),  # the odometer ran four times as far
        ((9000.0, 12.0), {}, 10.0, "ways"),  # it began anew
        ((None, 1010.5), {}, 10.0, "ways"),
    ],
)
def test_which_distance_counts(
    readings: tuple[float | None, float], keys: dict[str, Any], distance: float, by: str
) -> None:
    first, last = readings
    journey = Journey().stand(5, odometer_km=first).drive(10, 60).stand(5, odometer_km=last)

    told = tell(journey, around_with(rules_with(motion=keys)))

    (trip,) = told.span_data("trip")
    assert trip["distance_km"] == pytest.approx(distance, abs=0.01)
    assert trip["distance_by"] == by


@pytest.mark.parametrize(
    ("kind", "halt", "fence"),
    [
        ("depot", "place", "HERE"),
        ("fuel", "fuel", "HERE"),
        ("toll", "toll", "HERE"),
        ("restricted", "unknown", None),
        (None, "unknown", None),
    ],
)
def test_what_a_halt_means_follows_from_the_fence_it_is_in(
    kind: str | None, halt: str, fence: str | None
) -> None:
    book = FenceBook()
    shape = {"center": {"lat": LAT, "lon": LON + 0.0956}, "radius_m": 500.0}
    book.apply([Change("HERE", shape, 1, kind=kind)])
    journey = Journey().stand(5).drive(10, 60).stand(5)

    told = tell(journey, around_with(fences=book))

    assert [(s["halt"], s["fence"]) for s in told.span_data("stop")][-1] == (halt, fence)
    assert told.event("truck.stopped")[-1]["halt"] == halt
    assert told.span_data("trip")[-1]["halt"] == halt


def test_fuel_comes_before_the_plaza_and_that_before_the_place_around_them() -> None:
    book = FenceBook()
    circle = {"center": {"lat": LAT, "lon": LON}, "radius_m": 500.0}
    kinds = {"A": "depot", "B": "toll", "C": "fuel"}
    book.apply(Change(name, circle, i, kind=kind) for i, (name, kind) in enumerate(kinds.items()))

    told = tell(Journey().stand(5), around_with(fences=book))

    assert [(s["halt"], s["fence"]) for s in told.span_data("stop")] == [("fuel", "C")]


def test_what_moves_with_the_engine_off_is_carried() -> None:
    """Unless the device never says that the engine is on: then nobody has wired it."""
    for ever_on, carried in ((True, 20.0), (False, 0.0)):
        journey = Journey().stand(5, ignition=ever_on).stand(5, ignition=False)
        told = tell(journey.drive(60, 20, ignition=False).stand(5, ignition=False))

        (trip,) = told.span_data("trip")
        assert trip["carried_km"] == pytest.approx(carried, abs=0.1)
        assert trip["distance_km"] == pytest.approx(20.0 - carried, abs=0.1)
        assert told.event("truck.moved")[0]["carried"] is ever_on


def test_quiet_trucks_are_left_alone() -> None:
    """An hour on the road and two hours parked: far fewer looks than fixes."""
    told = tell(Journey().stand(5).drive(60, 60, noise_m=5).stand(120, noise_m=50))

    assert told.shown < 100


@pytest.mark.parametrize(
    "keys",
    [{"stop_kmh": 20}, {"stop_m": 300}, {"unseen_kmh": 10}, {"start_kmh": 0}],
)
def test_trigger_and_clear_values_do_not_cross(keys: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        rules_with(motion=keys)


PARTS = st.tuples(
    st.sampled_from(["drive", "back", "stand", "wait", "shift", "odd"]),
    st.floats(0.2, 30.0),
    st.sampled_from([3.0, 10.0, 16.0, 60.0, 95.0]),
    st.sampled_from([0.0, 5.0, 60.0]),
    st.sampled_from([None, True, False]),
)


def journey_of(parts: list[Any], every_s: float, says_speed: bool) -> Journey:
    journey = Journey(every_s, says_speed=says_speed)
    for what, minutes, kmh, noise_m, ignition in parts:
        journey.more["ignition"] = ignition
        if what in ("drive", "back"):
            journey.drive(minutes, kmh if what == "drive" else -kmh, noise_m)
        elif what == "stand":
            journey.stand(minutes, noise_m, accuracy_m=noise_m)
        elif what == "wait":
            journey.wait(minutes * 120).fix(kmh)
        elif what == "shift":
            journey.wait(minutes * 120).shift(minutes * kmh * 20).fix(0.0)
        else:
            journey.wait(every_s).fix(kmh, noise_m, speed_kmh=None)
    return journey


@settings(max_examples=150, deadline=None)
@given(
    parts=st.lists(PARTS, min_size=1, max_size=12),
    every_s=st.sampled_from([1.0, 10.0, 45.0, 600.0]),
    says_speed=st.booleans(),
)
def test_skipping_quiet_fixes_changes_nothing(
    parts: list[Any], every_s: float, says_speed: bool
) -> None:
    told = tell(journey_of(parts, every_s, says_speed))

    trips, stops = told.spans("trip"), told.spans("stop")
    for begin, end in trips + stops:
        assert end is None or end >= begin
    # What follows a stop is a trip, and what follows a trip is a stop.
    turns = [(begin, "trip") for begin, _ in trips] + [(begin, "stop") for begin, _ in stops]
    assert all(a[1] != b[1] for a, b in pairwise(sorted(turns)))
