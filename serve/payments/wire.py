"""Payments as the API takes and gives them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from pydantic import BaseModel, Field, StringConstraints

from freight.cloudevents import rfc3339
from freight.payments.state import Closing, Method, Payment, Purpose, Receipt, Refund, Status
from serve.fields import TEXT_PATTERN, LongText, ObjectId, ShortText, Strict
from serve.journeys.wire import Moment
from serve.quotes.wire import MoneyOut
from store.payments import Step

MINOR_MAX = 10**13  # fixed: more than is ever paid at once
PARTY_PATTERN = r"^(carriers|shippers)/[A-Za-z0-9_.-]{1,64}$"
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
Description = Annotated[str, StringConstraints(max_length=200, pattern=TEXT_PATTERN)]


class Amount(Strict):
    amount_minor: Annotated[int, Field(gt=0, le=MINOR_MAX)]
    currency: Literal["INR"] = "INR"  # fixed: the columns are in paise


class NewPayment(Strict):
    method: Method
    amount: Amount
    purpose: Purpose = Purpose.DUE
    booking: ObjectId | None = Field(default=None, description="whose freight it pays")
    due: ObjectId | None = Field(default=None, description="which part of it, as its dues say")
    shipper: ObjectId | None = Field(
        default=None, description="who pays; default: the booking's, or the caller's own"
    )
    description: Description = ""
    link: bool = Field(
        default=False, description="a link to send to the payer; else an order for a checkout"
    )
    expires_at: Moment | None = Field(default=None, description="default: as the rules say")


class Verification(Strict):
    """What a checkout's success handler is given."""

    payment: Name = Field(description="razorpay_payment_id")
    signature: Annotated[str, StringConstraints(min_length=1, max_length=200)]


class Cancellation(Strict):
    reason: LongText | None = None


class Recording(Strict):
    """Money that came in past any provider."""

    amount: Amount
    at: Moment | None = Field(default=None, description="when it came; default: now")
    reference: ShortText | None = Field(default=None, description="the bank's UTR")
    proof: ShortText | None = Field(default=None, description="a document, or a receipt's number")
    holder: Annotated[str, StringConstraints(pattern=PARTY_PATTERN)] | None = Field(
        default=None, description="who has the cash until it is handed in: carriers/c1"
    )


class Deposit(Strict):
    """Cash that was collected has come to us."""

    reference: ShortText | None = Field(default=None, description="of the bank's slip")
    receipt: Annotated[int, Field(gt=0)] | None = Field(
        default=None, description="its number; default: all that were not handed in"
    )


class AttemptOut(BaseModel):
    """At the provider; of a card nothing is kept but that it was one."""

    id: str
    status: str
    amount: MoneyOut
    refunded: MoneyOut
    method: str | None
    fee: MoneyOut | None = Field(description="the provider's, with the tax on it")
    tax: MoneyOut | None
    reference: str | None
    failure: str | None
    at: str


class ReceiptOut(BaseModel):
    number: int
    amount: MoneyOut
    at: str
    by: str
    reference: str | None
    proof: str | None
    holder: str | None
    handed_in_at: str | None
    handed_in_as: str | None

    @classmethod
    def of(cls, one: Receipt) -> ReceiptOut:
        handed_ms = one.handed_in_ms
        return cls(
            number=one.nr,
            amount=MoneyOut.of(one.amount_minor),
            at=rfc3339(one.at_ms),
            by=one.by,
            reference=one.reference,
            proof=one.proof,
            holder=one.holder,
            handed_in_at=None if handed_ms is None else rfc3339(handed_ms),
            handed_in_as=one.handed_in_as,
        )


class RefundOut(BaseModel):
    id: str
    request: str = Field(description="a wish that spans several attempts is several refunds")
    payment: str
    booking: str | None
    amount: MoneyOut
    status: str
    cause: str = Field(description="asked, late, surplus, or elsewhere: begun at the provider")
    to: str = Field(description="source, wallet or bank")
    reason: str | None
    failure: str | None
    of: str | None = Field(description="the provider's payment")
    provider_refund: str | None
    reference: str | None
    asked_at: str
    by: str

    @classmethod
    def of_payment(cls, payment: Payment, one: Refund) -> RefundOut:
        return cls(
            id=one.id,
            request=one.request,
            payment=payment.id,
            booking=payment.booking,
            amount=MoneyOut.of(one.amount_minor),
            status=one.state.value,
            cause=one.cause.value,
            to=one.to.value,
            reason=one.reason,
            failure=one.failure,
            of=one.of,
            provider_refund=one.provider_refund,
            reference=one.reference,
            asked_at=rfc3339(one.asked_ms),
            by=one.by,
        )


