"""Refunds as the API takes them."""

from __future__ import annotations

from pydantic import Field

from freight.payments.state import RefundTo
from serve.fields import LongText, ObjectId, ShortText, Strict
from serve.payments.wire import Amount


class NewRefund(Strict):
    payment: ObjectId
    amount: Amount | None = Field(default=None, description="default: all that is left of it")
    reason: LongText | None = None
    to: RefundTo | None = Field(
        default=None, description="default: the way it came; wallet is the shipper's balance"
    )


class PaidOut(Strict):
    """That a refund to a bank account was paid by hand."""

    reference: ShortText = Field(description="the bank's UTR")
