"""A carrier's settlement as the API tells it: its lines, and a payout that failed."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from freight.cloudevents import rfc3339
from freight.payouts.state import Purpose as PayoutPurpose
from freight.payouts.state import Status as PayoutStatus
from freight.settlements.state import Head, Kind, Source
from freight.settlements.state import Status as SettlementStatus
from serve.bookings.wire import Money
from serve.payouts.wire import AttemptOut, PayoutOut
from serve.settlements.wire import LineOut, SettlementOut

BOOKING, SETTLEMENT = "bk-5521", "set-5521-L1"
NOW_MS = int(time.time() * 1000)


def at(hours: float) -> datetime:
    """So many hours from now."""
    return datetime.fromtimestamp(NOW_MS / 1000, UTC) + timedelta(hours=hours)


def said(hours: float) -> str:
    return rfc3339(int(at(hours).timestamp() * 1000))


def settlement(status: SettlementStatus, approvals: list[str]) -> SettlementOut:
    lines = [
        line("freight", Head.FREIGHT, 104_000_000, "offers/of-7"),
        line("wait", Head.DETENTION, 1_800_000, f"bookings/{BOOKING}/charges/c1"),
        line("advance", Head.DIESEL, -30_000_000, "payouts/po-adv"),
        line("short", Head.SHORTAGE, -1_240_050, "documents/doc-1"),
        line("tds", Head.TDS, -1_058_000, base=105_800_000, rate_bp=100, code="1023"),
    ]
    gross = sum(one.amount.amount_minor for one in lines[:2])
    balance = sum(one.amount.amount_minor for one in lines)
    return SettlementOut(
        id=SETTLEMENT,
        version=5,
        kind=Kind.LEG,
        carrier="sharma-roadlines",
        status=status,
        booking=BOOKING,
        leg="L1",
        part=1,
        supplement=0,
        truck="TRK-0003",
        cycle=None,
        members=[],
        taken_into=None,
        gross=Money.of(gross),
        balance=Money.of(balance),
        lines=lines,
        advances=[],
        questions=[],
        changed_by="user:ravi",
        approvals=approvals,
        approvals_needed=2,
        dispute=None,
        payouts=["po-1"],
        utr=None,
        opened_at=said(-30),
        ready_at=said(-8),
        proposed_at=said(-7),
        approved_at=None,
        paid_at=None,
    )


def line(  # noqa: PLR0917 - in the order of a statement
    name: str,
    head: Head,
    minor: int,
    shown_by: str | None = None,
    base: int | None = None,
    rate_bp: int | None = None,
    code: str | None = None,
) -> LineOut:
    return LineOut(
        id=name,
        head=head,
        amount=Money.of(minor),
        source=Source.BOOKING,
        memo="",
        booking=BOOKING,
        leg="L1",
        by=None,
        reason=None,
        evidence=[] if shown_by is None else [shown_by],
        settlement=None,
        base=None if base is None else Money.of(base),
        rate_bp=rate_bp,
        code=code,
    )


def failed_payout() -> PayoutOut:
    attempt = AttemptOut(
        nr=1,
        reference="r",
        mode="NEFT",
        status=PayoutStatus.FAILED,
        provider_id="pout_1",
        utr=None,
        fees=None,
        asked_at=said(-1),
        reason="beneficiary_bank_offline",
        ended_at=said(-1),
    )
    return PayoutOut(
        id="po-1",
        version=2,
        purpose=PayoutPurpose.SETTLEMENT,
        settlement=SETTLEMENT,
        carrier="sharma-roadlines",
        booking=BOOKING,
        amount=Money.of(73_501_950),
        status=PayoutStatus.FAILED,
        is_held=False,
        reason="The beneficiary's bank was away",
        contradiction=None,
        trouble=None,
        attempts=[attempt],
        created_at=said(-1),
    )
