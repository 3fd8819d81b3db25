"""Prices as a whole: one with everything in it, worked by hand, and what is no price."""

from __future__ import annotations

import pytest

from freight.pricing.asking import NoPriceError
from tests.freight.pricing.worked import (
    DEARER,
    MAHARASHTRA,
    NIGHT,
    SHARED_FUEL,
    Case,
    always,
    card,
    check,
    load_of,
    off,
    priced,
    taxed,
)

GST_CARD = {"cards": {"c": card("trip", 5_000_000) | {"valid_from": "2020-01-01"}}}
EVERYTHING = [
    # 22 t x 500 km x 3.00 = 33 000.00; x 1.1 for steel coil = 36 300.00; x 1.05 = 38 115.00
    # fuel 2 % = 762.30; night 5 % = 1 905.75; together 40 783.05; 3 % off = 1 223.49 (.4915)
    # tolls 500 x 8.00 = 4 000.00; loading 22 x 50.00 = 1 100.00; one more stop 750.00
    # freight 45 409.56; fee 1 % = 454.10 (.0956); 18 % of 45 409.56 = 8 173.72 (.7208)
    # 18 % of 454.10 = 81.74 (.738); together 54 119.12; to the rupee 0.12 less
    Case(
        "everything together",
        [
            *(("freight", 3_300_000), ("material", 330_000), ("truck_class", 181_500)),
            *(("fuel", 76_230), ("night", 190_575), ("discount", -122_349)),
            *(("toll", 400_000), ("loading", 110_000), ("extra_stop", 75_000)),
            *(("platform_fee", 45_410), ("igst", 817_372), ("igst", 8174), ("round_off", -12)),
        ],
        taxed("gta_fcm_18")
        | {
            **NIGHT,
            "cards": {"c": card("ton_km", 300)},
            "material_factors_bp": always({"steel-coil": 11_000}),
            "class_factors_bp": always({"TRL_18W": 10_500}),
            "fuel": SHARED_FUEL | {"diesel_minor_per_l": DEARER},
            "discounts": {"d": off("away", share_bp=300)},
            "tolls_minor_per_km": always({"TRL_18W": 800}),
            "loading_minor_per_t": always(5000),
            "extra_stop_minor": always(75_000),
            "platform_fee": always({"share_bp": 100}),
            "round_off_minor": 100,
        },
        {
            "shipper": "away",
            "load": load_of(22_000, stops=3, material="steel-coil", truck_class="TRL_18W"),
            "at": "2026-01-15T23:30",
        },
    )
]


@pytest.mark.parametrize("case", EVERYTHING, ids=lambda case: case.name)
def test_worked(case: Case) -> None:
    check(case)


def test_a_card_holds_from_the_first_midnight_to_before_the_last() -> None:
    year = {"valid_from": "2026-01-01", "valid_to": "2027-01-01"}
    rules = {"cards": {"c": card("trip", 100) | year}}

    for at in ("2026-01-01T00:00", "2026-12-31T23:59"):
        assert priced(rules, at=at).total_minor == 100
    for at in ("2025-12-31T23:59", "2027-01-01T00:00"):
        with pytest.raises(NoPriceError) as refused:
            priced(rules, at=at)
        assert refused.value.code == "no_rate_card"


def test_a_tax_rate_that_is_not_in_force_is_no_price() -> None:
    with pytest.raises(NoPriceError) as refused:
        priced(GST_CARD | {"gst": {"mode": always("eco_9_5_18")}}, at="2025-06-01T00:00")

    assert (refused.value.code, refused.value.detail) == (
        "rate_not_in_force",
        "nothing is valid on 2025-06-01",
    )


def test_a_price_beyond_belief_is_refused() -> None:
    assert priced({"total_minor_max": 2_000_000}).total_minor == 2_000_000
    with pytest.raises(NoPriceError) as refused:
        priced({"total_minor_max": 1_999_999})
    assert refused.value.code == "too_high"


def test_a_price_says_why_it_is_taxed_as_it_is() -> None:
    found = priced(taxed("gta_fcm_18"), shipper="small")

    (part,) = found.taxes
    assert (part.of, part.mode, part.sac, part.rate_bp) == ("freight", "exempt_21a", "996511", 0)
    assert (part.supplier_state, part.place_of_supply) == (MAHARASHTRA, MAHARASHTRA)
    assert (part.is_inter_state, part.taxable_minor) == (False, 5_000_000)


def test_detention_is_quoted_and_not_charged() -> None:
    terms = {"free_minutes": 90, "minor_per_hour": {"others": 15_000, "TRL_18W": 20_000}}
    found = priced({"detention": always(terms)}, load_of(truck_class="TRL_18W"))

    assert found.detention is not None
    assert (found.detention.free_minutes, found.detention.minor_per_hour) == (90, 20_000)
    assert found.detention.path == "/*/pricing/detention"
    assert found.total_minor == 2_000_000
