"""A truck that is about to be empty near a pickup is sent there before it is."""

from __future__ import annotations

from freight.dispatch.backhaul import finishing
from freight.dispatch.matching import plan
from tests.freight.dispatch.given import HOUR_MS, MINUTE_MS, MUMBAI, NOW_MS, leg, rules, truck

RULES = rules(travel={"unloading_minutes": 60})


def test_it_is_empty_after_unloading_at_its_drop() -> None:
    coming = finishing(truck(1), MUMBAI, NOW_MS + HOUR_MS, RULES.travel, NOW_MS)

    assert coming.free_at_ms == NOW_MS + 2 * HOUR_MS
    assert (coming.free_lat, coming.free_lon) == MUMBAI
    late = finishing(truck(1), MUMBAI, NOW_MS - HOUR_MS, RULES.travel, NOW_MS)
    assert late.free_at_ms == NOW_MS + HOUR_MS


def test_it_gets_the_load_at_its_drop_rather_than_a_truck_that_comes_empty() -> None:
    coming = finishing(truck(1), MUMBAI, NOW_MS + 30 * MINUTE_MS, RULES.travel, NOW_MS)
    empty = truck(2, (19.6, 72.9))
    found = plan([leg(at=MUMBAI)], [coming, empty], RULES, NOW_MS)

    assert [each.truck.id for each in found.assignments] == ["T1"]
    assert found.assignments[0].dead_m == 0
    assert found.assignments[0].eta_ms == NOW_MS + 90 * MINUTE_MS


def test_it_does_not_where_the_load_cannot_wait() -> None:
    coming = finishing(truck(1), MUMBAI, NOW_MS + 5 * HOUR_MS, RULES.travel, NOW_MS)
    empty = truck(2, (19.3, 72.9))
    found = plan([leg(at=MUMBAI, to_ms=NOW_MS + HOUR_MS)], [coming, empty], RULES, NOW_MS)

    assert [each.truck.id for each in found.assignments] == ["T2"]
