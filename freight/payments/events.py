"""What has happened to a payment; as its log keeps it."""

from __future__ import annotations

import msgspec

from freight.payments.seen import LinkState, RefundState, SeenPayment
from freight.payments.state import Closing, Method, Purpose, Receipt, Refund


class _Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    at_ms: int  # when we knew
    by: str


class Demanded(_Event, tag="demanded", frozen=True, kw_only=True):
    id: str
    method: Method
    amount_minor: int
    purpose: Purpose
    booking: str | None
    due: str | None
    shipper: str | None
    description: str
    provider: str | None
    is_link: bool
    expires_ms: int | None


class OrderOpened(_Event, tag="order_opened", frozen=True, kw_only=True):
    order: str


class LinkSeen(_Event, tag="link_seen", frozen=True, kw_only=True):
    link: str
    url: str
    order: str | None
    state: LinkState


class OpeningRefused(_Event, tag="opening_refused", frozen=True, kw_only=True):
    detail: str


class PaymentSeen(_Event, tag="payment_seen", frozen=True, kw_only=True):
    seen: SeenPayment  # joined with all before


class CaptureAsked(_Event, tag="capture_asked", frozen=True, kw_only=True):
    payment: str


class ReceiptRecorded(_Event, tag="receipt_recorded", frozen=True, kw_only=True):
    receipt: Receipt


class HandedIn(_Event, tag="handed_in", frozen=True, kw_only=True):
    nr: int
    reference: str | None


class RefundAsked(_Event, tag="refund_asked", frozen=True, kw_only=True):
    refund: Refund


class RefundSeen(_Event, tag="refund_seen", frozen=True, kw_only=True):
    refund: str
    state: RefundState
    has_failed: bool = False
    provider_refund: str | None = None
    reference: str | None = None
    failure: str | None = None
    made_ms: int | None = None


class Closed(_Event, tag="closed", frozen=True, kw_only=True):
    closing: Closing


PaymentEvent = (
    Demanded
    | OrderOpened
    | LinkSeen
    | OpeningRefused
    | PaymentSeen
    | CaptureAsked
    | ReceiptRecorded
    | HandedIn
    | RefundAsked
    | RefundSeen
    | Closed
)
