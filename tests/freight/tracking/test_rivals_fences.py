"""What other products get wrong about fences, one named test each."""

from __future__ import annotations

from freight.tracking.sample import Sample
from tests.freight.tracking.fencing_journeys import (
    RADIUS_M,
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


def test_an_exit_only_fence_fires() -> None:
    """Elsewhere the state is kept only by the branch that tells of entries, so nobody exits."""
    told = tell(drive(20), fenced(yard(notify=("exited",))))

    assert story(told) == [("exited", 610)]
    assert told.event("truck.fence.exited")[0]["entered_ts_ms"] == T0 + 400_000


def test_no_early_dwell_after_leaving_and_coming_back() -> None:
    """Elsewhere the timer of the first visit goes off in the second."""
    journey = to(5000.0).stand(15).wait(60).shift(-4000.0).stand(1).wait(60).shift(4000.0).stand(10)

    told = tell(journey, fenced(yard(dwell_s=1200.0)))

    assert kinds(told) == ["entered", "exited", "entered"]


def test_a_yard_visit_whose_fixes_come_late_is_told_at_its_time() -> None:
    """Elsewhere a fix older than the newest makes no events; here all are folded in their order,
    whenever they came in."""
    journey = drive(20)
    stored = [
        Sample(f.ts_ms, f.received_ms + (7_200_000 if 390 < i * 10 < 620 else 0), f.lat, f.lon)
        for i, f in enumerate(journey.fixes, start=1)
    ]

    told = follow_changes(([], [yard()]), (stored, []))

    assert story(told) == [("entered", 400), ("exited", 610)]


def test_a_first_fix_outside_is_no_exit() -> None:
    """Elsewhere a device that was never inside is told to have left."""
    assert story(tell(Journey().fix().stand(60), fenced(yard()))) == []


def test_times_are_the_devices_and_not_the_wall_clocks() -> None:
    """Elsewhere dwelling is counted by when messages arrive: a day's fixes sent at once have
    dwelled nowhere, and an old message that is sent again has dwelled for a day."""
    visit = to(5000.0).stand(20).wait(60).shift(-4000.0).stand(5)
    at_once = [Sample(f.ts_ms, T0 + 90_000_000, f.lat, f.lon) for f in visit.fixes]

    told = tell(at_once, fenced(yard(dwell_s=600.0)))

    assert story(told) == [("entered", 610), ("dwelled", 1210), ("exited", 1870)]


def test_nothing_is_told_twice() -> None:
    """Elsewhere a truck that stays inside is announced again with each message, restart or user."""
    around = fenced(yard(dwell_s=300.0))

    told, again = tell(to(5000.0).stand(300), around), tell(to(5000.0).stand(300), around)

    assert story(told) == [("entered", 610), ("dwelled", 910)]
    assert [e.id for e in told.truck.facts.events] == [e.id for e in again.truck.facts.events]
    assert len({e.id for e in told.truck.facts.events}) == len(told.truck.facts.events)


def test_a_truck_that_stands_and_goes_on_pinging_dwells() -> None:
    """Elsewhere only silence counts as standing."""
    assert story(tell(to(5000.0).stand(120), fenced(yard(dwell_s=3600.0)))) == [
        *(("entered", 610), ("dwelled", 4210)),
    ]


def test_a_visit_between_two_fixes_of_a_slow_tracker_is_told() -> None:
    """Elsewhere a fence that no fix fell into was never visited."""
    told = tell(Journey(120.0).drive(20, 72.0), fenced(yard(300.0, 6000.0, crossings=True)))

    assert kinds(told) == ["entered", "exited"]


def test_jitter_at_the_border_for_an_hour_is_one_pair_at_most() -> None:
    """Elsewhere each fix on the other side is a crossing."""
    for seed in range(6):
        journey = Journey(10.0, seed=seed).shift(5000.0 - RADIUS_M).stand(60, noise_m=50.0)

        told = kinds(tell(journey, fenced(yard())))

        assert told in ([], ["entered"], ["entered", "exited"])


def test_the_speed_limit_of_a_fence_is_used_and_its_hours_may_span_midnight() -> None:
    """Elsewhere the one is stored and never read, and 22:00 to 06:00 never matches."""
    night = {
        "time_zone": "Asia/Kolkata",
        "windows": [{"days": ["thu"], "from": "14:00", "to": "06:00"}],
    }

    assert kinds(tell(drive(20), fenced(yard(schedule=night)))) == ["entered", "exited"]


def test_fences_hold_what_any_device_says() -> None:
    """Elsewhere fixes of telematics providers skip fences: here every believed fix is asked, with
    speed, heading and accuracy or without."""
    bare = [Sample(f.ts_ms, f.received_ms, f.lat, f.lon) for f in drive(20).fixes]
    rich = drive(20)

    both = [story(tell(fixes, fenced(yard()))) for fixes in (bare, rich)]

    assert both[0] == both[1] == [("entered", 400), ("exited", 610)]


def test_overlapping_fences_are_told_apart() -> None:
    told = tell(drive(20), fenced(yard(), Change("same", disc(), 2)))

    assert {e.data["fence"] for e in told.truck.facts.events if ".fence." in e.type} == {
        *("yard", "same"),
    }
    assert len(story(told)) == 4
