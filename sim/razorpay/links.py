"""Payment links: an order with an address that can be sent to whoever shall pay it."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any
from urllib.parse import urlencode

from sim.razorpay import checks, orders
from sim.razorpay.book import Entity, Wanted
from sim.razorpay.refusals import RefusedError
from sim.razorpay.sandbox import Sandbox

KIND = "payment_link"
EXPIRE = "expire_link"
DAY_S = 86_400
DESCRIPTION_LENGTH_MAX = 2048  # fixed: as Razorpay's API has it


def create(box: Sandbox, body: dict[str, Any]) -> Entity:
    amount = checks.amount(body, box.habits.amount_minor_min)
    currency = checks.currency(body)
    reference = checks.reference(body, "reference_id")
    if reference is not None and box.book.listed(KIND, Wanted(reference=reference), 1):
        says = f"payment link with given reference_id: ({reference}) already exists"
        raise RefusedError(says, field="reference_id")
    description = checks.optional_text(body, "description", longest=DESCRIPTION_LENGTH_MAX)
    expires_s = _expiry(box, body)
    order = orders.made(
        box, amount=amount, currency=currency, receipt=reference, notes=checks.notes(body)
    )
    link = _made(box, order, body, description)
    link.body["expire_by"] = expires_s
    order.extra["link"] = link.id
    box.book.save(order)
    box.book.save(link)
    wait_s = (expires_s or box.second + box.habits.link_days_max * DAY_S) - box.now_s()
    box.plan(EXPIRE, link.id, wait_s)
    return link


def cancel(box: Sandbox, link_id: str) -> Entity:
    link = box.the(KIND, link_id)
    if link.body["status"] not in {"created", "partially_paid"}:
        says = f"payment link in {link.body['status']} state cannot be cancelled"
        raise RefusedError(says, reason="invalid_payment_link_status")
    _end(box, link, "cancelled", "cancelled_at")
    return link


def expire(box: Sandbox, link_id: str) -> Entity:
    link = box.the(KIND, link_id)
    if link.body["status"] in {"created", "partially_paid"}:
        _end(box, link, "expired", "expired_at")
    return link


def change(box: Sandbox, link_id: str, body: dict[str, Any]) -> Entity:
    link = box.the(KIND, link_id)
    if link.body["status"] != "created":
        raise RefusedError("payment link cannot be changed", reason="invalid_payment_link_status")
    if "notes" in body:
        link.body["notes"] = checks.notes(body)
    if "reference_id" in body:
        link.body["reference_id"] = checks.reference(body, "reference_id")
        link.reference = link.body["reference_id"]
    if "expire_by" in body:
        link.body["expire_by"] = _expiry(box, body)
        box.plan(EXPIRE, link.id, link.body["expire_by"] - box.now_s())
    box.book.save(link)
    return link


def require_open(box: Sandbox, order: Entity) -> None:
    """An order behind a link that is over cannot be paid any more."""
    link_id = order.extra.get("link")
    if link_id is None:
        return
    link = box.the(KIND, link_id)
    if link.body["status"] not in {"created", "partially_paid"}:
        says = f"This payment link is {link.body['status']}"
        raise RefusedError(says, reason="invalid_payment_link_status")


def paid(box: Sandbox, order: Entity, payment: Entity) -> None:
    link_id = order.extra.get("link")
    if link_id is None:
        return
    link = box.the(KIND, link_id)
    link.body |= {
        "status": "paid",
        "amount_paid": order.body["amount_paid"],
        "updated_at": box.second,
        "payments": [
            {
                "amount": payment.body["amount"],
                "created_at": payment.body["created_at"],
                "method": payment.body["method"],
                "payment_id": payment.id,
                "plink_id": link.id,
                "status": "captured",
                "updated_at": box.second,
            }
        ],
    }
    box.book.save(link)
    # As in the real one, the order inside has lost its prefix.
    nested = {**order.body, "id": order.id.removeprefix("order_")}
    bare = Entity(order.id, orders.KIND, nested, order.created_s)
    box.tell("payment_link.paid", link, order=bare, payment=payment)


def callback_of(box: Sandbox, link: Entity, payment: Entity) -> str | None:
    """Where who paid is sent, with what the shop can check."""
    url = link.extra.get("callback_url")
    if url is None:
        return None
    reference = link.body["reference_id"] or ""
    status = link.body["status"]
    message = "|".join((link.id, reference, status, payment.id))
    query = {
        "razorpay_payment_id": payment.id,
        "razorpay_payment_link_id": link.id,
        "razorpay_payment_link_reference_id": reference,
        "razorpay_payment_link_status": status,
        "razorpay_signature": signed(message.encode(), box.settings.key_secret),
    }
    return f"{url}{'&' if '?' in url else '?'}{urlencode(query)}"


def signed(message: bytes, secret: str) -> str:
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()


def _end(box: Sandbox, link: Entity, status: str, at: str) -> None:
    link.body |= {"status": status, at: box.second, "updated_at": box.second}
    box.book.save(link)
    order = box.the(orders.KIND, link.body["order_id"])
    box.tell(f"payment_link.{status}", link, order=order)


def _expiry(box: Sandbox, body: dict[str, Any]) -> int:
    """0: when the longest time is over."""
    value = body.get("expire_by") or 0
    if not isinstance(value, int) or isinstance(value, bool):
        raise RefusedError("The expire_by must be an integer.", field="expire_by")
    if value and value <= box.now_s():
        raise RefusedError("expire_by should be in the future", field="expire_by")
    if value > box.now_s() + box.habits.link_days_max * DAY_S:
        raise RefusedError("expire_by should be at most 6 months from now", field="expire_by")
    return value


def _made(box: Sandbox, order: Entity, body: dict[str, Any], description: str | None) -> Entity:
    second, link_id = box.second, box.new_id("plink")
    notify = body.get("notify") or {}
    shown = {
        "id": link_id,
        "amount": order.body["amount"],
        "amount_paid": 0,
        "accept_partial": False,
        "first_min_partial_amount": 0,
        "currency": order.body["currency"],
        "customer": body.get("customer") or {},
        "description": description or "",
        "expire_by": 0,
        "expired_at": 0,
        "cancelled_at": 0,
        "notes": order.body["notes"] or None,
        "notify": {name: bool(notify.get(name)) for name in ("email", "sms", "whatsapp")},
        "order_id": order.id,
        "payments": None,
        "reference_id": order.body["receipt"] or "",
        "reminder_enable": bool(body.get("reminder_enable")),
        "short_url": f"{box.settings.own_url}/l/{link_id}",
        "status": "created",
        "upi_link": bool(body.get("upi_link")),
        "created_at": second,
        "updated_at": second,
    }
    extra = {"callback_url": body.get("callback_url")}
    return Entity(
        link_id, KIND, shown, second, parent=order.id, reference=order.body["receipt"], extra=extra
    )
