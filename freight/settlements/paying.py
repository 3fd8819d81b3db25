"""What payouts do to their settlement."""

from __future__ import annotations

from freight.refusal import Refusal
from freight.settlements import events as e
from freight.settlements.commands import EndPaying, Outcome, StartPaying
from freight.settlements.deciding import Asked
from freight.settlements.state import Status

UNPAID = frozenset({Status.PAYING, Status.APPROVED})
# Money has left us, or may have.
GIVEN = frozenset({Status.PAYING, Status.PAID})


def start_paying(ask: Asked, command: StartPaying) -> list[e.Event]:
    state, payout = ask.state, command.payout
    is_last = bool(state.payouts) and state.payouts[-1] == payout
    if is_last and state.status in GIVEN:
        return []
    if state.status not in (Status.APPROVED, Status.REVERSED):
        raise Refusal(f"settlement_{state.status}", f"it is {state.status}: nothing is paid")
    if payout in state.payouts and not is_last:
        raise Refusal("payout_replaced", "another payout has taken its place")
    if command.amount_minor != state.balance_minor:
        raise Refusal("amount_differs", f"{state.balance_minor} paise are to be paid")
    return [e.PayingStarted(payout, ask.now_ms)]


def end_paying(ask: Asked, command: EndPaying) -> list[e.Event]:
    """Only the last payout says how it stands; an earlier one has been told before."""
    state = ask.state
    if not state.payouts or state.payouts[-1] != command.payout:
        return []
    standing = state.disputed_from if state.status is Status.DISPUTED else state.status
    payout, reason = command.payout, command.reason
    told: list[e.Event] = []
    match command.outcome:
        case Outcome.PAID:
            if standing in UNPAID:
                told = [e.Paid(payout=payout, utr=command.utr, at_ms=ask.now_ms)]
        case Outcome.FAILED:
            if standing is Status.PAYING:
                told = [e.PayingFailed(payout=payout, reason=reason, at_ms=ask.now_ms)]
        case Outcome.RETURNED:
            if standing in GIVEN:
                told = [e.PaymentReversed(payout=payout, reason=reason, at_ms=ask.now_ms)]
    return told
