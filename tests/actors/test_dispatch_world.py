"""What changes slowly is counted once for many rounds: hours that are left, and ratings."""

from __future__ import annotations

from actors.dispatch_world import of_late
from config.policy import defaults
from freight.fleet.ratings import Counts

HOUR_MS = 3_600_000
NOW_MS = 1_790_000_000_000


def test_who_drove_all_day_has_less_left_than_who_rested() -> None:
    seven_hours = ((NOW_MS - 8 * HOUR_MS, NOW_MS - HOUR_MS),)
    found = of_late({1: seven_hours}, {}, defaults(), NOW_MS)

    assert found.minutes_left[1] < found.rested_minutes
    assert found.rested_minutes > 0


def test_a_carrier_that_keeps_times_is_rated_above_one_that_declines() -> None:
    good = Counts(trips=50, promised=50, on_time=50, offers=50)
    bad = Counts(trips=50, promised=50, on_time=10, offers=50, declines=40, deviations=60)
    found = of_late({}, {"good": good, "bad": bad}, defaults(), NOW_MS)

    assert found.ratings["bad"] < found.ratings["good"] <= defaults().dispatch.costs.rating_best
