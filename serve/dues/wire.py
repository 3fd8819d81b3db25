"""What bookings owe, and the whole of a booking's money, as the API gives them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, Field

from freight.booking.state import Booking, TermKind
from freight.dues.owing import Due, DueState
from freight.invoices.documents import Document, DocumentKind
from freight.ledger.entries import Entry
from freight.payments.state import Method, Payment
from freight.payments.state import Status as PaymentStatus
from freight.settlements.state import Settlement
from freight.settlements.state import Status as SettlementStatus
from serve.quotes.wire import MoneyOut
from store.dues import Owed
from store.postgres import moment


class DueOut(BaseModel):
    booking: str
    due: str = Field(description="name it when you ask for its payment")
    kind: TermKind
    shipper: str | None
    amount: MoneyOut
    paid: MoneyOut
    open: MoneyOut
    due_at: datetime | None = Field(description="null while what it waits for has not happened")
    state: DueState

    @classmethod
    def of(cls, owed: Owed) -> DueOut:
        return cls.of_due(owed.booking, owed.shipper, owed.due)

    @classmethod
    def of_due(cls, booking: str, shipper: str | None, due: Due) -> DueOut:
        return cls(
            booking=booking,
            due=due.id,
            kind=due.kind,
            shipper=shipper,
            amount=MoneyOut.of(due.amount_minor),
            paid=MoneyOut.of(due.paid_minor),
            open=MoneyOut.of(due.open_minor),
            due_at=None if due.due_ms is None else moment(due.due_ms),
            state=due.state,
        )


class Asked(StrEnum):
    """Of which dues there is a list."""

    AWAITED = "awaited"
    OPEN = "open"
    OVERDUE = "overdue"
    PAID = "paid"


class PaperOut(BaseModel):
    id: str
    kind: DocumentKind
    number: str
    issued_at: datetime
    total: MoneyOut
    cause: str = Field(description="what it was issued for")
    href: str

    @classmethod
    def of(cls, document: Document) -> PaperOut:
        return cls(
            id=document.id,
            kind=document.kind,
            number=document.number,
            issued_at=moment(document.issued_ms),
            total=MoneyOut.of(document.total_minor),
            cause=document.cause,
            href=f"/v1/invoices/{document.id}",
        )


class PaidOut(BaseModel):
    id: str
    method: Method
    status: PaymentStatus
    due: str | None
    amount: MoneyOut
    captured: MoneyOut
    refunded: MoneyOut
    created_at: datetime
    href: str

    @classmethod
    def of(cls, payment: Payment) -> PaidOut:
        return cls(
            id=payment.id,
            method=payment.method,
            status=payment.status,
            due=payment.due,
            amount=MoneyOut.of(payment.amount_minor),
            captured=MoneyOut.of(payment.captured_minor),
            refunded=MoneyOut.of(payment.refunded_minor),
            created_at=moment(payment.created_ms),
            href=f"/v1/payments/{payment.id}",
        )


class PostedOut(BaseModel):
    account: str
    amount: MoneyOut = Field(description="a debit is above zero, a credit below")
    party: str | None


class BookedOut(BaseModel):
    id: str
    at: datetime
    memo: str
    cause: str = Field(description="payments/..., invoices/..., settlements/... that made it")
    postings: list[PostedOut]
    href: str

    @classmethod
    def of(cls, entry: Entry) -> BookedOut:
        return cls(
            id=entry.id,
            at=moment(entry.at_ms),
            memo=entry.memo,
            cause=entry.cause.about,
            postings=[
                PostedOut(
                    account=one.account, amount=MoneyOut.of(one.amount_minor), party=one.party
                )
                for one in entry.postings
            ],
            href=f"/v1/ledger/entries/{entry.id}",
        )


class SettledOut(BaseModel):
    id: str
    leg: str | None
    carrier: str
    status: SettlementStatus
    gross: MoneyOut
    balance: MoneyOut
    payouts: list[str]
    href: str

    @classmethod
    def of(cls, settlement: Settlement) -> SettledOut:
        return cls(
            id=settlement.id,
            leg=settlement.leg,
            carrier=settlement.carrier,
            status=settlement.status,
            gross=MoneyOut.of(settlement.gross_minor),
            balance=MoneyOut.of(settlement.balance_minor),
            payouts=list(settlement.payouts),
            href=f"/v1/settlements/{settlement.id}",
        )


class QuotedOut(BaseModel):
    id: str
    total: MoneyOut
    href: str


class StoryOut(BaseModel):
    """From the quote to the last posting; what the caller may not see is null."""

    booking: str
    quote: QuotedOut | None
    dues: list[DueOut]
    payments: list[PaidOut]
    documents: list[PaperOut] | None
    settlements: list[SettledOut] | None
    entries: list[BookedOut] | None = Field(description="in the books, the oldest first")
    is_more: bool = Field(description="there are more entries than are shown")
    pending: bool = Field(description="the books have yet to look at its last change")
    trouble: str | None = Field(description="why they could not")


def quoted(booking: Booking) -> QuotedOut | None:
    price = booking.price
    if price is None:
        return None
    return QuotedOut(
        id=price.quote, total=MoneyOut.of(price.total_minor), href=f"/v1/quotes/{price.quote}"
    )
