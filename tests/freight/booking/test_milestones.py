"""What trucks do moves their bookings: in order, late, twice, and taken back."""

from __future__ import annotations

from itertools import permutations

import pytest

from freight.booking import commands as asked
from freight.booking.events import (
    Delivered,
    MilestoneMoved,
    MilestoneTakenBack,
    Reached,
    Sighted,
)
from freight.booking.state import Milestone, Source, Status
from freight.events import TruckEvent
from freight.load import Place, Stop, StopKind
from tests.freight.booking.story import (
    DESK,
    HOUR,
    MINUTE,
    SECOND,
    Story,
    corrected,
    create,
    entered,
    exited,
    load,
    moved,
    retracted,
    stop,
    stopped,
)

PLANT, SITE = (18.6, 73.8), (18.7, 73.8)
USUAL = [
    moved(5 * MINUTE, 18.4, 73.8),
    entered("plant", HOUR),
    stopped(HOUR + 5 * MINUTE, *PLANT, fence="plant"),
    exited("plant", 2 * HOUR, since_ms=HOUR),
    entered("site", 4 * HOUR),
    stopped(4 * HOUR + MINUTE, *SITE, fence="site"),
    exited("site", 5 * HOUR, since_ms=4 * HOUR),
]
MARKS = {
    "en_route": 5 * MINUTE,
    "S1 arrived": HOUR,
    "S1 working": HOUR + 5 * MINUTE,
    "S1 done": 2 * HOUR,
    "S1 left": 2 * HOUR,
    "S2 arrived": 4 * HOUR,
    "S2 working": 4 * HOUR + MINUTE,
    "S2 left": 5 * HOUR,
}


def test_a_truck_that_drives_moves_its_booking() -> None:
    story = Story().assigned()
    seen = []

    for one in USUAL:
        story.hears(one)
        seen.append(story.status)

    assert seen == [
        *("en_route", "at_pickup", "at_pickup", "in_transit"),
        *("at_drop", "at_drop", "at_drop"),
    ]
    assert story.marks() == MARKS


def test_delivered_means_proof() -> None:
    story = Story().assigned()
    story.hears(*USUAL)
    assert story.status == "at_drop"

    told = story.at(6 * HOUR).proves("S2", at_ms=4 * HOUR + 30 * MINUTE)

    assert story.status == "delivered"
    assert [type(event) for event in told[1:]] == [Reached, Delivered]
    assert story.leg().delivered_ms == 4 * HOUR + 30 * MINUTE  # when it was taken, not sent
    assert story.marks() == MARKS | {"S2 done": 4 * HOUR + 30 * MINUTE}


def test_loaded_and_in_transit_are_both_told_when_it_leaves() -> None:
    story = Story().assigned()
    told = story.hears(*USUAL[:4])

    reached = [
        (event.stop, event.milestone.value, event.mark.source.value)
        for event in told
        if isinstance(event, Reached)
    ]
    assert reached == [
        (None, "en_route", "truck"),
        ("S1", "arrived", "truck"),
        ("S1", "working", "truck"),
        ("S1", "done", "inferred"),
        ("S1", "left", "truck"),
    ]


@pytest.mark.parametrize("order", [tuple(reversed(USUAL)), *list(permutations(USUAL))[7::523]])
def test_facts_in_any_order_say_the_same(order: tuple[TruckEvent, ...]) -> None:
    story = Story().assigned()
    story.hears(*order)

    assert story.marks() == MARKS


def test_the_same_fact_again_changes_nothing() -> None:
    story = Story().assigned()
    story.hears(*USUAL)
    version = story.now.version

    assert story.hears(*USUAL) == []
    assert story.now.version == version


def test_a_retracted_arrival_is_taken_back_by_an_event_of_its_own() -> None:
    story = Story().assigned()
    story.hears(*USUAL[:2])
    assert story.status == "at_pickup"

    told = story.hears(retracted(USUAL[1], known_ms=HOUR + MINUTE))

    assert [type(event) for event in told] == [Sighted, MilestoneTakenBack]
    assert story.status == "en_route"
    assert told[1].cause.kind == "truck"


def test_a_retraction_that_comes_before_its_fact_wins() -> None:
    story = Story().assigned()
    back = retracted(USUAL[1], known_ms=3 * HOUR)
    story.hears(back)

    assert story.hears(USUAL[1]) == []
    assert "S1 arrived" not in story.marks()


def test_a_correction_puts_a_retracted_fact_in_force_again() -> None:
    story = Story().assigned()
    first = USUAL[1]
    story.hears(first, retracted(first, 2 * HOUR), corrected(first, 3 * HOUR, turn=2))

    assert story.marks()["S1 arrived"] == HOUR
    assert story.hears(retracted(first, 2 * HOUR)) == []  # older than what is known


