"""A second policy on the same input: what would have been different, added up over windows."""

from __future__ import annotations

from freight.dispatch.matching import plan
from freight.dispatch.shadow import Comparison, Figures, shadowed
from tests.freight.dispatch.given import NOW_MS, leg, rules, truck

FLEET = [truck(1, (18.50, 73.8)), truck(2, (18.60, 73.8), price_minor_per_km=4_000)]
WAITING = [leg("B1/L1", (18.5, 73.8), to_ms=NOW_MS), leg("B2/L1", (28.0, 77.0))]


def test_what_another_policy_would_have_done() -> None:
    """Ours sends the near truck, the other one the cheap one, which comes too late."""
    live = plan(WAITING, FLEET, rules(), NOW_MS)
    cheap = rules(costs={"dead_km_minor": 0, "late_minor_per_minute": 0})
    compared = shadowed(live, WAITING, FLEET, cheap)

    assert compared.otherwise == 1
    assert compared.live == Figures(
        legs=2, assigned=1, on_time=1, dead_m=0, late_ms=0, price_minor=675_000, changes=0
    )
    assert (compared.shadow.on_time, compared.shadow.price_minor) == (0, 600_000)
    assert compared.shadow.dead_m == 14_455  # 11.11950 km in a straight line
    assert compared.shadow.late_ms == 1_486_837


def test_the_same_policy_makes_no_difference() -> None:
    live = plan(WAITING, FLEET, rules(), NOW_MS)
    compared = shadowed(live, WAITING, FLEET, rules())

    assert compared == Comparison(compared.live, compared.live, 0)


def test_windows_add_up() -> None:
    live = plan(WAITING, FLEET, rules(), NOW_MS)
    compared = shadowed(live, WAITING, FLEET, rules(range={"rings_max": 6}, mode="manual"))
    twice = Comparison() + compared + compared

    assert twice.live.price_minor == 2 * 675_000
    assert twice.shadow == Figures(legs=4)
    assert twice.otherwise == 2
