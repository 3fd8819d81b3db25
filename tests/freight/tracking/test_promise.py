"""When trucks are expected to arrive, by hand, and promises that come into danger and out of it."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.policy import defaults
from freight.tracking.eta import Ahead, EtaRules, expected_ms, forecast
from freight.tracking.machines.promise import Driven, Promise, pace_of
from tests.freight.tracking.journey import T0, Told, rules_with
from tests.freight.tracking.trips_on_routes import Trip, plan, route_events, told_of

ZONE = "Asia/Kolkata"
NOON_MS = 1_760_000_000_000 - 1_760_000_000_000 % 86_400_000 + 6 * 3_600_000 + 1_800_000
HOUR_MS = 3_600_000
FLAT: dict[str, Any] = {
    "road_kmh": {"unknown": 40.0, "fast": 60.0},
    "hour_pace": (1.0,) * 24,
    "halts_s_per_hour": 0.0,
    "rest_after_s": 36_000.0,
}


def rules(**keys: Any) -> EtaRules:
    given = defaults().tracking_rules.eta.model_dump() | FLAT | keys
    return EtaRules.model_validate(given)


def hours(ahead: Ahead, at_ms: int = NOON_MS, **keys: Any) -> float:
    return forecast(ahead, at_ms, rules(**keys), ZONE).mean_ms / HOUR_MS


UNKNOWN = ((0.0, "unknown"),)
MIXED = ((0.0, "unknown"), (80_000.0, "fast"))


@pytest.mark.parametrize(
    ("ahead", "keys", "expected_h"),
    [
        (Ahead(UNKNOWN, 0.0, 80_000.0), {}, 2.0),
        (Ahead(UNKNOWN, 60_000.0, 80_000.0), {}, 0.5),
        (Ahead(MIXED, 40_000.0, 140_000.0), {}, 2.0),
        (Ahead((*MIXED, (140_000.0, "mule track")), 140_000.0, 160_000.0), {}, 0.5),
        # Half as fast from 13 h on: 40 km in the first hour, the others take two.
        (Ahead(UNKNOWN, 0.0, 80_000.0), {"hour_pace": (1.0,) * 13 + (0.5,) * 11}, 3.0),
        (Ahead(UNKNOWN, 0.0, 80_000.0), {"halts_s_per_hour": 360.0}, 2.2),
        # 8 h of driving, a rest after 4 h: half an hour.
        (Ahead(UNKNOWN, 0.0, 320_000.0), {"rest_after_s": 14_400.0, "rest_s": 1800.0}, 9.0),
        # An hour was driven already: the rest comes after one more.
        (
            Ahead(UNKNOWN, 0.0, 60_000.0, driven_ms=HOUR_MS),
            {"rest_after_s": 7200.0, "rest_s": 1800.0},
            2.0,
        ),
        (Ahead(UNKNOWN, 0.0, 80_000.0, halts=((20_000.0, 900.0), (80_000.0, 900.0))), {}, 2.5),
        (Ahead(UNKNOWN, 30_000.0, 80_000.0, halts=((20_000.0, 900.0),)), {}, 1.25),
        (Ahead(UNKNOWN, 0.0, 80_000.0, pace={"unknown": 2.0}), {}, 1.0),
        (Ahead(MIXED, 0.0, 140_000.0, pace={"unknown": 2.0}, usual_pace=0.5), {}, 3.0),
        (Ahead(UNKNOWN, 80_000.0, 80_000.0), {}, 0.0),
    ],
)
def test_the_time_that_is_left_by_hand(
    ahead: Ahead, keys: dict[str, Any], expected_h: float
) -> None:
    assert hours(ahead, **keys) == pytest.approx(expected_h, abs=1e-6)


def test_shares_of_arrivals_are_in_order_and_around_the_mean() -> None:
    found = forecast(Ahead(UNKNOWN, 0.0, 400_000.0), NOON_MS, rules(rest_after_s=1e6), ZONE)
    p50, p80, p95 = (found.arrival_ms(share) - NOON_MS for share in (50, 80, 95))
    assert p50 < p80 < p95
    assert p50 < found.mean_ms < p80
    # Ten hours: 12 % of the drive and 25 % of single hours are 1.44 h together.
    assert (p95 - p50) / HOUR_MS == pytest.approx(1.645 * 1.44, rel=0.15)


@given(st.floats(1.0, 3_000_000.0), st.integers(1, 10**9))
def test_probability_and_shares_are_one_distribution(length_m: float, later_ms: int) -> None:
    found = forecast(Ahead(UNKNOWN, 0.0, length_m), NOON_MS, rules(), ZONE)
    for share in (50, 80, 95):
        exactly = NOON_MS + math.exp(found.mu + found.sigma * _sigmas(share))
        if exactly - NOON_MS > 1000.0:
            later = found.probability_later(round(exactly))
            assert later == pytest.approx(1.0 - share / 100.0, abs=2e-3)
    assert found.probability_later(NOON_MS - later_ms) == 1.0
    assert 0.0 <= found.probability_later(NOON_MS + later_ms) <= 1.0


def _sigmas(share: int) -> float:
    return {50: 0.0, 80: 0.841621, 95: 1.644854}[share]


def test_who_is_there_has_arrived() -> None:
    found = forecast(Ahead(UNKNOWN, 5.0, 5.0), NOON_MS, rules(), ZONE)
    assert found.arrival_ms(95) == NOON_MS
    assert (found.probability_later(NOON_MS + 1), found.probability_later(NOON_MS)) == (0.0, 1.0)


def test_parts_of_a_way_that_lie_behind_take_no_time() -> None:
    assert expected_ms(UNKNOWN, (20_000.0, 10_000.0), NOON_MS, rules(), ZONE) == 0
    assert expected_ms(UNKNOWN, (10_000.0, 20_000.0), NOON_MS, rules(), ZONE) == HOUR_MS // 4


def test_own_pace_counts_the_more_the_more_was_driven() -> None:
    def pace(km: int, road: str | None = None) -> float:
        driven = (Driven(0, "unknown", km * 1000, HOUR_MS, 2 * HOUR_MS),)
        return pace_of(driven, road, 1.0, rules(own_km=100.0))

    assert pace(0) == pytest.approx(1.0)
    assert pace(100) == pytest.approx(1.5)  # half of twice as fast, half of the usual
    assert pace(10**9) == pytest.approx(2.0, abs=1e-3)
    assert pace(100, "fast") == 1.0


# ------------------------------------------------------------------------------------ promises


def promise(told: Told) -> Promise:
    return told.truck.state.promise


def test_the_arrival_is_expected_anew_as_the_truck_drives() -> None:
    told = told_of(Trip().drive((50, 0)), plan((0, 0), (100, 0)))
    found = promise(told).expected
    assert found is not None
    left_s = (found.p50_ms - found.looked_ms) / 1000.0
    # Fifty kilometres at 60 km/h would be 3000 s, at the usual 40 km/h and with halts 4800 s; it
    # is looked at every ten kilometres or quarter of an hour.
    assert 3000 < left_s < 5400
    assert found.p50_ms < found.p80_ms < found.p95_ms
    assert found.remaining_m == pytest.approx(50_000, abs=15_000)
    assert sum(d.metres for d in promise(told).driven) == pytest.approx(50_000, abs=15_000)


def test_a_slow_truck_is_expected_later() -> None:
    route = plan((0, 0), (100, 0))
    fast = promise(told_of(Trip().drive((50, 0), kmh=80), route)).expected
    slow = promise(told_of(Trip().drive((50, 0), kmh=20), route)).expected
    assert fast is not None
    assert slow is not None
    assert slow.p50_ms - slow.looked_ms > 1.5 * (fast.p50_ms - fast.looked_ms)


def test_halts_say_nothing_about_the_pace() -> None:
    route = plan((0, 0), (100, 0))
    straight = promise(told_of(Trip().drive((30, 0)), route)).driven
    halted = promise(told_of(Trip().drive((15, 0)).stand(90).drive((30, 0)), route)).driven
    for driven in (straight, halted):
        kmh = sum(d.metres for d in driven) / sum(d.took_ms for d in driven) * 3600
        assert kmh == pytest.approx(60.0, rel=0.1)


def test_a_promise_comes_into_danger_and_out_of_it() -> None:
    """An hour of standing makes it doubtful; a fast road ahead makes it good again."""
    promised = plan((0, 0), (100, 0), promised_to_ms=T0 + 3 * HOUR_MS)
    trip = Trip().drive((20, 0)).stand(60).drive((99, 0), kmh=80)
    told = told_of(trip, promised)
    kinds = [kind for kind, _ in route_events(told)]
    assert kinds == ["route.started", "promise.at_risk", "promise.safe"]
    (risk,), (safe,) = told.event("truck.promise.at_risk"), told.event("truck.promise.safe")
    assert risk["probability"] >= 0.5
    assert safe["probability"] <= 0.3
    assert risk["promised_to_ms"] == T0 + 3 * HOUR_MS
    assert len(told.spans("promise_at_risk")) == 1


def test_a_promise_that_is_missed_stays_in_danger_until_the_end() -> None:
    promised = plan((0, 0), (100, 0), promised_to_ms=T0 + HOUR_MS)
    told = told_of(Trip().drive((100, 0)), promised)
    assert [kind for kind, _ in route_events(told)] == [
        "route.started",
        "promise.at_risk",
        "route.arrived",
    ]
    ((_, ended_s),) = told.spans("promise_at_risk")
    assert ended_s == told.spans("journey")[0][1]
    (arrived,) = told.event("truck.route.arrived")
    assert arrived["late_s"] == pytest.approx(5970 - 3600, abs=20)


def test_without_a_promise_there_is_none_to_break() -> None:
    told = told_of(Trip().drive((50, 0)), plan((0, 0), (100, 0)))
    found = promise(told).expected
    assert found is not None
    assert found.late_share is None


def test_trigger_and_clear_need_two_values() -> None:
    with pytest.raises(ValueError, match="safe_share must be less than at_risk_share"):
        rules_with(eta={"safe_share": 0.5, "at_risk_share": 0.5})
    with pytest.raises(ValueError, match="return_m must be less than leave_m"):
        rules_with(following={"return_m": 300, "leave_m": 300})
