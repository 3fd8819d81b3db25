"""What each document does to the books."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from freight.invoices.documents import Document, DocumentKind, Head, Tax
from freight.ledger.accounts import Role
from freight.ledger.entries import Cause, Entry, Posting, entry

INCOME: Mapping[Head, Role] = {
    Head.FREIGHT: Role.FREIGHT_INCOME,
    Head.RETURN: Role.FREIGHT_INCOME,
    Head.SHORTAGE: Role.FREIGHT_INCOME,  # what is taken off the freight for it
    Head.DETENTION: Role.DETENTION_INCOME,
    Head.CANCELLATION: Role.CANCELLATION_INCOME,
    Head.PLATFORM_FEE: Role.PLATFORM_FEE_INCOME,
    Head.ADVANCE: Role.CUSTOMER_ADVANCES,
    Head.OTHER: Role.OTHER_INCOME,
}
OUTPUT: Mapping[str, Role] = {
    "cgst": Role.OUTPUT_CGST,
    "sgst": Role.OUTPUT_SGST,
    "utgst": Role.OUTPUT_UTGST,
    "igst": Role.OUTPUT_IGST,
}
INVOICES = frozenset(
    {DocumentKind.TAX_INVOICE, DocumentKind.BILL_OF_SUPPLY, DocumentKind.DEBIT_NOTE}
)
_VOUCHERS = frozenset({DocumentKind.RECEIPT_VOUCHER, DocumentKind.REFUND_VOUCHER})
CARRIERS = "carriers/"


def entry_of(document: Document) -> Entry | None:
    """None: it moves nothing, as consignment notes and vouchers without tax."""
    postings = postings_of(document)
    if not postings:
        return None
    cause = Cause("invoice", f"invoices/{document.id}")
    memo = f"{document.kind.value.replace('_', ' ')} {document.number}"
    return entry(f"invoice/{document.id}", document.issued_ms, cause, memo, postings)


def postings_of(document: Document) -> tuple[Posting, ...]:
    """Under reverse charge there is no tax among them: the recipient owes it to the state."""
    if document.kind in INVOICES:
        return _merged([*_charged(document, 1), *_taken_up(document)])
    if document.kind is DocumentKind.CREDIT_NOTE:
        return _merged(_charged(document, -1))
    if document.kind in _VOUCHERS:
        sign = 1 if document.kind is DocumentKind.RECEIPT_VOUCHER else -1
        return _merged(_on_advance(document.taxes, document.booking, sign))
    return ()


def _charged(document: Document, sign: int) -> Iterable[Posting]:
    """Owed by the buyer: what was earned, its taxes, and what was rounded."""
    booking, party = document.booking, document.buyer.party
    owing = Role.CARRIER_PAYABLES if party.startswith(CARRIERS) else Role.RECEIVABLES
    yield Posting(owing, sign * document.total_minor, party, booking)
    for line in document.lines:
        yield Posting(INCOME[line.head], -sign * line.taxable_minor, None, booking)
    for tax in document.taxes:
        yield Posting(OUTPUT[tax.name], -sign * tax.amount_minor, None, booking)
    yield Posting(Role.ROUND_OFF, -sign * document.round_off_minor, None, booking)


def _taken_up(document: Document) -> Iterable[Posting]:
    """The tax of advances was owed when they came in; it is in the invoice's and not twice."""
    for voucher in document.references:
        if voucher.kind is DocumentKind.RECEIPT_VOUCHER:
            yield from _on_advance(voucher.taken_up, document.booking, -1)


def _on_advance(taxes: Iterable[Tax], booking: str | None, sign: int) -> Iterable[Posting]:
    for tax in taxes:
        yield Posting(Role.TAX_ON_ADVANCES, sign * tax.amount_minor, None, booking)
        yield Posting(OUTPUT[tax.name], -sign * tax.amount_minor, None, booking)


def _merged(postings: Iterable[Posting]) -> tuple[Posting, ...]:
    """One for each account and party, in the order in which they came up."""
    sums: Counter[tuple[str, str | None, str | None]] = Counter()
    for one in postings:
        sums[one.account, one.party, one.booking] += one.amount_minor
    return tuple(
        Posting(account, amount, party, booking)
        for (account, party, booking), amount in sums.items()
        if amount
    )
