"""What documents do to the books, worked by hand."""

from __future__ import annotations

import msgspec
import pytest

from freight.invoices.documents import Document, Head
from freight.invoices.drafting import (
    advance_receipt,
    credit_note,
    fee_invoice,
    freight_invoice,
    refund_voucher,
)
from freight.invoices.postings import entry_of, postings_of
from freight.ledger.accounts import Role
from freight.pricing.gst import Recipient
from tests.freight.invoices.papers import (
    BOOK,
    DAY,
    NEIGHBOUR,
    PUNE,
    charge,
    invoice,
    issued,
    supply,
)


def moved(document: Document) -> dict[str, int]:
    return {posting.account: posting.amount_minor for posting in postings_of(document)}


def receipt() -> Document:
    return issued(
        advance_receipt(
            BOOK,
            cause="r",
            seller=PUNE,
            buyer=NEIGHBOUR,
            supply=supply(),
            amount_minor=1_180_000,
            description="Advance",
            booking="bk-1",
        )
    )


def test_an_invoice() -> None:
    assert moved(issued(invoice())) == {
        Role.RECEIVABLES: 5_900_000,
        Role.FREIGHT_INCOME: -5_000_000,
        Role.OUTPUT_CGST: -450_000,
        Role.OUTPUT_SGST: -450_000,
    }


def test_under_reverse_charge_no_tax_is_ours() -> None:
    assert moved(issued(invoice([33_333], mode="gta_rcm_5"))) == {
        Role.RECEIVABLES: 33_300,
        Role.FREIGHT_INCOME: -33_333,
        Role.ROUND_OFF: 33,
    }


@pytest.mark.parametrize(
    ("state", "own", "accounts"),
    [
        ("29", "27", {Role.OUTPUT_IGST}),
        ("04", "04", {Role.OUTPUT_CGST, Role.OUTPUT_UTGST}),
        ("27", "27", {Role.OUTPUT_CGST, Role.OUTPUT_SGST}),
    ],
)
def test_each_tax_has_its_account(state: str, own: str, accounts: set[Role]) -> None:
    made = issued(invoice(recipient=Recipient(True, state), supplier_state=own))

    assert moved(made).keys() - {Role.RECEIVABLES, Role.FREIGHT_INCOME} == accounts


def test_waiting_and_cancelling_are_incomes_of_their_own() -> None:
    draft = invoice([100_000, 20_000, 5_000], mode="exempt_21")
    heads = (Head.FREIGHT, Head.DETENTION, Head.CANCELLATION)
    lines = tuple(
        msgspec.structs.replace(line, head=head)
        for line, head in zip(draft.lines, heads, strict=True)
    )
    made = issued(msgspec.structs.replace(draft, lines=lines))

    assert moved(made) == {
        Role.RECEIVABLES: 125_000,
        Role.FREIGHT_INCOME: -100_000,
        Role.DETENTION_INCOME: -20_000,
        Role.CANCELLATION_INCOME: -5_000,
    }


def test_an_advance_owes_its_tax_until_the_invoice_takes_it_up() -> None:
    voucher = receipt()
    taken = freight_invoice(
        BOOK,
        cause="i",
        seller=PUNE,
        buyer=NEIGHBOUR,
        supply=supply(),
        charges=[charge(5_000_000)],
        advances=[voucher],
    )

    assert moved(voucher) == {
        Role.TAX_ON_ADVANCES: 180_000,
        Role.OUTPUT_CGST: -90_000,
        Role.OUTPUT_SGST: -90_000,
    }
    # with the voucher's postings it comes to 9,000.00 of tax, owed once
    assert moved(issued(taken)) == {
        Role.RECEIVABLES: 5_900_000,
        Role.FREIGHT_INCOME: -5_000_000,
        Role.OUTPUT_CGST: -360_000,
        Role.OUTPUT_SGST: -360_000,
        Role.TAX_ON_ADVANCES: -180_000,
    }


def test_an_advance_that_is_given_back_owes_no_tax() -> None:
    voucher = receipt()
    back = issued(refund_voucher(BOOK, voucher, cause="b", reason="cancelled"))

    assert {name: -amount for name, amount in moved(back).items()} == moved(voucher)


def test_a_credit_note_is_the_invoice_the_other_way_round() -> None:
    made = issued(invoice([123]))
    back = issued(credit_note(BOOK, made, cause="n", reason="cancelled", day=DAY))

    assert {name: -amount for name, amount in moved(back).items()} == moved(made)


def test_a_fee_from_a_carrier_is_taken_from_what_it_is_owed() -> None:
    carrier = msgspec.structs.replace(NEIGHBOUR, party="carriers/k1")
    fee = charge(250_000, Head.PLATFORM_FEE)
    made = issued(fee_invoice(BOOK, cause="f", seller=PUNE, buyer=carrier, charges=[fee], day=DAY))

    assert moved(made) == {
        Role.CARRIER_PAYABLES: 295_000,
        Role.PLATFORM_FEE_INCOME: -250_000,
        Role.OUTPUT_CGST: -22_500,
        Role.OUTPUT_SGST: -22_500,
    }


def test_the_entry_names_the_document_and_balances() -> None:
    made = entry_of(issued(invoice()))

    assert made is not None
    assert (made.cause.kind, made.memo) == ("invoice", "tax invoice IN/26-27/0000001")
    assert sum(posting.amount_minor for posting in made.postings) == 0
    assert {posting.booking for posting in made.postings} == {"bk-1"}
