"""A month's documents as rows of the return GSTR-1: which table each belongs to, by rate."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from enum import StrEnum

import msgspec

from freight.invoices.documents import Document, DocumentKind, DocumentLine
from freight.invoices.rules import InvoiceRules


class Section(StrEnum):
    B2B = "b2b"  # to who is registered, invoice by invoice
    B2CL = "b2cl"  # large ones between states to who is not
    B2CS = "b2cs"  # all others to who is not, in sums
    CDNR = "cdnr"  # notes to who is registered
    CDNUR = "cdnur"  # notes about large invoices to who is not
    EXEMPT = "exempt"
    ADVANCES = "at"  # tax on advances whose invoice has not come yet
    TAKEN_UP = "txpd"  # advances of earlier months that invoices took up


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A document's part at one rate; paise."""

    section: Section
    kind: DocumentKind
    number: str
    date: str
    gstin: str | None
    name: str
    place_of_supply: str | None
    is_inter_state: bool
    is_reverse_charge: bool
    value_minor: int
    rate_bp: int
    taxable_minor: int
    igst_minor: int
    cgst_minor: int
    sgst_minor: int  # or that of a union territory
    about: str | None = None


class Issued(msgspec.Struct, frozen=True):
    """How many of a series were issued, from which number to which; none is ever cancelled
    otherwise than by a credit note."""

    kind: DocumentKind
    first: str
    last: str
    count: int


_NOTES = frozenset({DocumentKind.CREDIT_NOTE, DocumentKind.DEBIT_NOTE})
_VOUCHERS = frozenset({DocumentKind.RECEIPT_VOUCHER, DocumentKind.REFUND_VOUCHER})
_LESS = frozenset({DocumentKind.CREDIT_NOTE, DocumentKind.REFUND_VOUCHER})


def rows_of(
    documents: Sequence[Document], others: Mapping[str, Document], rules: InvoiceRules
) -> list[Row]:
    """`others` are the documents of earlier months that notes and references name."""
    known = {**others, **{document.id: document for document in documents}}
    in_month = {document.id for document in documents}
    taken_up = {
        reference.id
        for document in documents
        for reference in document.references
        if reference.kind is DocumentKind.RECEIPT_VOUCHER and reference.taken_up
    }
    found: list[Row] = []
    for document in documents:
        if document.kind in _VOUCHERS:
            if document.tax_minor and document.id not in taken_up:
                found += _rows(document, Section.ADVANCES)
        elif document.kind is not DocumentKind.CONSIGNMENT_NOTE:
            found += _rows(document, _section(document, known, rules))
            for reference in document.references:
                voucher = known.get(reference.id)
                if reference.taken_up and voucher is not None and voucher.id not in in_month:
                    found += _rows(voucher, Section.TAKEN_UP)
    return found


def issued_of(documents: Iterable[Document]) -> list[Issued]:
    by_series: dict[str, list[Document]] = {}
    for document in documents:
        by_series.setdefault(document.series, []).append(document)
    found = []
    for series in sorted(by_series):
        ordered = sorted(by_series[series], key=lambda one: (one.year, one.nr))
        first, last = ordered[0], ordered[-1]
        found.append(Issued(first.kind, first.number, last.number, len(ordered)))
    return found


def _section(document: Document, known: Mapping[str, Document], rules: InvoiceRules) -> Section:
    is_registered = document.buyer.gstin is not None
    if document.kind in _NOTES:
        against = known[document.references[0].id]
        if _is_exempt(against):
            return Section.EXEMPT
        if is_registered:
            return Section.CDNR
        return Section.CDNUR if _is_large(against, rules) else Section.B2CS
    if _is_exempt(document):
        return Section.EXEMPT
    if is_registered:
        return Section.B2B
    return Section.B2CL if _is_large(document, rules) else Section.B2CS


def _is_exempt(document: Document) -> bool:
    return not any(line.rate_bp for line in document.lines)


def _is_large(document: Document, rules: InvoiceRules) -> bool:
    above = rules.large_unregistered_above_minor.at(date.fromisoformat(document.date))
    return document.is_inter_state and document.total_minor > above


def _rows(document: Document, section: Section) -> list[Row]:
    sums: dict[int, Counter[str]] = {}
    for line in document.lines:
        sums.setdefault(line.rate_bp, Counter()).update(_amounts(document, line))
    # Sums over many documents go down with what takes back; tables of notes name them as such.
    is_sum = section in {Section.B2CS, Section.EXEMPT, Section.ADVANCES}
    sign = -1 if is_sum and document.kind in _LESS else 1
    return [
        Row(
            section=section,
            kind=document.kind,
            number=document.number,
            date=document.date,
            gstin=document.buyer.gstin,
            name=document.buyer.name,
            place_of_supply=document.place_of_supply,
            is_inter_state=document.is_inter_state,
            is_reverse_charge=document.is_reverse_charge,
            value_minor=sign * document.total_minor,
            rate_bp=rate_bp,
            taxable_minor=sign * amounts["taxable"],
            igst_minor=sign * amounts["igst"],
            cgst_minor=sign * amounts["cgst"],
            sgst_minor=sign * amounts["sgst"],
            about=document.references[0].number if document.kind in _NOTES else None,
        )
        for rate_bp, amounts in sums.items()
    ]


def _amounts(document: Document, line: DocumentLine) -> dict[str, int]:
    """Under reverse charge the return names the tax too, as the recipient's to pay."""
    owed = line.reverse_charge_minor
    inter = document.is_inter_state
    return {
        "taxable": line.taxable_minor,
        "igst": line.igst_minor + (owed if inter else 0),
        "cgst": line.cgst_minor + (0 if inter else owed // 2),
        "sgst": line.sgst_minor + line.utgst_minor + (0 if inter else owed - owed // 2),
    }
