"""Fences with hours: what a truck is told to do when they begin and end, and when that is."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freight.tracking.schedules import DAYS, ScheduleError, parse_schedule
from tests.freight.tracking.fencing_journeys import drive, fenced, story, to, yard
from tests.freight.tracking.journey import T0, tell

INDIA = "Asia/Kolkata"


def hours(*windows: tuple[str, str, str], zone: str = INDIA) -> dict[str, Any]:
    """Each: days in one word, from, to."""
    return {
        "time_zone": zone,
        "windows": [{"days": d.split(), "from": start, "to": end} for d, start, end in windows],
    }


# T0 is a Thursday, 14:23:20 in India: these hours are from second 400 to second 1 000.
SOON = hours(("thu", "14:30", "14:40"))


# ----------------------------------------------------------------------------- what is told


def test_outside_its_hours_a_fence_tells_nothing() -> None:
    assert story(tell(drive(20), fenced(yard(schedule=hours(("fri", "00:00", "24:00")))))) == []


def test_within_its_hours_it_tells_as_any_other() -> None:
    """Inside from second 400 to 610."""
    told = tell(drive(20), fenced(yard(schedule=hours(("thu", "14:00", "15:00")))))

    assert story(told) == [("entered", 400), ("exited", 610)]
    assert "schedule" not in told.event("truck.fence.entered")[0]


def test_who_is_inside_when_the_hours_begin_has_not_driven_in() -> None:
    journey = to(5000.0)
    journey.ts_ms -= 600_000

    told = tell(journey.stand(10), fenced(yard(schedule=SOON)))

    assert story(told) == [("entered", 400)]
    (entered,) = told.event("truck.fence.entered")
    assert (entered["initial"], entered["schedule"]) == (True, "opened")


def test_when_the_hours_end_the_visit_ends_though_the_truck_stays() -> None:
    told = tell(to(5000.0).stand(30), fenced(yard(schedule=SOON)))

    assert story(told) == [("entered", 610), ("exited", 1000)]
    assert told.event("truck.fence.exited")[0]["schedule"] == "closed"
    assert told.spans("visit") == [(610, 1000)]


def test_silence_over_a_break_in_the_hours_is_two_visits() -> None:
    schedule = hours(("thu", "14:30", "14:40"), ("thu", "15:00", "16:00"))
    journey = to(5000.0).stand(5).wait(3600).stand(5)

    told = tell(journey, fenced(yard(schedule=schedule)))

    assert story(told) == [("entered", 610), ("exited", 1000), ("entered", 2200)]


def test_who_entered_before_the_hours_and_left_in_them_is_told_from_their_begin() -> None:
    """Inside from second 400 to 610; the hours begin at 14:31, second 460."""
    told = tell(drive(20), fenced(yard(schedule=hours(("thu", "14:31", "15:00")))))

    assert story(told) == [("entered", 460), ("exited", 610)]


def test_dwelling_counts_from_the_begin_of_the_hours_and_not_beyond_their_end() -> None:
    journey = to(5000.0)
    journey.ts_ms -= 600_000
    journey.stand(30)

    assert story(tell(journey, fenced(yard(schedule=SOON, dwell_s=500.0)))) == [
        *(("entered", 400), ("dwelled", 900), ("exited", 1000)),
    ]
    assert story(tell(journey, fenced(yard(schedule=SOON, dwell_s=601.0)))) == [
        *(("entered", 400), ("exited", 1000)),
    ]


def test_no_entry_in_the_city_by_day() -> None:
    """A truck that was let in at night must be out when the day's ban begins."""
    journey = to(5000.0)
    journey.ts_ms -= 600_000
    city = yard(kind="no_entry", schedule=SOON, notify=(), truck_classes=("trailer",))

    told = tell(journey.stand(10), fenced(city, truck_class="trailer"))

    assert story(told) == [("no_entry_violated", 400)]


# -------------------------------------------------------------------------------- the hours


def ms(text: str) -> int:
    return round(datetime.fromisoformat(text).astimezone(UTC).timestamp() * 1000)


def test_a_night_over_midnight_belongs_to_the_day_it_begins_on() -> None:
    night = parse_schedule(hours(("sat", "22:00", "06:00")))

    opens, closes = ms("2025-10-11T22:00+05:30"), ms("2025-10-12T06:00+05:30")
    assert [night.is_open(t) for t in (opens - 1, opens, closes - 1, closes)] == [
        *(False, True, True, False),
    ]
    assert night.next_edge_ms(opens - 1) == opens
    assert (night.opened_ms(closes - 1), night.closes_ms(opens)) == (opens, closes)


def test_hours_that_touch_are_one_and_all_week_never_ends() -> None:
    two = parse_schedule(hours(("mon", "08:00", "24:00"), ("tue", "00:00", "10:00")))
    assert two.closes_ms(ms("2025-10-13T09:00+05:30")) == ms("2025-10-14T10:00+05:30")

    always = parse_schedule(hours((" ".join(DAYS), "00:00", "24:00")))
    assert always.is_open(T0)
    assert (always.opened_ms(T0), always.closes_ms(T0), always.next_edge_ms(T0)) == (None,) * 3


def test_days_that_lose_or_repeat_an_hour_keep_the_clock_on_the_wall() -> None:
    berlin = parse_schedule(hours(("sun", "01:00", "04:00"), zone="Europe/Berlin"))

    for begins, ends, hours_long in (
        ("2025-03-30T01:00+01:00", "2025-03-30T04:00+02:00", 2),
        ("2025-10-26T01:00+02:00", "2025-10-26T04:00+01:00", 4),
    ):
        assert berlin.closes_ms(ms(begins)) == ms(ends) == ms(begins) + hours_long * 3_600_000


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        {},
        hours(),
        hours(("mon", "8:00", "9:00")),
        hours(("mon", "08:00", "24:01")),
        hours(("montag", "08:00", "09:00")),
        hours(("", "08:00", "09:00")),
        hours(("mon", "08:00", "09:00"), zone="Mars/Olympus"),
        {**SOON, "more": 1},
    ],
)
def test_what_cannot_be_read_is_refused(wrong: Any) -> None:
    with pytest.raises(ScheduleError):
        parse_schedule(wrong)


clocks = st.builds(lambda h, m: f"{h:02}:{m:02}", st.integers(0, 23), st.integers(0, 59))
windows = st.tuples(st.lists(st.sampled_from(DAYS), min_size=1).map(" ".join), clocks, clocks)


@settings(max_examples=60, deadline=None)
@given(
    given=st.lists(windows, min_size=1, max_size=5),
    zone=st.sampled_from([INDIA, "Europe/Berlin", "America/St_Johns", "Pacific/Apia"]),
    at_s=st.integers(1_700_000_000, 1_800_000_000),
)
def test_between_two_edges_nothing_changes_and_at_each_it_does(
    given: list[tuple[str, str, str]], zone: str, at_s: int
) -> None:
    schedule = parse_schedule(hours(*given, zone=zone))
    now_ms, now = at_s * 1000, schedule.is_open(at_s * 1000)

    edge_ms = schedule.next_edge_ms(now_ms)

    last_ms = now_ms + 7 * 86_400_000 if edge_ms is None else edge_ms
    step = max(1, (last_ms - now_ms) // 50)
    assert {schedule.is_open(t) for t in range(now_ms, last_ms, step)} == {now}
    assert edge_ms is None or schedule.is_open(edge_ms) is not now
