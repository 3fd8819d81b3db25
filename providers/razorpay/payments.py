"""Razorpay as a payment provider: orders, payments, refunds, links and settlements."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from providers.errors import ProviderRefusedError
from providers.payments import (
    NewLink,
    NewOrder,
    Order,
    PaymentLink,
    ProviderPayment,
    ProviderRefund,
    ProviderSettlement,
    SettledItem,
)
from providers.razorpay import signatures
from providers.razorpay.client import RazorpayClient
from providers.razorpay.wire import (
    MS,
    LinkEntity,
    LinkList,
    OrderEntity,
    PaymentEntity,
    ReconItem,
    RefundEntity,
    SettlementEntity,
)

NAME = "razorpay"
REFUND_KEY = "X-Refund-Idempotency"
RECON_PAGE_ITEMS = 1000  # the most that it gives at once


class RazorpayPayments:
    """Implements providers.payments.PaymentProvider."""

    def __init__(self, client: RazorpayClient) -> None:
        self._client = client

    @property
    def name(self) -> str:
        return NAME

    @property
    def key_id(self) -> str:
        return self._client.credentials.key_id

    async def create_order(self, new: NewOrder) -> Order:
        body = {
            "amount": new.amount_minor,
            "currency": new.currency,
            "receipt": new.receipt,
            "notes": dict(new.notes),
            "payment": {"capture": "automatic" if new.is_captured_at_once else "manual"},
        }
        made = await self._client.post(
            "orders.create", "/orders", OrderEntity, body, is_repeatable=False
        )
        return made.plain()

    async def fetch_order(self, order: str) -> Order:
        return (await self._client.get("orders.fetch", f"/orders/{order}", OrderEntity)).plain()

    async def orders_by_receipt(self, receipt: str) -> list[Order]:
        found = await self._client.all_of(
            "orders.list", "/orders", OrderEntity, {"receipt": receipt}
        )
        # It also finds what only contains it.
        return [order.plain() for order in found if order.receipt == receipt]

    async def payments_of_order(self, order: str) -> list[ProviderPayment]:
        path = f"/orders/{order}/payments"
        found = await self._client.all_of("orders.payments", path, PaymentEntity, {})
        return [payment.plain() for payment in found]

    async def fetch_payment(self, payment: str) -> ProviderPayment:
        path = f"/payments/{payment}"
        return (await self._client.get("payments.fetch", path, PaymentEntity)).plain()

    async def capture(self, payment: str, amount_minor: int, currency: str) -> ProviderPayment:
        path = f"/payments/{payment}/capture"
        body = {"amount": amount_minor, "currency": currency}
        try:
            made = await self._client.post(
                "payments.capture", path, PaymentEntity, body, is_repeatable=True
            )
        except ProviderRefusedError:
            # It may have been captured before, by an answer that never came; it is taken but once.
            found = await self.fetch_payment(payment)
            if found.is_captured and found.amount_minor == amount_minor:
                return found
            raise
        return made.plain()

    async def refund(
        self,
        payment: str,
        amount_minor: int,
        idempotency_key: str,
        *,
        receipt: str | None = None,
        notes: Mapping[str, str] | None = None,
    ) -> ProviderRefund:
        body: dict[str, Any] = {
            "amount": amount_minor,
            "speed": "normal",
            "notes": dict(notes or {}),
        }
        if receipt is not None:
            body["receipt"] = receipt
        made = await self._client.post(
            "payments.refund",
            f"/payments/{payment}/refund",
            RefundEntity,
            body,
            is_repeatable=True,
            idempotency=(REFUND_KEY, idempotency_key),
        )
        return made.plain()

    async def fetch_refund(self, refund: str) -> ProviderRefund:
        path = f"/refunds/{refund}"
        return (await self._client.get("refunds.fetch", path, RefundEntity)).plain()

    async def refunds_of_payment(self, payment: str) -> list[ProviderRefund]:
        path = f"/payments/{payment}/refunds"
        found = await self._client.all_of("payments.refunds", path, RefundEntity, {})
        return [refund.plain() for refund in found]

    async def create_link(self, new: NewLink) -> PaymentLink:
        made = await self._client.post(
            "links.create", "/payment_links", LinkEntity, _link_body(new), is_repeatable=False
        )
        return made.plain()

    async def fetch_link(self, link: str) -> PaymentLink:
        path = f"/payment_links/{link}"
        return (await self._client.get("links.fetch", path, LinkEntity)).plain()

    async def links_by_reference(self, reference: str) -> list[PaymentLink]:
        query = {"reference_id": reference}
        found = await self._client.get("links.list", "/payment_links", LinkList, query)
        return [link.plain() for link in found.payment_links if link.reference_id == reference]

    async def cancel_link(self, link: str) -> PaymentLink:
        """One that is cancelled already is given back; one that is paid is refused."""
        path = f"/payment_links/{link}/cancel"
        try:
            made = await self._client.post("links.cancel", path, LinkEntity, {}, is_repeatable=True)
        except ProviderRefusedError:
            found = await self.fetch_link(link)
            if found.status == "cancelled":
                return found
            raise
        return made.plain()

    async def settlements(self, from_ms: int, to_ms: int) -> list[ProviderSettlement]:
        span = {"from": from_ms // MS, "to": to_ms // MS}
        found = await self._client.all_of(
            "settlements.list", "/settlements", SettlementEntity, span
        )
        return [settlement.plain() for settlement in found]

    async def settled_items(self, day: date) -> list[SettledItem]:
        query = {"year": day.year, "month": day.month, "day": day.day}
        path = "/settlements/recon/combined"
        found = await self._client.all_of(
            "settlements.recon", path, ReconItem, query, RECON_PAGE_ITEMS
        )
        return [item.plain() for item in found]

    def is_checkout_genuine(self, order: str, payment: str, signature: str) -> bool:
        secret = self._client.credentials.key_secret
        return signatures.is_checkout(order, payment, signature, secret)

    def is_link_callback_genuine(self, query: Mapping[str, str]) -> bool:
        return signatures.is_link_callback(query, self._client.credentials.key_secret)


def _link_body(new: NewLink) -> dict[str, Any]:
    body: dict[str, Any] = {
        "amount": new.amount_minor,
        "currency": new.currency,
        "accept_partial": False,
        "reference_id": new.reference,
        "description": new.description,
        "notify": {"sms": new.is_sent_by_sms, "email": new.is_sent_by_email},
        "reminder_enable": False,
        "notes": dict(new.notes),
    }
    if new.is_upi_only:
        body["upi_link"] = True
    if new.customer is not None:
        given = {
            "name": new.customer.name,
            "email": new.customer.email,
            "contact": new.customer.phone,
        }
        body["customer"] = {name: value for name, value in given.items() if value is not None}
    if new.expires_ms is not None:
        body["expire_by"] = new.expires_ms // MS
    if new.callback_url is not None:
        body |= {"callback_url": new.callback_url, "callback_method": "get"}
    return body
