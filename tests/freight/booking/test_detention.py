"""The clock of a waiting truck, to the minute and to the paisa."""

from __future__ import annotations

import pytest

from freight.booking import commands as asked
from freight.booking.detention import Clock, charge_minor, clocks
from freight.booking.events import DetentionReopened, DetentionSettled
from freight.booking.rules import WaitingRule
from freight.booking.state import FreeTime, Milestone, Quoted, Side
from freight.load import StopKind, Window
from tests.freight.booking.story import (
    DESK,
    HOUR,
    MINUTE,
    SECOND,
    Story,
    create,
    entered,
    exited,
    load,
    retracted,
    rules,
    stop,
)

# An hour free, then 150.00 for each hour begun, at most 600.00.
HOURLY = WaitingRule(free_minutes=60, basis_minutes=60, basis_minor=15_000, cap_minor=60_000)
# A day free, then 2 000.00 for each day begun.
DAILY = WaitingRule(free_minutes=1440, basis_minutes=1440, basis_minor=200_000)


def hourly() -> Story:
    usual = rules()
    waiting = usual.detention.model_copy(update={"pickup": HOURLY, "drop": DAILY})
    return Story(rules(detention=waiting)).assigned()


def clock(story: Story, stop_id: str = "S1") -> Clock:
    found = {one.stop: one for one in clocks(story.now, story.rules, story.now_ms)}
    return found[stop_id]


@pytest.mark.parametrize(
    ("waited_minutes", "paise"),
    [
        (0, 0),
        (60, 0),  # all of it free
        (61, 15_000),  # the first hour has begun
        (120, 15_000),  # and is just over
        (121, 30_000),
        (150, 30_000),  # 90 minutes beyond the free ones: two hours begun
        (300, 60_000),
        (301, 60_000),  # the cap
        (6000, 60_000),
    ],
)
def test_each_hour_begun_is_charged_up_to_the_cap(waited_minutes: int, paise: int) -> None:
    story = hourly()
    story.hears(entered("plant", HOUR), exited("plant", HOUR + waited_minutes * MINUTE))

    assert sum(charge.amount_minor for charge in story.now.charges.values()) == paise


@pytest.mark.parametrize(
    ("minutes", "paise"),
    [(0, 0), (1, 200_000), (1440, 200_000), (1441, 400_000)],
)
def test_by_the_day(minutes: int, paise: int) -> None:
    assert charge_minor(minutes, FreeTime(1440, 1440, 200_000)) == paise


def test_seconds_are_no_minute() -> None:
    story = hourly()
    story.hears(entered("plant", HOUR), exited("plant", 2 * HOUR + 59 * SECOND))

    assert story.now.charges == {}


def test_both_sides_see_the_clock_run() -> None:
    story = hourly()
    story.hears(entered("plant", HOUR))

    waits = clock(story.at(HOUR + 30 * MINUTE))
    assert (waits.free_until_ms, waits.running_since_ms) == (2 * HOUR, None)
    assert (waits.minutes, waits.charge_minor, waits.to_ms) == (0, 0, None)

    runs = clock(story.at(3 * HOUR + 30 * MINUTE))
    assert (runs.minutes, runs.charge_minor) == (90, 30_000)
    assert runs.running_since_ms == 2 * HOUR
    assert runs.payer is Side.SHIPPER
    assert story.now.charges == {}  # nothing is final while it waits


def test_it_is_settled_when_the_truck_leaves() -> None:
    story = hourly()
    story.hears(entered("plant", HOUR))
    told = story.hears(exited("plant", 3 * HOUR + 30 * MINUTE))

    settled = [event for event in told if isinstance(event, DetentionSettled)]
    assert [(e.stop, e.minutes, e.before_minor, e.charge.amount_minor) for e in settled] == [
        ("S1", 90, None, 30_000)
    ]
    assert settled[0].at_ms == 3 * HOUR + 30 * MINUTE
    assert clock(story.at(9 * HOUR)).charge_minor == 30_000


def test_it_begins_with_the_window_if_the_truck_is_early() -> None:
    window = Window(4 * HOUR, 6 * HOUR)
    early = stop(1, StopKind.PICKUP, 20_000, "plant")
    stops = (
        type(early)(early.id, early.kind, early.place, early.weight_kg, window),
        stop(2, StopKind.DROP, 20_000, "site"),
    )
    usual = rules()
    waiting = usual.detention.model_copy(update={"pickup": HOURLY})
    story = Story(rules(detention=waiting)).assigned(load=load(*stops))
    story.hears(entered("plant", HOUR), exited("plant", 5 * HOUR + MINUTE))

    found = clock(story)
    assert (found.from_ms, found.free_until_ms) == (4 * HOUR, 5 * HOUR)
    assert found.charge_minor == 15_000


