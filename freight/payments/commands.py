"""What can be wanted of a payment, and by whom."""

from __future__ import annotations

import msgspec

from freight.payments.seen import Seen
from freight.payments.state import Method, Purpose, RefundTo


class Demand(msgspec.Struct, frozen=True, kw_only=True):
    """Ask for money; the same again is nothing new."""

    id: str
    by: str
    method: Method
    amount_minor: int
    purpose: Purpose = Purpose.DUE
    booking: str | None = None
    due: str | None = None
    shipper: str | None = None
    description: str = ""
    provider: str | None = None
    # A link to send to the payer; else an order for a checkout.
    is_link: bool = False
    expires_ms: int | None = None  # None: as the rules say


class NoteRefused(msgspec.Struct, frozen=True):
    """The provider does not take it, and would not if it were asked again."""

    code: str
    detail: str
    by: str


class Observe(msgspec.Struct, frozen=True):
    """What the provider says, however we learned it."""

    seen: Seen
    by: str


class Capture(msgspec.Struct, frozen=True):
    """Take what was authorised."""

    payment: str  # the provider's
    by: str


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """Money that came in past any provider; from the balance only as much as is there."""

    amount_minor: int
    by: str
    at_ms: int | None = None
    reference: str | None = None
    proof: str | None = None
    holder: str | None = None
    available_minor: int | None = None  # the shipper's balance


class HandIn(msgspec.Struct, frozen=True, kw_only=True):
    """Cash that a driver had collected is with us, or in our bank account."""

    by: str
    reference: str | None = None
    nr: int | None = None  # which receipt; None: all of them


class Refund(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    amount_minor: int | None  # None: all that can be given back
    by: str
    reason: str | None = None
    to: RefundTo | None = None  # None: the way it came


class NoteRefundRefused(msgspec.Struct, frozen=True):
    refund: str
    detail: str
    by: str


class RecordRefund(msgspec.Struct, frozen=True):
    """That it was paid out by hand."""

    refund: str
    reference: str
    by: str


class Cancel(msgspec.Struct, frozen=True):
    by: str
    reason: str | None = None


class Expire(msgspec.Struct, frozen=True):
    by: str


Command = (
    Demand
    | NoteRefused
    | Observe
    | Capture
    | Record
    | HandIn
    | Refund
    | NoteRefundRefused
    | RecordRefund
    | Cancel
    | Expire
)
