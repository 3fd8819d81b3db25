"""Holds open lines of statements against payments, payouts and providers' settlements."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from freight.payments.seen import RefundState
from freight.payments.state import Payment
from freight.payouts.state import Status as PayoutStatus
from freight.reconciling.matching import (
    BankLine,
    Finding,
    Item,
    Known,
    Ours,
    Status,
    match_bank,
    match_item,
)
from freight.reconciling.rules import Holds, ReconcilingRules
from serve.reconciliation.wire import MatchedOut
from store import payouts, reconciliation
from store.postgres import AnyConnection
from store.reconciliation import Line

PROVIDER, BANK = "provider", "bank"


async def find_all(conn: AnyConnection, provider: str, rules: ReconcilingRules) -> MatchedOut:
    """Of all that are open; what became known since may explain what was not."""
    lines = await reconciliation.open_lines(conn, rules.rows_max)
    found = await _items(conn, provider, [line for line in lines if line.source == PROVIDER], rules)
    found += await _bank(conn, [line for line in lines if line.source == BANK], rules)
    await reconciliation.note(conn, [one for one in found if _is_news(*one)])
    matched = sum(finding.status is Status.MATCHED for _, finding in found)
    return MatchedOut(looked_at=len(lines), matched=matched)


Found = list[tuple[Line, Finding]]


def _is_news(line: Line, found: Finding) -> bool:
    before = (line.kind, line.status, line.matched, line.expected_minor, line.cause)
    return before != (found.kind, found.status, found.about, found.expected_minor, found.cause)


async def _items(
    conn: AnyConnection, provider: str, lines: Sequence[Line], rules: ReconcilingRules
) -> Found:
    entities = [line.entity for line in lines if line.entity is not None]
    repeated = await reconciliation.repeated_entities(conn, entities)
    known: dict[str, Known] = {}
    for payment in (await reconciliation.payments_by_name(conn, provider, entities)).values():
        known |= known_of(payment)
    found: Found = []
    for line in lines:
        entity = line.entity or ""
        item = Item(
            kind=line.kind,
            entity=entity,
            amount_minor=line.amount_minor,
            fee_minor=line.fee_minor,
            is_settled=line.settlement is not None,
            is_repeated=repeated.get(entity, line.nr) < line.nr,
        )
        found.append((line, match_item(item, known, rules)))
    return found


def known_of(payment: Payment) -> dict[str, Known]:
    """By the provider's ids: what came in, and what went back."""
    about = f"payments/{payment.id}"
    known = {one.id: Known(about, one.amount_minor) for one in payment.captured}
    for refund in payment.refunds:
        if refund.provider_refund is not None and refund.state is not RefundState.FAILED:
            known[refund.provider_refund] = Known(about, -refund.amount_minor)
    return known


async def _bank(conn: AnyConnection, lines: Sequence[Line], rules: ReconcilingRules) -> Found:
    if not lines:
        return []
    utrs = [line.utr for line in lines if line.utr is not None]
    margin = timedelta(days=rules.timing_days_max)
    settled = await reconciliation.settled(
        conn,
        utrs=utrs,
        from_day=min(line.day for line in lines) - margin,
        to_day=max(line.day for line in lines) + margin,
    )
    ours = Ours(
        settled=settled,
        booked=await reconciliation.booked(conn, [each.id for each in settled]),
        by_utr=await _by_utr(conn, utrs),
    )
    repeated = await reconciliation.repeated_utrs(conn, utrs)
    found: Found = []
    for line in lines:
        first = repeated.get((line.account, line.utr or "", line.amount_minor), line.nr)
        seen = BankLine(
            day=line.day,
            amount_minor=line.amount_minor,
            utr=line.utr,
            narration=line.narration or "",
            is_repeated=first < line.nr,
        )
        found.append((line, match_bank(seen, ours, holds_of(line.account, rules), rules)))
    return found


def holds_of(account: str, rules: ReconcilingRules) -> Holds:
    known = rules.accounts.get(account)
    return Holds.BANK if known is None else known.holds


async def _by_utr(conn: AnyConnection, utrs: Sequence[str]) -> dict[str, Known]:
    """Payouts that went out; transfers of shippers that somebody has recorded."""
    known: dict[str, Known] = {}
    for utr, payment in (await reconciliation.payments_by_name(conn, BANK, utrs)).items():
        came = sum(one.amount_minor for one in payment.receipts if one.reference == utr)
        went = sum(one.amount_minor for one in payment.refunds if one.reference == utr)
        known[utr] = Known(f"payments/{payment.id}", came - went)
    for utr, payout in (await payouts.by_utr(conn, utrs)).items():
        if payout.status is PayoutStatus.PROCESSED:
            known[utr] = Known(f"payouts/{payout.id}", -payout.amount_minor)
    return known
