"""Numbers of documents, what their QR code says, and the rules they follow."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from pydantic import ValidationError

from config.policy import defaults
from freight.invoices.documents import digest_of, document_id, read, written
from freight.invoices.issuing import numbered
from freight.invoices.rules import InvoiceRules, Series
from tests.freight.invoices.papers import AT_MS, BOOK, FARMER, PUNE, invoice, issued


@pytest.mark.parametrize(
    ("series", "number"),
    [
        # the fact sheet's: exactly sixteen characters
        ({"prefix": "UT"}, "UT/25-26/0000123"),
        ({"prefix": "A", "pattern": "{prefix}{state}/{fy}/{n:05}"}, "A27/25-26/00123"),
        ({"prefix": "INV", "pattern": "{prefix}-{n:08}"}, "INV-00000123"),
    ],
)
def test_numbers_follow_the_pattern(series: dict[str, Any], number: str) -> None:
    assert Series(**series).number(2025, "27", 123) == number


@pytest.mark.parametrize(
    "series",
    [
        {"prefix": "INV"},  # seventeen characters
        {"prefix": "UT", "pattern": "{prefix}/{fy}"},  # every one the same
        {"prefix": "UT", "pattern": "{prefix}/{fy}/{month}/{n}"},
        {"prefix": "UT", "pattern": "{n:07}/{prefix}"},  # begins with a zero at first
        {"prefix": "UT", "pattern": "{prefix}_{n:07}"},
        {"prefix": "UT", "pattern": "{prefix}/{n"},
        {"prefix": "0T"},
        {"prefix": "UT", "number_chars_max": 15},
    ],
)
def test_patterns_that_the_law_does_not_take(series: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Series(**series)


def test_two_kinds_do_not_share_numbers() -> None:
    given = defaults().invoices.model_dump()
    given["series"]["credit_note"]["prefix"] = "IN"
    with pytest.raises(ValidationError, match="the same numbers"):
        InvoiceRules.model_validate(given)


def test_every_kind_has_a_series() -> None:
    given = defaults().invoices.model_dump()
    del given["series"]["credit_note"]
    with pytest.raises(ValidationError, match="no series for credit_note"):
        InvoiceRules.model_validate(given)


def test_a_series_ends_where_its_numbers_become_too_long() -> None:
    with pytest.raises(OverflowError):
        issued(invoice(), nr=10_000_000)


def test_a_document_is_of_the_day_in_india_and_of_its_registration() -> None:
    made = issued(invoice(), nr=7)
    bare = numbered(
        msgspec.structs.replace(
            invoice(), seller=msgspec.structs.replace(PUNE, gstin=None, address=FARMER.address)
        ),
        BOOK.invoices,
        "29",
        AT_MS,
    )

    assert (made.date, made.year, made.state, made.nr) == ("2026-11-21", 2026, "27", 7)
    assert bare.state == "27"


def test_the_qr_code_says_what_e_invoices_say() -> None:
    made = issued(invoice([12_34_567_00], mode="gta_rcm_5", buyer=FARMER))

    assert msgspec.json.decode(made.qr) == {
        "SellerGstin": "27AAPFU0939F1ZV",
        "BuyerGstin": "URP",
        "DocNo": "IN/26-27/0000001",
        "DocTyp": "INV",
        "DocDt": "21/11/2026",
        "TotInvVal": "1234567.00",
        "ItemCnt": 1,
        "MainHsnCode": "996511",
    }


def test_a_document_is_the_same_bytes_for_ever() -> None:
    made = issued(invoice())

    assert read(written(made)) == made
    assert written(read(written(made))) == written(made)
    assert len(digest_of(written(made))) == 64


def test_the_same_cause_has_the_same_id_for_one_tenant_only() -> None:
    assert document_id(1, "c") == document_id(1, "c")
    assert len({document_id(1, "c"), document_id(2, "c"), document_id(1, "d")}) == 3