def test_what_was_said_by_hand_stays_when_the_arrival_is_retracted() -> None:
    story = Story().assigned()
    story.hears(USUAL[1])
    story.at(HOUR + 2 * MINUTE).does(_reach(Milestone.ARRIVED, "S1", HOUR))

    told = story.hears(retracted(USUAL[1], known_ms=HOUR + 3 * MINUTE))

    assert [type(event) for event in told] == [Sighted]
    assert story.status == "at_pickup"
    assert story.source("S1", Milestone.ARRIVED) is Source.HAND


def test_what_is_proven_stays_delivered_whatever_is_retracted() -> None:
    story = Story().assigned()
    story.hears(*USUAL)
    story.proves("S2")

    story.hears(retracted(USUAL[1], 6 * HOUR), retracted(USUAL[4], 6 * HOUR))

    assert story.status == "delivered"


def test_an_arrival_that_was_earlier_moves_the_milestone() -> None:
    story = Story().assigned()
    story.hears(*USUAL[:4])
    late = entered("plant", HOUR - 20 * MINUTE)

    told = story.hears(retracted(USUAL[1], 3 * HOUR), late)

    moves = [e for e in told if isinstance(e, MilestoneMoved)]
    assert [(m.milestone, m.mark.at_ms) for m in moves] == [
        (Milestone.ARRIVED, HOUR - 20 * MINUTE),
    ]


def test_a_truck_seen_at_the_drop_has_left_the_pickup() -> None:
    """Its device was silent when it left; the late fact says when that was."""
    story = Story().assigned()
    story.hears(USUAL[1], USUAL[4])
    assert story.status == "at_drop"
    assert story.marks()["S1 left"] == 4 * HOUR
    assert story.source("S1", Milestone.LEFT) is Source.INFERRED

    story.hears(USUAL[3])

    assert story.marks()["S1 left"] == 2 * HOUR
    assert story.source("S1", Milestone.LEFT) is Source.TRUCK


def test_a_truck_that_comes_back_from_the_weighbridge_had_not_left() -> None:
    story = Story().assigned()
    story.hears(entered("plant", HOUR), exited("plant", 2 * HOUR))
    assert story.status == "in_transit"

    story.hears(entered("plant", 2 * HOUR + 10 * MINUTE))
    assert story.status == "at_pickup"

    story.hears(exited("plant", 3 * HOUR))
    assert story.marks()["S1 left"] == 3 * HOUR


def test_a_truck_that_passes_the_drop_first_has_delivered_nothing() -> None:
    story = Story().assigned()
    story.hears(entered("site", 2 * MINUTE), exited("site", 5 * MINUTE))
    assert story.status == "en_route"

    story.hears(entered("plant", HOUR), exited("plant", 2 * HOUR))
    assert story.status == "in_transit"


def test_a_truck_that_was_at_the_pickup_before_has_arrived_when_it_is_assigned() -> None:
    story = Story().assigned()

    story.hears(entered("plant", 10 * SECOND))

    assert story.marks() == {"en_route": MINUTE, "S1 arrived": MINUTE}


def test_visits_before_the_assignment_count_not() -> None:
    story = Story().assigned()

    story.hears(entered("plant", 10 * SECOND), exited("plant", 20 * SECOND))

    assert story.status == "assigned"


def test_an_exit_alone_says_that_it_was_there() -> None:
    story = Story().assigned()

    story.hears(exited("plant", 2 * HOUR, since_ms=HOUR))

    assert story.status == "in_transit"
    assert story.marks()["S1 arrived"] == HOUR


def test_other_trucks_and_other_fences_move_nothing() -> None:
    story = Story().assigned()

    assert story.hears(entered("plant", HOUR, truck="T9"), entered("elsewhere", HOUR)) == []


def test_a_fence_around_both_stops_is_no_arrival_at_the_drop() -> None:
    """The drop is "the city", and the pickup lies in it."""
    story = Story().assigned()
    story.hears(entered("site", HOUR), entered("plant", 2 * HOUR))
    assert story.status == "at_pickup"

    story.hears(exited("plant", 3 * HOUR))

    assert story.status == "at_drop"
    assert story.marks()["S2 arrived"] == 3 * HOUR


def test_without_a_fence_stopping_near_is_arriving_and_moving_is_leaving() -> None:
    story = Story().assigned(
        load=load(stop(1, StopKind.PICKUP, 20_000), stop(2, StopKind.DROP, 20_000))
    )

    story.hears(stopped(HOUR, 18.602, 73.8))  # 220 m from it
    assert story.status == "at_pickup"
    story.hears(moved(2 * HOUR, 18.602, 73.8))
    assert story.status == "in_transit"
    story.hears(stopped(3 * HOUR, 18.69, 73.8))  # 1.1 km
    assert story.status == "in_transit"
    story.hears(stopped(4 * HOUR, 18.7, 73.801))
    assert story.status == "at_drop"


def test_a_stop_that_was_elsewhere_is_no_arrival_any_more() -> None:
    story = Story().assigned(
        load=load(stop(1, StopKind.PICKUP, 20_000), stop(2, StopKind.DROP, 20_000))
    )
    here = stopped(HOUR, 18.6, 73.8)
    story.hears(here)
    assert story.status == "at_pickup"

    story.hears(corrected(here, 2 * HOUR, lat=18.65))

    assert story.status == "assigned"


