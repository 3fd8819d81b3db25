"""Payments: attempted on an order, authorised, captured, failed."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from sim.razorpay import checks, links, orders
from sim.razorpay.book import Entity
from sim.razorpay.refusals import RefusedError
from sim.razorpay.sandbox import Sandbox

KIND = "payment"
AUTHORIZE_LATE = "authorize"
BP = 10_000


class Outcome(StrEnum):
    SUCCEED = "succeed"
    FAIL = "fail"
    PENDING = "pending"  # the payer's bank does not say
    LATE = "late"  # failed, it seems, and authorised after a while


METHODS = ("upi", "card", "netbanking", "wallet")
_ABOUT_METHOD: dict[str, dict[str, Any]] = {
    "upi": {"vpa": "payer@sandbox", "upi": {"vpa": "payer@sandbox", "flow": "collect"}},
    "card": {"card_id": "card_Sandbox0000001", "card": {"network": "RuPay", "type": "debit"}},
    "netbanking": {"bank": "SBIN"},
    "wallet": {"wallet": "amazonpay"},
}
FAILURES = {
    "payment_failed": "Payment was not completed.",
    "payment_timed_out": "Payment was not completed on time.",
    "insufficient_funds": "Payment failed due to insufficient funds in the account.",
    "payment_cancelled": "Payment processing cancelled by user.",
}
_REFERENCE = {
    "upi": "rrn",
    "card": "auth_code",
    "netbanking": "bank_transaction_id",
    "wallet": "transaction_id",
}


def attempt(
    box: Sandbox, order_id: str, method: str, outcome: Outcome, reason: str | None = None
) -> Entity:
    """What the payer does at the checkout."""
    order = box.the(orders.KIND, order_id)
    if order.body["status"] == "paid":
        raise RefusedError("Payment already done for this order.", reason="order_already_paid")
    links.require_open(box, order)
    if method not in METHODS:
        raise RefusedError("The method is not supported.", field="method")
    payment = _made(box, order, method)
    order.body["attempts"] += 1
    order.body["status"] = "attempted"
    box.book.save(order)
    box.book.save(payment)
    if outcome is Outcome.SUCCEED:
        _authorize(box, payment)
    elif outcome is not Outcome.PENDING:
        _fail(box, payment, reason or "payment_failed")
    if outcome is Outcome.LATE:
        box.plan(AUTHORIZE_LATE, payment.id, box.habits.late_after_s)
    return payment


def authorize(box: Sandbox, payment_id: str) -> Entity:
    """Of one that was pending or had failed, it seemed."""
    payment = box.the(KIND, payment_id)
    if payment.body["status"] in {"created", "failed"}:
        _authorize(box, payment)
    return payment


def fail(box: Sandbox, payment_id: str, reason: str | None = None) -> Entity:
    payment = box.the(KIND, payment_id)
    if payment.body["status"] != "created":
        raise RefusedError("Only a pending payment can fail.", reason="invalid_payment_status")
    _fail(box, payment, reason or "payment_failed")
    return payment


def capture(box: Sandbox, payment_id: str, body: dict[str, Any]) -> Entity:
    payment = box.the(KIND, payment_id)
    amount = checks.amount(body, box.habits.amount_minor_min)
    checks.currency(body)
    if payment.body["status"] in {"captured", "refunded"}:
        says = "This payment has already been captured"
        raise RefusedError(says, reason="payment_already_captured")
    if payment.body["status"] != "authorized":
        says = "Only payments which have been authorized and not yet captured can be captured"
        raise RefusedError(says, reason="invalid_payment_status")
    if amount != payment.body["amount"]:
        says = "Capture amount must be equal to the amount authorized"
        raise RefusedError(says, field="amount")
    order = box.the(orders.KIND, payment.body["order_id"])
    if order.body["status"] == "paid":
        raise RefusedError("Order has already been paid.", reason="order_already_paid")
    _capture(box, payment, order)
    return payment


def checkout_answer(payment: Entity) -> dict[str, str]:
    """What a checkout hands to the shop, still without its signature."""
    return {"razorpay_payment_id": payment.id, "razorpay_order_id": payment.body["order_id"]}


def _authorize(box: Sandbox, payment: Entity) -> None:
    method = payment.body["method"]
    payment.body |= {
        "status": "authorized",
        "acquirer_data": {_REFERENCE[method]: box.new_number(12)},
        "error_code": None,
        "error_description": None,
        "error_source": None,
        "error_step": None,
        "error_reason": None,
    }
    box.book.save(payment)
    box.tell("payment.authorized", payment)
    order = box.the(orders.KIND, payment.body["order_id"])
    # Two payments of one order: the second stays authorised, and is given back in the end.
    if order.extra["is_captured_at_once"] and order.body["status"] != "paid":
        _capture(box, payment, order)


def _capture(box: Sandbox, payment: Entity, order: Entity) -> None:
    amount = payment.body["amount"]
    fee = _rounded_share(amount, box.habits.fee_bp[payment.body["method"]])
    tax = _rounded_share(fee, box.habits.tax_on_fee_bp)
    payment.body |= {"status": "captured", "captured": True, "fee": fee + tax, "tax": tax}
    payment.extra["captured_s"] = box.second
    box.book.save(payment)
    order.body |= {"status": "paid", "amount_paid": amount, "amount_due": 0}
    box.book.save(order)
    box.tell("payment.captured", payment)
    box.tell("order.paid", payment, order=order)
    links.paid(box, order, payment)


def _rounded_share(amount: int, bp: int) -> int:
    return (2 * amount * bp + BP) // (2 * BP)


def _fail(box: Sandbox, payment: Entity, reason: str) -> None:
    payment.body |= {
        "status": "failed",
        "error_code": "BAD_REQUEST_ERROR",
        "error_description": FAILURES.get(reason, FAILURES["payment_failed"]),
        "error_source": "customer",
        "error_step": "payment_authorization",
        "error_reason": reason,
    }
    box.book.save(payment)
    box.tell("payment.failed", payment)


def _made(box: Sandbox, order: Entity, method: str) -> Entity:
    second = box.second
    body: dict[str, Any] = {
        "id": box.new_id("pay"),
        "entity": "payment",
        "amount": order.body["amount_due"],
        "currency": order.body["currency"],
        "base_amount": order.body["amount_due"],
        "status": "created",
        "order_id": order.id,
        "invoice_id": None,
        "international": False,
        "method": method,
        "amount_refunded": 0,
        "amount_transferred": 0,
        "refund_status": None,
        "captured": False,
        "description": None,
        "card_id": None,
        "bank": None,
        "wallet": None,
        "vpa": None,
        "email": "payer@example.com",
        "contact": None,
        "notes": order.body["notes"],
        "fee": None,
        "tax": None,
        "error_code": None,
        "error_description": None,
        "error_source": None,
        "error_step": None,
        "error_reason": None,
        "acquirer_data": {},
        "created_at": second,
        **_ABOUT_METHOD[method],
    }
    return Entity(body["id"], KIND, body, second, parent=order.id)
