"""Plans against brute force: the optimum, nothing twice, nobody who may not, all explained."""

from __future__ import annotations

import itertools
import random
from typing import Any

import h3
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from freight.dispatch.columns import Fleet
from freight.dispatch.matching import Plan, Why, plan
from freight.dispatch.reasons import Part, Reason
from freight.dispatch.rules import DispatchRules
from freight.dispatch.world import FreeTruck, WaitingLeg
from tests.freight.dispatch.given import MINUTE_MS, NOW_MS, leg, rules, truck

CLASSES = ("MXL_32", "SXL_32", "ACE_7")
NOBODY = 10**15
# Little room, few kinds, and prices near each other: exchanges pay, and rules exclude some.
places = st.tuples(st.floats(18.0, 20.0), st.floats(73.0, 75.0))
trucks = st.builds(
    lambda at, fields: (at, fields),
    places,
    st.fixed_dictionaries(
        {
            "truck_class": st.sampled_from(CLASSES),
            "payload_kg": st.sampled_from([9_000, 15_000]),
            "carrier": st.sampled_from([None, "C1", "C2"]),
            "rating": st.none() | st.floats(1.0, 5.0),
            "price_minor_per_km": st.none() | st.integers(3_000, 6_000),
            "free_at_ms": st.none() | st.integers(NOW_MS, NOW_MS + 500 * MINUTE_MS),
            "home_lat": st.none() | st.just(26.0),
            "home_lon": st.just(75.0),
            "promised": st.sampled_from([False, False, False, True]),
        }
    ),
)
legs = st.builds(
    lambda at, fields: (at, fields),
    places,
    st.fixed_dictionaries(
        {
            "classes": st.none() | st.just(frozenset(CLASSES[:2])),
            "weight_kg": st.sampled_from([8_000, 12_000]),
            "blocked": st.sampled_from([frozenset[str](), frozenset({"C2"})]),
            "to_ms": st.none() | st.integers(NOW_MS, NOW_MS + 900 * MINUTE_MS),
            "priority": st.integers(0, 2),
            "declined_trucks": st.sampled_from([frozenset[str](), frozenset({"T1"})]),
        }
    ),
)


@st.composite
def worlds(draw: st.DrawFn, most: int = 6) -> tuple[list[WaitingLeg], list[FreeTruck]]:
    found = draw(st.lists(trucks, max_size=most + 2))
    asked = draw(st.lists(legs, max_size=most))
    fleet = [truck(key, at, **fields) for key, (at, fields) in enumerate(found)]
    return [leg(f"B{n}/L1", at, **fields) for n, (at, fields) in enumerate(asked)], fleet


# So dear and so near that everything from "nobody" to "everybody" happens; two candidates at first.
TIGHT: dict[str, Any] = {
    "matching": {
        "unassigned_minor": 900_000,
        "unassigned_minor_per_priority": 100_000,
        "candidates_first": 2,
        "explained_in_parts": 2,
    }
}


def costs_of(found: Plan, waiting: list[WaitingLeg]) -> dict[tuple[str, int], int]:
    """By leg and truck, as explained: of candidates only."""
    return {
        (each.id, verdict.truck_key): verdict.cost_minor
        for each in waiting
        for verdict in found.explanation(each.id).verdicts()
        if verdict.cost_minor is not None
    }


def least_total(found: Plan, waiting: list[WaitingLeg], by: DispatchRules) -> int:
    """Of a dense matrix with a column of its own for leaving each leg."""
    costs = costs_of(found, waiting)
    keys = sorted({key for _, key in costs})
    dense = np.full((len(waiting), len(keys) + len(waiting)), NOBODY, dtype=np.int64)
    for row, each in enumerate(waiting):
        for column, key in enumerate(keys):
            dense[row, column] = costs.get((each.id, key), NOBODY)
        extra = by.matching.unassigned_minor_per_priority * each.priority
        dense[row, len(keys) + row] = by.matching.unassigned_minor + extra
    rows, columns = linear_sum_assignment(dense)
    return int(dense[rows, columns].sum())


def nothing_twice(found: Plan) -> None:
    taken = [each.truck.id for each in found.assignments]
    served = [each.leg.id for each in found.assignments]
    left = [each.leg.id for each in found.unassigned]
    assert len(set(taken)) == len(taken)
    assert len({*served, *left}) == len(served) + len(left)


