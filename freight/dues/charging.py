"""What is to be charged for a booking, and what of it no document says yet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec

from freight.booking.state import Booking, ChargeHead, Side
from freight.dues.owing import carriage_minor, charges_of
from freight.dues.rules import Word
from freight.invoices.documents import Detail, Document, DocumentKind, Head
from freight.invoices.postings import INVOICES
from freight.invoices.totals import Charge
from freight.money import rounded
from freight.pricing.gst import FREIGHT, PLATFORM_FEE
from freight.pricing.lines import Line
from freight.pricing.price import Price

HEADS: Mapping[ChargeHead, Head] = {
    ChargeHead.DETENTION: Head.DETENTION,
    ChargeHead.CANCELLATION: Head.CANCELLATION,
    ChargeHead.RETURN: Head.RETURN,
}
# How the causes begin of what is written for a booking by itself.
BY_ITSELF = "bookings/"
_TAXES = ("cgst", "sgst", "utgst", "igst", "round_off", "platform_fee")


class Note(msgspec.Struct, frozen=True):
    """So much less for lines of an invoice, by their numbers."""

    about: str
    taxable_by_line: dict[int, int]


class Open(msgspec.Struct, frozen=True):
    """What documents are to say beside those there are."""

    charges: tuple[Charge, ...] = ()  # without tax
    notes: tuple[Note, ...] = ()
    fee_minor: int = 0

    @property
    def is_something(self) -> bool:
        return bool(self.charges or self.notes or self.fee_minor)


def charges(booking: Booking, price: Price | None, words: Mapping[Word, str]) -> list[Charge]:
    """Without tax: the carriage as it was priced, what was agreed on later, and what came up."""
    made = [*_carriage(booking, price, words), *_adjustments(booking, words)]
    for one in charges_of(booking, Side.SHIPPER):
        where = one.leg if one.stop is None else f"{one.leg} {one.stop}"
        text = f"{words[Word(one.head.value)]} ({where})"
        made.append(Charge(head=HEADS[one.head], description=text, amount_minor=one.amount_minor))
    return made


def fee_minor(booking: Booking, price: Price | None) -> int:
    """The platform's fee, which is a supply of its own."""
    if price is None:
        return 0
    whole = sum(part.taxable_minor for part in price.taxes if part.of == PLATFORM_FEE)
    return _carried(booking, whole)


def still_open(wanted: Sequence[Charge], fee: int, documents: Sequence[Document]) -> Open:
    """By head. What is more is charged; what is less is noted on the lines that said too much, the
    newest first."""
    said = said_minor(documents)
    want: Counter[Head] = Counter()
    for charge in wanted:
        want[charge.head] += charge.amount_minor
    more: list[Charge] = []
    notes: list[Note] = []
    for head in sorted({*want, *said} - {Head.PLATFORM_FEE, Head.ADVANCE}):
        off_minor = want[head] - said[head]
        if off_minor > 0 or (off_minor and not said[head]):
            more += _of_head(wanted, head, off_minor, is_first=head not in said)
        elif off_minor:
            notes += _less(documents, head, -off_minor)
    fee_off_minor = fee - said[Head.PLATFORM_FEE]
    notes += _less(documents, Head.PLATFORM_FEE, -fee_off_minor)
    return Open(tuple(more), _joined(notes), max(fee_off_minor, 0))


def is_by_itself(document: Document) -> bool:
    """Not by a person."""
    return document.cause.startswith(BY_ITSELF)


def is_invoiced(documents: Sequence[Document]) -> bool:
    """Whether what follows from the booking is."""
    return any(one.kind in INVOICES and is_by_itself(one) for one in documents)


def said_minor(documents: Sequence[Document]) -> Counter[Head]:
    """Taxable amounts by what they are for. A person's note says that the price is another than
    follows from the booking, and a person's invoice what does not follow from it: neither is
    charged again nor taken back."""
    said: Counter[Head] = Counter()
    for document in documents:
        if not is_by_itself(document):
            continue
        sign = _SIGN.get(document.kind, 1 if document.kind in INVOICES else 0)
        for line in document.lines:
            said[line.head] += sign * line.taxable_minor
    return Counter({head: minor for head, minor in said.items() if minor})