def test_time_may_be_excluded_also_after_it_was_charged() -> None:
    story = hourly()
    story.hears(entered("plant", HOUR), exited("plant", 5 * HOUR))
    assert clock(story).charge_minor == 45_000

    story.does(_exclude(2 * HOUR, 3 * HOUR))
    told = story.does(_exclude(2 * HOUR + 30 * MINUTE, 3 * HOUR + 30 * MINUTE))

    found = clock(story)
    assert (found.excluded_minutes, found.minutes, found.charge_minor) == (90, 90, 30_000)
    assert found.free_until_ms == 2 * HOUR
    assert sum(charge.amount_minor for charge in story.now.charges.values()) == 30_000
    assert told[0].cause.reason == "the gate was shut"
    assert story.refused(_exclude(3 * HOUR, 2 * HOUR)) == "invalid_time"
    assert story.refused(_exclude(0, 9 * HOUR)) == "in_future"
    odd = asked.ExcludeDetention(by=DESK, leg="L1", stop="S1", from_ms=1, to_ms=2, why="rain")
    assert story.refused(odd) == "unknown_exclusion"


def test_excluded_free_time_ends_later() -> None:
    story = hourly()
    story.hears(entered("plant", HOUR))
    story.at(2 * HOUR).does(_exclude(HOUR + 10 * MINUTE, HOUR + 40 * MINUTE))

    assert clock(story).free_until_ms == 2 * HOUR + 30 * MINUTE


def test_a_retracted_arrival_takes_the_charge_back() -> None:
    story = hourly()
    came = entered("plant", HOUR)
    story.hears(came, exited("plant", 5 * HOUR))
    assert story.now.charges

    told = story.hears(retracted(came, 6 * HOUR))

    assert any(isinstance(event, DetentionReopened) for event in told)
    assert story.now.charges == {}


def test_a_truck_that_comes_back_has_not_done_waiting() -> None:
    story = hourly()
    story.hears(entered("plant", HOUR), exited("plant", 3 * HOUR), entered("plant", 4 * HOUR))
    assert story.now.charges == {}

    story.hears(exited("plant", 5 * HOUR))

    assert clock(story).charge_minor == 45_000


def test_the_quote_says_it_before_the_rules_and_what_was_agreed_stays() -> None:
    mine = FreeTime(free_minutes=0, basis_minutes=60, basis_minor=99)
    story = hourly()
    story = Story(story.rules).assigned(price=Quoted("Q", 1, "d", "INR", pickup=mine))
    free = rules().detention.model_copy(update={"pickup": DAILY})
    story.rules = rules(detention=free)  # changed later: nothing to this booking
    story.hears(entered("plant", HOUR), exited("plant", 2 * HOUR))

    assert clock(story).charge_minor == 99


def test_a_class_of_trucks_may_have_its_own() -> None:
    of_class = rules().detention.model_copy(update={"pickup_of_class": {"OPEN_12W": HOURLY}})
    story = Story(rules(detention=of_class))
    story.does(create())
    story.does(asked.Confirm(by=DESK))

    agreed = story.now.agreed
    assert agreed is not None
    assert agreed.pickup.basis_minor == 15_000
    assert agreed.drop.basis_minor == 20_000


def test_closing_settles_the_clock_of_a_truck_that_nobody_saw_leave() -> None:
    story = hourly()
    story.hears(entered("plant", HOUR), exited("plant", 2 * HOUR), entered("site", 3 * HOUR))
    story.proves("S2")

    story.at(3 * HOUR + 25 * HOUR).does(asked.Close(by=DESK))

    assert story.status == "closed"
    assert [charge.amount_minor for charge in story.now.charges.values()] == [200_000]


def test_a_shipper_who_lets_a_truck_wait_and_go_pays_for_it() -> None:
    story = hourly()
    story.hears(entered("plant", HOUR))

    story.at(4 * HOUR).does(asked.Unassign(by=DESK, leg="L1", fault=Side.SHIPPER))
    assert [charge.amount_minor for charge in story.now.charges.values()] == [30_000]

    story.does(asked.Assign(by=DESK, leg="L1", truck="T2"))
    story.hears(entered("plant", 5 * HOUR, truck="T2"), exited("plant", 7 * HOUR, truck="T2"))
    assert [charge.amount_minor for charge in story.now.charges.values()] == [30_000, 15_000]


def test_by_hand_counts_as_the_truck_does() -> None:
    story = hourly()
    story.at(9 * HOUR)
    for milestone, at_ms in ((Milestone.ARRIVED, HOUR), (Milestone.LEFT, 4 * HOUR)):
        story.does(
            asked.Reach(
                by=DESK, leg="L1", milestone=milestone, stop="S1", at_ms=at_ms, reason="papers"
            )
        )

    assert clock(story).charge_minor == 30_000


def _exclude(from_ms: int, to_ms: int) -> asked.ExcludeDetention:
    return asked.ExcludeDetention(
        by=DESK,
        leg="L1",
        stop="S1",
        from_ms=from_ms,
        to_ms=to_ms,
        why="gate_closed",
        reason="the gate was shut",
    )
