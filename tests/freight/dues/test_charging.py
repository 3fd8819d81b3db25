"""What documents are to say beside those there are: as much as is wanted, and never more."""

from __future__ import annotations

from collections import Counter

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from config.policy import defaults
from freight.booking.state import Adjustment, Charge, ChargeHead, Quoted, Side, Status
from freight.dues.charging import Note, Open, charges, final_minor, said_minor, still_open
from freight.invoices import documents as d
from freight.invoices import totals
from freight.invoices.documents import Document, DocumentKind, DocumentLine, Head, Reference
from tests.freight.booking.story import Story, create, rules

WORDS = defaults().dues.words
PARTY = d.PartyBlock(party="shippers/acme", name="Acme")


def booked(total_minor: int = 4_000_000) -> Story:
    story = Story(rules())
    story.does(create(price=Quoted("Q1", total_minor, "digest", "INR")))
    return story


def charge(head: Head, amount_minor: int) -> totals.Charge:
    return totals.Charge(head=head, description=head.value, amount_minor=amount_minor)


def document(
    nr: int, kind: DocumentKind, amounts: dict[int, tuple[Head, int]], about: str
) -> Document:
    """One without taxes."""
    lines = [
        DocumentLine(
            nr=line,
            head=head,
            description="",
            sac="996511",
            taxable_minor=amount,
            mode="gta_rcm_5",
            rate_bp=500,
        )
        for line, (head, amount) in amounts.items()
    ]
    return Document(
        cause=f"bookings/b1/{nr}",
        kind=kind,
        seller=PARTY,
        buyer=PARTY,
        lines=tuple(lines),
        total_minor=sum(line.taxable_minor for line in lines),
        references=(Reference(about, DocumentKind.TAX_INVOICE, about, "2026-11-21"),)
        if about
        else (),
        id=f"doc{nr}",
        tenant="t",
        series="IN",
        state="27",
        year=2026,
        nr=nr,
        number=str(nr),
        date="2026-11-21",
        issued_ms=nr,
        previous=None,
        qr="",
    )


def issued(missing: Open, so_far: list[Document]) -> list[Document]:
    """As the books would write it."""
    made: list[Document] = []
    nr = len(so_far)
    for note in missing.notes:
        nr += 1
        heads = {line.nr: line.head for one in so_far if one.id == note.about for line in one.lines}
        lines = {line: (heads[line], amount) for line, amount in note.taxable_by_line.items()}
        made.append(document(nr, DocumentKind.CREDIT_NOTE, lines, note.about))
    if missing.charges:
        amounts = {n: (one.head, one.amount_minor) for n, one in enumerate(missing.charges, 1)}
        made.append(document(nr + 1, DocumentKind.TAX_INVOICE, amounts, ""))
    return [*so_far, *made]


def test_the_carriage_what_was_agreed_later_and_what_came_up() -> None:
    story = booked()
    detention = Charge("x", ChargeHead.DETENTION, "L1", "S2", Side.SHIPPER, 30_000)
    theirs = Charge("y", ChargeHead.CANCELLATION, "L1", None, Side.CARRIER, 99)
    later = Adjustment("A1", "toll_paid", "trip", 1, 1, -5_000, -5_000)
    booking = msgspec.structs.replace(
        story.now, charges={"x": detention, "y": theirs}, adjustments=(later,)
    )

    assert [(one.head, one.amount_minor) for one in charges(booking, None, WORDS)] == [
        (Head.FREIGHT, 4_000_000),
        (Head.FREIGHT, -5_000),
        (Head.DETENTION, 30_000),
    ]


def test_of_a_cancelled_booking_nothing_is_charged_but_its_charges() -> None:
    story = booked()
    legs = tuple(msgspec.structs.replace(leg, standing=Status.CANCELLED) for leg in story.now.legs)
    booking = msgspec.structs.replace(story.now, legs=legs)

    assert [one.amount_minor for one in charges(booking, None, WORDS)] == [0]


def test_nothing_is_final_before_there_is_an_invoice() -> None:
    assert final_minor([]) is None
    invoice = document(1, DocumentKind.TAX_INVOICE, {1: (Head.FREIGHT, 100)}, "")
    note = document(2, DocumentKind.CREDIT_NOTE, {1: (Head.FREIGHT, 30)}, "doc1")
    assert final_minor([invoice, note]) == 70


WANTED = st.lists(
    st.dictionaries(
        st.sampled_from([Head.FREIGHT, Head.DETENTION, Head.OTHER, Head.CANCELLATION]),
        st.integers(0, 10**9),
    ),
    min_size=1,
    max_size=6,
)


@given(WANTED)
@settings(max_examples=100, deadline=None)
def test_whatever_is_wanted_one_after_another_is_said_in_the_end(
    wishes: list[dict[Head, int]],
) -> None:
    kept: list[Document] = []
    for wish in wishes:
        wanted = [charge(head, amount) for head, amount in wish.items()]
        kept = issued(still_open(wanted, 0, kept), kept)

        assert said_minor(kept) == Counter({head: n for head, n in wish.items() if n})
        assert not still_open(wanted, 0, kept).is_something
        for one in kept:
            assert all(line.taxable_minor > 0 for line in one.lines)
        assert final_minor(kept) in (sum(wish.values()), None)


def test_two_reasons_of_one_kind_keep_their_words_on_the_first_invoice() -> None:
    first = charge(Head.DETENTION, 100)
    second = totals.Charge(head=Head.DETENTION, description="other", amount_minor=50)

    assert still_open([first, second], 0, []).charges == (first, second)


def test_what_a_person_noted_is_neither_charged_again_nor_taken_back() -> None:
    invoice = document(1, DocumentKind.TAX_INVOICE, {1: (Head.FREIGHT, 1_000)}, "")
    for kind in (DocumentKind.CREDIT_NOTE, DocumentKind.DEBIT_NOTE):
        note = document(2, kind, {1: (Head.FREIGHT, 300)}, invoice.id)
        by_hand = msgspec.structs.replace(note, cause=f"{invoice.id}/credit/key")

        assert not still_open([charge(Head.FREIGHT, 1_000)], 0, [invoice, by_hand]).is_something

    less = still_open([charge(Head.FREIGHT, 900)], 0, [invoice, by_hand])
    assert [note.taxable_by_line for note in less.notes] == [{1: 100}]


def test_a_fee_that_is_less_by_now_is_noted() -> None:
    invoice = document(1, DocumentKind.TAX_INVOICE, {1: (Head.PLATFORM_FEE, 1_000)}, "")

    assert still_open([], 1_500, [invoice]).fee_minor == 500
    less = still_open([], 400, [invoice])
    assert (less.fee_minor, less.notes) == (0, (Note("doc1", {1: 600}),))
    assert not still_open([], 400, issued(less, [invoice])).is_something
