"""What has happened to a carrier's settlement: facts, in the order in which they were decided."""

from __future__ import annotations

import msgspec

from freight.settlements.state import Advance, AdvanceStatus, Kind, Line


class Opened(msgspec.Struct, frozen=True, kw_only=True, tag="opened", omit_defaults=True):
    id: str
    kind: Kind
    carrier: str
    lines: tuple[Line, ...]
    at_ms: int
    booking: str | None = None
    leg: str | None = None
    part: int = 1
    supplement: int = 0
    truck: str | None = None
    cycle: str | None = None
    questions: tuple[str, ...] = ()
    ready_ms: int | None = None


class Derived(msgspec.Struct, frozen=True, kw_only=True, tag="derived"):
    """All that follows from the booking now."""

    lines: tuple[Line, ...]
    questions: tuple[str, ...]
    ready_ms: int | None
    at_ms: int


class LineAdded(msgspec.Struct, frozen=True, tag="line_added"):
    line: Line
    at_ms: int


class LineRemoved(msgspec.Struct, frozen=True, tag="line_removed"):
    id: str
    by: str
    reason: str
    at_ms: int


class AdvanceAsked(msgspec.Struct, frozen=True, tag="advance_asked"):
    advance: Advance
    at_ms: int


class AdvanceStarted(msgspec.Struct, frozen=True, kw_only=True, tag="advance_started"):
    id: str
    status: AdvanceStatus  # in transit, or paid at once by hand or card
    by: str
    line: Line
    at_ms: int


class AdvanceEnded(msgspec.Struct, frozen=True, kw_only=True, tag="advance_ended"):
    id: str
    status: AdvanceStatus
    is_line_kept: bool  # the books have it: what came back is settled by a supplement
    at_ms: int


class Proposed(msgspec.Struct, frozen=True, kw_only=True, tag="proposed"):
    by: str | None
    reckoned: tuple[Line, ...]
    at_ms: int


class ApprovalGiven(msgspec.Struct, frozen=True, tag="approval_given"):
    by: str
    at_ms: int


class Approved(msgspec.Struct, frozen=True, tag="approved"):
    at_ms: int


class Disputed(msgspec.Struct, frozen=True, tag="disputed"):
    by: str
    reason: str
    at_ms: int


class Resolved(msgspec.Struct, frozen=True, tag="resolved"):
    by: str
    reason: str
    at_ms: int


class Reopened(msgspec.Struct, frozen=True, tag="reopened"):
    by: str
    reason: str
    at_ms: int


class PayingStarted(msgspec.Struct, frozen=True, tag="paying_started"):
    payout: str
    at_ms: int


class Paid(msgspec.Struct, frozen=True, kw_only=True, tag="paid"):
    payout: str | None  # None: nothing was left to pay
    utr: str | None
    at_ms: int


class PayingFailed(msgspec.Struct, frozen=True, kw_only=True, tag="paying_failed"):
    payout: str
    reason: str | None
    at_ms: int


class PaymentReversed(msgspec.Struct, frozen=True, kw_only=True, tag="payment_reversed"):
    payout: str
    reason: str | None
    at_ms: int


class TakenInto(msgspec.Struct, frozen=True, tag="taken_into"):
    cycle: str
    at_ms: int


class Adopted(msgspec.Struct, frozen=True, tag="adopted"):
    member: str
    lines: tuple[Line, ...]
    at_ms: int


Event = (
    Opened
    | Derived
    | LineAdded
    | LineRemoved
    | AdvanceAsked
    | AdvanceStarted
    | AdvanceEnded
    | Proposed
    | ApprovalGiven
    | Approved
    | Disputed
    | Resolved
    | Reopened
    | PayingStarted
    | Paid
    | PayingFailed
    | PaymentReversed
    | TakenInto
    | Adopted
)
