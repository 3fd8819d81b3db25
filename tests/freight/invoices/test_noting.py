"""Notes about documents: worked parts of invoices, and never more than there is."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freight.invoices.documents import Document
from freight.invoices.drafting import advance_receipt, credit_note, debit_note, refund_voucher
from freight.pricing.gst import Recipient
from freight.refusal import Refusal
from tests.freight.invoices.papers import BOOK, DAY, NEIGHBOUR, PUNE, invoice, issued, supply

AWAY = Recipient(is_registered=True, state="29")


def credited(against: Document, *already: Document, day: date = DAY, **much: Any) -> Document:
    draft = credit_note(
        BOOK,
        against,
        cause=f"{against.id}/{len(already)}",
        reason="short landing",
        day=day,
        already=already,
        **much,
    )
    return issued(draft, len(already) + 1)


@pytest.mark.parametrize(
    ("mode", "much", "taxable", "taxes", "off", "total", "owed"),
    [
        # 2 % of 50,000 with 18 %
        ("gta_fcm_18", {"taxable_by_line": {1: 100_000}}, 100_000, [9_000, 9_000], 0, 118_000, 0),
        ("gta_fcm_18", {"amount_minor": 118_000}, 100_000, [9_000, 9_000], 0, 118_000, 0),
        # 100.00 / 1.05 = 95.24; 2.38 twice
        ("gta_fcm_5", {"amount_minor": 10_000}, 9_524, [238, 238], 0, 10_000, 0),
        # 10.01 / 1.05 = 9.53; 0.24 twice: exactly
        ("gta_fcm_5", {"amount_minor": 1_001}, 953, [24, 24], 0, 1_001, 0),
        # 10.02 / 1.05 = 9.54; 0.24 twice = 10.02
        ("gta_fcm_5", {"amount_minor": 1_002}, 954, [24, 24], 0, 1_002, 0),
        # under reverse charge the note has no tax, and less is owed to the state
        ("gta_rcm_5", {"taxable_by_line": {1: 100_000}}, 100_000, [], 0, 100_000, 5_000),
        ("gta_rcm_5", {"amount_minor": 100_000}, 100_000, [], 0, 100_000, 5_000),
        ("exempt_21", {"amount_minor": 33_333}, 33_333, [], 0, 33_333, 0),
        # all of it
        ("gta_fcm_18", {}, 5_000_000, [450_000, 450_000], 0, 5_900_000, 0),
        ("gta_rcm_5", {}, 5_000_000, [], 0, 5_000_000, 250_000),
    ],
)
def test_a_part_of_fifty_thousand_within_a_state(  # noqa: PLR0917 - a table
    mode: str,
    much: dict[str, Any],
    taxable: int,
    taxes: list[int],
    off: int,
    total: int,
    owed: int,
) -> None:
    note = credited(issued(invoice(mode=mode)), **much)

    assert (note.taxable_minor, note.round_off_minor, note.total_minor) == (taxable, off, total)
    assert [tax.amount_minor for tax in note.taxes] == taxes
    assert note.reverse_charge_minor == owed
    assert note.references[0].number.endswith("/26-27/0000001")


def test_a_note_says_what_it_is_about_and_why() -> None:
    note = credited(issued(invoice(mode="gta_rcm_5")), amount_minor=100)

    assert note.reason == "short landing"
    assert [text.key for text in note.texts] == ["note", "reverse-charge"]
    assert note.texts[0].en == "This note is about IN/26-27/0000001 of 2026-11-21."


def test_between_states_the_note_has_igst() -> None:
    note = credited(issued(invoice(recipient=AWAY)), taxable_by_line={1: 100_000})

    assert [(tax.name, tax.amount_minor) for tax in note.taxes] == [("igst", 18_000)]


def test_a_cancelled_invoice_gives_back_its_rounding() -> None:
    against = issued(invoice([123]))  # 1.45, asked for as 1.00

    whole = credited(against)
    by_line = credited(against, taxable_by_line={1: 123})

    assert whole.total_minor == by_line.total_minor == 100
    assert whole.round_off_minor == -45


@pytest.mark.parametrize(
    ("much", "code"),
    [
        ({"amount_minor": 5_900_001}, "note.too_much"),
        ({"amount_minor": 0}, "note.amount"),
        ({"taxable_by_line": {1: 5_000_001}}, "note.too_much"),
        ({"taxable_by_line": {1: -1}}, "note.amount"),
        ({"taxable_by_line": {2: 1}}, "note.line"),
    ],
)
def test_what_is_refused(much: dict[str, Any], code: str) -> None:
    with pytest.raises(Refusal) as refused:
        credited(issued(invoice()), **much)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("day", "is_taxed"), [(date(2027, 11, 30), True), (date(2027, 12, 1), False)]
)
def test_after_the_last_day_a_note_changes_no_tax(day: date, is_taxed: bool) -> None:
    """Section 34(2): 30 November after the invoice's financial year."""
    note = credited(issued(invoice()), day=day, taxable_by_line={1: 100_000})

    assert note.is_tax_adjusted is is_taxed
    assert note.total_minor == (118_000 if is_taxed else 100_000)
    assert ("late-note" in {text.key for text in note.texts}) is not is_taxed


