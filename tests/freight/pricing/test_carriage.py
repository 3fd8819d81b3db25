"""The worked price table, freight and surcharges: each case with its sum, checked by hand."""

from __future__ import annotations

from typing import Any

import pytest

from tests.freight.pricing.worked import (
    DEARER,
    MAHARASHTRA,
    NIGHT,
    SHARED_FUEL,
    SINCE,
    Case,
    always,
    card,
    check,
    load_of,
)

SURGE = {"in_use": True}


def steps(*rows: tuple[str, str | None, Any]) -> list[dict[str, Any]]:
    return [
        {"valid_from": since, "value": value} | ({} if until is None else {"valid_to": until})
        for since, until, value in rows
    ]


BASES = [
    # 20 t x 1 000.00 = 20 000.00
    Case("by the ton", [("freight", 2_000_000)]),
    # one truck x 50 000.00
    Case("by the trip", [("freight", 5_000_000)], {"cards": {"c": card("trip", 5_000_000)}}),
    # three trucks x 50 000.00
    Case(
        "by the trip of three trucks",
        [("freight", 15_000_000)],
        {"cards": {"c": card("trip", 5_000_000)}},
        {"trucks": 3},
    ),
    # 20 t x 500 km x 2.50 = 25 000.00
    Case("by ton and km", [("freight", 2_500_000)], {"cards": {"c": card("ton_km", 250)}}),
    # 500 km x 40.00 = 20 000.00
    Case("by the km", [("freight", 2_000_000)], {"cards": {"c": card("km", 4000)}}),
    # 500 km x 2 trucks x 40.00 = 40 000.00
    Case(
        "by the km of two trucks",
        [("freight", 4_000_000)],
        {"cards": {"c": card("km", 4000)}},
        {"trucks": 2},
    ),
    # 12.345 t are carried, 18 t are paid for: 18 x 1 000.00
    Case(
        "guaranteed weight",
        [("freight", 1_800_000)],
        {"cards": {"c": card("ton", 100_000, guaranteed_kg=18_000)}},
        {"load": load_of(12_345)},
    ),
    # exactly what is guaranteed: 18 x 1 000.00
    Case(
        "guaranteed weight reached",
        [("freight", 1_800_000)],
        {"cards": {"c": card("ton", 100_000, guaranteed_kg=18_000)}},
        {"load": load_of(18_000)},
    ),
    # a kilogram more: 18.001 x 1 000.00 = 18 001.00
    Case(
        "guaranteed weight passed",
        [("freight", 1_800_100)],
        {"cards": {"c": card("ton", 100_000, guaranteed_kg=18_000)}},
        {"load": load_of(18_001)},
    ),
    # 30 t on two trucks of 18 t guaranteed: 36 x 1 000.00
    Case(
        "guaranteed weight of two trucks",
        [("freight", 3_600_000)],
        {"cards": {"c": card("ton", 100_000, guaranteed_kg=18_000)}},
        {"load": load_of(30_000), "trucks": 2},
    ),
    # 80 km are driven, 100 km are paid for: 100 x 40.00
    Case(
        "guaranteed way",
        [("freight", 400_000)],
        {"cards": {"c": card("km", 4000, guaranteed_km=100)}},
        {"distance_m": 80_000},
    ),
]

MINIMUM = {"cards": {"c": card("ton", 100_000, minimum_minor=250_000)}}
MINIMA = [
    # 1 t = 1 000.00; 2 500.00 at least: 1 500.00 are missing
    Case(
        "below the minimum",
        [("freight", 100_000), ("minimum", 150_000)],
        MINIMUM,
        {"load": load_of(1000)},
    ),
    # 2.5 t = 2 500.00: nothing is missing
    Case("at the minimum", [("freight", 250_000)], MINIMUM, {"load": load_of(2500)}),
    # 3 t = 3 000.00; two trucks, 5 000.00 at least: 2 000.00 are missing
    Case(
        "minimum of two trucks",
        [("freight", 300_000), ("minimum", 200_000)],
        MINIMUM,
        {"load": load_of(3000), "trucks": 2},
    ),
    # 2 t = 2 000.00, x 1.2 = 2 400.00; 100.00 are missing
    Case(
        "minimum behind the factors",
        [("freight", 200_000), ("material", 40_000), ("minimum", 10_000)],
        MINIMUM | {"material_factors_bp": always({"steel": 12_000})},
        {"load": load_of(2000)},
    ),
]

