"""Which consignments must have a bill, and which need no vehicle in it."""

from __future__ import annotations

from datetime import date

import pytest

from freight.eway.need import need_of, needs_vehicle
from tests.freight.eway.given import LAW

DAY = date(2026, 11, 20)


@pytest.mark.parametrize(
    ("rupees", "from_state", "to_state", "needed"),
    [
        (50_000, "24", "08", False),  # not above
        (50_001, "24", "08", True),
        (50_001, "24", "24", True),
        (99_999, "27", "27", False),  # a lakh inside Maharashtra
        (100_001, "27", "27", True),
        (60_000, "27", "24", True),  # leaves it
        (60_000, "07", "07", False),
        (60_000, "33", "33", False),
        (0, "07", "27", False),
    ],
)
def test_by_value_and_state(rupees: int, from_state: str, to_state: str, needed: bool) -> None:
    assert need_of(rupees * 100, from_state, to_state, DAY, LAW).is_needed is needed


@pytest.mark.parametrize(
    ("km", "from_state", "to_state", "needed"),
    [(50, "24", "24", False), (51, "24", "24", True), (20, "24", "27", True)],
)
def test_a_short_way_inside_a_state_needs_no_vehicle(
    km: int, from_state: str, to_state: str, needed: bool
) -> None:
    assert needs_vehicle(km, from_state, to_state, DAY, LAW) is needed
