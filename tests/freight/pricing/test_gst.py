"""The worked price table, taxes: each case with its sum, checked by hand."""

from __future__ import annotations

import pytest

from tests.freight.pricing.worked import (
    CHANDIGARH,
    KARNATAKA,
    Case,
    always,
    check,
    load_of,
    taxed,
)

TAXES = [
    # another state: 18 % of 50 000.00
    Case(
        "forward charge between states",
        [("freight", 5_000_000), ("igst", 900_000)],
        taxed("gta_fcm_18"),
        {"shipper": "away"},
    ),
    # the same state: 2.5 % each of 50 000.00
    Case(
        "forward charge within a state",
        [("freight", 5_000_000), ("cgst", 125_000), ("sgst", 125_000)],
        taxed("gta_fcm_5"),
        {"shipper": "home"},
    ),
    # 2.5 % of 333.33 = 8.33 each
    Case(
        "halves are rounded alike",
        [("freight", 33_333), ("cgst", 833), ("sgst", 833)],
        taxed("gta_fcm_5", 33_333),
        {"shipper": "home"},
    ),
    # 2.5 % of 0.20 is exactly half a paisa: one paisa each, where all of it would be one
    Case(
        "each half is rounded for itself",
        [("freight", 20), ("cgst", 1), ("sgst", 1)],
        taxed("gta_fcm_5", 20),
        {"shipper": "home"},
    ),
    # 5 %, which the recipient pays to the state: no part of the total
    Case(
        "reverse charge between states",
        [("freight", 5_000_000)],
        taxed("gta_rcm_5"),
        {"shipper": "away"},
        recipient_pays=[("igst", 250_000)],
    ),
    Case(
        "reverse charge within a state",
        [("freight", 5_000_000)],
        taxed("gta_rcm_5"),
        {"shipper": "home"},
        recipient_pays=[("cgst", 125_000), ("sgst", 125_000)],
    ),
    # entry 21A: an agency's freight for who is not registered
    Case(
        "exempt for the unregistered",
        [("freight", 5_000_000)],
        taxed("gta_fcm_18"),
        {"shipper": "small"},
    ),
    # entry 21
    Case(
        "exempt material",
        [("freight", 5_000_000)],
        taxed("gta_fcm_18"),
        {"shipper": "away", "load": load_of(material="rice")},
    ),
    # no agency, so neither entry: supplied where the goods are handed over, 2.5 % each
    Case(
        "a rented truck for the unregistered",
        [("freight", 5_000_000), ("cgst", 125_000), ("sgst", 125_000)],
        taxed("rent_with_operator_5"),
        {"shipper": "small"},
    ),
    Case(
        "a rented truck for the unregistered, loaded elsewhere",
        [("freight", 5_000_000), ("igst", 250_000)],
        taxed("rent_with_operator_5"),
        {"shipper": "small", "load": load_of(from_state=KARNATAKA)},
    ),
    # 12 % on the last day of the old rate
    Case(
        "the day before the rate changed",
        [("freight", 5_000_000), ("igst", 600_000)],
        taxed("gta_fcm_18"),
        {"shipper": "away", "at": "2025-09-21T23:59"},
    ),
    Case(
        "the day on which the rate changed",
        [("freight", 5_000_000), ("igst", 900_000)],
        taxed("gta_fcm_18"),
        {"shipper": "away", "at": "2025-09-22T00:00"},
    ),
    # Chandigarh has no legislature: UTGST
    Case(
        "within a union territory",
        [("freight", 5_000_000), ("cgst", 125_000), ("utgst", 125_000)],
        taxed("rent_with_operator_5", supplier_state=CHANDIGARH),
        {"shipper": "small", "load": load_of(from_state=CHANDIGARH)},
    ),
    # no contract says where the recipient is
    Case(
        "nobody knows the place",
        [("freight", 5_000_000), ("igst", 900_000)],
        taxed("gta_fcm_18"),
    ),
    Case(
        "nobody knows the place, taken as here",
        [("freight", 5_000_000), ("cgst", 450_000), ("sgst", 450_000)],
        taxed("gta_fcm_18", state_unknown="intra"),
    ),
    # freight under reverse charge; 5 % fee = 2 500.00, forward charge: 18 % of it = 450.00
    Case(
        "the fee is a supply of its own",
        [("freight", 5_000_000), ("platform_fee", 250_000), ("igst", 45_000)],
        taxed("gta_rcm_5") | {"platform_fee": always({"share_bp": 500})},
        {"shipper": "away"},
        recipient_pays=[("igst", 250_000)],
    ),
]


@pytest.mark.parametrize("case", TAXES, ids=lambda case: case.name)
def test_worked(case: Case) -> None:
    check(case)
