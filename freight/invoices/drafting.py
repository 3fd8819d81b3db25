"""Drafts of documents: invoices, vouchers, notes and consignment notes, from what is to be said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import msgspec

from freight.invoices import noting
from freight.invoices.documents import (
    Consignment,
    Document,
    DocumentKind,
    Draft,
    Head,
    PartyBlock,
    Reference,
    Risk,
    Text,
    Transport,
)
from freight.invoices.rules import InvoiceRules
from freight.invoices.totals import Charge, line_of, summed, totals_of, with_total
from freight.pricing.gst import GstRules, Recipient, TaxPart
from freight.refusal import Refusal
from freight.tax.calendar import year_begun, year_label
from freight.tax.rules import TaxRules
from freight.tax.supply import Supply, fee_supply, freight_supply, taxable_within


@dataclass(frozen=True)
class Rulebook:
    """What documents of a tenant follow."""

    gst: GstRules
    tax: TaxRules
    invoices: InvoiceRules


def freight_invoice(
    book: Rulebook,
    *,
    cause: str,
    seller: PartyBlock,
    buyer: PartyBlock,
    supply: Supply,
    charges: Sequence[Charge],
    booking: str | None = None,
    leg: str | None = None,
    transport: Transport | None = None,
    advances: Sequence[Document] = (),
    reason: str | None = None,
    due_on: date | None = None,
) -> Draft:
    """A tax invoice, or a bill of supply for what is exempt. `advances` are the receipt vouchers
    whose money is for this: their tax is in the invoice's and not owed twice."""
    part = freight_supply(book.gst, supply)
    if transport is not None:
        transport = _with_liable(transport, part, seller, buyer)
    draft = _invoice(book, cause, seller, buyer, part, charges, supply.day)
    return msgspec.structs.replace(
        draft,
        booking=booking,
        leg=leg,
        transport=transport,
        references=tuple(_taken_up(voucher) for voucher in advances),
        reason=reason,
        due_on=None if due_on is None else due_on.isoformat(),
        lacks=(*draft.lacks, *_lacking_transport(transport, part, book, supply.day)),
    )


def fee_invoice(
    book: Rulebook,
    *,
    cause: str,
    seller: PartyBlock,
    buyer: PartyBlock,
    charges: Sequence[Charge],
    day: date,
    booking: str | None = None,
    leg: str | None = None,
) -> Draft:
    """For what the platform asks of a shipper or a carrier."""
    recipient = Recipient(buyer.is_registered, buyer.address.state)
    supplier_state = seller.address.state or book.gst.fee_supplier_state
    part = fee_supply(book.gst, recipient, supplier_state, day)
    draft = _invoice(book, cause, seller, buyer, part, charges, day)
    return msgspec.structs.replace(draft, booking=booking, leg=leg)


def advance_receipt(
    book: Rulebook,
    *,
    cause: str,
    seller: PartyBlock,
    buyer: PartyBlock,
    supply: Supply,
    amount_minor: int,
    description: str,
    booking: str | None = None,
) -> Draft:
    """A receipt voucher (rule 50): under forward charge the tax is inside what was received."""
    if amount_minor <= 0:
        raise Refusal("receipt.amount", "a receipt voucher is for money that came in")
    part = freight_supply(book.gst, supply)
    is_taxed = bool(part.rate_bp) and not part.is_reverse_charge
    taxable = taxable_within(amount_minor, part.rate_bp) if is_taxed else amount_minor
    charge = Charge(head=Head.ADVANCE, description=description, amount_minor=taxable)
    lines = [line_of(book.gst, part, 1, charge)]
    draft = _bare(book, cause, DocumentKind.RECEIPT_VOUCHER, seller, buyer, part)
    draft = msgspec.structs.replace(
        draft, booking=booking, texts=_texts(book, part, supply.day, "receipt")
    )
    return summed(draft, lines, with_total(lines, amount_minor))


def refund_voucher(
    book: Rulebook,
    receipt: Document,
    *,
    cause: str,
    reason: str,
    amount_minor: int | None = None,
    already: Sequence[Document] = (),
) -> Draft:
    """For an advance that is given back, or a part of it; None: all that is left of it."""
    return noting.note(
        receipt,
        noting.Noted(cause, DocumentKind.REFUND_VOUCHER, reason, noting.texts(book, receipt)),
        noting.left_of(receipt, already),
        amount_minor=amount_minor,
    )


def credit_note(
    book: Rulebook,
    against: Document,
    *,
    cause: str,
    reason: str,
    day: date,
    already: Sequence[Document] = (),
    amount_minor: int | None = None,
    taxable_by_line: Mapping[int, int] | None = None,
) -> Draft:
    """Takes back so much of an invoice, of its lines, or all that earlier notes have left of it.
    Refused beyond that."""
    is_late = day > book.invoices.credit_note_until.at(day).after(against.year)
    wording = noting.texts(book, against, is_late=is_late)
    return noting.note(
        against,
        noting.Noted(cause, DocumentKind.CREDIT_NOTE, reason, wording, is_taxed=not is_late),
        noting.left_of(against, already),
        amount_minor=amount_minor,
        taxable_by_line=taxable_by_line,
    )


def debit_note(
    book: Rulebook,
    against: Document,
    *,
    cause: str,
    reason: str,
    amount_minor: int | None = None,
    taxable_by_line: Mapping[int, int] | None = None,
) -> Draft:
    """Asks for more than an invoice did, taxed as its lines are."""
    if amount_minor is None and not taxable_by_line:
        raise Refusal("note.empty", "say how much more is owed")
    return noting.note(
        against,
        noting.Noted(cause, DocumentKind.DEBIT_NOTE, reason, noting.texts(book, against)),
        None,
        amount_minor=amount_minor,
        taxable_by_line=taxable_by_line,
    )


