"""The benchmark's made-up market, small: the optimum is scipy's, and greedy is not better."""

from __future__ import annotations

from bench.dispatch import EVERYWHERE, dense_total, rules
from bench.dispatch_world import NOW_MS, free_trucks, waiting_legs
from freight.dispatch.matching import plan


def test_a_small_market_is_solved_to_the_optimum() -> None:
    legs, trucks = waiting_legs(80, 3), free_trucks(160, 3)
    by = rules(range=EVERYWHERE, constraints={"late_minutes_max": 6_000})
    found = plan(legs, trucks, by, NOW_MS)

    assert found.total_minor == found.bound_minor == dense_total(found, trucks, by)
    assert all(len(found.explanation(leg.id).keys) == 160 for leg in legs)


def test_one_after_another_costs_at_least_as_much() -> None:
    legs, trucks = waiting_legs(80, 3), free_trucks(160, 3)
    window = plan(legs, trucks, rules(range=EVERYWHERE), NOW_MS)
    instant = plan(legs, trucks, rules(range=EVERYWHERE, mode="instant"), NOW_MS)

    assert instant.total_minor >= window.total_minor
