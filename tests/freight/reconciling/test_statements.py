"""Bank statements as banks write them: commas of lakhs, Cr and Dr, lines above and below."""

from __future__ import annotations

import csv
from datetime import date

import pytest

from config.policy import defaults
from freight.reconciling.amounts import UnreadableError, day_of, minor_of
from freight.reconciling.statements import read

RULES = defaults().reconciling


@pytest.mark.parametrize(
    ("text", "minor"),
    [
        ("1,23,456.78", 12_345_678),
        ("12,34,56,789.00", 12_345_678_900),
        ("123456.7", 12_345_670),
        ("0.05", 5),
        ("₹ 500", 50_000),
        ("Rs. 500.00", 50_000),
        ("INR 1,000.00 Cr", 100_000),
        ("1,000.00 Dr", -100_000),
        ("1,000.00 DR.", -100_000),
        ("(1,250.50)", -125_050),
        ("-42.00", -4200),
        ("+42", 4200),
        ("", None),
        (" - ", None),
    ],
)
def test_amounts(text: str, minor: int | None) -> None:
    assert minor_of(text) == minor


@pytest.mark.parametrize(
    "text", ["abc", "1.234,56", "12.345", "(5", "5)", "1,2", ",5", "1 2", "5 XX"]
)
def test_what_is_no_amount(text: str) -> None:
    with pytest.raises(UnreadableError):
        minor_of(text)


def test_days() -> None:
    assert day_of("05/11/2026", "%d/%m/%Y") == date(2026, 11, 5)
    with pytest.raises(UnreadableError):
        day_of("11/25/2026", "%d/%m/%Y")


def table(text: str, delimiter: str = ",") -> list[list[list[str]]]:
    return [list(csv.reader(text.splitlines(), delimiter=delimiter))]


HDFC = """HDFC BANK Ltd.,,,,,,
Statement of account,,,,,,
********,********,****,****,****,****,****
Date,Narration,Chq./Ref.No.,Value Dt,Withdrawal Amt.,Deposit Amt.,Closing Balance
********,********,****,****,****,****,****
05/11/26,NEFT CR-RAZORPAY SOFTWARE,0000AXISN12345678901,05/11/26,,"1,23,456.78","5,23,456.78"
06/11/26,IMPS-632500123456-RENT,000632500123456,06/11/26,"10,000.00",,"5,13,456.78"

STATEMENT SUMMARY :-,,,,,,
"""
ONE_COLUMN = """Date;Description;Reference;Amount;Cr/Dr;Balance
05/11/2026;RTGS HDFCR12026110500000001 ACME;;2,50,000.00;CR;2,50,000.00
06/11/2026;Charges;;590.00;Dr;2,49,410.00
07/11/2026;What;;1.00;XX;0
07/13/2026;When;;1.00;CR;0
"""


def test_two_columns_between_what_a_bank_prints() -> None:
    found = read(table(HDFC), RULES.formats["hdfc"], RULES.utr_forms)
    assert found.faults == ()
    into, out = found.rows
    assert (into.row, into.day, into.amount_minor) == (6, date(2026, 11, 5), 12_345_678)
    assert (into.utr, into.balance_minor) == ("AXISN12345678901", 52_345_678)
    assert (out.amount_minor, out.utr) == (-1_000_000, "632500123456")


def test_one_column_with_cr_and_dr() -> None:
    found = read(table(ONE_COLUMN, ";"), RULES.formats["one_column"], RULES.utr_forms)
    assert [row.amount_minor for row in found.rows] == [25_000_000, -59_000]
    assert found.rows[0].utr == "HDFCR12026110500000001"
    assert found.rows[1].utr is None
    assert [fault.row for fault in found.faults] == [4, 5]


def test_a_file_that_is_no_statement() -> None:
    with pytest.raises(UnreadableError, match="names the columns"):
        read(table("a,b\n1,2\n"), RULES.formats["plain"], RULES.utr_forms)


def test_a_row_with_both_or_neither_is_told() -> None:
    text = "Date,Narration,Reference,Withdrawal,Deposit,Balance\n"
    found = read(
        table(text + "05/11/2026,x,,1,1,0\n05/11/2026,y,,,,0\n"),
        RULES.formats["plain"],
        RULES.utr_forms,
    )
    assert (found.rows, [fault.row for fault in found.faults]) == ((), [2, 3])