ROUNDING = [
    # 5 kg x 1.00 a ton = 0.5 paise: half a paisa counts as one
    Case(
        "half a paisa is one",
        [("freight", 1)],
        {"cards": {"c": card("ton", 100)}},
        {"load": load_of(5)},
    ),
    # 4 kg x 1.00 a ton = 0.4 paise: no line
    Case("less is none", [], {"cards": {"c": card("ton", 100)}}, {"load": load_of(4)}),
    # 12 345 kg x 678 901 m = 8 381 032 845; x 333 = 2 790 883 937 385; per 10^6 = 2 790 883.94
    Case(
        "by ton and km, rounded once",
        [("freight", 2_790_884)],
        {"cards": {"c": card("ton_km", 333)}},
        {"load": load_of(12_345), "distance_m": 678_901},
    ),
    # 5 paise; 10 percent off are 0.5: halves go away from zero, so one is taken off
    Case(
        "half a paisa taken off is one",
        [("freight", 5), ("discount", -1)],
        {
            "cards": {"c": card("trip", 5)},
            "discounts": {"d": {**SINCE, "share_bp": 1000}},
        },
    ),
]

STEEL_1_25 = {"material_factors_bp": always({"steel": 12_500, "paper": 9000})}
FACTORS = [
    # 20 000.00 x 0.25
    Case("a dear material", [("freight", 2_000_000), ("material", 500_000)], STEEL_1_25),
    # 20 000.00 x -0.1
    Case(
        "a cheap material",
        [("freight", 2_000_000), ("material", -200_000)],
        STEEL_1_25,
        {"load": load_of(material="paper")},
    ),
    Case(
        "a material without a factor",
        [("freight", 2_000_000)],
        STEEL_1_25,
        {"load": load_of(material="coal")},
    ),
    # 25 000.00 with the material, x 0.1
    Case(
        "a truck class behind the material",
        [("freight", 2_000_000), ("material", 500_000), ("truck_class", 250_000)],
        STEEL_1_25 | {"class_factors_bp": always({"MXL_32": 11_000})},
        {"load": load_of(truck_class="MXL_32")},
    ),
    # the card was made for steel in that truck: no factors
    Case(
        "a card that names both",
        [("freight", 2_000_000)],
        STEEL_1_25
        | {
            "class_factors_bp": always({"MXL_32": 11_000}),
            "cards": {"c": card("ton", 100_000, material="steel", truck_class="MXL_32")},
        },
        {"load": load_of(truck_class="MXL_32")},
    ),
]

NEW_DIESEL = steps(("2025-01-01", "2026-01-15", 9000), ("2026-01-15", None, 9450))
FUEL = [
    # 40 % of 5 % = 2 % of 20 000.00
    Case(
        "dearer diesel",
        [("freight", 2_000_000), ("fuel", 40_000)],
        {"fuel": SHARED_FUEL | {"diesel_minor_per_l": DEARER}},
    ),
    # 85.50 instead of 90.00: 2 % less
    Case(
        "cheaper diesel",
        [("freight", 2_000_000), ("fuel", -40_000)],
        {"fuel": SHARED_FUEL | {"diesel_minor_per_l": {"others": always(8550)}}},
    ),
    # the last minute of the old price
    Case(
        "diesel of the day before",
        [("freight", 2_000_000)],
        {"fuel": SHARED_FUEL | {"diesel_minor_per_l": {"others": NEW_DIESEL}}},
        {"at": "2026-01-14T23:59"},
    ),
    # the first of the new one
    Case(
        "diesel of the day",
        [("freight", 2_000_000), ("fuel", 40_000)],
        {"fuel": SHARED_FUEL | {"diesel_minor_per_l": {"others": NEW_DIESEL}}},
        {"at": "2026-01-15T00:00"},
    ),
    # Maharashtra: 93.60 is 4 % more, 40 % of it 1.6 %
    Case(
        "diesel of the pickup's state",
        [("freight", 2_000_000), ("fuel", 32_000)],
        {"fuel": SHARED_FUEL | {"diesel_minor_per_l": {**DEARER, MAHARASHTRA: always(9360)}}},
    ),
    # the card's: all of it, from 100.00; 94.50 is 5.5 % less
    Case(
        "the card's own clause",
        [("freight", 2_000_000), ("fuel", -110_000)],
        {
            "cards": {
                "c": card("ton", 100_000, fuel_share_bp=10_000, fuel_base_minor_per_l=10_000)
            },
            "fuel": SHARED_FUEL | {"diesel_minor_per_l": DEARER},
        },
    ),
    Case(
        "a card without a clause",
        [("freight", 2_000_000)],
        {
            "cards": {"c": card("ton", 100_000, fuel_share_bp=0)},
            "fuel": SHARED_FUEL | {"diesel_minor_per_l": DEARER},
        },
    ),
    # 333 333 x 3 500 x (9 411 - 8 967) / (10 000 x 8 967) = 517 999 482 000 / 89 670 000 = 5 776.7
    Case(
        "fuel rounded once",
        [("freight", 333_333), ("fuel", 5777)],
        {
            "cards": {"c": card("trip", 333_333)},
            "fuel": {
                "share_bp": always(3500),
                "base_minor_per_l": always(8967),
                "diesel_minor_per_l": {"others": always(9411)},
            },
        },
    ),
]

