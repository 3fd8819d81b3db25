"""Money sent to a carrier's bank: every attempt, and how the last one stands."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Status(StrEnum):
    CREATED = "created"  # nobody was asked for it
    REQUESTED = "requested"  # asked for, and no answer is known: it may be under way
    QUEUED = "queued"  # known there, and not yet at the bank
    PROCESSING = "processing"
    PROCESSED = "processed"
    REVERSED = "reversed"  # the bank gave it back
    FAILED = "failed"
    REJECTED = "rejected"  # somebody there refused to approve it
    CANCELLED = "cancelled"


# The money is, or may be, on its way: never sent again.
UNDER_WAY = frozenset({Status.REQUESTED, Status.QUEUED, Status.PROCESSING})
# It is certain that nothing was paid, or that it came back.
CAME_TO_NOTHING = frozenset({Status.REVERSED, Status.FAILED, Status.REJECTED, Status.CANCELLED})


class Purpose(StrEnum):
    SETTLEMENT = "settlement"
    ADVANCE = "advance"


class Attempt(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One asking of the provider: however often it is repeated, its key stays the same."""

    nr: int
    key: str
    reference: str  # ours, by which the provider finds it again
    fund_account: str
    mode: str
    narration: str
    asked_ms: int
    status: Status = Status.REQUESTED
    provider_id: str | None = None
    utr: str | None = None
    fees_minor: int | None = None
    tax_minor: int | None = None
    reason: str | None = None
    ended_ms: int | None = None


class Payout(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    id: str
    version: int
    purpose: Purpose
    settlement: str
    carrier: str
    amount_minor: int
    status: Status
    created_ms: int
    booking: str | None = None
    attempts: tuple[Attempt, ...] = ()
    by: str | None = None
    reason: str | None = None  # why it failed, or waits
    is_held: bool = False  # a person is to look at it: nothing is sent
    contradiction: str | None = None

    @property
    def attempt(self) -> Attempt | None:
        return self.attempts[-1] if self.attempts else None
