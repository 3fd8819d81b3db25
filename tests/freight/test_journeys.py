"""Which journey a truck follows at which time, as versions, endings and other trucks come along."""

from __future__ import annotations

import dataclasses
import math

import msgspec
import numpy as np
import pytest

from freight.tracking.journeys import (
    LINE_PRECISION,
    Journey,
    JourneyBook,
    JourneyPlan,
    Line,
    PlannedStop,
    Stretch,
)
from freight.tracking.outlook import NEVER_MS
from geo.polyline import encode

KM = 1.0 / 111.19508  # of latitude, in degrees


def line(*km: tuple[float, float], roads: tuple[Stretch, ...] = ()) -> Line:
    """Kilometres (east, north) of 20 N 77 E."""
    east, north = np.array(km).T * KM
    points = np.column_stack([20.0 + north, 77.0 + east / math.cos(math.radians(20.0))])
    return Line(encode(points, LINE_PRECISION), roads)


NORTH = line((0, 0), (0, 100))
PLAN = JourneyPlan(from_ms=1_000, route=NORTH)


@dataclasses.dataclass(frozen=True)
class Change:
    revision: int
    plan: JourneyPlan | None
    valid_from_ms: int = 0
    journey_id: str = "J1"
    truck_key: int = 1
    version: int = 1
    tenant_key: int = 7


def book_of(*changes: Change) -> JourneyBook:
    book = JourneyBook()
    book.apply(changes)
    return book


def followed(book: JourneyBook, truck: int, *times_ms: int) -> list[tuple[str, int] | None]:
    found = [book.at(truck, ts_ms) for ts_ms in times_ms]
    return [None if journey is None else journey.key for journey in found]


def only(book: JourneyBook) -> Journey:
    journey = book.at(1, 1_000)
    assert journey is not None
    return journey


def test_a_journey_counts_from_its_time_on() -> None:
    book = book_of(Change(1, PLAN, valid_from_ms=5_000))
    assert followed(book, 1, 999, 1_000, 10**15) == [None, ("J1", 1), ("J1", 1)]
    assert followed(book, 2, 1_000) == [None]
    assert (book.next_change_ms(1, 0), book.next_change_ms(1, 1_000)) == (1_000, NEVER_MS)


def test_the_journey_that_began_last_counts() -> None:
    next_one = Change(2, msgspec.structs.replace(PLAN, from_ms=2_000), journey_id="J2")
    book = book_of(Change(1, PLAN), next_one)
    assert followed(book, 1, 1_500, 2_000) == [("J1", 1), ("J2", 1)]
    assert book.next_change_ms(1, 1_500) == 2_000


def test_a_new_version_does_not_change_what_was_followed_before() -> None:
    book = book_of(Change(1, PLAN), Change(2, PLAN, valid_from_ms=3_000, version=2))
    assert followed(book, 1, 1_000, 2_999, 3_000) == [("J1", 1), ("J1", 1), ("J1", 2)]


def test_a_journey_put_off_before_it_began_begins_later() -> None:
    later = msgspec.structs.replace(PLAN, from_ms=9_000)
    book = book_of(Change(1, PLAN), Change(2, later, valid_from_ms=500, version=2))
    assert followed(book, 1, 1_000, 8_999, 9_000) == [None, None, ("J1", 2)]


def test_a_journey_ends() -> None:
    book = book_of(Change(1, PLAN), Change(2, None, valid_from_ms=4_000))
    assert followed(book, 1, 3_999, 4_000) == [("J1", 1), None]
    assert len(book) == 0


def test_a_journey_given_to_another_truck_is_taken_from_the_first() -> None:
    book = book_of(Change(1, PLAN), Change(2, PLAN, valid_from_ms=4_000, truck_key=2, version=2))
    assert followed(book, 1, 3_999, 4_000) == [("J1", 1), None]
    assert followed(book, 2, 3_999, 4_000) == [None, ("J1", 2)]
    assert [book.changed_after(revision) for revision in (0, 1, 2)] == [[1, 2], [1, 2], []]


