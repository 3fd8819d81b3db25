"""Which events the world outside is told when a payment has taken some steps."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from freight.money import INR
from freight.payments import events as happened
from freight.payments.events import PaymentEvent
from freight.payments.evolve import evolve
from freight.payments.seen import RefundState, SeenPayment, SeenState
from freight.payments.state import Payment, Refund

Announcement = tuple[str, int, dict[str, Any]]

_OF_ATTEMPT = {
    SeenState.AUTHORIZED: "payment.authorized",
    SeenState.CAPTURED: "payment.captured",
    SeenState.FAILED: "payment.failed",
}
_OF_REFUND = {RefundState.PROCESSED: "refund.processed", RefundState.FAILED: "refund.failed"}


def announcements(
    before: Payment | None, events: Iterable[PaymentEvent], after: Payment
) -> list[Announcement]:
    """(type, time, data) in the order of the steps."""
    told: list[Announcement] = []
    now = before
    for event in events:
        then, now = now, evolve(now, event)
        told += _of_step(then, event, now)
    common = {
        "payment": after.id,
        "booking": after.booking,
        "due": after.due,
        "shipper": after.shipper,
        "method": after.method.value,
        "purpose": after.purpose.value,
        "status": after.status.value,
        "amount": _money(after.amount_minor),
        "captured": _money(after.captured_minor),
        "refunded": _money(after.refunded_minor),
    }
    return [(kind, time_ms, common | data) for kind, time_ms, data in told]


def _of_step(then: Payment | None, event: PaymentEvent, now: Payment) -> list[Announcement]:
    match event:
        case happened.Demanded():
            told = [_told("payment.created", event, {})]
        case happened.OpeningRefused():
            told = [_told("payment.failed", event, {"why": event.detail, "is_final": True})]
        case happened.PaymentSeen():
            told = _of_attempt(then, event)
        case happened.ReceiptRecorded():
            taken = {"taken": _money(event.receipt.amount_minor), "nr": event.receipt.nr}
            told = [_told("payment.captured", event, taken)]
        case happened.RefundAsked():
            told = [_told("refund.created", event, _refund(event.refund))]
            if event.refund.state is RefundState.PROCESSED:
                told.append(_told("refund.processed", event, _refund(event.refund)))
        case happened.RefundSeen():
            told = _of_refund(then, event, now)
        case happened.Closed():
            told = [_told(f"payment.{event.closing.status}", event, {})]
        case _:
            told = []
    return told


def _of_attempt(then: Payment | None, event: happened.PaymentSeen) -> list[Announcement]:
    """Each stage of an attempt once; what comes too late to matter is not told."""
    known = () if then is None else then.seen
    before = next((one.state for one in known if one.id == event.seen.id), None)
    kind = _OF_ATTEMPT.get(event.seen.state)
    if kind is None or before is event.seen.state:
        return []
    return [_told(kind, event, _attempt(event.seen))]


def _of_refund(
    then: Payment | None, event: happened.RefundSeen, now: Payment
) -> list[Announcement]:
    before = None if then is None else then.refund(event.refund)
    after, kind = now.refund(event.refund), _OF_REFUND.get(event.state)
    if kind is None or after is None or (before is not None and before.state is event.state):
        return []
    return [_told(kind, event, _refund(after))]


def _told(kind: str, event: PaymentEvent, data: dict[str, Any]) -> Announcement:
    return kind, event.at_ms, data


def _attempt(one: SeenPayment) -> dict[str, Any]:
    told: dict[str, Any] = {"provider_payment": one.id, "taken": _money(one.amount_minor)}
    if one.failure is not None:
        # Until it expires another attempt may follow.
        told |= {"why": one.failure, "is_final": False}
    return told


def _refund(one: Refund) -> dict[str, Any]:
    return {
        "refund": one.id,
        "request": one.request,
        "refund_status": one.state.value,
        "refund_amount": _money(one.amount_minor),
        "cause": one.cause.value,
        "to": one.to.value,
        "reason": one.reason,
        "why": one.failure,
    }


def _money(amount_minor: int) -> dict[str, Any]:
    return {"amount_minor": amount_minor, "currency": INR}
