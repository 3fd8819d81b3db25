"""Tax collected by platforms, section 52: worked by hand."""

from __future__ import annotations

from datetime import date

import pytest

from config.policy import defaults
from freight.tax.tcs import TcsRules, collect, net_taxable_minor

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
    assert made.tax_minor == 2 * halves + whole


def test_a_tenant_that_is_no_platform_collects_nothing() -> None:
    assert collect(defaults().tax.tcs, 1_00_000_00, NEW, is_inter_state=True).tax_minor == 0


def test_net_is_without_returns_and_without_what_the_operator_pays_itself() -> None:
    supplied = {"gta_fcm_5": 900_00, "eco_9_5_18": 500_00, "exempt_21": 70_00}

    assert net_taxable_minor(COLLECTING, supplied, {"gta_fcm_5": 100_00}) == 800_00
    assert net_taxable_minor(COLLECTING, {"gta_fcm_5": 100}, {"gta_fcm_5": 300}) == 0