def consignment_note(
    book: Rulebook,
    *,
    cause: str,
    seller: PartyBlock,
    buyer: PartyBlock,
    supply: Supply,
    transport: Transport,
    consignment: Consignment,
    freight_minor: int | None = None,
    booking: str | None = None,
    leg: str | None = None,
) -> Draft:
    """The receipt for goods that makes a carrier an agency; it moves no money."""
    part = freight_supply(book.gst, supply)
    kind = DocumentKind.CONSIGNMENT_NOTE
    transport = _with_liable(transport, part, seller, buyer)
    limit = consignment.liability_limit_minor
    if consignment.risk is Risk.OWNER and limit is None and freight_minor is not None:
        limit = freight_minor * book.invoices.liability_freight_times
    risk = f"risk-{consignment.risk.value}"
    return msgspec.structs.replace(
        _bare(book, cause, kind, seller, buyer, part),
        booking=booking,
        leg=leg,
        transport=transport,
        consignment=msgspec.structs.replace(
            consignment,
            liability_limit_minor=limit,
            copies=consignment.copies or book.invoices.copies.get(kind, ()),
        ),
        texts=_texts(book, part, supply.day, risk, "carriage", "claims"),
        lacks=_lacking_transport(transport, part, book, supply.day),
    )


def _invoice(  # noqa: PLR0917 - all of it is said on an invoice
    book: Rulebook,
    cause: str,
    seller: PartyBlock,
    buyer: PartyBlock,
    part: TaxPart,
    charges: Sequence[Charge],
    day: date,
) -> Draft:
    charged = [charge for charge in charges if charge.amount_minor]
    if not charged:
        raise Refusal("invoice.empty", "there is nothing to be charged")
    if len(charged) > book.invoices.lines_max:
        raise Refusal("invoice.lines", f"a document has at most {book.invoices.lines_max} lines")
    lines = [line_of(book.gst, part, nr, charge) for nr, charge in enumerate(charged, start=1)]
    totals = totals_of(lines, book.invoices.round_off_minor)
    if totals.taxable_minor < 0:
        raise Refusal("invoice.negative", "more is taken off than is charged: write a credit note")
    kind = DocumentKind.TAX_INVOICE if part.rate_bp else DocumentKind.BILL_OF_SUPPLY
    draft = summed(_bare(book, cause, kind, seller, buyer, part), lines, totals)
    return msgspec.structs.replace(
        draft,
        texts=_texts(book, part, day, "terms"),
        lacks=_lacking(draft, book.invoices.address_above_minor.at(day)),
    )


def _bare(  # noqa: PLR0917 - who, whom, and how it is taxed
    book: Rulebook,
    cause: str,
    kind: DocumentKind,
    seller: PartyBlock,
    buyer: PartyBlock,
    part: TaxPart,
) -> Draft:
    place = part.place_of_supply or (None if part.is_inter_state else part.supplier_state)
    return Draft(
        cause=cause,
        kind=kind,
        seller=seller,
        buyer=buyer,
        place_of_supply=place,
        place_of_supply_name=book.tax.state_name(place),
        is_inter_state=part.is_inter_state,
        is_reverse_charge=part.is_reverse_charge,
    )


def _texts(book: Rulebook, part: TaxPart, day: date, *keys: str) -> tuple[Text, ...]:
    """What the law wants to stand there for this way of taxing, and what is asked for beside."""
    rate = book.gst.modes[part.mode].at(day)
    named = [f"mode-{part.mode}"]
    if part.is_reverse_charge:
        named.append("reverse-charge")
    elif rate.is_gta and rate.rate_bp:
        named.append("forward-charge")
    return noting.worded(book.invoices, (*named, *keys), {"fy": year_label(year_begun(day))})


def _taken_up(voucher: Document) -> Reference:
    return Reference(voucher.id, voucher.kind, voucher.number, voucher.date, voucher.taxes)


def _with_liable(
    transport: Transport, part: TaxPart, seller: PartyBlock, buyer: PartyBlock
) -> Transport:
    """Who owes the state the tax on the freight: under reverse charge who pays the freight."""
    if transport.liable_for_tax is not None:
        return transport
    liable = buyer if part.is_reverse_charge else seller
    return msgspec.structs.replace(
        transport, liable_for_tax=liable.party, liable_gstin=liable.gstin
    )


def _lacking(draft: Draft, address_above_minor: int) -> tuple[str, ...]:
    found = []
    if draft.seller.gstin is None and draft.kind is DocumentKind.TAX_INVOICE:
        found.append("seller.gstin")
    if draft.place_of_supply is None:
        found.append("place_of_supply")
    wants_address = draft.buyer.is_registered or draft.total_minor >= address_above_minor
    if wants_address and not draft.buyer.address.lines:
        found.append("buyer.address")
    return tuple(found)


def _lacking_transport(
    transport: Transport | None, part: TaxPart, book: Rulebook, day: date
) -> tuple[str, ...]:
    """What rule 54(3) wants of agencies."""
    if not book.gst.modes[part.mode].at(day).is_gta:
        return ()
    if transport is None:
        return ("transport",)
    wanted = {
        "transport.vehicles": transport.vehicles,
        "transport.items": transport.items,
        "transport.gross_weight": transport.gross_weight_kg,
        "transport.liable_gstin": transport.liable_gstin,
    }
    return tuple(name for name, value in wanted.items() if not value)