SCARCITY = [
    # 10 for 5: pressure 2.0, 10 % of 20 000.00
    Case(
        "surge",
        [("freight", 2_000_000), ("surge", 200_000)],
        {"surge": SURGE},
        {"waiting": 10, "free": 5},
    ),
    # 9 for 5: 1.8, still 5 %
    Case(
        "surge between two steps",
        [("freight", 2_000_000), ("surge", 100_000)],
        {"surge": SURGE},
        {"waiting": 9, "free": 5},
    ),
    # 15 for 10: exactly 1.5
    Case(
        "surge on a step",
        [("freight", 2_000_000), ("surge", 100_000)],
        {"surge": SURGE},
        {"waiting": 15, "free": 10},
    ),
    # 14 for 10: 1.4
    Case(
        "no surge below the first step",
        [("freight", 2_000_000)],
        {"surge": SURGE},
        {"waiting": 14, "free": 10},
    ),
    # no truck at all: the last step says 20 %, the cap 15 %
    Case(
        "surge at its cap",
        [("freight", 2_000_000), ("surge", 300_000)],
        {"surge": SURGE},
        {"waiting": 6, "free": 0},
    ),
    # 10 % are 2 000.00; at most 1 500.00
    Case(
        "surge at its cap in rupees",
        [("freight", 2_000_000), ("surge", 200_000), ("surge_cap", -50_000)],
        {"surge": SURGE | {"cap_minor": 150_000}},
        {"waiting": 10, "free": 5},
    ),
    Case(
        "too few wait",
        [("freight", 2_000_000)],
        {"surge": SURGE},
        {"waiting": 4, "free": 0},
    ),
    Case("surge is not in use", [("freight", 2_000_000)], {}, {"waiting": 10, "free": 0}),
]

AT_NIGHT = [("freight", 2_000_000), ("night", 100_000)]  # 5 % of 20 000.00
NEEDS = {
    "handling": always({"hazardous": {"share_bp": 2000}, "tarpaulin": {"amount_minor": 50_000}})
}
SURCHARGES = [
    Case("night begins", AT_NIGHT, NIGHT, {"at": "2026-01-15T22:00"}),
    Case("night is about to end", AT_NIGHT, NIGHT, {"at": "2026-01-15T04:59"}),
    Case("night is over", [("freight", 2_000_000)], NIGHT, {"at": "2026-01-15T05:00"}),
    # 20 % of 20 000.00, and 500.00 for each of two trucks; a crane costs nothing here
    Case(
        "needs in handling",
        [("freight", 2_000_000), ("handling", 400_000), ("handling", 100_000)],
        NEEDS,
        {"load": load_of(handling=frozenset({"tarpaulin", "hazardous", "crane"})), "trucks": 2},
    ),
    # all of the freight: 2 % fuel, 10 % surge, 5 % night, 20 % hazardous; none of each other
    Case(
        "surcharges side by side",
        [
            *(("freight", 2_000_000), ("fuel", 40_000), ("surge", 200_000)),
            *(("night", 100_000), ("handling", 400_000)),
        ],
        {**NIGHT, **NEEDS, "surge": SURGE, "fuel": SHARED_FUEL | {"diesel_minor_per_l": DEARER}},
        {
            "load": load_of(handling=frozenset({"hazardous"})),
            "waiting": 10,
            "free": 5,
            "at": "2026-01-15T23:00",
        },
    ),
]

TABLE = [*BASES, *MINIMA, *ROUNDING, *FACTORS, *FUEL, *SCARCITY, *SURCHARGES]


@pytest.mark.parametrize("case", TABLE, ids=lambda case: case.name)
def test_worked(case: Case) -> None:
    check(case)