def test_a_debit_note_is_taxed_as_the_line_is() -> None:
    against = issued(invoice())
    draft = debit_note(BOOK, against, cause="d", reason="toll", taxable_by_line={1: 10_000_000})

    assert (draft.taxable_minor, draft.tax_minor, draft.total_minor) == (
        10_000_000,
        1_800_000,
        11_800_000,
    )
    by_amount = debit_note(BOOK, against, cause="e", reason="toll", amount_minor=118_000)
    assert (by_amount.taxable_minor, by_amount.tax_minor) == (100_000, 18_000)
    with pytest.raises(Refusal):
        debit_note(BOOK, against, cause="f", reason="nothing")


def test_an_advance_is_given_back_in_parts() -> None:
    receipt = issued(
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
    part = issued(
        refund_voucher(BOOK, receipt, cause="a", reason="cancelled", amount_minor=118_000)
    )
    rest = refund_voucher(BOOK, receipt, cause="b", reason="cancelled", already=[part])

    assert (part.number, part.taxable_minor, part.tax_minor) == (
        "RF/26-27/0000001",
        100_000,
        18_000,
    )
    assert (rest.taxable_minor, rest.tax_minor, rest.total_minor) == (900_000, 162_000, 1_062_000)


AMOUNTS = st.lists(st.integers(1, 10**7), min_size=1, max_size=4)
MODES = st.sampled_from(["gta_fcm_5", "gta_fcm_18", "gta_rcm_5", "exempt_21"])


@settings(max_examples=100, deadline=None)
@given(AMOUNTS, MODES, st.lists(st.integers(1, 10**7), max_size=5), st.booleans())
def test_credit_notes_never_exceed_their_invoice(
    amounts: list[int], mode: str, wanted: list[int], inter: bool
) -> None:
    against = issued(invoice(amounts, mode=mode, recipient=AWAY if inter else supply().recipient))
    notes: list[Document] = []
    for much in wanted:
        try:
            notes.append(credited(against, *notes, amount_minor=much))
        except Refusal:
            continue
    try:
        notes.append(credited(against, *notes))
    except Refusal:
        assert sum(note.total_minor for note in notes) == against.total_minor
    assert sum(note.total_minor for note in notes) == against.total_minor
    assert sum(note.taxable_minor for note in notes) <= against.taxable_minor
    assert sum(note.reverse_charge_minor for note in notes) <= against.reverse_charge_minor
    for name in ("cgst_minor", "sgst_minor", "igst_minor"):
        taken = sum(getattr(line, name) for note in notes for line in note.lines)
        assert 0 <= taken <= sum(getattr(line, name) for line in against.lines)
    for note in notes:
        taxes = {tax.name: tax.amount_minor for tax in note.taxes}
        assert taxes.get("cgst", 0) == taxes.get("sgst", 0)
        assert note.taxable_minor + note.tax_minor + note.round_off_minor == note.total_minor
