"""By what a truck is excluded, and what a candidate costs: tables written out by hand."""

from __future__ import annotations

from typing import Any

import pytest

from freight.dispatch.explanations import Verdict
from freight.dispatch.matching import plan
from freight.dispatch.reasons import Part, Reason
from tests.freight.dispatch.given import (
    DAY_MS,
    HOUR_MS,
    MINUTE_MS,
    MUMBAI,
    NOW_MS,
    PUNE,
    leg,
    rules,
    truck,
)

# At the pickup itself, 150 km at 35 km/h (4 h 17 min 9 s) from the drop.
DELIVERED_MS = NOW_MS + 90 * MINUTE_MS + 15_428_572
FROM_KM_10 = (PUNE[0] + 10 / 111.1951, PUNE[1])  # 13 km by road, so 22 min 17 s


def verdict(of_truck: dict[str, Any], of_leg: dict[str, Any], **groups: dict[str, Any]) -> Verdict:
    by = rules(mode="manual", **groups)
    found = plan([leg(**of_leg)], [truck(1, **of_truck)], by, NOW_MS).explanation("B1/L1")
    known = found.verdict(1)
    assert known is not None
    return known


@pytest.mark.parametrize(
    ("of_truck", "of_leg", "reason"),
    [
        ({}, {}, None),
        ({"online": False}, {}, Reason.OFFLINE),
        ({"seen_ms": NOW_MS - 30 * MINUTE_MS}, {}, None),
        ({"seen_ms": NOW_MS - 30 * MINUTE_MS - 1}, {}, Reason.STALE),
        ({"available": False}, {}, Reason.UNAVAILABLE),
        ({"cleared": False}, {}, Reason.NOT_CLEARED),
        ({"promised": True}, {}, Reason.PROMISED),
        ({"free_at_ms": NOW_MS + 6 * HOUR_MS}, {}, None),
        ({"free_at_ms": NOW_MS + 6 * HOUR_MS + 1}, {}, Reason.FREE_TOO_LATE),
        ({}, {"classes": frozenset({"MXL_32", "SXL_32"})}, None),
        ({}, {"classes": frozenset({"SXL_32"})}, Reason.CLASS),
        ({}, {"bodies": frozenset({"container"})}, None),
        ({}, {"bodies": frozenset({"open"})}, Reason.BODY),
        ({"handling": frozenset({"crane", "rope"})}, {"handling": frozenset({"crane"})}, None),
        ({"handling": frozenset({"rope"})}, {"handling": frozenset({"crane"})}, Reason.HANDLING),
        ({"hazardous": True}, {"hazardous": True}, None),
        ({}, {"hazardous": True}, Reason.HAZARDOUS),
        ({"payload_kg": 12_000}, {}, None),
        ({"payload_kg": 11_999}, {}, Reason.CAPACITY),
        ({}, {"exclusive": frozenset({"C1", "C7"})}, None),
        ({}, {"exclusive": frozenset({"C7"})}, Reason.EXCLUSIVE),
        ({"carrier": None}, {"exclusive": frozenset({"C1"})}, Reason.EXCLUSIVE),
        ({}, {"blocked": frozenset({"C2"})}, None),
        ({}, {"blocked": frozenset({"C1"})}, Reason.BLOCKED),
        ({"carrier": None}, {"blocked": frozenset({"C1"})}, None),
        ({}, {"declined_trucks": frozenset({"T2"})}, None),
        ({}, {"declined_trucks": frozenset({"T1", "T2"})}, Reason.DECLINED),
        ({}, {"declined_carriers": frozenset({"C1"})}, None),
        ({"barred_zones": 0b110}, {"zones": 0b001}, None),
        ({"barred_zones": 0b110}, {"zones": 0b011}, Reason.ZONE),
        ({"barred_zones": 1 << 90}, {"zones": 1 << 90}, Reason.ZONE),
        ({}, {"price_minor_max": 675_000}, None),
        ({}, {"price_minor_max": 674_999}, Reason.PRICE),
        # A truck that has said nothing is expected to ask for the usual 4 500 paise a km.
        ({"price_minor_per_km": None}, {"price_minor_max": 674_999}, Reason.PRICE),
        ({}, {"to_ms": NOW_MS - 4 * HOUR_MS}, None),
        ({}, {"to_ms": NOW_MS - 4 * HOUR_MS - 1}, Reason.TOO_LATE),
        ({"papers_until_ms": DELIVERED_MS + DAY_MS}, {}, None),
        ({"papers_until_ms": DELIVERED_MS + DAY_MS - 1}, {}, Reason.PAPERS),
        ({"papers_until_ms": None}, {}, Reason.PAPERS),
        # Who may only load later, delivers later.
        (
            {"papers_until_ms": DELIVERED_MS + DAY_MS + HOUR_MS},
            {"from_ms": NOW_MS + HOUR_MS + 1},
            Reason.PAPERS,
        ),
        ({"papers_until_ms": DELIVERED_MS + DAY_MS}, {"trip_minutes": 259}, Reason.PAPERS),
        ({"driver_minutes_left": 240}, {}, None),
        ({"driver_minutes_left": 239}, {}, Reason.DRIVER_HOURS),
        ({"driver_minutes_left": 100}, {"trip_minutes": 100}, None),
        ({"driver_minutes_left": 99}, {"trip_minutes": 100}, Reason.DRIVER_HOURS),
        ({"driver_minutes_left": None}, {}, None),
    ],
)
def test_one_rule_at_a_time(
    of_truck: dict[str, Any], of_leg: dict[str, Any], reason: Reason | None
) -> None:
    assert verdict(of_truck, of_leg).reasons == (() if reason is None else (reason,))


