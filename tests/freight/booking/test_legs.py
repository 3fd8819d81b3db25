"""A load that is too much for one truck: the split, its shares, and no merging."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freight.booking import commands as asked
from freight.booking.legs import Part, plans, proposed
from freight.load import Load, StopKind
from freight.refusal import Refusal
from tests.freight.booking.story import DESK, Story, create, load, rules, stop

MANY = load(
    stop(1, StopKind.PICKUP, 12_000),
    stop(2, StopKind.DROP, 8_000),
    stop(3, StopKind.PICKUP, 8_000),
    stop(4, StopKind.DROP, 12_000),
)


@pytest.mark.parametrize(
    ("weight_kg", "capacities_kg", "parts"),
    [
        (20_000, [25_000], [(20_000, 25_000)]),
        (25_000, [25_000], [(25_000, 25_000)]),
        (25_001, [25_000], [(25_000, 25_000), (1, 25_000)]),
        (60_000, [9_000, 16_000, 25_000], [(25_000, 25_000), (25_000, 25_000), (10_000, 16_000)]),
        (5_000, [25_000, 9_000, 16_000], [(5_000, 9_000)]),
    ],
)
def test_the_split_takes_few_trucks_and_small_ones(
    weight_kg: int, capacities_kg: list[int], parts: list[tuple[int, int]]
) -> None:
    assert proposed(weight_kg, capacities_kg) == [Part(*part) for part in parts]


def test_without_a_truck_there_is_no_split() -> None:
    with pytest.raises(Refusal) as refused:
        proposed(1, [])

    assert refused.value.code == "no_capacity"


@settings(max_examples=50, deadline=None)
@given(
    weight_kg=st.integers(1, 200_000),
    capacities_kg=st.lists(st.integers(1_000, 40_000), min_size=1, max_size=4),
)
def test_a_split_loses_nothing(weight_kg: int, capacities_kg: list[int]) -> None:
    parts = proposed(weight_kg, capacities_kg)

    assert sum(part.weight_kg for part in parts) == weight_kg
    assert all(0 < part.weight_kg <= part.capacity_kg for part in parts)
    assert len(parts) == -(-weight_kg // max(capacities_kg))


def test_a_leg_visits_only_the_stops_that_it_has_something_for() -> None:
    first, second = plans(MANY, (8_000, 12_000), ["L1", "L2"])

    assert first.shares == {"S1": 8_000, "S2": 8_000}
    assert second.shares == {"S1": 4_000, "S3": 8_000, "S4": 12_000}


@settings(max_examples=50, deadline=None)
@given(cuts=st.lists(st.integers(1, 19_999), max_size=4, unique=True))
def test_shares_add_up_by_stop_and_every_leg_picks_up_first(cuts: list[int]) -> None:
    bounds = [0, *sorted(cuts), 20_000]
    weights_kg = [b - a for a, b in pairwise(bounds)]
    ids = [f"L{n}" for n in range(1, len(weights_kg) + 1)]

    made = plans(MANY, weights_kg, ids)

    for one in MANY.stops:
        assert sum(plan.shares.get(one.id, 0) for plan in made) == one.weight_kg
    for plan in made:
        aboard = 0
        for one in MANY.stops:
            share = plan.shares.get(one.id, 0)
            aboard += share if one.kind is StopKind.PICKUP else -share
            assert aboard >= 0
        assert aboard == 0


def test_a_leg_is_split_and_each_part_goes_its_own_way() -> None:
    story = Story()
    story.does(create(load=MANY))
    story.does(asked.Confirm(by=DESK))

    story.does(asked.Split(by=DESK, leg="L1", weights_kg=(8_000, 12_000)))
    story.does(asked.Split(by=DESK, leg="L2", weights_kg=(7_000, 5_000)))

    assert [(leg.id, leg.weight_kg) for leg in story.now.legs] == [
        *(("L1", 8_000), ("L2", 7_000), ("L3", 5_000))
    ]
    assert story.leg("L3").shares == {"S3": 5_000, "S4": 5_000}
    assert not story.now.needs_quote
    for leg in story.now.legs:
        story.does(asked.Assign(by=DESK, leg=leg.id, truck=f"T{leg.id}"))
    assert story.status == "assigned"


def test_a_leg_that_is_split_or_amended_is_no_longer_offered() -> None:
    story = Story()
    story.does(create())
    story.does(asked.Confirm(by=DESK))
    story.does(asked.StartDispatch(by=DESK))

    story.does(asked.Split(by=DESK, leg="L1", weights_kg=(12_000, 8_000)))
    assert [leg.status.value for leg in story.now.legs] == ["confirmed", "confirmed"]
    story.does(asked.StartDispatch(by=DESK))
    assert [leg.status.value for leg in story.now.legs] == ["dispatching", "dispatching"]
    story.does(asked.Amend(by=DESK, legs_kg=(11_000, 9_000)))
    assert story.status == "confirmed"


@pytest.mark.parametrize(
    ("weights_kg", "code"),
    [
        ((20_000,), "invalid_legs"),
        ((10_000, 9_999), "invalid_legs"),
        ((20_001, -1), "invalid_legs"),
        ((5_000, 5_000, 5_000, 5_000), "too_many_legs"),
        ((19_999, 1), "too_heavy"),
    ],
)
def test_what_is_no_split_is_refused(weights_kg: tuple[int, ...], code: str) -> None:
    story = Story(rules(legs_max=3))
    story.does(create())
    if code == "too_heavy":
        story.rules = rules(legs_max=3, leg_kg_max=15_000)

    assert story.refused(asked.Split(by=DESK, leg="L1", weights_kg=weights_kg)) == code


def test_legs_are_never_merged_and_the_reason_is_said() -> None:
    story = Story()
    story.does(create(legs_kg=(12_000, 8_000)))

    with pytest.raises(Refusal) as refused:
        story.does(asked.Merge(by=DESK, legs=("L1", "L2")))

    assert refused.value.code == "no_merging"
    assert "amend the load" in refused.value.detail
    assert story.refused(asked.Merge(by=DESK, legs=("L1", "L9"))) == "unknown_leg"


def test_a_load_of_one_material_is_one_load() -> None:
    one = Load("coal", 20_000, MANY.stops)

    assert plans(one, (20_000,), ["L1"])[0].shares == {
        "S1": 12_000,
        "S3": 8_000,
        "S2": 8_000,
        "S4": 12_000,
    }
