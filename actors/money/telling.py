"""What providers answer and tell, as the observations that payments fold in."""

from __future__ import annotations

from freight.payments.seen import (
    LinkState,
    RefundState,
    SeenLink,
    SeenOrder,
    SeenPayment,
    SeenRefund,
    SeenState,
)
from providers.payments import (
    Failure,
    LinkStatus,
    Order,
    PaymentLink,
    PaymentStatus,
    ProviderPayment,
    ProviderRefund,
    RefundStatus,
)

_STATES = {
    PaymentStatus.CREATED: SeenState.CREATED,
    PaymentStatus.FAILED: SeenState.FAILED,
    PaymentStatus.AUTHORIZED: SeenState.AUTHORIZED,
    PaymentStatus.CAPTURED: SeenState.CAPTURED,
}
_REFUNDS = {
    RefundStatus.PENDING: RefundState.PENDING,
    RefundStatus.PROCESSED: RefundState.PROCESSED,
    RefundStatus.FAILED: RefundState.FAILED,
}
_LINKS = {
    LinkStatus.CREATED: LinkState.CREATED,
    LinkStatus.PARTIALLY_PAID: LinkState.PARTIALLY_PAID,
    LinkStatus.PAID: LinkState.PAID,
    LinkStatus.EXPIRED: LinkState.EXPIRED,
    LinkStatus.CANCELLED: LinkState.CANCELLED,
}


def seen_payment(one: ProviderPayment) -> SeenPayment:
    # Given back without ever having been taken: let go.
    ended = SeenState.CAPTURED if one.is_captured else SeenState.VOIDED
    return SeenPayment(
        id=one.id,
        order=one.order,
        amount_minor=one.amount_minor,
        state=_STATES.get(one.status, ended),
        created_ms=one.created_ms,
        refunded_minor=one.refunded_minor,
        currency=one.currency,
        method=one.method or None,
        fee_minor=one.fee_minor,
        tax_minor=one.tax_minor,
        reference=one.reference,
        failure=None if one.failure is None else _said(one.failure),
    )


def seen_refund(one: ProviderRefund) -> SeenRefund:
    return SeenRefund(
        id=one.id,
        payment=one.payment,
        amount_minor=one.amount_minor,
        state=_REFUNDS[one.status],
        created_ms=one.created_ms,
        receipt=one.receipt,
        reference=one.reference,
    )


def seen_order(one: Order) -> SeenOrder:
    return SeenOrder(id=one.id, receipt=one.receipt)


def seen_link(one: PaymentLink) -> SeenLink:
    return SeenLink(
        id=one.id,
        state=_LINKS[one.status],
        order=one.order,
        reference=one.reference,
        url=one.url,
    )


def _said(failure: Failure) -> str:
    return failure.detail or failure.reason or failure.code or "failed"
