"""Razorpay's entities as they come, and what they are in our words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Generic, TypeVar

import msgspec

from providers.payments import (
    Failure,
    LinkStatus,
    Order,
    OrderStatus,
    PaymentLink,
    PaymentStatus,
    ProviderPayment,
    ProviderRefund,
    ProviderSettlement,
    RefundStatus,
    SettledItem,
)

T = TypeVar("T")
MS = 1000
# Empty notes come as a list, and sometimes as nothing or as text.
Notes = dict[str, Any] | list[Any] | str | None


class Page(msgspec.Struct, Generic[T], frozen=True):
    items: list[T]


class OrderEntity(msgspec.Struct, frozen=True):
    id: str
    amount: int
    amount_paid: int
    amount_due: int
    currency: str
    status: OrderStatus
    created_at: int
    attempts: int = 0
    receipt: str | None = None
    notes: Notes = None

    def plain(self) -> Order:
        return Order(
            id=self.id,
            amount_minor=self.amount,
            paid_minor=self.amount_paid,
            due_minor=self.amount_due,
            currency=self.currency,
            receipt=self.receipt,
            status=self.status,
            attempts=self.attempts,
            notes=notes_of(self.notes),
            created_ms=self.created_at * MS,
        )


class PaymentEntity(msgspec.Struct, frozen=True):
    id: str
    amount: int
    currency: str
    status: PaymentStatus
    created_at: int
    order_id: str | None = None
    method: str | None = None
    captured: bool | None = None
    amount_refunded: int | None = None
    fee: int | None = None
    tax: int | None = None
    error_code: str | None = None
    error_reason: str | None = None
    error_description: str | None = None
    acquirer_data: dict[str, Any] | list[Any] | None = None
    notes: Notes = None

    def plain(self) -> ProviderPayment:
        took = self.status in {PaymentStatus.CAPTURED, PaymentStatus.REFUNDED}
        return ProviderPayment(
            id=self.id,
            order=self.order_id,
            amount_minor=self.amount,
            currency=self.currency,
            status=self.status,
            method=self.method or "",
            is_captured=took or bool(self.captured),
            refunded_minor=self.amount_refunded or 0,
            fee_minor=self.fee,
            tax_minor=self.tax,
            reference=_first_of(
                self.acquirer_data, "rrn", "bank_transaction_id", "upi_transaction_id", "auth_code"
            ),
            failure=_failure(self.error_code, self.error_reason, self.error_description),
            notes=notes_of(self.notes),
            created_ms=self.created_at * MS,
        )


class RefundEntity(msgspec.Struct, frozen=True):
    id: str
    payment_id: str
    amount: int
    currency: str
    status: RefundStatus
    created_at: int
    receipt: str | None = None
    acquirer_data: dict[str, Any] | list[Any] | None = None
    notes: Notes = None

    def plain(self) -> ProviderRefund:
        return ProviderRefund(
            id=self.id,
            payment=self.payment_id,
            amount_minor=self.amount,
            currency=self.currency,
            status=self.status,
            receipt=self.receipt,
            reference=_first_of(self.acquirer_data, "arn", "rrn", "utr"),
            notes=notes_of(self.notes),
            created_ms=self.created_at * MS,
        )


class LinkPayment(msgspec.Struct, frozen=True):
    payment_id: str


class LinkEntity(msgspec.Struct, frozen=True):
    id: str
    amount: int
    currency: str
    status: LinkStatus
    short_url: str
    created_at: int
    amount_paid: int | None = None
    reference_id: str | None = None
    order_id: str | None = None
    payments: list[LinkPayment] | LinkPayment | None = None
    expire_by: int | None = None
    notes: Notes = None

    def plain(self) -> PaymentLink:
        made = [self.payments] if isinstance(self.payments, LinkPayment) else self.payments
        return PaymentLink(
            id=self.id,
            amount_minor=self.amount,
            paid_minor=self.amount_paid or 0,
            currency=self.currency,
            reference=self.reference_id or None,
            status=self.status,
            url=self.short_url,
            order=self.order_id,
            payments=tuple(payment.payment_id for payment in made or ()),
            notes=notes_of(self.notes),
            expires_ms=self.expire_by * MS if self.expire_by else None,
            created_ms=self.created_at * MS,
        )


class LinkList(msgspec.Struct, frozen=True):
    """The one list that is not called `items`."""

    payment_links: list[LinkEntity]


class SettlementEntity(msgspec.Struct, frozen=True):
    id: str
    amount: int
    status: str
    created_at: int
    fees: int = 0
    tax: int = 0
    utr: str | None = None

    def plain(self) -> ProviderSettlement:
        return ProviderSettlement(
            id=self.id,
            amount_minor=self.amount,
            fees_minor=self.fees,
            tax_minor=self.tax,
            status=self.status,
            utr=self.utr or None,
            created_ms=self.created_at * MS,
        )


class ReconItem(msgspec.Struct, frozen=True):
    entity_id: str
    type: str
    amount: int
    currency: str
    created_at: int
    debit: int = 0
    credit: int = 0
    fee: int | None = None
    tax: int | None = None
    settled: bool = False
    settled_at: int | None = None
    settlement_id: str | None = None
    settlement_utr: str | None = None
    payment_id: str | None = None
    order_id: str | None = None

    def plain(self) -> SettledItem:
        return SettledItem(
            settlement=self.settlement_id,
            utr=self.settlement_utr or None,
            kind=self.type,
            entity=self.entity_id,
            payment=self.payment_id or (self.entity_id if self.type == "payment" else None),
            order=self.order_id,
            amount_minor=self.amount,
            debit_minor=self.debit,
            credit_minor=self.credit,
            fee_minor=self.fee or 0,
            tax_minor=self.tax or 0,
            currency=self.currency,
            is_settled=self.settled,
            created_ms=self.created_at * MS,
            settled_ms=self.settled_at * MS if self.settled_at else None,
        )


def notes_of(notes: Notes) -> Mapping[str, str]:
    return {key: str(value) for key, value in notes.items()} if isinstance(notes, dict) else {}


def _first_of(data: dict[str, Any] | list[Any] | None, *names: str) -> str | None:
    found = data if isinstance(data, dict) else {}
    return next((str(found[name]) for name in names if found.get(name)), None)


def _failure(code: str | None, reason: str | None, detail: str | None) -> Failure | None:
    if code is None and reason is None and detail is None:
        return None
    return Failure(code=code, reason=reason, detail=detail)
