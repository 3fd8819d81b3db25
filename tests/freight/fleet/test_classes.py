"""What trucks of each class may weigh and carry."""

from __future__ import annotations

from datetime import date

import pytest
from pydantic import ValidationError

from config.policy import defaults
from freight.dated import NotInForceError
from freight.fleet.classes import ClassRules, legal_gross_kg, payload_kg

RULES = defaults().fleet.classes
LAW = RULES.legal_weights.at(date(2026, 11, 21))
CLASSES = RULES.by_code()

GROSS_KG = [
    ("ACE_7", 15_000),
    ("LCV_17", 18_500),
    ("SXL_32", 18_500),
    ("MXL_32", 28_500),
    ("OPEN_10W", 28_500),
    ("OPEN_12W", 36_000),
    ("OPEN_14W", 43_500),
    ("OPEN_16W", 47_500),
    ("TRL_18W", 49_500),
    ("TRL_22W", 55_000),
]


@pytest.mark.parametrize(("code", "gross_kg"), GROSS_KG)
def test_what_a_class_may_weigh(code: str, gross_kg: int) -> None:
    assert legal_gross_kg(CLASSES[code], LAW) == gross_kg


def test_the_law_of_before_is_not_known() -> None:
    with pytest.raises(NotInForceError):
        RULES.legal_weights.at(date(2018, 7, 15))


# rc payload, rc gvw, capacity, class -> may carry
CARRIES = [
    (16_000, 28_500, None, "OPEN_10W", 16_000),
    # Its owner says more than its RC.
    (16_000, 28_500, 25.0, "OPEN_10W", 16_000),
    # An RC above what the axles may bear: no more than keeps it legal.
    (20_000, 31_000, None, "OPEN_10W", 17_500),
    # A weight is only held against its class's axles where the RC tells it.
    (20_000, None, None, "OPEN_10W", 20_000),
    (None, None, 15.5, "OPEN_10W", 15_500),
    (None, None, None, "OPEN_10W", 16_000),
    (16_000, 40_000, None, "unheard of", 16_000),
    (None, None, None, "unheard of", None),
    (None, None, 0.0, "unheard of", 0),
    (1_000, 60_000, None, "ACE_7", 0),
]


@pytest.mark.parametrize(
    ("rc_payload_kg", "rc_gvw_kg", "capacity_t", "code", "carries_kg"), CARRIES
)
def test_what_a_truck_may_carry(
    rc_payload_kg: int | None,
    rc_gvw_kg: int | None,
    capacity_t: float | None,
    code: str,
    carries_kg: int | None,
) -> None:
    carries = payload_kg(
        CLASSES.get(code),
        rc_payload_kg=rc_payload_kg,
        rc_gvw_kg=rc_gvw_kg,
        capacity_t=capacity_t,
        law=LAW,
    )

    assert carries == carries_kg


def test_a_table_that_contradicts_itself_is_refused() -> None:
    good = RULES.model_dump(mode="json")
    row = good["table"][0]
    for wrong in (
        [row, row],
        [{**row, "axles": ["none such"]}],
        [{**row, "payload_kg_min": 2000}],
    ):
        with pytest.raises(ValidationError):
            ClassRules.model_validate({**good, "table": wrong})
