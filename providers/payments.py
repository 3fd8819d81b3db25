"""What a payment provider can be asked, and what it answers: whole paise, epoch milliseconds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from enum import StrEnum
from typing import Protocol

import msgspec


class OrderStatus(StrEnum):
    CREATED = "created"
    ATTEMPTED = "attempted"
    PAID = "paid"


class PaymentStatus(StrEnum):
    CREATED = "created"
    AUTHORIZED = "authorized"
    CAPTURED = "captured"
    REFUNDED = "refunded"
    FAILED = "failed"


class RefundStatus(StrEnum):
    PENDING = "pending"
    PROCESSED = "processed"
    FAILED = "failed"


class LinkStatus(StrEnum):
    CREATED = "created"
    PARTIALLY_PAID = "partially_paid"
    PAID = "paid"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


class NewOrder(msgspec.Struct, frozen=True, kw_only=True):
    amount_minor: int
    currency: str
    receipt: str  # ours, unique, at most 40 characters: by it an order is found again
    notes: Mapping[str, str] = {}
    # Else whoever pays only authorises, and `capture` takes the money.
    is_captured_at_once: bool = True


class Order(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    amount_minor: int
    paid_minor: int
    due_minor: int
    currency: str
    receipt: str | None
    status: OrderStatus
    attempts: int
    notes: Mapping[str, str]
    created_ms: int


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """Why a payment or payout did not work, in the provider's words."""

    code: str | None = None
    reason: str | None = None
    detail: str | None = None


class ProviderPayment(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    order: str | None
    amount_minor: int
    currency: str
    status: PaymentStatus
    method: str  # upi, card, netbanking, wallet, emi ...; nothing more of a card is kept
    is_captured: bool
    refunded_minor: int
    fee_minor: int | None  # with the tax on it
    tax_minor: int | None
    reference: str | None  # the bank's: RRN, UTR or authorisation code
    failure: Failure | None
    notes: Mapping[str, str]
    created_ms: int


class ProviderRefund(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    payment: str
    amount_minor: int
    currency: str
    status: RefundStatus
    receipt: str | None
    reference: str | None  # ARN
    notes: Mapping[str, str]
    created_ms: int


class Customer(msgspec.Struct, frozen=True, kw_only=True):
    name: str | None = None
    email: str | None = None
    phone: str | None = None


class NewLink(msgspec.Struct, frozen=True, kw_only=True):
    amount_minor: int
    currency: str
    reference: str  # ours, unique, at most 40 characters
    description: str
    customer: Customer | None = None
    expires_ms: int | None = None
    is_upi_only: bool = False
    # Who paid is sent there, with a signed query.
    callback_url: str | None = None
    # Whether the provider itself tells the customer.
    is_sent_by_sms: bool = False
    is_sent_by_email: bool = False
    notes: Mapping[str, str] = {}


class PaymentLink(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    amount_minor: int
    paid_minor: int
    currency: str
    reference: str | None
    status: LinkStatus
    url: str
    order: str | None
    payments: Sequence[str]
    notes: Mapping[str, str]
    expires_ms: int | None
    created_ms: int


class ProviderSettlement(msgspec.Struct, frozen=True, kw_only=True):
    """Money that the provider sent to our bank."""

    id: str
    amount_minor: int
    fees_minor: int
    tax_minor: int
    status: str  # created, processed, failed
    utr: str | None
    created_ms: int


class SettledItem(msgspec.Struct, frozen=True, kw_only=True):
    """One payment, refund, transfer or adjustment inside a settlement."""

    settlement: str | None
    utr: str | None
    kind: str
    entity: str
    payment: str | None  # of a refund: the payment it gives back
    order: str | None
    amount_minor: int
    debit_minor: int
    credit_minor: int
    fee_minor: int  # with the tax on it
    tax_minor: int
    currency: str
    is_settled: bool
    created_ms: int
    settled_ms: int | None


class PaymentProvider(Protocol):
    """Every question raises ProviderRefusedError or ProviderAwayError of providers.errors.

    What is not repeatable by itself (`create_order`, `create_link`, `capture`) is sent once: after
    a ProviderAwayError ask by our own receipt or reference before sending it again.
    """

    @property
    def name(self) -> str:
        """Of the provider, as in `/v1/webhooks/{provider}`."""

    @property
    def key_id(self) -> str:
        """The public half of our key, which a checkout in the payer's browser wants."""

    async def create_order(self, new: NewOrder) -> Order: ...

    async def fetch_order(self, order: str) -> Order: ...

    async def orders_by_receipt(self, receipt: str) -> list[Order]: ...

    async def payments_of_order(self, order: str) -> list[ProviderPayment]: ...

    async def fetch_payment(self, payment: str) -> ProviderPayment: ...

    async def capture(self, payment: str, amount_minor: int, currency: str) -> ProviderPayment:
        """All that was authorised; a payment that has been captured already is given back."""

    async def refund(
        self,
        payment: str,
        amount_minor: int,
        idempotency_key: str,
        *,
        receipt: str | None = None,
        notes: Mapping[str, str] | None = None,
    ) -> ProviderRefund:
        """The same key (10 to 40 of A-Z, a-z, 0-9, - and _) is the same refund, however often."""

    async def fetch_refund(self, refund: str) -> ProviderRefund: ...

    async def refunds_of_payment(self, payment: str) -> list[ProviderRefund]: ...

    async def create_link(self, new: NewLink) -> PaymentLink: ...

    async def fetch_link(self, link: str) -> PaymentLink: ...

    async def links_by_reference(self, reference: str) -> list[PaymentLink]: ...

    async def cancel_link(self, link: str) -> PaymentLink: ...

    async def settlements(self, from_ms: int, to_ms: int) -> list[ProviderSettlement]: ...

    async def settled_items(self, day: date) -> list[SettledItem]:
        """What was settled on a day of the provider's country."""

    def is_checkout_genuine(self, order: str, payment: str, signature: str) -> bool:
        """Of what the payer's browser brings back; `order` must be the one we know of."""

    def is_link_callback_genuine(self, query: Mapping[str, str]) -> bool: ...
