"""Trucks that break down, drivers that change, legs that fail and are carried all the same."""

from __future__ import annotations

from freight.booking import commands as asked
from freight.booking.events import LegFailed, MilestoneTakenBack, Swapped, Unassigned
from freight.booking.state import Milestone, Status
from tests.freight.booking.story import (
    DESK,
    DRIVER,
    HOUR,
    MINUTE,
    Story,
    create,
    entered,
    exited,
    moved,
)


def in_transit() -> Story:
    story = Story().assigned()
    story.hears(entered("plant", HOUR), exited("plant", 2 * HOUR))
    assert story.status == "in_transit"
    return story


def test_a_breakdown_in_transit_keeps_what_was_reached() -> None:
    story = in_transit()
    reached = story.marks()

    told = story.at(3 * HOUR).does(
        asked.Swap(
            by=DESK,
            leg="L1",
            truck="T2",
            driver="anil",
            carrier="c2",
            lat=18.65,
            lon=73.8,
            driven_m=41_000,
            reason="gearbox",
        )
    )

    assert [type(event) for event in told] == [Swapped]
    assert story.status == "in_transit"
    assert story.marks() == reached
    old, new = story.leg().carriages
    assert (old.truck, old.from_ms, old.to_ms, old.void) == ("T1", MINUTE, 3 * HOUR, False)
    assert (old.handover_lat, old.handover_lon, old.driven_m) == (18.65, 73.8, 41_000)
    assert (new.truck, new.driver, new.carrier, new.from_ms) == ("T2", "anil", "c2", 3 * HOUR)


def test_after_a_swap_only_the_new_truck_arrives() -> None:
    story = in_transit()
    story.at(3 * HOUR).does(asked.Swap(by=DESK, leg="L1", truck="T2"))

    story.hears(entered("site", 4 * HOUR, "T1"))  # towed to the yard next door
    assert story.status == "in_transit"
    story.hears(entered("site", 5 * HOUR, "T2"))
    assert story.status == "at_drop"
    story.proves("S2")
    assert story.status == "delivered"


def test_a_late_fact_of_the_old_truck_still_counts() -> None:
    """It was silent when it was loaded and broke down."""
    story = Story().assigned()
    story.hears(entered("plant", HOUR))
    story.at(2 * HOUR).proves("S1")
    story.at(3 * HOUR).does(asked.Swap(by=DESK, leg="L1", truck="T2"))

    story.hears(exited("plant", 2 * HOUR + 30 * MINUTE, "T1"))

    assert story.marks()["S1 left"] == 2 * HOUR + 30 * MINUTE
    assert story.status == "in_transit"


def test_before_loading_another_truck_begins_anew() -> None:
    story = Story().assigned()
    story.hears(entered("plant", HOUR))

    story.at(2 * HOUR).does(asked.Swap(by=DESK, leg="L1", truck="T2"))

    assert story.status == "assigned"
    assert story.marks() == {}
    assert story.leg().carriages[0].void
    story.hears(exited("plant", 3 * HOUR, "T1"))
    assert story.status == "assigned"


def test_another_driver_in_the_same_truck_changes_nothing_else() -> None:
    story = Story().assigned()
    story.hears(entered("plant", HOUR))
    reached = story.marks()

    story.at(2 * HOUR).does(asked.Swap(by=DESK, leg="L1", driver="anil"))
    assert story.marks() == reached
    story.hears(exited("plant", 3 * HOUR))

    assert story.status == "in_transit"
    assert story.marks()["S1 arrived"] == HOUR
    assert story.refused(asked.Swap(by=DESK, leg="L1", driver="anil")) == "nothing_changes"
    assert story.refused(asked.Swap(by=DESK, leg="L1", truck="T3", at_ms=9 * HOUR)) == "in_future"
    assert story.refused(asked.Swap(by=DESK, leg="L1", truck="T3", at_ms=HOUR)) == "time_order"


