"""Orders: what is to be paid."""

from __future__ import annotations

from typing import Any

from sim.razorpay import checks
from sim.razorpay.book import Entity
from sim.razorpay.sandbox import Sandbox

KIND = "order"


def create(box: Sandbox, body: dict[str, Any]) -> Entity:
    order = made(
        box,
        amount=checks.amount(body, box.habits.amount_minor_min),
        currency=checks.currency(body),
        receipt=checks.reference(body, "receipt"),
        notes=checks.notes(body),
    )
    capture = (body.get("payment") or {}).get("capture", "automatic")
    order.extra["is_captured_at_once"] = capture != "manual"
    box.book.save(order)
    return order


def made(box: Sandbox, *, amount: int, currency: str, receipt: str | None, notes: Any) -> Entity:
    """Not yet in the book."""
    second = box.second
    body = {
        "id": box.new_id("order"),
        "entity": "order",
        "amount": amount,
        "amount_due": amount,
        "amount_paid": 0,
        "attempts": 0,
        "currency": currency,
        "receipt": receipt,
        "offer_id": None,
        "status": "created",
        "notes": notes,
        "created_at": second,
    }
    extra = {"is_captured_at_once": True}
    return Entity(body["id"], KIND, body, second, reference=receipt, extra=extra)


def change_notes(box: Sandbox, order_id: str, body: dict[str, Any]) -> Entity:
    order = box.the(KIND, order_id)
    order.body["notes"] = checks.notes(body)
    box.book.save(order)
    return order