@settings(max_examples=150, deadline=None)
@given(worlds())
def test_a_window_costs_the_least_there_is(world: tuple[list[WaitingLeg], list[FreeTruck]]) -> None:
    waiting, fleet = world
    by = rules(**TIGHT)
    found = plan(waiting, fleet, by, NOW_MS)

    assert found.total_minor == found.bound_minor == least_total(found, waiting, by)
    nothing_twice(found)
    assert len(found.assignments) + len(found.unassigned) == len(waiting)


@settings(max_examples=100, deadline=None)
@given(worlds(), st.sampled_from(["window", "instant"]))
def test_nobody_goes_whom_a_rule_excludes(
    world: tuple[list[WaitingLeg], list[FreeTruck]], mode: str
) -> None:
    waiting, fleet = world
    found = plan(waiting, fleet, rules(mode=mode, **TIGHT), NOW_MS)

    nothing_twice(found)
    for each in found.assignments:
        sent, asked = each.truck, each.leg
        verdict = found.explanation(asked.id).verdict(sent.key)
        assert verdict is not None
        assert verdict.reasons == ()
        assert verdict.cost_minor == each.cost_minor == sum(each.parts.values())
        assert not sent.promised
        assert sent.payload_kg >= asked.weight_kg
        assert sent.carrier not in asked.blocked
        assert sent.id not in asked.declined_trucks
        assert asked.classes is None or sent.truck_class in asked.classes


@settings(max_examples=60, deadline=None)
@given(worlds(), st.integers(1, 5), st.integers(4, 6))
def test_every_truck_in_range_is_explained(
    world: tuple[list[WaitingLeg], list[FreeTruck]], rings: int, resolution: int
) -> None:
    waiting, fleet = world
    near = {"rings_first": rings, "rings_max": rings, "h3_resolution": resolution}
    found = plan(waiting, fleet, rules(range=near, **TIGHT), NOW_MS)

    for each in waiting:
        cell = h3.latlng_to_cell(each.lat, each.lon, resolution)
        in_range = {
            other.key
            for other in fleet
            if h3.grid_distance(cell, h3.latlng_to_cell(other.lat, other.lon, resolution)) <= rings
        }
        explained = found.explanation(each.id)
        assert set(explained.keys.tolist()) == in_range
        for verdict in explained.verdicts():
            assert (verdict.cost_minor is None) == bool(verdict.reasons)


@settings(max_examples=60, deadline=None)
@given(worlds(), st.randoms(use_true_random=False))
def test_the_order_of_what_comes_in_does_not_matter(
    world: tuple[list[WaitingLeg], list[FreeTruck]], chance: random.Random
) -> None:
    waiting, fleet = world
    before = plan(waiting, fleet, rules(**TIGHT), NOW_MS)
    chance.shuffle(waiting)
    chance.shuffle(fleet)

    assert plan(waiting, fleet, rules(**TIGHT), NOW_MS) == before


def changes_between(found: Plan, waiting: list[WaitingLeg]) -> int:
    """Of legs whose planned truck may still go."""
    return sum(
        each.id not in found.by_leg or found.by_leg[each.id].truck.id != each.standing
        for each in waiting
        if each.standing is not None and each.id not in found.forced
    )


@settings(max_examples=100, deadline=None)
@given(worlds(5), st.integers(0, 3), st.data())
def test_the_budget_of_changes_is_kept(
    world: tuple[list[WaitingLeg], list[FreeTruck]], most: int, data: st.DataObject
) -> None:
    bare, fleet = world
    names = data.draw(st.permutations([None] * 3 + [each.id for each in fleet]))
    waiting = [
        leg(each.id, (each.lat, each.lon), **{**_fields(each), "standing": name})
        for each, name in zip(bare, names, strict=False)
    ]
    by = rules(replan={"changes_max": most, "change_minor": 1_000}, **TIGHT)
    found = plan(waiting, fleet, by, NOW_MS)

    nothing_twice(found)
    assert found.changes == changes_between(found, waiting) <= most
    best = least_within(found, waiting, by, most)
    assert found.bound_minor is not None
    assert found.bound_minor <= best <= found.total_minor
    free = plan(
        waiting, fleet, rules(replan={"changes_max": 99, "change_minor": 1_000}, **TIGHT), NOW_MS
    )
    if free.changes <= most:
        assert found.total_minor == best == free.total_minor