def test_a_leg_may_be_taken_from_its_truck_before_loading() -> None:
    story = Story().assigned()
    story.hears(moved(5 * MINUTE, 18.4, 73.8))

    told = story.at(HOUR).does(asked.Unassign(by=DESK, leg="L1", reason="no show"))

    assert [type(event) for event in told] == [Unassigned]
    assert not any(isinstance(event, MilestoneTakenBack) for event in told)
    assert story.status == "dispatching"
    story.does(asked.Assign(by=DESK, leg="L1", truck="T2"))
    story.hears(entered("plant", 2 * HOUR, "T2"))
    assert story.status == "at_pickup"


def test_a_failed_leg_is_dispatched_again() -> None:
    story = Story().assigned()
    told = story.at(HOUR).does(asked.Fail(by=DESK, leg="L1", reason="accident on the way"))

    assert isinstance(told[0], LegFailed)
    assert told[0].stage is Status.ASSIGNED
    assert story.status == "failed"
    story.does(asked.StartDispatch(by=DESK))
    assert story.status == "dispatching"
    story.does(asked.Assign(by=DESK, leg="L1", truck="T2"))
    assert story.status == "assigned"


def test_a_load_that_stands_in_a_broken_truck_goes_on_with_the_next() -> None:
    story = in_transit()
    story.at(3 * HOUR).does(asked.Fail(by=DESK, leg="L1", reason="axle"))
    assert story.status == "failed"
    assert story.refused(asked.Split(by=DESK, leg="L1", weights_kg=(1, 19_999))) == "failed"

    story.does(asked.StartDispatch(by=DESK))
    story.at(4 * HOUR).does(asked.Assign(by=DESK, leg="L1", truck="T2"))

    assert story.status == "in_transit"
    assert [carriage.truck for carriage in story.leg().carriages] == ["T1", "T2"]
    story.hears(entered("site", 5 * HOUR, "T2"))
    assert story.status == "at_drop"


def test_the_least_advanced_leg_is_the_bookings_status() -> None:
    story = Story().assigned(legs_kg=(12_000, 8_000))
    story.hears(entered("plant", HOUR, "T1"), exited("plant", 2 * HOUR, "T1"))
    assert story.status == "assigned"

    story.does(asked.Fail(by=DESK, leg="L2"))
    assert story.status == "failed"
    assert story.leg("L1").status is Status.IN_TRANSIT


def test_what_a_truck_does_before_its_time_is_for_another_load() -> None:
    """It is promised for when it will be empty, and comes by the pickup before that."""
    story = Story()
    story.does(create())
    story.does(asked.Confirm(by=DESK))
    story.at(MINUTE).does(asked.Assign(by=DESK, leg="L1", truck="T1", from_ms=5 * HOUR))

    story.hears(entered("plant", HOUR), exited("plant", 2 * HOUR))
    assert story.status == "assigned"
    story.hears(entered("plant", 4 * HOUR))
    assert story.marks()["S1 arrived"] == 5 * HOUR


def test_a_truck_that_is_empty_earlier_says_so_by_setting_out() -> None:
    story = Story()
    story.does(create())
    story.does(asked.Confirm(by=DESK))
    story.at(MINUTE).does(asked.Assign(by=DESK, leg="L1", truck="T1", from_ms=5 * HOUR))
    story.at(3 * HOUR)
    early = asked.Reach(by=DRIVER, leg="L1", milestone=Milestone.EN_ROUTE, at_ms=MINUTE - 1)
    assert story.refused(early) == "time_order"

    story.does(asked.Reach(by=DRIVER, leg="L1", milestone=Milestone.EN_ROUTE))
    story.hears(entered("plant", 4 * HOUR), exited("plant", 4 * HOUR + 30 * MINUTE))

    assert story.status == "in_transit"
    assert story.marks()["S1 arrived"] == 4 * HOUR


def test_a_truck_may_be_replaced_before_its_time() -> None:
    story = Story()
    story.does(create())
    story.does(asked.Confirm(by=DESK))
    story.at(MINUTE).does(asked.Assign(by=DESK, leg="L1", truck="T1", from_ms=5 * HOUR))

    story.at(HOUR).does(asked.Swap(by=DESK, leg="L1", truck="T2"))
    story.hears(entered("plant", 2 * HOUR, "T2"))

    assert story.marks()["S1 arrived"] == 2 * HOUR
    assert story.leg().carriages[0].void
