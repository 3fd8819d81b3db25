"""Documents about carriages: each amount worked by hand, and what the law wants to stand there."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freight.invoices.documents import (
    Consignment,
    DocumentKind,
    FreightTerms,
    Head,
    PartyBlock,
    Risk,
)
from freight.invoices.drafting import (
    advance_receipt,
    consignment_note,
    fee_invoice,
    freight_invoice,
)
from freight.pricing.gst import Recipient
from freight.refusal import Refusal
from tests.freight.invoices.papers import (
    BOOK,
    DAY,
    FARMER,
    MILL,
    NEIGHBOUR,
    PUNE,
    charge,
    invoice,
    issued,
    supply,
    transport,
)
from tests.freight.invoices.worked import AWAY, CASES, PRIVATE, Case, by


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_freight_invoice(case: Case) -> None:
    made = invoice(case.amounts, **case.changes)

    assert {tax.name: tax.amount_minor for tax in made.taxes} == case.taxes
    assert made.kind is case.kind
    assert made.total_minor == case.total
    assert made.round_off_minor == case.off
    assert made.reverse_charge_minor == case.owed
    assert made.is_reverse_charge is bool(case.owed)
    assert made.taxable_minor == sum(case.amounts)


def said(draft: Any) -> set[str]:
    return {text.key for text in draft.texts}


def test_reverse_charge_is_said_and_who_owes_it() -> None:
    made = invoice(buyer=MILL, **by("gta_rcm_5", AWAY))

    assert "reverse-charge" in said(made)
    assert made.transport is not None
    assert (made.transport.liable_for_tax, made.transport.liable_gstin) == (
        "shippers/mill",
        "29AAGCB7383J1Z4",
    )
    assert (made.place_of_supply, made.place_of_supply_name) == ("29", "Karnataka")


def test_forward_charge_carries_the_declaration_of_annexure_iii_for_its_year() -> None:
    made = invoice(**by("gta_fcm_5"))
    text = next(text for text in made.texts if text.key == "forward-charge")

    assert "during the Financial Year 26-27 under forward charge" in text.en
    assert text.hi is not None
    assert "26-27" in text.hi
    assert made.transport is not None
    assert made.transport.liable_for_tax == "platform"


def test_who_is_no_agency_declares_nothing() -> None:
    assert "forward-charge" not in said(invoice(**by("rent_with_operator_18")))


def test_a_bill_of_supply_names_the_entry_that_exempts() -> None:
    made = invoice(buyer=FARMER, **by(None, PRIVATE))

    assert said(made) == {"mode-exempt_21a"}
    assert made.words_en == "Rupees Fifty Thousand Only"


def test_what_the_law_wants_and_nobody_said_is_told() -> None:
    bare = PartyBlock(party="shippers/x", name="x", gstin="29AAGCB7383J1Z4")
    carried = msgspec.structs.replace(transport(), vehicles=(), gross_weight_kg=None)
    made = freight_invoice(
        BOOK,
        cause="c",
        seller=msgspec.structs.replace(PUNE, gstin=None),
        buyer=bare,
        supply=supply(recipient=Recipient(True, None)),
        charges=[charge(100)],
        transport=carried,
    )

    assert set(made.lacks) == {
        *("seller.gstin", "place_of_supply", "buyer.address"),
        *("transport.vehicles", "transport.gross_weight", "transport.liable_gstin"),
    }
    assert invoice().lacks == ()


def test_a_person_is_named_with_address_from_fifty_thousand_on() -> None:
    small = invoice([49_999_00], buyer=FARMER, **by(None, PRIVATE))
    large = invoice([50_000_00], buyer=FARMER, **by(None, PRIVATE))

    assert "buyer.address" not in small.lacks
    assert "buyer.address" in large.lacks


@pytest.mark.parametrize(
    ("amounts", "code"),
    [
        ([], "invoice.empty"),
        ([0], "invoice.empty"),
        ([100, -200], "invoice.negative"),
        ([1] * 101, "invoice.lines"),
    ],
)
def test_what_is_no_invoice(amounts: list[int], code: str) -> None:
    with pytest.raises(Refusal) as refused:
        invoice(amounts)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("amount", "changes", "taxable", "taxes", "off"),
    [
        # 11,800 with 18 % inside
        (1_180_000, by("gta_fcm_18", AWAY), 1_000_000, {"igst": 180_000}, 0),
        (1_180_000, by("gta_fcm_18"), 1_000_000, {"cgst": 90_000, "sgst": 90_000}, 0),
        # 10,000 / 1.05 = 9,523.81; 2.5 % = 238.10 twice; one paisa too much
        (1_000_000, by("gta_fcm_5"), 952_381, {"cgst": 23_810, "sgst": 23_810}, -1),
        # under reverse charge and for what is exempt there is none inside
        (1_000_000, by("gta_rcm_5"), 1_000_000, {}, 0),
        (1_000_000, by(None, PRIVATE), 1_000_000, {}, 0),
    ],
)
def test_a_receipt_voucher_has_its_tax_inside(
    amount: int, changes: dict[str, Any], taxable: int, taxes: dict[str, int], off: int
) -> None:
    made = advance_receipt(
        BOOK,
        cause="pay-1/receipt",
        seller=PUNE,
        buyer=NEIGHBOUR,
        supply=supply(**changes),
        amount_minor=amount,
        description="Advance",
        booking="bk-1",
    )

    assert made.kind is DocumentKind.RECEIPT_VOUCHER
    assert (made.total_minor, made.taxable_minor, made.round_off_minor) == (amount, taxable, off)
    assert {tax.name: tax.amount_minor for tax in made.taxes} == taxes
    assert "receipt" in said(made)


def test_no_receipt_for_nothing() -> None:
    with pytest.raises(Refusal):
        advance_receipt(
            BOOK,
            cause="c",
            seller=PUNE,
            buyer=MILL,
            supply=supply(),
            amount_minor=0,
            description="Advance",
        )


@pytest.mark.parametrize(
    ("buyer", "taxes", "total"),
    [
        # the fact sheet's: 5 % commission of 50,000 = 2,500; IGST 450
        (MILL, {"igst": 45_000}, 295_000),
        (NEIGHBOUR, {"cgst": 22_500, "sgst": 22_500}, 295_000),
        (FARMER, {"cgst": 22_500, "sgst": 22_500}, 295_000),
    ],
)
def test_a_platforms_fee(buyer: PartyBlock, taxes: dict[str, int], total: int) -> None:
    fee = charge(250_000, Head.PLATFORM_FEE)
    made = fee_invoice(BOOK, cause="f", seller=PUNE, buyer=buyer, charges=[fee], day=DAY)

    assert {tax.name: tax.amount_minor for tax in made.taxes} == taxes
    assert (made.total_minor, made.lines[0].sac) == (total, "998599")
    assert "forward-charge" not in said(made)


@pytest.mark.parametrize(
    ("risk", "freight", "limit"),
    [
        (Risk.OWNER, 50_000_00, 500_000_00),
        (Risk.OWNER, None, None),
        (Risk.CARRIER, 50_000_00, None),
    ],
)
def test_a_consignment_note(risk: Risk, freight: int | None, limit: int | None) -> None:
    made = consignment_note(
        BOOK,
        cause="bk-1/L1/lr",
        seller=PUNE,
        buyer=MILL,
        supply=supply(**by("gta_rcm_5", AWAY)),
        transport=transport(),
        consignment=Consignment(
            risk=risk, terms=FreightTerms.TO_BE_BILLED, declared_value_minor=10**9
        ),
        freight_minor=freight,
        booking="bk-1",
        leg="L1",
    )

    assert made.consignment is not None
    assert made.consignment.liability_limit_minor == limit
    assert made.consignment.copies == ("Consignor", "Consignee", "Carrier")
    assert {f"risk-{risk}", "carriage", "claims", "reverse-charge"} == said(made) - {"mode-x"}
    assert made.transport is not None
    assert made.transport.liable_for_tax == "shippers/mill"
    assert (made.total_minor, made.lines) == (0, ())


def test_an_invoice_takes_up_the_tax_of_its_advances() -> None:
    voucher = issued(
        advance_receipt(
            BOOK,
            cause="r",
            seller=PUNE,
            buyer=NEIGHBOUR,
            supply=supply(),
            amount_minor=1_180_000,
            description="Advance",
        )
    )
    made = freight_invoice(
        BOOK,
        cause="i",
        seller=PUNE,
        buyer=NEIGHBOUR,
        supply=supply(),
        charges=[charge(5_000_000)],
        advances=[voucher],
    )

    assert [ref.number for ref in made.references] == ["RV/26-27/0000001"]
    assert made.references[0].taken_up == voucher.taxes
    assert made.total_minor == 5_900_000


AMOUNTS = st.lists(st.integers(1, 10**9), min_size=1, max_size=6)
MODES = st.sampled_from(["gta_fcm_5", "gta_fcm_18", "gta_rcm_5", "exempt_21", "platform_18"])


@settings(max_examples=100, deadline=None)
@given(AMOUNTS, MODES, st.sampled_from(["27", "29", "04"]), st.sampled_from(["27", "04"]))
def test_the_parts_are_the_total_and_the_halves_are_equal(
    amounts: list[int], mode: str, state: str, own: str
) -> None:
    made = invoice(amounts, mode=mode, recipient=Recipient(True, state), supplier_state=own)
    taxes = {tax.name: tax.amount_minor for tax in made.taxes}

    assert made.taxable_minor + made.tax_minor + made.round_off_minor == made.total_minor
    assert sum(taxes.values()) == sum(line.tax_minor for line in made.lines) == made.tax_minor
    assert taxes.get("cgst", 0) == taxes.get("sgst", 0) + taxes.get("utgst", 0)
    assert made.total_minor % 100 == 0
    assert abs(made.round_off_minor) <= 50
    assert not (made.is_reverse_charge and made.tax_minor)
