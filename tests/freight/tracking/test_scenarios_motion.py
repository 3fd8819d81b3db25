"""What happens to trucks on real roads, and what is to be told of it: one story a test."""

from __future__ import annotations

import numpy as np
import pytest

from config.policy import defaults
from freight.fixes import FIX_DTYPE, MISSING_INT8, FixArray
from freight.tracking.columns import TruckColumns
from freight.tracking.fences import FenceBook
from freight.tracking.fold import fold
from ingest.admission import RateLimiter, judge
from tests.freight.tracking.journey import LAT, LON, T0, Journey, Told, around_with, tell
from tests.freight.tracking.stream import world
from tests.freight.world import TENANT_KEY

HOUR = 3600


def motion_of(told: Told) -> list[tuple[str, int]]:
    return [e for e in told.events if e[0] in ("truck.moved", "truck.stopped")]


def test_jitter_of_a_parked_truck() -> None:
    """Parked for eight hours below trees; its receiver, without speeds, wanders 50 m to all sides
    each ten seconds, and once an hour says something 110 m off. Not one metre is driven.
    """
    journey = Journey(says_speed=False).drive(20, 50)
    for _ in range(8):
        journey.stand(59, noise_m=50).wait(10).fix(0, noise_m=110)
    journey.drive(20, 50)

    told = tell(journey)

    assert motion_of(told) == [
        ("truck.stopped", pytest.approx(1210, abs=120)),
        ("truck.moved", 1200 + 8 * 3550),
    ]
    assert [t["distance_km"] for t in told.span_data("trip")[:1]] == [pytest.approx(16.6, abs=0.2)]


def test_tunnel() -> None:
    """Twelve minutes in a tunnel without a word, in at 70 km/h and out 14 km later: one trip, its
    distance whole, no stop, no interruption.
    """
    journey = Journey().stand(5).drive(20, 70).wait(720).shift(14_000).fix(70).drive(20, 70)

    told = tell(journey.stand(5))

    assert motion_of(told) == [("truck.moved", 300), ("truck.stopped", 300 + 52 * 60 + 10)]
    (trip,) = told.span_data("trip")
    assert trip["distance_km"] == pytest.approx(2 * 70 / 3 + 14.0, abs=0.1)
    assert trip["unseen_km"] == 0.0
    assert not told.spans("interruption")


def test_ferry() -> None:
    """Waits at the ramp, engine off, is ferried 8 km in half an hour, still speaking, and drives
    on: what the ferry moved it is carried, not driven, and no driver drove the while.
    """
    journey = Journey().stand(5, ignition=False).drive(20, 50, ignition=True)
    journey.stand(10, ignition=False).drive(30, 16, ignition=False).stand(1, ignition=False)
    journey.drive(20, 50, ignition=True).stand(5, ignition=False)

    told = tell(journey)

    to_ferry, across = told.span_data("trip")
    assert to_ferry["distance_km"] == pytest.approx(16.7, abs=0.1)
    assert across["carried_km"] == pytest.approx(8.0, abs=0.1)
    assert across["distance_km"] == pytest.approx(16.7, abs=0.1)
    assert across["driving_s"] == pytest.approx(21 * 60, abs=30)  # off the ramp, too
    assert [e["carried"] for e in told.event("truck.moved")] == [False, True]


def test_ferry_without_a_signal() -> None:
    """The same, silent on the water for an hour and slower than any drive: it stood at the ramp
    until it was on the other side, and what lies between was carried.
    """
    journey = Journey().stand(5, ignition=False).drive(20, 50, ignition=True)
    journey.stand(10, ignition=False).wait(HOUR).shift(8000).stand(1, ignition=False)
    journey.drive(20, 50, ignition=True).stand(5, ignition=False)

    told = tell(journey)

    _, across = told.span_data("trip")
    assert across["carried_km"] == pytest.approx(8.0, abs=0.1)
    assert across["unseen_km"] == 0.0
    assert across["distance_km"] == pytest.approx(16.7, abs=0.1)
    left_s = 300 + 1200 + 600 + HOUR + 10 - 8000 / 40 * 3.6
    kind, at_s = motion_of(told)[2]
    assert (kind, at_s) == ("truck.moved", round(left_s))


