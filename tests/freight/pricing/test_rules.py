"""Rates that contradict themselves are refused as a whole, before anybody is asked for them."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from config.policy import defaults
from freight.pricing.rules import Night
from tests.freight.pricing.worked import SINCE, always, off, rules_of

CONTRACT = {**SINCE, "shipper": "tata", "gst_registered": True}


@pytest.mark.parametrize(
    ("rules", "says"),
    [
        ({"discounts": {"a": off(), "b": off()}}, "discounts a and b hold for the same"),
        (
            {"discounts": {"a": off("tata"), "b": off("tata")}},
            "discounts a and b hold for the same on 2025-01-01",
        ),
        ({"contracts": {"a": CONTRACT, "b": CONTRACT}}, "contracts a and b hold for the same"),
        (
            {"contracts": {"a": CONTRACT | {"gst_mode": "gta_3"}}},
            "contract a: there is no GST mode 'gta_3'",
        ),
        ({"gst": {"mode": always("gta_3")}}, "there is no GST mode 'gta_3' among modes"),
        ({"gst": {"unregistered_mode": "free"}}, "there is no GST mode 'free'"),
        ({"time_zone": "Asia/Poona"}, "not a time zone"),
        (
            {
                "surge": {
                    "steps": [{"pressure_bp": 2, "share_bp": 2}, {"pressure_bp": 1, "share_bp": 3}]
                }
            },
            "steps must rise",
        ),
        (
            {
                "surge": {
                    "steps": [{"pressure_bp": 1, "share_bp": 2}, {"pressure_bp": 2, "share_bp": 1}]
                }
            },
            "steps must rise",
        ),
        (
            {"platform_fee": always({"minimum_minor": 2, "maximum_minor": 1})},
            "maximum_minor is below minimum_minor",
        ),
        ({"fuel": {"share_bp": always(10_001)}}, "less than or equal to 10000"),
        ({"round_off_minor": 0}, "greater than 0"),
    ],
)
def test_contradictions_are_refused(rules: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        rules_of(rules)


def test_discounts_side_by_side_are_fine() -> None:
    rules_of(
        {
            "discounts": {
                "all": off(),
                "tata": off("tata", valid_to="2026-01-01"),
                "tata-26": off("tata") | {"valid_from": "2026-01-01"},
                "unused": off("tata") | {"in_use": False},
            }
        }
    )


@pytest.mark.parametrize(
    ("from_hour", "to_hour", "covered"),
    [(22, 5, {22, 23, 0, 1, 2, 3, 4}), (1, 3, {1, 2}), (6, 6, set())],
)
def test_a_night_may_pass_midnight(from_hour: int, to_hour: int, covered: set[int]) -> None:
    night = Night(from_hour=from_hour, to_hour=to_hour, share_bp=0)

    assert {hour for hour in range(24) if night.covers(hour)} == covered


def test_what_the_product_comes_with_is_sound() -> None:
    rules = defaults().pricing

    assert rules.cards["standard"].in_use
    assert {"gta_rcm_5", "gta_fcm_18", "exempt_no_cn"} <= rules.gst.modes.keys()