def final_minor(documents: Sequence[Document]) -> int | None:
    """What the documents come to, taxes and rounding included; None: nothing is invoiced yet, but
    for what a person has invoiced beside."""
    if not is_invoiced(documents):
        return None
    charged = [document for document in documents if document.kind in INVOICES]
    taken = [one for one in documents if one.kind is DocumentKind.CREDIT_NOTE]
    return sum(one.total_minor for one in charged) - sum(one.total_minor for one in taken)


_SIGN = {DocumentKind.CREDIT_NOTE: -1}


def _carriage(booking: Booking, price: Price | None, words: Mapping[Word, str]) -> list[Charge]:
    agreed = carriage_minor(booking)
    if agreed is None or booking.price is None:
        return []
    details: tuple[Detail, ...] = ()
    if price is None:
        whole = booking.price.total_minor
    else:
        whole = sum(part.taxable_minor for part in price.taxes if part.of == FREIGHT)
        if _carried(booking, whole) == whole:
            details = tuple(
                _detail(line) for line in price.lines if not line.key.startswith(_TAXES)
            )
    return [
        Charge(
            head=Head.FREIGHT,
            description=f"{words[Word.FREIGHT]}: {booking.load.material}",
            amount_minor=_carried(booking, whole),
            quantity=f"{booking.load.weight_kg} kg",
            details=details,
        )
    ]


def _adjustments(booking: Booking, words: Mapping[Word, str]) -> list[Charge]:
    return [
        Charge(
            # What is taken off is taken off the freight: there may be nothing else.
            head=Head.OTHER if one.amount_minor > 0 else Head.FREIGHT,
            description=f"{words[Word.ADJUSTMENT]}: {one.head.replace('_', ' ')}",
            amount_minor=_carried(booking, one.amount_minor),
            quantity=f"{one.quantity} {one.unit}",
        )
        for one in booking.adjustments
    ]


def _carried(booking: Booking, minor: int) -> int:
    """For the part of the load that is carried."""
    carried_kg = sum(leg.weight_kg for leg in booking.active_legs)
    return rounded(minor * carried_kg, sum(leg.weight_kg for leg in booking.legs))


def _detail(line: Line) -> Detail:
    return Detail(line.key.replace("_", " "), line.amount_minor)


def _of_head(
    wanted: Sequence[Charge], head: Head, off_minor: int, *, is_first: bool
) -> list[Charge]:
    """As they are, where no document says anything of them; else one for the difference."""
    mine = [charge for charge in wanted if charge.head is head and charge.amount_minor]
    if is_first:
        return mine
    text = mine[-1].description if len(mine) == 1 else head.value
    return [Charge(head=head, description=text, amount_minor=off_minor)]


def _less(documents: Sequence[Document], head: Head, off_minor: int) -> list[Note]:
    notes: list[Note] = []
    taken = _noted(documents)
    for document in reversed(documents):
        if document.kind not in INVOICES or not is_by_itself(document):
            continue
        for line in document.lines:
            left = line.taxable_minor - taken[document.id, line.nr]
            part = min(left, off_minor) if line.head is head else 0
            if part > 0:
                notes.append(Note(document.id, {line.nr: part}))
                off_minor -= part
    return notes


def _noted(documents: Sequence[Document]) -> Counter[tuple[str, int]]:
    """What credit notes took back, by invoice and line."""
    taken: Counter[tuple[str, int]] = Counter()
    for document in documents:
        if document.kind is DocumentKind.CREDIT_NOTE and document.references:
            for line in document.lines:
                taken[document.references[0].id, line.nr] += line.taxable_minor
    return taken


def _joined(notes: Sequence[Note]) -> tuple[Note, ...]:
    """One for each invoice."""
    by_invoice: dict[str, dict[int, int]] = {}
    for note in notes:
        by_invoice.setdefault(note.about, {}).update(note.taxable_by_line)
    return tuple(Note(about, lines) for about, lines in by_invoice.items())
