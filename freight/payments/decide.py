"""What follows from a command to a payment; pure, and refused where it must not be."""

from __future__ import annotations

from freight.payments import commands as asked
from freight.payments import events as happened
from freight.payments.commands import Command
from freight.payments.events import PaymentEvent
from freight.payments.observing import observed
from freight.payments.refunding import refunding
from freight.payments.rules import PaymentRules
from freight.payments.state import Closing, Method, Payment, Purpose, Receipt, Status
from freight.refusal import Refusal

MINUTE_MS = 60_000
# Cash and transfers have no end: they come when they come.
_ENDLESS = frozenset({Method.COD, Method.BANK_TRANSFER})


def decide(
    state: Payment | None, command: Command, rules: PaymentRules, now_ms: int
) -> list[PaymentEvent]:
    """What was already done once follows not again."""
    if isinstance(command, asked.Demand):
        return _demand(state, command, rules, now_ms)
    if state is None:
        raise Refusal("unknown_payment", "there is no such payment")
    match command:
        case asked.Observe():
            events = observed(state, command, rules, now_ms)
        case asked.NoteRefused(code, detail, by):
            events = _refused(state, f"{code}: {detail}", by, now_ms)
        case asked.Capture(payment, by):
            events = _capture(state, payment, by, now_ms)
        case asked.Record() | asked.HandIn():
            events = _by_hand(state, command, now_ms)
        case asked.Refund() | asked.NoteRefundRefused() | asked.RecordRefund():
            events = refunding(state, command, rules, now_ms)
        case asked.Cancel(by, reason):
            events = _cancel(state, by, reason, now_ms)
        case asked.Expire(by):
            events = _expire(state, by, now_ms)
    return events


# ----------------------------------------------------------------------------------- demanding


def _demand(
    state: Payment | None, command: asked.Demand, rules: PaymentRules, now_ms: int
) -> list[PaymentEvent]:
    if state is not None:
        if _content(state) != _content(command):
            raise Refusal("payment_id_taken", f"{command.id} is another payment")
        return []
    _refuse_invalid(command, rules)
    expires_ms = command.expires_ms
    if expires_ms is None and command.method not in _ENDLESS:
        minutes = rules.link_minutes if command.is_link else rules.checkout_minutes
        expires_ms = now_ms + minutes * MINUTE_MS
    elif expires_ms is not None and expires_ms <= now_ms:
        raise Refusal("invalid_expires_at", "it would have expired already")
    by_provider = command.method.is_by_provider
    return [
        happened.Demanded(
            at_ms=now_ms,
            by=command.by,
            id=command.id,
            method=command.method,
            amount_minor=command.amount_minor,
            purpose=command.purpose,
            booking=command.booking,
            due=command.due,
            shipper=command.shipper,
            description=command.description,
            provider=(command.provider or rules.provider) if by_provider else None,
            is_link=command.is_link and by_provider,
            expires_ms=expires_ms,
        )
    ]


def _refuse_invalid(command: asked.Demand, rules: PaymentRules) -> None:
    offered = rules.methods.get(command.method)
    if offered is None or not offered.is_offered:
        raise Refusal("invalid_method", f"paying by {command.method} is not offered")
    if command.amount_minor <= 0 or command.amount_minor < offered.minor_min:
        least = max(1, offered.minor_min)
        raise Refusal("invalid_amount", f"by {command.method} at least {least} paise are paid")
    if command.amount_minor > offered.minor_max:
        says = f"by {command.method} at most {offered.minor_max} paise are paid at once"
        raise Refusal("invalid_amount", says)
    if command.purpose is Purpose.TOP_UP and command.method is Method.WALLET:
        raise Refusal("invalid_method", "a balance is not topped up from itself")
    needs_shipper = command.purpose is Purpose.TOP_UP or command.method is Method.WALLET
    if needs_shipper and command.shipper is None:
        raise Refusal("invalid_shipper", "a balance is some shipper's: say whose")


def _content(of: Payment | asked.Demand) -> tuple[object, ...]:
    return of.method, of.amount_minor, of.purpose, of.booking, of.due, of.shipper


def _refused(state: Payment, detail: str, by: str, now_ms: int) -> list[PaymentEvent]:
    is_moot = state.refused is not None or state.orders or state.link is not None
    told = happened.OpeningRefused(at_ms=now_ms, by=by, detail=detail)
    return [] if is_moot else [told]


# ----------------------------------------------------------------------------------- capturing