class CheckoutOut(BaseModel):
    """What the provider's checkout in the payer's browser wants."""

    provider: str
    key_id: str
    order: str


class LinkOut(BaseModel):
    id: str
    url: str | None
    status: str | None


class ClosingOut(BaseModel):
    at: str
    by: str
    reason: str | None

    @classmethod
    def of(cls, closing: Closing) -> ClosingOut:
        return cls(at=rfc3339(closing.at_ms), by=closing.by, reason=closing.reason)


class PaymentOut(BaseModel):
    id: str
    version: int
    status: Status
    method: Method
    purpose: Purpose
    booking: str | None
    due: str | None
    shipper: str | None
    description: str
    amount: MoneyOut
    captured: MoneyOut
    refunded: MoneyOut
    refunding: MoneyOut = Field(description="on its way back")
    created_at: str
    by: str
    expires_at: str | None
    provider: str | None
    order: str | None
    link: LinkOut | None
    checkout: CheckoutOut | None = Field(
        default=None, description="while it can be paid by a checkout; not in lists"
    )
    failure: str | None = Field(description="why the provider does not take it at all")
    ended: ClosingOut | None = Field(description="that we wait for it no more")
    troubles: list[str] = Field(description="what a person should look at")
    attempts: list[AttemptOut]
    receipts: list[ReceiptOut]
    refunds: list[RefundOut]

    @classmethod
    def of(cls, payment: Payment, key_id: str | None = None) -> PaymentOut:
        is_for_checkout = payment.is_open and payment.link is None
        checkout = None
        if key_id and is_for_checkout and payment.order and payment.provider:
            checkout = CheckoutOut(provider=payment.provider, key_id=key_id, order=payment.order)
        ends_ms = payment.expires_ms
        return cls(
            id=payment.id,
            version=payment.version,
            status=payment.status,
            method=payment.method,
            purpose=payment.purpose,
            booking=payment.booking,
            due=payment.due,
            shipper=payment.shipper,
            description=payment.description,
            amount=MoneyOut.of(payment.amount_minor),
            captured=MoneyOut.of(payment.captured_minor),
            refunded=MoneyOut.of(payment.refunded_minor),
            refunding=MoneyOut.of(payment.refunding_minor),
            created_at=rfc3339(payment.created_ms),
            by=payment.by,
            expires_at=None if ends_ms is None else rfc3339(ends_ms),
            provider=payment.provider,
            order=payment.order,
            link=_link(payment),
            checkout=checkout,
            failure=payment.refused,
            ended=None if payment.closed is None else ClosingOut.of(payment.closed),
            troubles=list(payment.troubles),
            attempts=_attempts(payment),
            receipts=[ReceiptOut.of(one) for one in payment.receipts],
            refunds=[RefundOut.of_payment(payment, one) for one in payment.refunds],
        )


class PaymentStepOut(BaseModel):
    version: int
    at: str
    type: str
    by: str
    data: dict[str, Any]

    @classmethod
    def of(cls, step: Step) -> PaymentStepOut:
        told = msgspec.to_builtins(step.event)
        data = {name: each for name, each in told.items() if name not in ("type", "at_ms", "by")}
        return cls(
            version=step.version, at=rfc3339(step.at_ms), type=step.type, by=step.by, data=data
        )


def _link(payment: Payment) -> LinkOut | None:
    if payment.link is None:
        return None
    state = None if payment.link_state is None else payment.link_state.value
    return LinkOut(id=payment.link, url=payment.link_url, status=state)


def _attempts(payment: Payment) -> list[AttemptOut]:
    return [
        AttemptOut(
            id=one.id,
            status=one.state.value,
            amount=MoneyOut.of(one.amount_minor),
            refunded=MoneyOut.of(one.refunded_minor),
            method=one.method,
            fee=None if one.fee_minor is None else MoneyOut.of(one.fee_minor),
            tax=None if one.tax_minor is None else MoneyOut.of(one.tax_minor),
            reference=one.reference,
            failure=one.failure,
            at=rfc3339(one.created_ms),
        )
        for one in payment.seen
    ]