def _fields(each: WaitingLeg) -> dict[str, Any]:
    known = ("classes", "weight_kg", "blocked", "to_ms", "priority", "declined_trucks")
    return {name: getattr(each, name) for name in known}


def least_within(found: Plan, waiting: list[WaitingLeg], by: DispatchRules, most: int) -> int:
    """By trying every plan there is."""
    costs = costs_of(found, waiting)
    options = []
    for each in waiting:
        kept = each.standing if each.id not in found.forced else None
        left = by.matching.unassigned_minor
        left += by.matching.unassigned_minor_per_priority * each.priority
        left += by.replan.change_minor if kept else 0
        ways: list[tuple[int | None, int, int]] = [(None, left, int(kept is not None))]
        for (name, key), cost in costs.items():
            if name == each.id:
                ways.append((key, cost, int(kept is not None and f"T{key}" != kept)))
        options.append(ways)
    best = NOBODY
    for choice in itertools.product(*options):
        taken = [key for key, _, _ in choice if key is not None]
        if len(set(taken)) == len(taken) and sum(way[2] for way in choice) <= most:
            best = min(best, sum(way[1] for way in choice))
    return best


def test_a_busy_window_looks_at_more_candidates_until_the_optimum_is_proven() -> None:
    """All legs at one place, and only the dearest trucks left for the last of them."""
    fleet = [truck(n, (18.5 + n / 1000, 73.8)) for n in range(60)]
    waiting = [leg(f"B{n:02}/L1", (18.5, 73.8)) for n in range(50)]
    found = plan(waiting, fleet, rules(**{**TIGHT, "matching": {"candidates_first": 2}}), NOW_MS)

    assert sorted(each.truck.key for each in found.assignments) == list(range(50))
    assert found.total_minor == found.bound_minor


def test_instant_serves_the_most_urgent_first_and_a_window_serves_all() -> None:
    """The near truck is the only one that suits the second leg."""
    fleet = [truck(1, (18.50, 73.8)), truck(2, (18.60, 73.8), body="open")]
    waiting = [
        leg("B1/L1", (18.5, 73.8), priority=1),
        leg("B2/L1", (18.5, 73.8), bodies=frozenset({"container"})),
    ]
    instant = plan(waiting, fleet, rules(mode="instant"), NOW_MS)
    window = plan(waiting, fleet, rules(mode="window"), NOW_MS)

    assert [(each.leg.id, each.truck.id) for each in instant.assignments] == [("B1/L1", "T1")]
    assert [(each.leg.id, each.why) for each in instant.unassigned] == [("B2/L1", Why.NONE_LEFT)]
    assert {each.leg.id: each.truck.id for each in window.assignments} == {
        "B1/L1": "T2",
        "B2/L1": "T1",
    }


def test_instant_keeps_what_is_planned() -> None:
    fleet = [truck(1, (18.50, 73.8)), truck(2, (18.60, 73.8))]
    waiting = [
        leg("B1/L1", (18.5, 73.8), priority=1),
        leg("B2/L1", (18.5, 73.8), standing="T1"),
    ]
    found = plan(waiting, fleet, rules(mode="instant"), NOW_MS)

    assert {each.leg.id: each.truck.id for each in found.assignments} == {
        "B1/L1": "T2",
        "B2/L1": "T1",
    }
    assert found.changes == 0


@pytest.mark.parametrize("mode", ["manual", "tender"])
def test_modes_of_people_and_bids_explain_only(mode: str) -> None:
    found = plan([leg()], [truck(1), truck(2, promised=True)], rules(mode=mode), NOW_MS)

    assert found.assignments == ()
    assert [(each.why, each.in_range, each.candidates) for each in found.unassigned] == [
        (Why.BY_HAND, 2, 1)
    ]
    assert [v.truck_key for v in found.explanation("B1/L1").verdicts()] == [1, 2]