def test_several_stops_are_taken_in_their_order() -> None:
    kinds = (StopKind.PICKUP, StopKind.PICKUP, StopKind.DROP, StopKind.DROP)
    stops = [stop(i, kind, 10_000, f"f{i}") for i, kind in enumerate(kinds, start=1)]
    story = Story().assigned(load=load(*stops))
    seen = []
    for number in (1, 2, 3, 4):
        story.hears(entered(f"f{number}", number * HOUR))
        seen.append(story.status)
        if number > 2:
            story.proves(f"S{number}")
        story.hears(exited(f"f{number}", number * HOUR + 30 * MINUTE))
        seen.append(story.status)

    assert seen == [
        *("at_pickup", "in_transit", "at_pickup", "in_transit"),
        *("at_drop", "in_transit", "at_drop", "delivered"),
    ]


def test_two_stops_at_one_place_follow_each_other() -> None:
    stops = (
        stop(1, StopKind.PICKUP, 10_000, "plant"),
        stop(2, StopKind.PICKUP, 10_000, "plant"),
        stop(3, StopKind.DROP, 20_000, "site"),
    )
    story = Story().assigned(load=load(*stops))
    story.hears(entered("plant", HOUR))
    assert "S2 arrived" not in story.marks()

    story.at(2 * HOUR).does(_reach(Milestone.DONE, "S1", 2 * HOUR))
    assert story.marks()["S2 arrived"] == 2 * HOUR
    story.hears(exited("plant", 3 * HOUR))

    assert story.status == "in_transit"
    assert story.marks()["S1 left"] == story.marks()["S2 left"] == 3 * HOUR


def test_by_hand_needs_a_reason_an_order_and_a_past() -> None:
    story = Story().assigned()
    story.at(HOUR)

    bare = asked.Reach(by=DESK, leg="L1", milestone=Milestone.ARRIVED, stop="S1")
    assert story.refused(bare) == "reason_needed"
    assert story.refused(_reach(Milestone.ARRIVED, "S2", HOUR)) == "stop_order"
    assert story.refused(_reach(Milestone.LEFT, "S1", HOUR)) == "stop_order"
    assert story.refused(_reach(Milestone.ARRIVED, "S1", 2 * HOUR)) == "in_future"
    assert story.refused(_reach(Milestone.ARRIVED, "S1", 1)) == "time_order"
    assert story.refused(_reach(Milestone.ARRIVED, "S9", HOUR)) == "unknown_stop"

    story.does(_reach(Milestone.ARRIVED, "S1", HOUR))
    assert story.refused(_reach(Milestone.LEFT, "S1", HOUR - 1)) == "time_order"
    story.does(_reach(Milestone.LEFT, "S1", HOUR))
    assert story.status == "in_transit"


def test_by_hand_is_taken_back_and_a_wrong_arrival_denied() -> None:
    story = Story().assigned()
    story.at(HOUR).does(_reach(Milestone.ARRIVED, "S1", HOUR))
    story.does(_back(Milestone.ARRIVED))
    assert story.status == "assigned"
    assert story.refused(_back(Milestone.ARRIVED)) == "not_reached"

    story.hears(entered("plant", 2 * HOUR))
    story.does(_back(Milestone.ARRIVED))
    assert story.status == "assigned"
    story.hears(exited("plant", 3 * HOUR), entered("plant", 4 * HOUR))
    assert story.marks()["S1 arrived"] == 4 * HOUR


def test_a_proof_says_that_the_stops_before_are_behind_it() -> None:
    """The device was dead all the way; the driver's telephone was not."""
    story = Story().assigned()

    story.at(5 * HOUR).proves("S2", at_ms=4 * HOUR, reason="its tracker is dead")

    assert story.status == "delivered"
    assert story.source("S1", Milestone.ARRIVED) is Source.INFERRED


def test_a_leg_sees_only_its_own_truck() -> None:
    story = Story().assigned(legs_kg=(12_000, 8_000))
    story.hears(entered("plant", HOUR, truck="T2"))

    assert story.leg("L1").status is Status.ASSIGNED
    assert story.leg("L2").status is Status.AT_PICKUP
    assert story.status == "assigned"  # the least advanced


def test_a_place_of_its_own_needs_no_name() -> None:
    plain = Stop("S1", StopKind.PICKUP, Place(18.6, 73.8), 20_000)
    story = Story()

    story.does(create(load=load(plain, stop(2, StopKind.DROP, 20_000))))

    assert story.status == "created"


def _reach(milestone: Milestone, stop_id: str, at_ms: int) -> asked.Reach:
    return asked.Reach(
        by=DESK, leg="L1", milestone=milestone, stop=stop_id, at_ms=at_ms, reason="rang the driver"
    )


def _back(milestone: Milestone) -> asked.TakeBack:
    return asked.TakeBack(by=DESK, leg="L1", milestone=milestone, stop="S1", reason="wrong truck")