@pytest.mark.parametrize(
    ("of_truck", "of_leg", "constraints", "reasons"),
    [
        ({"papers_until_ms": None}, {}, {"allow_unknown_papers": True}, ()),
        (
            {"driver_minutes_left": None},
            {},
            {"allow_unknown_hours": False},
            (Reason.DRIVER_HOURS,),
        ),
        (
            {},
            {"declined_carriers": frozenset({"C1"})},
            {"refuse_declined_carrier": True},
            (Reason.DECLINED,),
        ),
        (
            {"carrier": None},
            {"declined_carriers": frozenset({"C1"})},
            {"refuse_declined_carrier": True},
            (),
        ),
        ({"seen_ms": NOW_MS - 2 * HOUR_MS}, {}, {"position_age_s_max": 7200}, ()),
    ],
)
def test_what_a_tenant_may_set(
    of_truck: dict[str, Any],
    of_leg: dict[str, Any],
    constraints: dict[str, Any],
    reasons: tuple[Reason, ...],
) -> None:
    assert verdict(of_truck, of_leg, constraints=constraints).reasons == reasons


def test_all_failing_rules_are_told_the_first_one_at_the_front() -> None:
    found = verdict(
        {"promised": True, "payload_kg": 1_000, "papers_until_ms": NOW_MS},
        {"bodies": frozenset({"open"})},
    )

    assert found.reasons == (Reason.PROMISED, Reason.BODY, Reason.CAPACITY, Reason.PAPERS)
    assert found.cost_minor is None
    assert found.parts is None


def test_a_wrong_class_is_wrong_for_every_truck_of_that_kind() -> None:
    fleet = [truck(n, truck_class="ACE_7" if n % 2 else "MXL_32") for n in range(4)]
    waiting = [leg("B1/L1"), leg("B2/L1", classes=frozenset({"ACE_7"}))]
    found = plan(waiting, fleet, rules(mode="manual"), NOW_MS)

    assert [found.explanation("B2/L1").verdict(n).reasons for n in range(4)] == [  # type: ignore[union-attr]
        (Reason.CLASS,),
        (),
        (Reason.CLASS,),
        (),
    ]
    assert found.explanation("B1/L1").candidates() == 4


