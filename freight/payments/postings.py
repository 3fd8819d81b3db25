"""What a payment means for the books: entries that follow from how it stands, each once.

Who posts compares what followed before a step with what follows after it; the ids are the same
for the same fact, so that nothing is written twice however often it is learned.
"""

from __future__ import annotations

from collections.abc import Iterator

from freight.ledger.accounts import PLATFORM, Role
from freight.ledger.entries import Cause, Entry, Posting, entry
from freight.payments.seen import RefundState
from freight.payments.state import Method, Payment, Purpose, Receipt, Refund, RefundTo


def entries(payment: Payment) -> list[Entry]:
    """All that follow from it so far; what follows once follows always."""
    made = [
        *_captures(payment),
        *(each for one in payment.receipts for each in _receipt(payment, one)),
        *(each for one in payment.refunds for each in _refund(payment, one)),
    ]
    return sorted(made, key=lambda one: one.at_ms)


def new_entries(before: Payment | None, after: Payment) -> list[Entry]:
    known = set() if before is None else {one.id for one in entries(before)}
    return [one for one in entries(after) if one.id not in known]


def party_of(payment: Payment) -> str:
    """Whose money it is; what no shipper is named for is kept with the platform's own."""
    return PLATFORM if payment.shipper is None else f"shippers/{payment.shipper}"


def _captures(payment: Payment) -> Iterator[Entry]:
    for one in payment.captured:
        yield _entry(
            payment,
            f"captured/{one.id}",
            one.created_ms,
            "payment",
            f"{one.method or payment.method} {one.id}",
            [
                Posting(Role.PROVIDER_CLEARING, one.amount_minor, None, payment.booking),
                _theirs(payment, -one.amount_minor),
            ],
        )


def _receipt(payment: Payment, one: Receipt) -> Iterator[Entry]:
    name, amount_minor = f"received/{one.nr}", one.amount_minor
    memo = f"{payment.method} {one.reference or one.proof or one.nr}"
    if payment.method is Method.WALLET:
        came_from = Posting(Role.WALLETS, amount_minor, party_of(payment))
    elif payment.method is Method.COD:
        came_from = Posting(Role.CASH, amount_minor, one.holder, payment.booking)
    else:
        came_from = Posting(Role.BANK, amount_minor, None, payment.booking)
    taken = [came_from, _theirs(payment, -amount_minor)]
    yield _entry(payment, name, one.at_ms, "payment", memo, taken)
    if one.handed_in_ms is not None and payment.method is Method.COD:
        deposited = [
            Posting(Role.BANK, amount_minor, None, payment.booking),
            Posting(Role.CASH, -amount_minor, one.holder, payment.booking),
        ]
        said = f"Cash handed in {one.handed_in_as or ''}".strip()
        yield _entry(payment, f"{name}/in", one.handed_in_ms, "payment", said, deposited)


def _refund(payment: Payment, one: Refund) -> Iterator[Entry]:
    """Begun, then done; or begun and taken back. What is done in one step is one entry."""
    name, amount_minor = f"refund/{one.id}", one.amount_minor
    memo = one.reason or f"Refund {one.id} ({one.cause})"
    done_ms = one.asked_ms if one.made_ms is None else one.made_ms
    if one.to is RefundTo.WALLET:
        to_balance = [
            _theirs(payment, amount_minor),
            Posting(Role.WALLETS, -amount_minor, party_of(payment)),
        ]
        yield _entry(payment, name, one.asked_ms, "refund", memo, to_balance)
        return
    transit = Posting(Role.REFUNDS_IN_TRANSIT, -amount_minor, party_of(payment), payment.booking)
    begun = [_theirs(payment, amount_minor), transit]
    yield _entry(payment, f"{name}/begun", one.asked_ms, "refund", memo, begun)
    if one.has_failed:
        back = [_negated(each) for each in begun]
        yield _entry(payment, f"{name}/failed", done_ms, "refund", f"Failed: {memo}", back)
    if one.state is RefundState.PROCESSED:
        # After a failure that was none there is nothing on its way any more.
        source = _theirs(payment, amount_minor) if one.has_failed else _negated(transit)
        gone = Role.BANK if one.to is RefundTo.BANK else Role.PROVIDER_CLEARING
        paid = [source, Posting(gone, -amount_minor, None, payment.booking)]
        yield _entry(payment, f"{name}/processed", done_ms, "refund", memo, paid)


def _theirs(payment: Payment, amount_minor: int) -> Posting:
    """What we owe whoever paid, until an invoice takes it up."""
    if payment.purpose is Purpose.TOP_UP:
        return Posting(Role.WALLETS, amount_minor, party_of(payment))
    return Posting(Role.CUSTOMER_ADVANCES, amount_minor, party_of(payment), payment.booking)


def _negated(one: Posting) -> Posting:
    return Posting(one.account, -one.amount_minor, one.party, one.booking)


def _entry(  # noqa: PLR0917 - what an entry says
    payment: Payment, name: str, at_ms: int, kind: str, memo: str, postings: list[Posting]
) -> Entry:
    about = f"payments/{payment.id}"
    return entry(f"{about}/{name}", at_ms, Cause(kind, about), memo, postings)
