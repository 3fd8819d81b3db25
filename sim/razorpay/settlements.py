"""Settlements: what was captured, less fees and refunds, sent to the shop's bank."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sim.razorpay import payments, refunds
from sim.razorpay.book import Entity, Wanted
from sim.razorpay.refusals import RefusedError
from sim.razorpay.sandbox import Sandbox

KIND = "settlement"
EVERYTHING = 2**31  # more than a sandbox ever holds


def settle(box: Sandbox) -> Entity | None:
    """All that is not settled yet, in one; None when that is nothing or less."""
    taken = [p for p in _all(box, payments.KIND) if _is_ripe(p, "captured_s")]
    given = [r for r in _all(box, refunds.KIND) if _is_ripe(r, "processed_s")]
    amount = sum(_credit(p) for p in taken) - sum(r.body["amount"] for r in given)
    if amount <= 0:
        return None
    second, settlement_id = box.second, box.new_id("setl")
    body = {
        "id": settlement_id,
        "entity": KIND,
        "amount": amount,
        "status": "processed",
        "fees": sum(p.body["fee"] for p in taken),
        "tax": sum(p.body["tax"] for p in taken),
        "utr": box.new_number(16),
        "created_at": second,
    }
    settlement = Entity(settlement_id, KIND, body, second)
    box.book.save(settlement)
    for settled in (*taken, *given):
        settled.extra |= {"settlement": settlement_id, "settled_s": second, "utr": body["utr"]}
        box.book.save(settled)
    box.tell("settlement.processed", settlement)
    return settlement


def reconciled(box: Sandbox, query: dict[str, str]) -> list[dict[str, Any]]:
    """What was settled in a month, or on one day of it."""
    try:
        year, month = int(query["year"]), int(query["month"])
        day = int(query["day"]) if "day" in query else None
    except (KeyError, ValueError):
        raise RefusedError("year and month are required.", field="year") from None
    found = [e for kind in (payments.KIND, refunds.KIND) for e in _all(box, kind)]
    return [
        _item(box, entity)
        for entity in sorted(found, key=lambda e: (e.created_s, e.id))
        if _is_on(box, entity, year, month, day)
    ]


def _is_on(box: Sandbox, entity: Entity, year: int, month: int, day: int | None) -> bool:
    settled_s = entity.extra.get("settled_s")
    if settled_s is None:
        return False
    shift = timedelta(minutes=box.habits.day_starts_minutes)
    at = datetime.fromtimestamp(settled_s, UTC) + shift
    return (at.year, at.month) == (year, month) and day in (None, at.day)


def _item(box: Sandbox, entity: Entity) -> dict[str, Any]:
    is_payment, shown = entity.kind == payments.KIND, entity.body
    payment = shown if is_payment else box.the(payments.KIND, shown["payment_id"]).body
    return {
        "entity_id": entity.id,
        "type": entity.kind,
        "debit": 0 if is_payment else shown["amount"],
        "credit": _credit(entity) if is_payment else 0,
        "amount": shown["amount"],
        "currency": shown["currency"],
        "fee": shown["fee"] if is_payment else 0,
        "tax": shown["tax"] if is_payment else 0,
        "on_hold": False,
        "settled": True,
        "created_at": shown["created_at"],
        "settled_at": entity.extra["settled_s"],
        "settlement_id": entity.extra["settlement"],
        "description": None,
        "notes": shown["notes"],
        "payment_id": None if is_payment else shown["payment_id"],
        "settlement_utr": entity.extra["utr"],
        "order_id": payment["order_id"],
        "method": payment["method"],
        "dispute_id": None,
    }


def _credit(payment: Entity) -> int:
    return int(payment.body["amount"]) - int(payment.body["fee"])


def _is_ripe(entity: Entity, since: str) -> bool:
    return since in entity.extra and "settlement" not in entity.extra


def _all(box: Sandbox, kind: str) -> list[Entity]:
    return box.book.listed(kind, Wanted(), EVERYTHING)