def _capture(state: Payment, name: str, by: str, now_ms: int) -> list[PaymentEvent]:
    """One of several that were authorised is taken, never more than was asked for."""
    seen = next((one for one in state.seen if one.id == name), None)
    if seen is None:
        raise Refusal("unknown_provider_payment", f"{name} is no attempt at this payment")
    if seen.is_captured or name in state.capturing:
        return []
    if not seen.is_authorized:
        raise Refusal("not_authorized", f"{name} is {seen.state}")
    if state.closed is not None:
        raise Refusal(f"payment_{state.closed.status}", "it is waited for no more")
    under_way = sum(
        one.amount_minor for one in state.seen if one.id in state.capturing and one.is_authorized
    )
    if state.captured_minor + under_way + seen.amount_minor > state.amount_minor:
        raise Refusal("already_captured", "more would be taken than was asked for")
    return [happened.CaptureAsked(at_ms=now_ms, by=by, payment=name)]


# ------------------------------------------------------------------------------------- offline


def _by_hand(
    state: Payment, command: asked.Record | asked.HandIn, now_ms: int
) -> list[PaymentEvent]:
    if isinstance(command, asked.HandIn):
        return _hand_in(state, command, now_ms)
    return _record(state, command, now_ms)


def _record(state: Payment, command: asked.Record, now_ms: int) -> list[PaymentEvent]:
    """Money that is there is written down, though we had waited for it no more."""
    if state.method.is_by_provider:
        raise Refusal("paid_by_provider", f"by {state.method} only the provider takes money")
    if command.amount_minor <= 0:
        raise Refusal("invalid_amount", "something above nothing came in")
    known = [one for one in state.receipts if _is_same(one, command)]
    if known:
        if known[0].amount_minor != command.amount_minor:
            raise Refusal("reference_taken", f"{command.reference} was recorded otherwise")
        return []
    _refuse_unrecordable(state, command)
    receipt = Receipt(
        nr=len(state.receipts) + 1,
        amount_minor=command.amount_minor,
        at_ms=now_ms if command.at_ms is None else min(command.at_ms, now_ms),
        by=command.by,
        reference=command.reference,
        proof=command.proof,
        holder=command.holder if state.method is Method.COD else None,
    )
    return [happened.ReceiptRecorded(at_ms=now_ms, by=command.by, receipt=receipt)]


def _is_same(one: Receipt, command: asked.Record) -> bool:
    return one.reference is not None and one.reference == command.reference


def _refuse_unrecordable(state: Payment, command: asked.Record) -> None:
    if state.method is Method.BANK_TRANSFER:
        if command.reference is None:
            raise Refusal("invalid_reference", "a transfer has a UTR")
        return  # whatever a bank has credited is there
    if state.captured_minor + command.amount_minor > state.amount_minor:
        raise Refusal("already_captured", "more would be taken than was asked for")
    if state.method is Method.COD and command.proof is None:
        raise Refusal("invalid_proof", "cash is recorded with its proof")
    if state.method is Method.WALLET:
        if state.closed is not None:
            raise Refusal(f"payment_{state.closed.status}", "it is waited for no more")
        if (command.available_minor or 0) < command.amount_minor:
            raise Refusal("balance_too_small", f"{command.available_minor or 0} paise are there")


def _hand_in(state: Payment, command: asked.HandIn, now_ms: int) -> list[PaymentEvent]:
    if state.method is not Method.COD:
        raise Refusal("not_cash", f"nobody carries cash of a payment by {state.method}")
    meant = [one for one in state.receipts if command.nr in (None, one.nr)]
    if not meant:
        raise Refusal("not_collected", "no cash was collected yet")
    return [
        happened.HandedIn(at_ms=now_ms, by=command.by, nr=one.nr, reference=command.reference)
        for one in meant
        if one.handed_in_ms is None
    ]


# --------------------------------------------------------------------------------------- ending


def _cancel(state: Payment, by: str, reason: str | None, now_ms: int) -> list[PaymentEvent]:
    if state.closed is not None:
        return []
    if state.captured_minor:
        raise Refusal("already_captured", "what was paid can only be refunded")
    return [_closed(state, Status.CANCELLED, by, reason, now_ms)]


def _expire(state: Payment, by: str, now_ms: int) -> list[PaymentEvent]:
    """What came in by then stays; the rest is waited for no more."""
    if not state.is_open or state.expires_ms is None:
        return []
    if state.expires_ms > now_ms:
        raise Refusal("not_expired", "there is time left to pay")
    return [_closed(state, Status.EXPIRED, by, None, now_ms)]


def _closed(
    state: Payment, status: Status, by: str, reason: str | None, now_ms: int
) -> happened.Closed:
    captured = tuple(one.id for one in state.captured)
    closing = Closing(status=status, at_ms=now_ms, by=by, reason=reason, captured=captured)
    return happened.Closed(at_ms=now_ms, by=by, closing=closing)