@pytest.mark.parametrize(
    ("of_truck", "of_leg", "part", "minor"),
    [
        ({}, {}, Part.DEAD_KM, 0),
        # 13.0000 km by road at 35 rupees; for a trailer at 45.
        ({"lat": FROM_KM_10[0]}, {}, Part.DEAD_KM, 45_500),
        ({"lat": FROM_KM_10[0], "truck_class": "TRL_18W"}, {}, Part.DEAD_KM, 58_500),
        ({}, {"to_ms": NOW_MS - 10 * MINUTE_MS}, Part.LATE, 10_000),
        ({}, {"to_ms": NOW_MS + 10 * MINUTE_MS}, Part.LATE, 0),
        ({"free_at_ms": NOW_MS + HOUR_MS}, {"to_ms": NOW_MS}, Part.LATE, 60_000),
        ({}, {"from_ms": NOW_MS + HOUR_MS}, Part.EARLY, 6_000),
        ({}, {"from_ms": NOW_MS - HOUR_MS}, Part.EARLY, 0),
        ({"rating": 4.0}, {}, Part.RATING, 20_000),
        ({"rating": None}, {}, Part.RATING, 30_000),
        ({"rating": 5.5}, {}, Part.RATING, 0),
        ({"last_load_ms": NOW_MS - 8 * HOUR_MS}, {}, Part.FAIRNESS, 40_000),
        ({"last_load_ms": NOW_MS - 60 * HOUR_MS}, {}, Part.FAIRNESS, 0),
        ({"last_load_ms": None}, {}, Part.FAIRNESS, 0),
        # From Pune to Mumbai, 120.49 km nearer to a home there, or farther from one in Pune.
        ({"home_lat": MUMBAI[0], "home_lon": MUMBAI[1]}, {}, Part.HOME, -18_074),
        ({"home_lat": PUNE[0], "home_lon": PUNE[1]}, {}, Part.HOME, 18_074),
        ({}, {}, Part.HOME, 0),
        ({"price_minor_per_km": 4_000}, {}, Part.PRICE, 600_000),
        ({"price_minor_per_km": None}, {}, Part.PRICE, 675_000),
        ({"free_at_ms": NOW_MS + 2 * HOUR_MS}, {}, Part.UNFINISHED, 10_000),
        ({"free_at_ms": NOW_MS - HOUR_MS}, {}, Part.UNFINISHED, 0),
        ({}, {}, Part.CHANGE, 0),
    ],
)
def test_each_part_of_a_score(
    of_truck: dict[str, Any], of_leg: dict[str, Any], part: Part, minor: int
) -> None:
    found = verdict(of_truck, of_leg)

    assert found.parts is not None
    assert found.parts[part] == pytest.approx(minor, abs=1)
    assert sum(found.parts.values()) == found.cost_minor


def test_a_way_home_that_is_very_long_counts_no_more_than_so_much() -> None:
    home = {"home_lat": MUMBAI[0], "home_lon": MUMBAI[1]}
    found = verdict(home, {}, costs={"home_km_max": 100})

    assert found.parts is not None
    assert found.parts[Part.HOME] == -15_000


def test_a_price_may_count_in_part() -> None:
    found = verdict({"price_minor_per_km": 4_001}, {}, costs={"price_percentage": 50})

    assert found.parts is not None
    assert found.parts[Part.PRICE] == 300_075


def test_when_it_arrives_and_how_far_it_drives_empty() -> None:
    found = verdict({"lat": FROM_KM_10[0], "free_at_ms": NOW_MS + HOUR_MS}, {})

    assert found.dead_m == 13_000
    assert found.eta_ms == pytest.approx(NOW_MS + HOUR_MS + 13 / 35 * HOUR_MS, abs=50)


def test_a_finishing_truck_drives_from_where_it_will_be_empty() -> None:
    found = verdict(
        {"lat": 28.6, "lon": 77.2, "free_lat": PUNE[0], "free_lon": PUNE[1]},
        {},
    )

    assert found.dead_m == 0
