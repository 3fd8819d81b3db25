"""Refunds: of a captured payment, never more than it was, the same key the same refund."""

from __future__ import annotations

import json
import re
from typing import Any

from sim.razorpay import checks, payments
from sim.razorpay.book import Entity, Wanted
from sim.razorpay.refusals import RefusedError
from sim.razorpay.sandbox import Sandbox

KIND = "refund"
PROCESS = "process_refund"
HEADER = "X-Refund-Idempotency"
KEY = re.compile(r"[A-Za-z0-9_-]{10,}")
OTHER_REQUEST = "Different request with the same idempotency key has already been processed."
SPEEDS = ("normal", "optimum")


def create(
    box: Sandbox, payment_id: str, body: dict[str, Any], header: str | None
) -> dict[str, Any]:
    """Its answer; to the same key it is the same for ever, whatever became of the refund."""
    key = checks.key(header, KEY, HEADER, is_required=False)
    request = json.dumps([payment_id, body], sort_keys=True)
    before = box.book.repeated(KIND, key) if key else None
    if before is not None:
        if before[0] != request:
            raise RefusedError(OTHER_REQUEST, reason="idempotency_key_reused")
        return before[1]
    payment = box.the(payments.KIND, payment_id)
    refund = _made(box, payment, _amount(box, payment, body), body)
    box.book.save(refund)
    if key:
        box.book.remember(KIND, key, request, refund.body)
    _count(box, payment, refund.body["amount"])
    box.tell("refund.created", refund, payment=payment)
    if box.switches.is_automatic:
        box.plan(PROCESS, refund.id, box.habits.refund_after_s)
    return refund.body


def process(box: Sandbox, refund_id: str) -> Entity:
    refund = _pending(box, refund_id)
    if refund.body["status"] == "pending":
        refund.body |= {
            "status": "processed",
            "speed_processed": "normal",
            "acquirer_data": {"arn": box.new_number(23)},
        }
        refund.extra["processed_s"] = box.second
        box.book.save(refund)
        payment = box.the(payments.KIND, refund.body["payment_id"])
        box.tell("refund.processed", refund, payment=payment)
    return refund


def fail(box: Sandbox, refund_id: str) -> Entity:
    """The money stays with us, and may be given back by another refund."""
    refund = _pending(box, refund_id)
    if refund.body["status"] == "pending":
        refund.body["status"] = "failed"
        box.book.save(refund)
        payment = box.the(payments.KIND, refund.body["payment_id"])
        _count(box, payment, -refund.body["amount"])
        box.tell("refund.failed", refund, payment=payment)
    return refund


def of_payment(box: Sandbox, payment_id: str, count: int, skip: int) -> list[Entity]:
    payment = box.the(payments.KIND, payment_id)
    return box.book.listed(KIND, Wanted(parent=payment.id), count, skip)


def _pending(box: Sandbox, refund_id: str) -> Entity:
    return box.the(KIND, refund_id)


def _amount(box: Sandbox, payment: Entity, body: dict[str, Any]) -> int:
    if payment.body["status"] == "refunded":
        says = "The payment has been fully refunded already"
        raise RefusedError(says, reason="payment_fully_refunded")
    if payment.body["status"] != "captured":
        says = "The payment status should be captured for action to be taken"
        raise RefusedError(says, reason="invalid_payment_status")
    left = payment.body["amount"] - payment.body["amount_refunded"]
    if body.get("amount") is None:
        return int(left)
    amount = checks.amount(body, box.habits.amount_minor_min)
    if amount > left:
        says = "The total refund amount is greater than the refund payment amount"
        raise RefusedError(says, field="amount")
    return amount


def _count(box: Sandbox, payment: Entity, amount: int) -> None:
    refunded = payment.body["amount_refunded"] + amount
    is_all = refunded == payment.body["amount"]
    payment.body |= {
        "amount_refunded": refunded,
        "refund_status": "full" if is_all else "partial" if refunded else None,
        "status": "refunded" if is_all else "captured",
    }
    box.book.save(payment)


def _made(box: Sandbox, payment: Entity, amount: int, body: dict[str, Any]) -> Entity:
    speed = body.get("speed", "normal")
    if speed not in SPEEDS:
        raise RefusedError("The speed is not valid.", field="speed")
    second = box.second
    shown = {
        "id": box.new_id("rfnd"),
        "entity": "refund",
        "amount": amount,
        "currency": payment.body["currency"],
        "payment_id": payment.id,
        "notes": checks.notes(body),
        "receipt": checks.reference(body, "receipt"),
        "acquirer_data": {"arn": None},
        "batch_id": None,
        "status": "pending",
        "speed_requested": speed,
        "speed_processed": None,
        "created_at": second,
    }
    return Entity(shown["id"], KIND, shown, second, parent=payment.id)
