"""What may be commanded about a payout, and the facts that follow."""

from __future__ import annotations

import msgspec

from freight.payouts.state import Attempt, Purpose, Status


class Create(msgspec.Struct, frozen=True, kw_only=True, tag="create"):
    id: str
    purpose: Purpose
    settlement: str
    carrier: str
    amount_minor: int
    booking: str | None = None
    by: str | None = None


class Request(msgspec.Struct, frozen=True, kw_only=True, tag="request"):
    """The intent to ask the provider, written down before it is asked."""

    fund_account: str
    mode: str
    narration: str


class Observe(msgspec.Struct, frozen=True, kw_only=True, tag="observe"):
    """What the provider says of an attempt, whichever way it came to us."""

    provider_id: str
    status: Status
    # Its settlement was opened again, or is paid by another payout.
    is_replaced: bool = False
    reference: str | None = None
    amount_minor: int | None = None
    utr: str | None = None
    fees_minor: int | None = None
    tax_minor: int | None = None
    reason: str | None = None


class Refuse(msgspec.Struct, frozen=True, kw_only=True, tag="refuse"):
    """The provider answered no, or it could not be asked at all: nothing was sent."""

    reason: str
    nr: int  # of the attempt; 0: before there was one


class Hold(msgspec.Struct, frozen=True, tag="hold"):
    """It cannot be said what became of it: a person must look."""

    reason: str


class Cancel(msgspec.Struct, frozen=True, kw_only=True, tag="cancel"):
    by: str
    reason: str


class Retry(msgspec.Struct, frozen=True, kw_only=True, tag="retry"):
    by: str


Command = Create | Request | Observe | Refuse | Hold | Cancel | Retry


# --------------------------------------------------------------------------------------- events


class Created(msgspec.Struct, frozen=True, kw_only=True, tag="created", omit_defaults=True):
    id: str
    purpose: Purpose
    settlement: str
    carrier: str
    amount_minor: int
    at_ms: int
    booking: str | None = None
    by: str | None = None


class Requested(msgspec.Struct, frozen=True, tag="requested"):
    attempt: Attempt
    at_ms: int


class Moved(msgspec.Struct, frozen=True, kw_only=True, tag="moved", omit_defaults=True):
    """An attempt stands otherwise at the provider."""

    nr: int
    before: Status
    status: Status
    at_ms: int
    provider_id: str | None = None
    utr: str | None = None
    fees_minor: int | None = None
    tax_minor: int | None = None
    reason: str | None = None


class Held(msgspec.Struct, frozen=True, tag="held"):
    reason: str
    at_ms: int


class Contradicted(msgspec.Struct, frozen=True, kw_only=True, tag="contradicted"):
    """What was over is said to be otherwise after something else had followed from it."""

    nr: int
    status: Status
    provider_id: str
    at_ms: int


class Cancelled(msgspec.Struct, frozen=True, kw_only=True, tag="cancelled"):
    """Before anybody was asked."""

    by: str
    reason: str
    at_ms: int


class Restarted(msgspec.Struct, frozen=True, kw_only=True, tag="restarted"):
    by: str
    at_ms: int


Event = Created | Requested | Moved | Held | Contradicted | Cancelled | Restarted