def test_u_turn() -> None:
    """Drives 10 km out, turns round on the spot within a minute, and comes back over its own
    track to where it began: one trip of 20 km, though it ends where it started.
    """
    told = tell(Journey().stand(5).drive(12, 50).stand(0.5).drive(12, -50).stand(5))

    assert motion_of(told) == [("truck.moved", 300), ("truck.stopped", 300 + 24 * 60 + 30 + 10)]
    (trip,) = told.span_data("trip")
    assert trip["distance_km"] == pytest.approx(20.0, abs=0.3)
    assert trip["from"]["lon"] == pytest.approx(trip["to"]["lon"], abs=0.002)


def test_yard_shuffle() -> None:
    """Loading at a plant: every twenty minutes it moves up the queue by 30 m, and once to the
    weighbridge 100 m away and back. For the dispatcher that is one stop of two hours.
    """
    journey = Journey(5).drive(20, 50)
    for _ in range(3):
        journey.stand(20).drive(0.25, 7)
    journey.stand(20).drive(0.5, -7).stand(5).drive(0.5, 7).stand(30)
    journey.drive(20, 50)

    told = tell(journey)

    assert motion_of(told) == [
        ("truck.stopped", 1205),
        ("truck.moved", pytest.approx(1200 + 115 * 60 + 105, abs=15)),
    ]


def test_parked_but_pinging() -> None:
    """Parked over a weekend, it speaks each ten minutes, always from the same place: one stop of
    60 hours, no interruption, no trip, and next to no work.
    """
    told = tell(Journey(600).fix().drive(60, 50).stand(60 * 60, noise_m=30), around_with())

    assert len(told.spans("stop")) == 1
    assert told.spans("stop")[0][1] is None
    assert not told.spans("interruption")
    assert told.shown < 90  # of 360, most of them to keep the hourly state


def test_a_watched_trip_older_than_two_days() -> None:
    """Two drivers take turns at the wheel for fifty hours without a stop. The trip is still watched
    on its third day: its end is told with its whole length.
    """
    journey = Journey(60).stand(5).drive(50 * 60, 60).stand(10)

    told = tell(journey)

    assert told.spans("trip") == [(300, 300 + 50 * HOUR + 60)]
    (trip,) = told.span_data("trip")
    assert trip["distance_km"] == pytest.approx(3000, rel=0.001)


def test_two_devices_on_one_truck() -> None:
    """A box under the dashboard and a phone, 6 m apart and a second out of step, both under the
    truck's name: their ways zigzag, which makes the trip less than two per cent longer, and
    neither parked nor driving another trip, a stop or an alarm.
    """
    box, phone = Journey(10), Journey(10).wait(1).shift(east_m=6.0, north_m=6.0)
    for device in (box, phone):
        device.stand(30).drive(60, 60).stand(30)

    told = tell(sorted(box.fixes + phone.fixes, key=lambda fix: fix.ts_ms))

    assert [kind for kind, _ in told.events] == ["truck.moved", "truck.stopped"]
    (trip,) = told.span_data("trip")
    assert trip["distance_km"] == pytest.approx(60.0, rel=0.02)
    assert trip["speed_kmh_max"] == 60.0


# ------------------------------------------------------------------------------------ 1980


def test_reboot_with_a_clock_of_1980_is_refused_at_the_door() -> None:
    """The battery was changed: until it hears satellites the device says 6 January 1980."""
    limits = defaults().ingest.admission
    verdicts = judge(_row(315_964_800_000), limits, RateLimiter(limits), now_ms=T0)

    assert verdicts.too_old.tolist() == [True]


def test_reboot_with_a_clock_that_is_a_day_slow_moves_nothing_back() -> None:
    """Not old enough to be refused, it is older than what is known: the fold takes it for a late
    fix, to be put in at its place, and the truck stays where it is now.
    """
    columns, around = TruckColumns(), world(FenceBook())
    columns.apply(fold(columns, _row(T0), around), T0)
    before = columns.tracked_of(0, TENANT_KEY, 1)

    folding = fold(columns, _row(T0 - 86_400_000), around)

    assert folding.older_index.tolist() == [0]
    assert folding.events == []
    columns.apply(folding, T0)
    assert columns.tracked_of(0, TENANT_KEY, 1) == before


def _row(ts_ms: int) -> FixArray:
    fixes = np.zeros(1, dtype=FIX_DTYPE)
    for name in FIX_DTYPE.names or ():
        if FIX_DTYPE[name].kind == "f":
            fixes[name] = np.nan
    fixes["tenant_key"], fixes["truck_key"], fixes["ts_ms"] = TENANT_KEY, 1, ts_ms
    fixes["received_ms"], fixes["lat"], fixes["lon"] = T0, LAT, LON
    fixes["ignition"] = fixes["alarm"] = MISSING_INT8
    return fixes