def test_why_a_leg_stays_without() -> None:
    waiting = [
        leg("B1/L1", (8.5, 77.0)),
        leg("B2/L1", weight_kg=90_000),
        leg("B3/L1", priority=-1),
    ]
    found = plan(waiting, [truck(1)], rules(matching={"legs_max": 2}), NOW_MS)

    assert {each.leg.id: each.why for each in found.unassigned} == {
        "B1/L1": Why.NOBODY_NEAR,
        "B2/L1": Why.ALL_EXCLUDED,
        "B3/L1": Why.TOO_MANY,
    }


def test_a_planned_truck_that_can_no_longer_go_is_replaced_whatever_the_budget() -> None:
    fleet = [truck(1, online=False), truck(2)]
    found = plan([leg(standing="T1")], fleet, rules(replan={"changes_max": 0}), NOW_MS)

    assert [each.truck.id for each in found.assignments] == ["T2"]
    assert found.forced == ("B1/L1",)
    assert found.changes == 0
    assert found.assignments[0].parts[Part.CHANGE] == 0


def test_a_change_must_save_what_it_costs() -> None:
    far, near = truck(1, (18.60, 73.8)), truck(2, (18.50, 73.8))
    waiting = [leg(at=(18.5, 73.8), standing="T1")]
    kept = plan(waiting, [far, near], rules(replan={"change_minor": 1_000_000}), NOW_MS)
    changed = plan(waiting, [far, near], rules(replan={"change_minor": 10}), NOW_MS)

    assert [each.truck.id for each in kept.assignments] == ["T1"]
    assert [(each.truck.id, each.is_change) for each in changed.assignments] == [("T2", True)]
    assert changed.assignments[0].parts[Part.CHANGE] == 10


def test_a_truck_or_a_leg_that_comes_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="twice"):
        plan([leg(), leg()], [truck(1)], rules(), NOW_MS)
    with pytest.raises(ValueError, match="twice"):
        plan([leg()], [truck(1), truck(1)], rules(), NOW_MS)
    with pytest.raises(ValueError, match="twice"):
        Fleet.of([truck(1), truck(2, id="T1")])


def test_nothing_waits_or_nothing_is_free() -> None:
    assert plan([], [truck(1)], rules(), NOW_MS).assignments == ()
    found = plan([leg()], [], rules(), NOW_MS)

    assert [each.why for each in found.unassigned] == [Why.NOBODY_NEAR]
    assert list(found.explanation("B1/L1").verdicts()) == []


def test_km_by_road_take_the_place_of_the_straight_way() -> None:
    """The nearer truck is across the river."""
    fleet = [truck(1, (18.51, 73.8)), truck(2, (18.55, 73.8))]
    found = plan([leg(at=(18.5, 73.8))], fleet, rules(), NOW_MS, {"B1/L1": {"T1": 80.0, "T9": 1.0}})

    assert [each.truck.id for each in found.assignments] == ["T2"]
    verdict = found.explanation("B1/L1").verdict(1)
    assert verdict is not None
    assert verdict.dead_m == 80_000


def test_the_owner_of_some_trucks_sees_nothing_of_the_others() -> None:
    fleet = [truck(n, carrier=f"C{n % 2}", promised=n > 4) for n in range(7)]
    whole = plan([leg()], fleet, rules(**TIGHT), NOW_MS).explanation("B1/L1")
    own = whole.only({1, 3, 5, 99})

    assert own.keys.tolist() == [1, 3, 5]
    assert [own.verdict(key) for key in (1, 3, 5)] == [whole.verdict(key) for key in (1, 3, 5)]
    assert own.verdict(2) is None
    assert own.candidates() == 2
    assert own.tally() == {Reason.PROMISED: 1}
    assert whole.tally() == {Reason.PROMISED: 2}


def test_the_longer_a_leg_waits_the_farther_is_looked() -> None:
    far = truck(1, (19.8, 73.86))
    by = rules(range={"rings_first": 2, "rings_more": 4, "widen_every_s": 60, "rings_max": 12})
    waits = leg(waiting_since_ms=NOW_MS)

    assert len(plan([waits], [far], by, NOW_MS).explanation("B1/L1").keys) == 0
    later_ms = NOW_MS + 3 * MINUTE_MS
    later = plan([waits], [truck(1, (19.8, 73.86), seen_ms=later_ms)], by, later_ms)
    assert later.explanation("B1/L1").rings == 12
    assert len(later.explanation("B1/L1").keys) == 1
