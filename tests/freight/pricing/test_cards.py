"""Which card holds: the most specific, in the stated order; two that would tie are refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from freight.load import Place, Stop, StopKind
from freight.pricing.cards import RateCard
from tests.freight.pricing.worked import (
    KARNATAKA,
    MAHARASHTRA,
    SINCE,
    card,
    load_of,
    priced,
    rules_of,
)

BY_FENCES = {"lane": {"from_fence": "plant", "to_fence": "yard"}}
BY_STATES = {"lane": {"from_state": MAHARASHTRA, "to_state": KARNATAKA}}
FOR_TATA, IN_MXL, OF_STEEL = {"shipper": "tata"}, {"truck_class": "MXL_32"}, {"material": "steel"}
# From the least specific to the most: each goes before all above it.
ORDER: list[dict[str, Any]] = [
    {},
    OF_STEEL,
    IN_MXL,
    IN_MXL | OF_STEEL,
    BY_STATES,
    BY_STATES | OF_STEEL,
    BY_STATES | IN_MXL,
    BY_STATES | IN_MXL | OF_STEEL,
    BY_FENCES,
    BY_FENCES | OF_STEEL,
    BY_FENCES | IN_MXL,
    FOR_TATA,
    FOR_TATA | OF_STEEL,
    FOR_TATA | IN_MXL,
    FOR_TATA | BY_STATES,
    FOR_TATA | BY_FENCES,
    FOR_TATA | BY_FENCES | IN_MXL | OF_STEEL,
]
FITS_ALL: dict[str, Any] = {
    "load": load_of(truck_class="MXL_32"),
    "shipper": "tata",
    "fences": (("plant",), ("yard",)),
}


def cards(*scopes: dict[str, Any]) -> dict[str, Any]:
    return {
        "cards": {f"card-{i}": card("trip", 100 + i, **scope) for i, scope in enumerate(scopes)}
    }


@pytest.mark.parametrize("most", range(len(ORDER)))
def test_the_more_specific_card_holds(most: int) -> None:
    assert priced(cards(*ORDER[: most + 1]), **FITS_ALL).card == f"card-{most}"


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(range(len(ORDER))), min_size=1, unique=True))
def test_the_order_in_which_cards_are_set_does_not_matter(among: list[int]) -> None:
    named = {"cards": {f"c{i}": card("trip", 100 + i, **ORDER[i]) for i in among}}

    assert priced(named, **FITS_ALL).card == f"c{max(among)}"


@pytest.mark.parametrize(
    "other",
    [
        {"shipper": "jsw"},
        {"load": load_of(truck_class="TRL_18W")},
        {"load": load_of(truck_class="MXL_32", material="coal")},
        {"load": load_of()},
        {"fences": (("yard",), ("plant",))},
        {"fences": ((), ("yard",))},
        {"fences": ()},
    ],
)
def test_a_card_for_something_else_does_not_hold(other: dict[str, Any]) -> None:
    assert priced(cards({}, ORDER[-1]), **FITS_ALL | other).card == "card-0"


def test_another_states_lane_does_not_hold_nor_does_one_where_nobody_said_the_state() -> None:
    for state in (KARNATAKA, None):
        load = load_of(from_state=state)
        assert priced(cards({}, BY_STATES), load=load).card == "card-0"


def test_the_fence_that_was_named_goes_before_those_it_was_found_in() -> None:
    big = {"lane": {"from_fence": "city", "to_fence": "yard"}}
    small = {"lane": {"from_fence": "plant", "to_fence": "yard"}}
    inside: dict[str, Any] = {"fences": (("plant", "city"), ("yard",))}
    stops = (
        Stop("S1", StopKind.PICKUP, Place(18.5, 73.8, fence="city"), 9000),
        Stop("S2", StopKind.DROP, Place(13.0, 77.6), 9000),
    )
    named = load_of(9000, stops=2)

    assert priced(cards(big, small), **inside).card == "card-1"
    load = type(named)(material="steel", weight_kg=9000, stops=stops)
    assert priced(cards(big, small), load, **inside).card == "card-0"


def test_a_card_that_is_not_in_use_is_passed_over() -> None:
    assert priced(cards({}, OF_STEEL | {"in_use": False})).card == "card-0"


@pytest.mark.parametrize("scope", ORDER)
def test_two_cards_for_the_same_on_the_same_day_are_refused(scope: dict[str, Any]) -> None:
    early = scope | {"valid_to": "2026-04-02"}
    late = scope | {"valid_from": "2026-04-01"}

    with pytest.raises(ValidationError, match="card-0 and card-1 hold for the same on 2026-04-01"):
        rules_of(cards(early, late))
    rules_of(cards(early | {"valid_to": "2026-04-01"}, late))
    rules_of(cards(early | {"in_use": False}, late))


def test_a_long_card_is_held_against_all_that_come_later() -> None:
    months = [
        {"valid_from": "2026-01-01", "valid_to": "2027-01-01"},
        {"valid_from": "2026-02-01", "valid_to": "2026-03-01"},
    ]
    with pytest.raises(ValidationError, match="hold for the same on 2026-02-01"):
        rules_of(cards(*months))


@pytest.mark.parametrize(
    "lane",
    [
        {},
        {"from_fence": "plant"},
        {"from_fence": "plant", "to_state": "27"},
        {"from_fence": "a", "to_fence": "b", "from_state": "27", "to_state": "29"},
        {"from_state": "Maharashtra", "to_state": "29"},
    ],
)
def test_a_lane_is_one_pair(lane: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        RateCard.model_validate(card("trip", 100, lane=lane))


@pytest.mark.parametrize(
    "wrong",
    [
        {"valid_to": "2025-01-01"},
        {"rate_minor": -1},
        {"rate_minor": 1.5},
        {"rate_minor": 10**9 + 1},
        {"guaranteed_kg": 0},
        {"fuel_base_minor_per_l": 0},
        {"basis": "day"},
        {"rate": 100},
    ],
)
def test_a_card_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        RateCard.model_validate(card("trip", 100) | SINCE | wrong)