def test_changes_given_one_by_one_or_all_at_once_are_the_same() -> None:
    changes = [Change(1, PLAN), Change(2, PLAN, 3_000, version=2), Change(3, None, 4_000)]
    together, one_by_one = book_of(*changes), JourneyBook()
    for change in changes:
        one_by_one.apply([change])
    for book in (together, one_by_one):
        assert followed(book, 1, 999, 1_000, 3_000, 4_000) == [None, ("J1", 1), ("J1", 2), None]
        assert book.revision == 3


def test_what_ended_long_ago_is_let_go_of() -> None:
    book = book_of(
        Change(1, PLAN),
        Change(2, PLAN, 3_000, version=2),
        Change(3, PLAN, truck_key=2, journey_id="J3"),
        Change(4, None, 4_000, truck_key=2, journey_id="J3"),
    )
    book.forget(3_500)
    assert followed(book, 1, 2_999, 3_500) == [None, ("J1", 2)]
    book.forget(4_000)
    assert followed(book, 2, 2_000) == [None]
    book.apply([Change(5, PLAN, truck_key=3, journey_id="J4")])
    journey = book.at(3, 1_000)
    assert journey is not None
    assert journey.ways[0].number < 3  # numbers of routes that went are given out again


@pytest.mark.parametrize(
    ("route", "says"),
    [(Line("_p~iF"), "without its longitude"), (Line(""), "2 points"), (Line("??"), "2 points")],
)
def test_a_plan_that_cannot_be_followed_keeps_nobody_else_from_theirs(
    route: Line, says: str
) -> None:
    bad = JourneyPlan(from_ms=1_000, route=route)
    book = book_of(Change(1, bad), Change(2, PLAN, journey_id="J2", truck_key=2))
    assert followed(book, 1, 1_000) == [None]
    assert followed(book, 2, 1_000) == [("J2", 1)]
    assert says in book.unusable[7, "J1"]


def test_stops_are_where_the_route_passes_them_one_after_another() -> None:
    out_and_back = line((0, 0), (0, 50), (0, 0))
    there = PlannedStop("there", 20.0 + 30 * KM, 77.0, 200.0)
    plan = JourneyPlan(from_ms=0, route=out_and_back, stops=(there, there))
    journey = only(book_of(Change(1, plan)))
    assert [stop.progress_m for stop in journey.stops] == pytest.approx([30e3, 70e3], rel=1e-3)


def test_an_alternate_runs_from_somewhere_on_the_route_to_somewhere_later() -> None:
    bypass = line((0, 40), (10, 50), (0, 60))
    journey = only(book_of(Change(1, msgspec.structs.replace(PLAN, alternates=(bypass,)))))
    way = journey.ways[1]
    assert (way.leaves_m, way.joins_m) == pytest.approx((40e3, 60e3), rel=1e-3)
    assert way.along_route_m(way.length_m / 2) == pytest.approx(50e3, rel=1e-3)


def test_classes_of_roads_begin_where_the_plan_says() -> None:
    roads = (Stretch(1, "four_lane"), Stretch(3, "ghat"))
    route = line((0, 0), (0, 1), (0, 2), (0, 3), (0, 4), roads=roads)
    (way,) = only(book_of(Change(1, JourneyPlan(from_ms=0, route=route)))).ways
    assert [name for _, name in way.roads] == ["unknown", "four_lane", "ghat"]
    assert [m for m, _ in way.roads] == pytest.approx([0.0, 1e3, 3e3], rel=1e-3)


def test_a_plan_is_json_in_the_store() -> None:
    stop = PlannedStop("Nagpur", 21.1, 79.1, 300.0, arrive_to_ms=5)
    plan = msgspec.structs.replace(PLAN, stops=(stop,), promised_to_ms=9, paise_per_km=4_500)
    assert msgspec.json.decode(msgspec.json.encode(plan), type=JourneyPlan) == plan
