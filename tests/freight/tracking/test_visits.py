"""Visits to fences: journeys with their story beside them."""

from __future__ import annotations

import msgspec
import pytest

from freight.tracking.machines import visits
from tests.freight.tracking.fencing_journeys import (
    DRIVE_KMH,
    disc,
    drive,
    fenced,
    follow_changes,
    kinds,
    story,
    to,
    yard,
)
from tests.freight.tracking.journey import T0, Journey, tell
from tests.freight.world import Change

# ------------------------------------------------------------------------------ in and out


def test_driving_through_is_told_with_the_first_fix_on_each_side() -> None:
    told = tell(drive(20), fenced(yard()))

    assert story(told) == [("entered", 400), ("exited", 610)]
    (entered,) = told.event("truck.fence.entered")
    assert entered["previous_ts_ms"] == T0 + 390_000
    assert (entered["fence"], entered["fence_name"], entered["fence_kind"]) == (
        *("yard", "Yard", "depot"),
    )
    assert "initial" not in entered
    (exited,) = told.event("truck.fence.exited")
    assert exited["entered_ts_ms"] == T0 + 400_000
    assert told.spans("visit") == [(400, 610)]
    (visit,) = told.span_data("visit")
    assert (visit["inside_s"], visit["fixes"], visit["way_km"]) == (210.0, 21, 2.0)


def test_a_fix_at_the_border_decides_nothing_and_is_the_crossing_once_the_next_one_does() -> None:
    told = tell(to(3995.0).fix().wait(10).shift(60.0).fix(), fenced(yard()))

    (entered,) = told.event("truck.fence.entered")
    assert story(told) == [("entered", 600)]
    assert (entered["depth_m"], entered["margin_m"]) == (65.0, 50.0)
    assert told.truck.facts.events[-1].decided_ms == T0 + 610_000


def test_parked_a_little_inside_a_big_yard_it_enters_after_some_fixes() -> None:
    told = tell(to(4020.0).fix().stand(30, noise_m=15.0), fenced(yard()))

    assert story(told) == [("entered", 600)]
    decided_ms = next(e for e in told.truck.facts.events if ".fence." in e.type).decided_ms
    assert decided_ms == T0 + 660_000  # not before a minute's evidence


def test_parked_at_the_very_border_it_has_entered_after_half_an_hour_on_one_side() -> None:
    told = tell(to(3992.0).fix().stand(120), fenced(yard()))

    assert story(told) == [("entered", 600)]
    assert told.shown < 200  # of 721 fixes: then it is quiet


def test_one_wrong_fix_inside_is_no_visit_and_soon_forgotten() -> None:
    journey = to(3960.0).stand(5).shift(35.0).stand(0.2).shift(-35.0).stand(120)

    told = tell(journey, fenced(yard()))

    assert story(told) == []
    assert told.shown < 60


def test_an_inaccurate_fix_does_not_decide_alone() -> None:
    journey = to(5000.0).fix(accuracy_m=150.0)
    assert story(tell(journey, fenced(yard(100.0)))) == []

    journey.stand(2, accuracy_m=60.0)
    assert story(tell(journey, fenced(yard(100.0)))) == [("entered", 600)]


def test_in_a_small_fence_half_its_depth_is_enough() -> None:
    assert story(tell(to(5000.0).fix(), fenced(yard(30.0)))) == [("entered", 600)]


def test_a_truck_in_several_fences_tells_each() -> None:
    inner = Change("dock", disc(205.0), 2)

    assert story(tell(drive(20), fenced(yard(), inner))) == [
        *(("entered", 400), ("entered", 480)),
        *(("exited", 530), ("exited", 610)),
    ]


def test_who_goes_away_and_comes_back_is_told_each_time() -> None:
    journey = Journey()
    for _ in range(3):
        journey.drive(15, DRIVE_KMH).drive(15, -DRIVE_KMH)

    assert kinds(tell(journey, fenced(yard()))) == ["entered", "exited"] * 6


# ------------------------------------------------------------------------- not a crossing


def test_a_first_fix_inside_is_a_fact_and_one_outside_none() -> None:
    inside = tell(Journey().shift(5000.0).fix(), fenced(yard()))
    assert story(inside) == [("entered", 0)]
    assert inside.event("truck.fence.entered")[0]["initial"] is True

    assert story(tell(Journey().fix().stand(5), fenced(yard()))) == []


def test_a_fence_drawn_around_a_standing_truck_was_not_driven_into() -> None:
    before, after = to(5000.0).stand(5).fixes, to(5000.0).stand(10).fixes[31:]

    told = follow_changes((before, [yard()]), (after, []))

    assert story(told) == [("entered", 910)]
    assert told.event("truck.fence.entered")[0]["initial"] is True


def test_a_deleted_fence_is_not_left_and_its_visit_ends_with_the_last_fix_before() -> None:
    journey = to(5000.0).stand(5)
    before, after = journey.fixes[:20], journey.fixes[20:]
    gone = Change("yard", None, 2)

    told = follow_changes(([], [yard()]), (before, [gone]), (after, []))

    assert story(told) == [("entered", 610)]
    assert told.spans("visit") == [(610, 790)]
    assert told.truck.state.visits == visits.START


