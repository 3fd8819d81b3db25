"""Zones where loads are taken, and cities that close: when a truck may go."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from config.policy import defaults
from freight.fleet.zones import (
    HOUR_MS,
    Passage,
    entry_faults,
    holding,
    place_for,
    stop_faults,
)
from freight.load import Place, StopKind
from freight.tracking.fences import NO_ENTRY, Fence, FenceBook
from freight.tracking.schedules import parse_schedule
from tests.freight.world import TENANT_KEY, Change, square

RULES = defaults().fleet.zones
# Saturday 2026-11-21, 00:00 in India.
MIDNIGHT_MS = int(datetime(2026, 11, 20, 18, 30, tzinfo=UTC).timestamp() * 1000)


def city(*windows: str, classes: tuple[str, ...] | None = None) -> Fence:
    """Closed to trucks on all days from, to."""
    days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    pairs = [window.split("-") for window in windows]
    said = {
        "time_zone": "Asia/Kolkata",
        "windows": [{"days": days, "from": a, "to": b} for a, b in pairs],
    }
    return Fence(
        1,
        TENANT_KEY,
        "pune",
        "Pune",
        NO_ENTRY,
        1,
        0,
        schedule=parse_schedule(said) if windows else None,
        truck_classes=None if classes is None else frozenset(classes),
    )


def at(hour: float) -> int:
    return MIDNIGHT_MS + round(hour * HOUR_MS)


def passage(fence: Fence, enters_h: float, leaves_h: float) -> Passage:
    return Passage(fence, round(enters_h * HOUR_MS), round(leaves_h * HOUR_MS))


DAY_TIME = city("08:00-22:00")
RUSH = city("08:00-11:00", "17:00-21:00")
# In the city from the second to the third hour of the way.
STORIES = [
    ("through before it closes", [passage(DAY_TIME, 2, 3)], 3, 3),
    ("out when it closes", [passage(DAY_TIME, 2, 3)], 5, 5),
    ("still in it", [passage(DAY_TIME, 2, 3)], 5.5, 20),
    ("in the middle of the day", [passage(DAY_TIME, 2, 3)], 10, 20),
    ("in when it opens", [passage(DAY_TIME, 2, 3)], 20, 20),
    ("too long for the gap", [passage(RUSH, 1, 8)], 7, 20),
    ("fits into the gap", [passage(RUSH, 1, 5)], 8, 10),
    ("two cities", [passage(DAY_TIME, 1, 2), passage(RUSH, 14, 15)], 8, 21),
    ("nothing on the way", [], 9, 9),
    ("always closed", [passage(city(), 1, 2)], 9, None),
    ("longer in it than it ever opens", [passage(DAY_TIME, 0, 11)], 9, None),
    ("closed to others", [passage(city("08:00-22:00", classes=("TRL_18W",)), 1, 2)], 9, 9),
    ("closed to it", [passage(city("08:00-22:00", classes=("OPEN_10W",)), 1, 2)], 9, 21),
]


@pytest.mark.parametrize(("_story", "passages", "asked_h", "place_h"), STORIES)
def test_the_first_departure_that_meets_no_closed_city(
    _story: str, passages: list[Passage], asked_h: float, place_h: float | None
) -> None:
    found = place_for(passages, "OPEN_10W", at(asked_h), RULES)

    assert found == (None if place_h is None else at(place_h))
    clear = entry_faults(passages, "OPEN_10W", at(asked_h)) == []
    assert clear == (place_h == asked_h)


def test_a_wait_has_an_end() -> None:
    short = RULES.model_copy(update={"entry_wait_h_max": 3})

    assert place_for([passage(DAY_TIME, 1, 2)], None, at(8), short) is None
    assert place_for([passage(DAY_TIME, 1, 2)], None, at(19), short) == at(21)


def test_a_closed_city_is_named() -> None:
    (reason,) = entry_faults([passage(DAY_TIME, 1, 2)], None, at(12))

    assert (reason.code, reason.about) == ("zone.no_entry", "pune")


def zone(kind: str | None = None, group: str | None = None) -> Fence:
    return Fence(1, TENANT_KEY, "z", "Zone", kind, 1, 0, group=group)


ONLY_YARDS = RULES.model_copy(
    update={
        "pickup_kinds": frozenset({"yard"}),
        "drop_groups": frozenset({"north"}),
        "closed_kinds": frozenset({"danger"}),
    }
)


@pytest.mark.parametrize(
    ("kind", "fences", "code"),
    [
        (StopKind.PICKUP, [zone("yard")], None),
        (StopKind.PICKUP, [zone("shop"), zone("yard")], None),
        (StopKind.PICKUP, [zone("shop")], "zone.no_pickup"),
        (StopKind.PICKUP, [], "zone.no_pickup"),
        (StopKind.DROP, [zone(group="north")], None),
        (StopKind.DROP, [zone(group="south")], "zone.no_drop"),
        (StopKind.PICKUP, [zone("yard"), zone("danger")], "zone.closed"),
    ],
)
def test_where_loads_are_taken(kind: StopKind, fences: list[Fence], code: str | None) -> None:
    found = stop_faults("S1", kind, fences, ONLY_YARDS)

    assert [reason.code for reason in found] == ([] if code is None else [code])


def test_without_zones_everywhere_is_good() -> None:
    assert stop_faults("S1", StopKind.DROP, [], RULES) == []


def test_the_fences_that_hold_each_place() -> None:
    book = FenceBook()
    book.apply([Change("a", square(72, 18), 1), Change("b", square(72.5, 18.5), 2)])
    places = [Place(18.2, 72.2), Place(18.7, 72.7), Place(28.0, 77.0)]

    found = holding(book, TENANT_KEY, places)

    assert [sorted(fence.id for fence in each) for each in found] == [["a"], ["a", "b"], []]
    assert holding(book, TENANT_KEY + 1, places) == [(), (), ()]
