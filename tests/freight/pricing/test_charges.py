"""The worked price table, what is taken off and added: each case with its sum, checked by hand."""

from __future__ import annotations

import pytest

from tests.freight.pricing.worked import (
    DEARER,
    SHARED_FUEL,
    Case,
    always,
    card,
    check,
    load_of,
    off,
    taxed,
)

DISCOUNTS = [
    # 10 % of 20 000.00 and 400.00 of fuel
    Case(
        "a share of freight and surcharges",
        [("freight", 2_000_000), ("fuel", 40_000), ("discount", -204_000)],
        {
            "discounts": {"d": off(share_bp=1000)},
            "fuel": SHARED_FUEL | {"diesel_minor_per_l": DEARER},
        },
    ),
    Case(
        "an amount",
        [("freight", 2_000_000), ("discount", -300_000)],
        {"discounts": {"d": off(amount_minor=300_000)}},
    ),
    # 10 % and then 1 000.00
    Case(
        "a share and an amount",
        [("freight", 2_000_000), ("discount", -200_000), ("discount", -100_000)],
        {"discounts": {"d": off(share_bp=1000, amount_minor=100_000)}},
    ),
    # more than there is
    Case(
        "an amount above the price",
        [("freight", 2_000_000), ("discount", -2_000_000)],
        {"discounts": {"d": off(amount_minor=3_000_000)}},
    ),
    # half of it; 15 000.00 are to be left: 5 000.00 come back
    Case(
        "down to the floor",
        [("freight", 2_000_000), ("discount", -1_000_000), ("discount_floor", 500_000)],
        {"discounts": {"d": off(share_bp=5000, floor_minor=1_500_000)}},
    ),
    # the floor is above what there is: nothing is taken off, and nothing added
    Case(
        "a floor above the price",
        [("freight", 2_000_000), ("discount", -1_000_000), ("discount_floor", 1_000_000)],
        {"discounts": {"d": off(share_bp=5000, floor_minor=3_000_000)}},
    ),
    # Tata's own 5 %, not the 10 % for all
    Case(
        "the shipper's own",
        [("freight", 2_000_000), ("discount", -100_000)],
        {"discounts": {"all": off(share_bp=1000), "own": off("tata", share_bp=500)}},
        {"shipper": "tata"},
    ),
    # 3 000.00 of tolls stay as they are
    Case(
        "nothing off tolls",
        [("freight", 2_000_000), ("discount", -200_000), ("toll", 300_000)],
        {"discounts": {"d": off(share_bp=1000)}, "tolls_minor_per_km": always({"others": 600})},
    ),
    Case(
        "a discount whose last day was yesterday",
        [("freight", 2_000_000)],
        {"discounts": {"d": off(share_bp=1000, valid_to="2026-01-15")}},
    ),
]

CHARGES = [
    # 500 km x 6.00 for others; x 8.00 for the class
    Case(
        "tolls by the km",
        [("freight", 2_000_000), ("toll", 300_000)],
        {"tolls_minor_per_km": always({"others": 600, "TRL_18W": 800})},
    ),
    Case(
        "tolls of the class",
        [("freight", 2_000_000), ("toll", 400_000)],
        {"tolls_minor_per_km": always({"others": 600, "TRL_18W": 800})},
        {"load": load_of(truck_class="TRL_18W")},
    ),
    # the lane's 1 200.00 for each of two trucks, not 6.00 a km
    Case(
        "tolls of the lane",
        [("freight", 2_000_000), ("toll", 240_000)],
        {
            "cards": {"c": card("ton", 100_000, toll_minor=120_000)},
            "tolls_minor_per_km": always({"others": 600}),
        },
        {"trucks": 2},
    ),
    # 20 t x 50.00 and x 30.00
    Case(
        "loading and unloading",
        [("freight", 2_000_000), ("loading", 100_000), ("unloading", 60_000)],
        {"loading_minor_per_t": always(5000), "unloading_minor_per_t": always(3000)},
    ),
    # four stops: two beyond the first pickup and one drop, x 750.00
    Case(
        "further stops",
        [("freight", 2_000_000), ("extra_stop", 150_000)],
        {"extra_stop_minor": always(75_000)},
        {"load": load_of(stops=4)},
    ),
    # 2 % of 20 000.00; what it is taxed with: 18 % of 400.00, halves of 36.00
    Case(
        "platform fee",
        [
            *(("freight", 2_000_000), ("platform_fee", 40_000)),
            ("igst", 7200),
        ],
        {"platform_fee": always({"share_bp": 200})},
    ),
    # at least 500.00: 100.00 more; 18 % of 500.00
    Case(
        "least platform fee",
        [
            *(("freight", 2_000_000), ("platform_fee", 40_000)),
            *(("platform_fee_minimum", 10_000), ("igst", 9000)),
        ],
        {"platform_fee": always({"share_bp": 200, "minimum_minor": 50_000})},
    ),
    # at most 300.00: 100.00 less; 18 % of 300.00
    Case(
        "most platform fee",
        [
            *(("freight", 2_000_000), ("platform_fee", 40_000)),
            *(("platform_fee_maximum", -10_000), ("igst", 5400)),
        ],
        {"platform_fee": always({"share_bp": 200, "maximum_minor": 30_000})},
    ),
]

ROUND_OFF = [
    # 123.50 -> 124
    Case(
        "half a rupee up",
        [("freight", 12_350), ("round_off", 50)],
        {"cards": {"c": card("trip", 12_350)}, "round_off_minor": 100},
    ),
    # 123.49 -> 123
    Case(
        "less than half down",
        [("freight", 12_349), ("round_off", -49)],
        {"cards": {"c": card("trip", 12_349)}, "round_off_minor": 100},
    ),
    # with the tax: 333.33 + 8.33 + 8.33 = 349.99 -> 350
    Case(
        "behind the tax",
        [("freight", 33_333), ("cgst", 833), ("sgst", 833), ("round_off", 1)],
        taxed("gta_fcm_5", 33_333) | {"round_off_minor": 100},
        {"shipper": "home"},
    ),
]

TABLE = [*DISCOUNTS, *CHARGES, *ROUND_OFF]


@pytest.mark.parametrize("case", TABLE, ids=lambda case: case.name)
def test_worked(case: Case) -> None:
    check(case)
