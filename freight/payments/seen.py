"""What a provider says of a payment, as observations that can be joined in any order.

Each says how something of the provider's stood once. Joining two keeps what is farther on, field
by field, so that it does not matter in which order they come, how often, or that some never came.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from freight.money import INR


class SeenState(StrEnum):
    CREATED = "created"
    FAILED = "failed"  # though a bank may say yes after all
    AUTHORIZED = "authorized"
    VOIDED = "voided"  # authorised, never captured, and let go by the provider
    CAPTURED = "captured"


class RefundState(StrEnum):
    PENDING = "pending"
    FAILED = "failed"
    PROCESSED = "processed"


class LinkState(StrEnum):
    CREATED = "created"
    PARTIALLY_PAID = "partially_paid"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    PAID = "paid"


class SeenPayment(msgspec.Struct, frozen=True, kw_only=True):
    """An attempt to pay; of a card nothing is kept but that it was one."""

    id: str
    order: str | None
    amount_minor: int
    state: SeenState
    created_ms: int
    refunded_minor: int = 0
    currency: str = INR
    method: str | None = None
    fee_minor: int | None = None  # with the tax on it
    tax_minor: int | None = None
    reference: str | None = None  # the bank's
    failure: str | None = None

    @property
    def is_captured(self) -> bool:
        return self.state is SeenState.CAPTURED

    @property
    def is_authorized(self) -> bool:
        return self.state is SeenState.AUTHORIZED

    @property
    def is_over(self) -> bool:
        return self.state in (SeenState.FAILED, SeenState.VOIDED)


class SeenRefund(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    payment: str
    amount_minor: int
    state: RefundState
    created_ms: int
    receipt: str | None = None  # ours, if it was asked for by us
    reference: str | None = None


class SeenOrder(msgspec.Struct, frozen=True, kw_only=True):
    """By which an order is known as ours that was made just before we died."""

    id: str
    receipt: str | None


class SeenLink(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    state: LinkState
    order: str | None
    reference: str | None
    url: str


Seen = SeenPayment | SeenRefund | SeenOrder | SeenLink

_STATES = list(SeenState)
_REFUND_STATES = list(RefundState)
_LINK_STATES = list(LinkState)


def joined(one: SeenPayment | None, other: SeenPayment) -> SeenPayment:
    if one is None:
        return other
    state = max(one.state, other.state, key=_STATES.index)
    failures = [each.failure for each in (one, other) if each.failure is not None]
    return SeenPayment(
        id=one.id,
        order=_either(one.order, other.order),
        amount_minor=max(one.amount_minor, other.amount_minor),
        state=state,
        created_ms=min(one.created_ms, other.created_ms),
        refunded_minor=max(one.refunded_minor, other.refunded_minor),
        currency=max(one.currency, other.currency),
        method=_either(one.method, other.method),
        fee_minor=_larger(one.fee_minor, other.fee_minor),
        tax_minor=_larger(one.tax_minor, other.tax_minor),
        reference=_either(one.reference, other.reference),
        # Why it did not work at first matters no more once it has.
        failure=max(failures, default=None) if state is SeenState.FAILED else None,
    )


def later_refund(one: RefundState, other: RefundState) -> RefundState:
    return max(one, other, key=_REFUND_STATES.index)


def later_link(one: LinkState | None, other: LinkState) -> LinkState:
    return other if one is None else max(one, other, key=_LINK_STATES.index)


def _either(one: str | None, other: str | None) -> str | None:
    return max((each for each in (one, other) if each is not None), default=None)


def _larger(one: int | None, other: int | None) -> int | None:
    return max((each for each in (one, other) if each is not None), default=None)
