"""Notes about a document that was issued: how much of it is left, and the part that is taken."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec

from freight.invoices.documents import (
    Document,
    DocumentKind,
    DocumentLine,
    Draft,
    Reference,
    Text,
)
from freight.invoices.rules import InvoiceRules
from freight.invoices.totals import TAXES, part_of_line, summed, with_total
from freight.money import rounded
from freight.refusal import Refusal
from freight.tax.calendar import year_label
from freight.tax.supply import taxable_within

AMOUNTS = ("taxable_minor", "reverse_charge_minor", *(f"{name}_minor" for name in TAXES))
TAKES_BACK = frozenset({DocumentKind.CREDIT_NOTE, DocumentKind.REFUND_VOUCHER})


class HasInvoiceRules(Protocol):
    @property
    def invoices(self) -> InvoiceRules: ...


@dataclass(frozen=True)
class Noted:
    """What a note is, and why."""

    cause: str
    kind: DocumentKind
    reason: str
    texts: tuple[Text, ...]
    is_taxed: bool = True


@dataclass(frozen=True)
class Left:
    """What earlier notes have left of a document, line by line."""

    lines: Mapping[int, DocumentLine]
    total_minor: int


def left_of(document: Document, notes: Iterable[Document]) -> Left:
    lines = {line.nr: line for line in document.lines}
    total = document.total_minor
    for one in notes:
        if one.kind not in TAKES_BACK or all(ref.id != document.id for ref in one.references):
            continue
        total -= one.total_minor
        for line in one.lines:
            now = lines[line.nr]
            less = {name: getattr(now, name) - getattr(line, name) for name in AMOUNTS}
            lines[line.nr] = msgspec.structs.replace(now, **less)
    return Left(lines, total)


def note(
    document: Document,
    noted: Noted,
    left: Left | None,
    *,
    amount_minor: int | None = None,
    taxable_by_line: Mapping[int, int] | None = None,
) -> Draft:
    """Of the whole, of an amount with its taxes, or of lines without them; `left` bounds it."""
    by_nr = {line.nr: line for line in document.lines}
    unbounded = left is None
    bound = left or Left(by_nr, document.total_minor)
    if taxable_by_line:
        lines = _of_lines(document, by_nr, taxable_by_line, None if unbounded else bound)
        total = sum(line.taxable_minor + line.tax_minor for line in lines)
        if not unbounded and _is_all(lines, bound):
            total = bound.total_minor
    elif amount_minor is None or (amount_minor == bound.total_minor and not unbounded):
        lines = [line for line in bound.lines.values() if line.taxable_minor or line.tax_minor]
        total = bound.total_minor
    else:
        lines = _of_amount(document, by_nr, amount_minor, None if unbounded else bound)
        total = amount_minor
    if not noted.is_taxed:
        lines = [_untaxed(line) for line in lines]
        total = sum(line.taxable_minor for line in lines)
    if total <= 0:
        raise Refusal("note.empty", "nothing is left of it, or nothing was asked for")
    if not unbounded and total > bound.total_minor:
        total = _within(lines, bound.total_minor)
    draft = Draft(
        cause=noted.cause,
        kind=noted.kind,
        seller=document.seller,
        buyer=document.buyer,
        booking=document.booking,
        leg=document.leg,
        place_of_supply=document.place_of_supply,
        place_of_supply_name=document.place_of_supply_name,
        is_inter_state=document.is_inter_state,
        is_reverse_charge=document.is_reverse_charge,
        texts=noted.texts,
        references=(Reference(document.id, document.kind, document.number, document.date),),
        reason=noted.reason,
        is_tax_adjusted=noted.is_taxed,
    )
    return summed(draft, lines, with_total(lines, total))


def texts(book: HasInvoiceRules, document: Document, *, is_late: bool = False) -> tuple[Text, ...]:
    keys = ["note", *(("late-note",) if is_late else ())]
    if document.is_reverse_charge:
        keys.append("reverse-charge")
    filled = {
        "fy": year_label(document.year),
        "number": document.number,
        "date": document.date,
    }
    return worded(book.invoices, keys, filled)


def worded(rules: InvoiceRules, keys: Sequence[str], filled: Mapping[str, str]) -> tuple[Text, ...]:
    """Those of the texts that are set; what stands in braces and is known is filled in."""
    found = []
    for name in keys:
        text = rules.texts.get(name)
        if text is not None:
            hindi = None if text.hi is None else _filled(text.hi, filled)
            found.append(Text(name, _filled(text.en, filled), hindi))
    return tuple(found)


def _filled(text: str, values: Mapping[str, str]) -> str:
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def _of_lines(
    document: Document,
    by_nr: Mapping[int, DocumentLine],
    taxable_by_line: Mapping[int, int],
    bound: Left | None,
) -> list[DocumentLine]:
    made = []
    for nr, taxable_minor in sorted(taxable_by_line.items()):
        if nr not in by_nr:
            raise Refusal("note.line", f"{document.number} has no line {nr}")
        if taxable_minor <= 0:
            raise Refusal("note.amount", f"line {nr}: an amount above nothing is needed")
        left = _most(by_nr[nr]) if bound is None else bound.lines[nr]
        if bound is not None and taxable_minor > left.taxable_minor:
            raise Refusal("note.too_much", f"of line {nr} only {left.taxable_minor} paise are left")
        if taxable_minor == left.taxable_minor and bound is not None:
            made.append(left)
        else:
            made.append(part_of_line(by_nr[nr], taxable_minor, document, left))
    return made


def _of_amount(
    document: Document, by_nr: Mapping[int, DocumentLine], amount_minor: int, bound: Left | None
) -> list[DocumentLine]:
    """Spread over the lines as what is left of them, taxes inside."""
    if amount_minor <= 0:
        raise Refusal("note.amount", "an amount above nothing is needed")
    if bound is not None and amount_minor > bound.total_minor:
        raise Refusal("note.too_much", f"only {bound.total_minor} paise of it are left")
    lines = bound.lines if bound is not None else by_nr
    weights = {nr: max(line.taxable_minor + line.tax_minor, 0) for nr, line in lines.items()}
    whole, rest = sum(weights.values()), amount_minor
    if not whole:
        raise Refusal("note.empty", "nothing is left of its lines")
    made = []
    for nr, weight in weights.items():
        share = rounded(rest * weight, whole)
        rest, whole = rest - share, whole - weight
        left = _most(by_nr[nr]) if bound is None else lines[nr]
        rate_bp = 0 if document.is_reverse_charge else by_nr[nr].rate_bp
        taxable = taxable_within(share, rate_bp)
        if bound is not None:
            taxable = min(taxable, left.taxable_minor)
        if taxable > 0:
            made.append(part_of_line(by_nr[nr], taxable, document, left))
        if not whole:
            break
    return made


def _most(line: DocumentLine) -> DocumentLine:
    """No bound: a debit note may ask for more than the invoice did."""
    return msgspec.structs.replace(line, **dict.fromkeys(AMOUNTS, 10**18))


def _untaxed(line: DocumentLine) -> DocumentLine:
    nothing = {name: 0 for name in AMOUNTS if name != "taxable_minor"}
    return msgspec.structs.replace(line, **nothing)


def _is_all(lines: Sequence[DocumentLine], left: Left) -> bool:
    taken = {line.nr: line.taxable_minor for line in lines}
    return all(taken.get(nr, 0) == line.taxable_minor for nr, line in left.lines.items())


def _within(lines: Sequence[DocumentLine], most_minor: int) -> int:
    """An invoice that was rounded down has a few paise less to give than its lines."""
    return min(sum(line.taxable_minor + line.tax_minor for line in lines), most_minor)
