"""Giving money back: never more than came in, each refund within one payment of the provider."""

from __future__ import annotations

import re

from freight.payments import commands as asked
from freight.payments import events as happened
from freight.payments.events import PaymentEvent
from freight.payments.rules import PaymentRules
from freight.payments.seen import RefundState
from freight.payments.state import Method, Payment, Purpose, Refund, RefundCause, RefundTo
from freight.refusal import Refusal

# With room for the number of a part; a shorter one providers do not take for a name.
REFUND_ID = re.compile(r"[A-Za-z0-9_-]{10,60}")


def refunding(
    state: Payment,
    command: asked.Refund | asked.NoteRefundRefused | asked.RecordRefund,
    rules: PaymentRules,
    now_ms: int,
) -> list[PaymentEvent]:
    match command:
        case asked.Refund():
            return _refund(state, command, rules, now_ms)
        case asked.NoteRefundRefused():
            return _refused(state, command, now_ms)
        case asked.RecordRefund():
            return _recorded(state, command, now_ms)


def _refund(
    state: Payment, command: asked.Refund, rules: PaymentRules, now_ms: int
) -> list[PaymentEvent]:
    before = [one for one in state.refunds if one.request == command.id]
    if before:
        given = sum(one.amount_minor for one in before)
        if command.amount_minor not in (None, given):
            raise Refusal("refund_id_taken", f"{command.id} is a refund of {given} paise")
        return []
    if REFUND_ID.fullmatch(command.id) is None:
        raise Refusal("invalid_id", "a refund's id is 10 to 60 letters, digits, - or _")
    amount_minor = state.kept_minor if command.amount_minor is None else command.amount_minor
    to = command.to or _usual(state)
    _refuse_invalid(state, amount_minor, to)
    parts = _parts(state, amount_minor) if to is RefundTo.SOURCE else [(None, amount_minor)]
    if len(state.refunds) + len(parts) > rules.refunds_max:
        raise Refusal("too_many_refunds", f"a payment has at most {rules.refunds_max} refunds")
    # A balance is ours: what goes there is there.
    is_done = to is RefundTo.WALLET
    return [
        happened.RefundAsked(
            at_ms=now_ms,
            by=command.by,
            refund=Refund(
                id=command.id if nr == 1 else f"{command.id}-{nr}",
                request=command.id,
                amount_minor=part_minor,
                asked_ms=now_ms,
                by=command.by,
                cause=RefundCause.ASKED,
                to=to,
                state=RefundState.PROCESSED if is_done else RefundState.PENDING,
                reason=command.reason,
                of=of,
            ),
        )
        for nr, (of, part_minor) in enumerate(parts, start=1)
    ]


def _usual(state: Payment) -> RefundTo:
    if state.method.is_by_provider:
        return RefundTo.SOURCE
    return RefundTo.WALLET if state.method is Method.WALLET else RefundTo.BANK


def _refuse_invalid(state: Payment, amount_minor: int, to: RefundTo) -> None:
    if amount_minor <= 0:
        raise Refusal("nothing_to_refund", "nothing of it is left to give back")
    if amount_minor > state.kept_minor:
        raise Refusal("more_than_captured", f"{state.kept_minor} paise can be given back")
    if to is RefundTo.WALLET and (state.shipper is None or state.purpose is Purpose.TOP_UP):
        raise Refusal("invalid_to", "there is no balance that it could go to")
    if to is RefundTo.SOURCE and not state.method.is_by_provider:
        raise Refusal("invalid_to", f"what came by {state.method} goes to a balance or a bank")


def _parts(state: Payment, amount_minor: int) -> list[tuple[str | None, int]]:
    """Of which of the provider's payments how much."""
    parts: list[tuple[str | None, int]] = []
    for one in state.captured:
        part_minor = min(amount_minor, state.left_minor(one))
        if part_minor > 0:
            parts.append((one.id, part_minor))
            amount_minor -= part_minor
    if amount_minor:
        raise Refusal("more_than_captured", "the provider has not that much of it left")
    return parts


def _refused(state: Payment, command: asked.NoteRefundRefused, now_ms: int) -> list[PaymentEvent]:
    """The provider would not begin it; what had begun ends as the provider says."""
    known = _known(state, command.refund)
    if known.state is not RefundState.PENDING or known.provider_refund is not None:
        return []
    return [
        happened.RefundSeen(
            at_ms=now_ms,
            by=command.by,
            refund=known.id,
            state=RefundState.FAILED,
            has_failed=True,
            failure=command.detail,
        )
    ]


def _recorded(state: Payment, command: asked.RecordRefund, now_ms: int) -> list[PaymentEvent]:
    known = _known(state, command.refund)
    if known.to is not RefundTo.BANK:
        raise Refusal("not_by_hand", f"{known.id} goes back by itself")
    if known.state is RefundState.PROCESSED:
        if known.reference != command.reference:
            raise Refusal("refund_recorded", f"{known.id} was paid out as {known.reference}")
        return []
    return [
        happened.RefundSeen(
            at_ms=now_ms,
            by=command.by,
            refund=known.id,
            state=RefundState.PROCESSED,
            reference=command.reference,
            made_ms=now_ms,
        )
    ]


def _known(state: Payment, name: str) -> Refund:
    found = state.refund(name)
    if found is None:
        raise Refusal("unknown_refund", f"this payment has no refund {name}")
    return found