def test_a_fence_moved_away_from_a_standing_truck_is_left() -> None:
    journey = to(5000.0).stand(5)
    before, after = journey.fixes[:20], journey.fixes[20:]

    told = follow_changes(
        ([], [yard()]), (before, [Change("yard", disc(east_m=9000.0), 2)]), (after, [])
    )

    assert story(told) == [("entered", 610), ("exited", 800)]


def test_a_fence_says_nothing_of_fixes_that_came_in_before_it_was_drawn() -> None:
    late = Change("yard", disc(), 1, valid_from_ms=T0 + 500_000)

    told = tell(drive(20), fenced(late))

    assert story(told) == [("entered", 500), ("exited", 610)]
    assert told.event("truck.fence.entered")[0]["initial"] is True


# ---------------------------------------------------------------------------------- dwelling


def test_dwelled_once_at_its_hour() -> None:
    told = tell(to(5000.0).stand(60), fenced(yard(dwell_s=1000.0)))

    assert story(told) == [("entered", 610), ("dwelled", 1610)]
    (dwelled,) = told.event("truck.fence.dwelled")
    assert (dwelled["dwell_s"], dwelled["entered_ts_ms"]) == (1000.0, T0 + 610_000)


def test_dwelling_begins_anew_with_each_visit() -> None:
    journey = to(5000.0).stand(15).wait(10).shift(-4000.0).stand(10).wait(10).shift(4000.0)

    told = tell(journey.stand(15), fenced(yard(dwell_s=1000.0)))

    assert kinds(told) == ["entered", "exited", "entered"]


def test_wandering_over_the_border_interrupts_no_dwelling() -> None:
    journey = to(4020.0).stand(5).shift(-40.0).stand(0.5).shift(40.0).stand(30)

    told = story(tell(journey, fenced(yard(dwell_s=1000.0))))

    assert told == [("entered", 610), ("dwelled", 1610)]


def test_who_leaves_in_silence_before_the_hour_has_not_dwelled() -> None:
    journey = to(5000.0).stand(5).wait(7200).shift(5000.0).fix()

    assert kinds(tell(journey, fenced(yard(dwell_s=1000.0)))) == ["entered", "exited"]


def test_a_dwell_time_asked_for_later_is_not_told_of_the_past() -> None:
    journey = to(5000.0).stand(60)
    before, after = journey.fixes[:200], journey.fixes[200:]
    asked = Change("yard", disc(), 2, dwell_s=60.0)

    told = follow_changes(([], [yard()]), (before, [asked]), (after, []))

    assert story(told) == [("entered", 610), ("dwelled", 2600)]


# ------------------------------------------------------------------------- who is told what


@pytest.mark.parametrize(
    ("notify", "expected"),
    [
        (("exited",), ["exited"]),
        (("entered",), ["entered"]),
        (("dwelled",), ["dwelled"]),
        ((), []),
        (None, ["entered", "dwelled", "exited"]),
    ],
)
def test_only_what_is_asked_for(notify: tuple[str, ...] | None, expected: list[str]) -> None:
    told = tell(drive(20), fenced(yard(dwell_s=60.0, notify=notify)))

    assert kinds(told) == expected
    assert told.spans("visit") == [(400, 610)]


def test_a_fence_for_some_classes_is_not_there_for_others() -> None:
    heavy = yard(truck_classes=("trailer",))

    assert len(story(tell(drive(20), fenced(heavy, truck_class="trailer")))) == 2
    assert story(tell(drive(20), fenced(heavy, truck_class="lcv"))) == []
    assert story(tell(drive(20), fenced(heavy))) == []  # nobody knows


def test_no_entry_for_some_classes() -> None:
    city = yard(kind="no_entry", truck_classes=("trailer",), notify=())

    told = tell(drive(20), fenced(city, truck_class="trailer"))

    assert story(told) == [("no_entry_violated", 400)]
    (violated,) = told.event("truck.fence.no_entry_violated")
    assert (violated["fence"], violated["truck_class"]) == ("yard", "trailer")
    assert story(tell(drive(20), fenced(city, truck_class="lcv"))) == []


def test_the_least_speed_limit_of_the_fences_it_is_in() -> None:
    slow = Change("dock", disc(), 2, speed_limit_kmh=10.0)
    around = fenced(yard(speed_limit_kmh=30.0), slow, Change("town", disc(), 3))

    assert visits.limit_kmh(tell(to(5000.0).fix(), around).truck.state.visits, around) == 10.0
    assert visits.limit_kmh(tell(to(0.0).fix(), around).truck.state.visits, around) is None


def test_the_state_is_small_and_survives_a_snapshot() -> None:
    around = fenced(*[Change(f"fence-{i}", disc(), i) for i in range(20)])
    state = tell(to(5000.0).stand(2), around).truck.state.visits

    kept = msgspec.msgpack.encode(state)

    assert msgspec.msgpack.decode(kept, type=visits.Visits) == state
    assert len(kept) < 20 * 75
    assert len(msgspec.msgpack.encode(visits.START)) == 5
