"""Tax collected by platforms, section 52: worked by hand."""

from __future__ import annotations

from datetime import date

import pytest

from config.policy import defaults
from freight.tax.tcs import Sold, TcsRules, collect, statement

COLLECTING = TcsRules.model_validate(
    defaults().tax.tcs.model_dump()
    | {"is_collected": [{"valid_from": date(2018, 10, 1), "value": True}]}
)
NEW, LAST_OLD, FIRST_NEW = date(2026, 11, 21), date(2024, 7, 9), date(2024, 7, 10)


@pytest.mark.parametrize(
    ("net", "day", "inter", "halves", "whole"),
    [
        (1_00_000_00, NEW, True, 0, 500_00),  # 0.5 % of a lakh
        (1_00_000_00, NEW, False, 250_00, 0),
        (1_00_000_00, LAST_OLD, True, 0, 1_000_00),  # 1 % until then
        (1_00_000_00, FIRST_NEW, True, 0, 500_00),
        (1_00_000_00, LAST_OLD, False, 500_00, 0),
        (333_33, NEW, False, 83, 0),  # 0.25 % of 333.33 = 0.833
        (200, NEW, False, 1, 0),  # half a paisa each goes up
        (0, NEW, True, 0, 0),
    ],
)
def test_what_is_collected(net: int, day: date, inter: bool, halves: int, whole: int) -> None:
    made = collect(COLLECTING, net, day, is_inter_state=inter)

    assert (made.cgst_minor, made.sgst_minor, made.igst_minor) == (halves, halves, whole)


SOLD = [
    Sold("home", "27AAPFU0939F1ZV", 1_00_000_00),
    Sold("away", "29AAGCB7383J1Z4", 50_000_00, 10_000_00),
    Sold("unregistered", None, 9_000_00),
    Sold("all returned", "24AABCJ1087G1ZT", 100, 300),
]


def test_the_months_statement_is_of_registered_sellers_and_net_of_returns() -> None:
    rows = statement(COLLECTING, SOLD, "gta_fcm_5", "27", NEW)

    assert [(row.carrier, row.net_minor) for row in rows] == [
        ("home", 1_00_000_00),
        ("away", 40_000_00),
        ("all returned", 0),
    ]
    assert [(row.cgst_minor, row.sgst_minor, row.igst_minor) for row in rows] == [
        (250_00, 250_00, 0),
        (0, 0, 200_00),
        (0, 0, 0),
    ]


def test_nothing_is_collected_on_what_is_exempt_or_the_operators_own_or_by_no_platform() -> None:
    for mode in ("eco_9_5_18", "exempt_21", "exempt_no_cn"):
        assert statement(COLLECTING, SOLD, mode, "27", NEW) == []
    assert statement(defaults().tax.tcs, SOLD, "gta_fcm_5", "27", NEW) == []
