"""Payouts as the API gives them."""

from __future__ import annotations

from pydantic import BaseModel, Field

from freight.cloudevents import rfc3339
from freight.payouts.state import Attempt, Payout, Purpose, Status
from serve.bookings.wire import Money
from serve.fields import LongText, Strict


class Cancelling(Strict):
    reason: LongText


class AttemptOut(BaseModel):
    nr: int
    reference: str
    mode: str
    status: Status
    provider_id: str | None
    utr: str | None
    fees: Money | None
    reason: str | None
    asked_at: str
    ended_at: str | None

    @classmethod
    def of(cls, attempt: Attempt) -> AttemptOut:
        ended_ms = attempt.ended_ms
        return cls(
            nr=attempt.nr,
            reference=attempt.reference,
            mode=attempt.mode,
            status=attempt.status,
            provider_id=attempt.provider_id,
            utr=attempt.utr,
            fees=None if attempt.fees_minor is None else Money.of(attempt.fees_minor),
            reason=attempt.reason,
            asked_at=rfc3339(attempt.asked_ms),
            ended_at=None if ended_ms is None else rfc3339(ended_ms),
        )


class PayoutOut(BaseModel):
    id: str
    version: int
    purpose: Purpose
    settlement: str
    carrier: str
    booking: str | None
    amount: Money
    status: Status
    reason: str | None
    is_held: bool = Field(description="a person must look: it goes on by a retry")
    contradiction: str | None = Field(description="of the provider: may have been paid already")
    trouble: str | None = Field(description="why the last look at the provider was in vain")
    attempts: list[AttemptOut]
    created_at: str

    @classmethod
    def of(cls, payout: Payout, trouble: str | None = None) -> PayoutOut:
        return cls(
            id=payout.id,
            version=payout.version,
            purpose=payout.purpose,
            settlement=payout.settlement,
            carrier=payout.carrier,
            booking=payout.booking,
            amount=Money.of(payout.amount_minor),
            status=payout.status,
            reason=payout.reason,
            is_held=payout.is_held,
            contradiction=payout.contradiction,
            trouble=trouble,
            attempts=[AttemptOut.of(attempt) for attempt in payout.attempts],
            created_at=rfc3339(payout.created_ms),
        )
