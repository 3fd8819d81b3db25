"""Requests are what the portal's own test data are, to the letter."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from msgspec.structs import replace

from freight.eway.checks import faults_of
from freight.eway.codes import (
    CancelReason,
    DocType,
    ExtensionReason,
    PartBReason,
    SubSupply,
)
from freight.eway.consignment import Document, Item, Totals, Transport, vehicle_number
from freight.eway.payloads import (
    Extension,
    PartB,
    cancellation,
    extension,
    generation,
    transporter_change,
    vehicle_change,
)
from tests.freight.eway.given import CONSIGNMENT, GENERATED_MS, LAW, SENDER, TRANSPORT

DAY = date(2026, 11, 20)
LIMITS = LAW.limits.at(DAY)


def invoice(number: str, day: date = DAY) -> Document:
    return Document(DocType.INVOICE, number, day)


def test_generation() -> None:
    said = generation(CONSIGNMENT, replace(TRANSPORT, distance_km=10), SENDER.gstin)

    expected: dict[str, Any] = {
        "userGstin": "05AAACG2115R1ZN",
        "supplyType": "O",
        "subSupplyType": 1,
        "docType": "INV",
        "docNo": "INV-1",
        "docDate": "20/11/2026",
        "transactionType": 1,
        "fromGstin": "05AAACG2115R1ZN",
        "fromPincode": 248001,
        "fromStateCode": 5,
        "actFromStateCode": 5,
        "toGstin": "05AAACG2140A1ZL",
        "toPincode": 263139,
        "totalValue": 100.0,
        "cgstValue": 9.0,
        "sgstValue": 9.0,
        "igstValue": 0.0,
        "totInvValue": 118.0,
        "transMode": 1,
        "transDistance": 10,
        "vehicleNo": "GJ07DL9009",
        "vehicleType": "R",
        "mainHsnCode": "25232910",
    }
    assert {name: said[name] for name in expected} == expected
    item = said["itemList"][0]
    assert (item["itemNo"], item["hsnCode"], item["taxableAmount"]) == (1, "25232910", 100.0)
    assert (item["cgstRate"], item["sgstRate"], item["igstRate"]) == (9.0, 9.0, 0.0)


def test_part_a_alone_names_no_vehicle() -> None:
    said = generation(CONSIGNMENT, Transport(10, transporter="05AAACG2140A1ZL"), SENDER.gstin)

    assert said["transporterId"] == "05AAACG2140A1ZL"
    assert "vehicleNo" not in said


def test_part_b() -> None:
    given = PartB("GJ07DL9001", "Test City", 24, PartBReason.OTHERS, "Vehicle Info added")

    assert vehicle_change("301002999920", given) == {
        "ewbNo": "301002999920",
        "vehicleNo": "GJ07DL9001",
        "fromPlace": "Test City",
        "fromState": 24,
        "reasonCode": 3,
        "reasonRem": "Vehicle Info added",
        "transDocNo": None,
        "transDocDate": "",
        "transMode": 1,
        "vehicleType": "R",
    }


def test_extension() -> None:
    given = Extension(
        "Test",
        391510,
        24,
        5,
        ExtensionReason.NATURAL_CALAMITY,
        "Natural Calamity",
        vehicle="GJ07DL9009",
    )

    assert extension("301002999920", given) == {
        "ewbNo": 301002999920,
        "vehicleNo": "GJ07DL9009",
        "fromPlace": "Test",
        "fromState": "24",
        "fromPincode": 391510,
        "remainingDistance": 5,
        "transDocNo": None,
        "transDocDate": "",
        "transMode": 1,
        "extnRsnCode": 1,
        "extnRemarks": "Natural Calamity",
        "consignmentStatus": "M",
        "transitType": "",
    }


def test_transporter_and_cancellation() -> None:
    assert transporter_change("301002999920", "05AAACG2140A1ZL") == {
        "ewbNo": "301002999920",
        "transporterId": "05AAACG2140A1ZL",
    }
    assert cancellation("301002999920", CancelReason.DATA_ENTRY, "For Test") == {
        "ewbNo": "301002999920",
        "cancelRsnCode": "3",
        "cancelRmrk": "For Test",
    }


def test_nothing_is_wrong_with_a_good_one() -> None:
    assert faults_of(CONSIGNMENT, TRANSPORT, LIMITS, GENERATED_MS) == []


@pytest.mark.parametrize(
    ("given", "transport", "pointers"),
    [
        (
            {"document": Document(DocType.INVOICE, "0-1", date(2026, 11, 20))},
            {},
            "/document/number",
        ),
        (
            {"document": Document(DocType.INVOICE, "A" * 17, date(2026, 11, 20))},
            {},
            "/document/number",
        ),
        ({"document": invoice("A", date(2026, 11, 21))}, {}, "/document/date"),
        ({"document": invoice("A", date(2026, 5, 23))}, {}, "/document/date"),
        ({"sub_supply": SubSupply.OTHERS}, {}, "/sub_supply_text"),
        ({"sender": replace(SENDER, gstin="05AAACG2115R1ZX")}, {}, "/sender/gstin"),
        ({"sender": replace(SENDER, state=6)}, {}, "/sender/state"),
        ({"sender": replace(SENDER, pin=12_345)}, {}, "/sender/pin"),
        ({"sender": replace(SENDER, at_state=77)}, {}, "/sender/at_state"),
        ({"items": ()}, {}, "/items"),
        ({"items": (Item("Carriage", "996511", 100_00),)}, {}, "/items/0/hsn"),
        ({"items": (Item("Cement", "25", 100_00),)}, {}, "/items/0/hsn"),
        ({"items": (Item("Cement", "2523", 1, quantity=1.0),)}, {}, "/items/0/unit"),
        ({"items": (Item("Cement", "2523", 1, quantity=1.0, unit="TONNE"),)}, {}, "/items/0/unit"),
        ({"items": (Item("C", "2523", 1, igst_bp=1800, cgst_bp=900),)}, {}, "/items/0/igst_bp"),
        ({"totals": Totals(100_00, 130_00)}, {}, "/totals/invoice"),
        ({}, {"distance_km": 4_001}, "/transport/distance_km"),
        ({}, {"vehicle": "LORRY"}, "/transport/vehicle"),
        ({}, {"transporter": "somebody"}, "/transport/transporter"),
        ({}, {"vehicle": None}, "/transport/transporter"),
        ({}, {"doc_number": "A" * 16}, "/transport/doc_number"),
        ({"receiver": replace(SENDER)}, {}, "/transport/distance_km"),
    ],
)
def test_what_the_portal_would_refuse(
    given: dict[str, Any], transport: dict[str, Any], pointers: str
) -> None:
    consignment = replace(CONSIGNMENT, **given)
    found = faults_of(consignment, replace(TRANSPORT, **transport), LIMITS, GENERATED_MS)

    assert [fault.pointer for fault in found] == [pointers]


def test_a_document_of_180_days_is_just_young_enough() -> None:
    given = replace(CONSIGNMENT, document=Document(DocType.INVOICE, "A", date(2026, 5, 24)))

    assert faults_of(given, TRANSPORT, LIMITS, GENERATED_MS) == []


@pytest.mark.parametrize("text", ["gj 07 dl 9009", "GJ-07-DL-9009", "GJ07DL9009"])
def test_vehicle_numbers_are_compared_without_spaces(text: str) -> None:
    assert vehicle_number(text) == "GJ07DL9009"
