"""GSTIN, PAN and IFSC: what can be one, and what is said of what cannot."""

from __future__ import annotations

import re

import pytest

from freight.fleet.identifiers import (
    PIN_PATTERN,
    account_of,
    gstin_check_character,
    gstin_fault,
    ifsc_fault,
    pan_fault,
    pan_in,
    recipient_gstin_fault,
    transin_fault,
)

GOOD_GSTINS = [
    "27AAPFU0939F1ZV",
    "29AAGCB7383J1Z4",
    "05AAACG2115R1ZN",
    "05AAACG2140A1ZL",
    "18AABCU9603R1ZM",
    "24AABCJ1087G1ZT",
    "33AAACP1935C1Z0",
]


@pytest.mark.parametrize("gstin", GOOD_GSTINS)
def test_a_gstin_that_adds_up(gstin: str) -> None:
    assert gstin_fault(gstin) is None
    assert gstin_check_character(gstin[:-1]) == gstin[-1]


@pytest.mark.parametrize("gstin", GOOD_GSTINS)
def test_one_wrong_character_is_noticed(gstin: str) -> None:
    for place in (0, 1, 5, 7, 11, 12, 14):
        other = "1" if gstin[place] != "1" else "2"
        if gstin[place].isalpha() and place < 12:
            other = "B" if gstin[place] != "B" else "C"
        assert gstin_fault(gstin[:place] + other + gstin[place + 1 :]) is not None


BAD_GSTINS = [
    ("33AAACP1935C1ZP", "has the check character P, but 0 belongs to the others"),
    ("27AAPFU0939F1Z", "is not a GSTIN"),
    ("27aapfu0939f1zv", "is not a GSTIN"),
    ("27AAPFU0939F0ZV", "is not a GSTIN"),
    ("27AAPFU0939F1XV", "is not a GSTIN"),
    ("", "is not a GSTIN"),
    ("27AAPFU0939F1ZV\n", "is not a GSTIN"),
    ("\u0966\u0966AAPFU0939F1ZV", "is not a GSTIN"),
]


@pytest.mark.parametrize(("gstin", "says"), BAD_GSTINS)
def test_what_is_wrong_with_a_gstin_is_said(gstin: str, says: str) -> None:
    assert (gstin_fault(gstin) or "").startswith(says)


def test_a_gstin_begins_with_a_state() -> None:
    first = "60AAPFU0939F1Z"

    assert "60, which is no state's code" in str(gstin_fault(first + gstin_check_character(first)))


def test_a_gstin_contains_its_pan() -> None:
    assert pan_in("27AAPFU0939F1ZV") == "AAPFU0939F"


@pytest.mark.parametrize("pan", ["AAPFU0939F", "AAACG2115R", "ABCPK1234L"])
def test_a_pan(pan: str) -> None:
    assert pan_fault(pan) is None


@pytest.mark.parametrize(
    "pan", ["AAPXU0939F", "AAPFU939F", "AAPFU0939", "aapfu0939f", "AAPF00939F"]
)
def test_no_pan(pan: str) -> None:
    assert pan_fault(pan) is not None


@pytest.mark.parametrize("ifsc", ["HDFC0000001", "SBIN0ABC123"])
def test_an_ifsc(ifsc: str) -> None:
    assert ifsc_fault(ifsc) is None


@pytest.mark.parametrize("ifsc", ["HDFC1000001", "HDF00000001", "HDFC000001", "hdfc0000001"])
def test_no_ifsc(ifsc: str) -> None:
    assert ifsc_fault(ifsc) is not None


ACCOUNTS = [
    ((None, None), (None, None)),
    (("123456", "HDFC0000001"), ("HDFC0000001", "123456")),
    (("HDFC0000001/123456", None), ("HDFC0000001", "123456")),
    (("HDFC0000001/123456", "SBIN0000002"), ("SBIN0000002", "123456")),
    (("12/3456", None), (None, "12/3456")),
]


@pytest.mark.parametrize(("given", "account"), ACCOUNTS)
def test_bank_and_account_however_written(
    given: tuple[str | None, str | None], account: tuple[str | None, str | None]
) -> None:
    assert account_of(*given) == account


@pytest.mark.parametrize(
    ("text", "is_good"),
    [
        ("27AAPFU0939F1ZV", True),
        ("27AAPFU0939F1D" + gstin_check_character("27AAPFU0939F1D"), True),  # deducts tax
        ("27AAPFU0939F1C" + gstin_check_character("27AAPFU0939F1C"), True),  # runs a platform
        ("0717USA00016UN" + gstin_check_character("0717USA00016UN"), True),  # an embassy
        ("9917USA29001NR" + gstin_check_character("9917USA29001NR"), True),  # from abroad
        ("9917USA29001NR" + "?", False),
        ("27AAPFU0939F1D0", False),
        ("27AAPFU0939F1ZW", False),
        ("URP", False),
    ],
)
def test_who_is_sent_an_invoice(text: str, is_good: bool) -> None:
    assert (recipient_gstin_fault(text) is None) is is_good


@pytest.mark.parametrize(
    ("text", "is_good"),
    [("27AAPFU0939F1ZV", True), ("88AABCT1234R1ZA", True), ("88AABCT1234R1Z", False), ("", False)],
)
def test_transporters_without_a_gstin(text: str, is_good: bool) -> None:
    assert (transin_fault(text) is None) is is_good


@pytest.mark.parametrize(
    ("text", "is_good"),
    [("411001", True), ("011001", False), ("41100", False), ("4110011", False), ("41100a", False)],
)
def test_pin_codes(text: str, is_good: bool) -> None:
    assert (re.fullmatch(PIN_PATTERN, text) is not None) is is_good
