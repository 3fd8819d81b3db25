"""A payment as it stands: what was asked for, what came in by which way, what was given back."""

from __future__ import annotations

import hashlib
from enum import StrEnum

import msgspec

from freight.money import INR
from freight.payments.seen import LinkState, RefundState, SeenPayment

RECEIPT_CHARS_MAX = 40  # fixed: what providers take


class Method(StrEnum):
    UPI = "upi"
    CARD = "card"
    NETBANKING = "netbanking"
    WALLET_PROVIDER = "wallet_provider"  # a wallet that the provider takes
    COD = "cod"  # cash that the driver collects
    BANK_TRANSFER = "bank_transfer"
    WALLET = "wallet"  # the shipper's balance with us

    @property
    def is_by_provider(self) -> bool:
        return self in _BY_PROVIDER


_BY_PROVIDER = frozenset({Method.UPI, Method.CARD, Method.NETBANKING, Method.WALLET_PROVIDER})


class Purpose(StrEnum):
    DUE = "due"
    TOP_UP = "top_up"  # of the shipper's balance with us


class Status(StrEnum):
    CREATED = "created"
    PENDING = "pending"
    AUTHORIZED = "authorized"
    CAPTURED = "captured"
    PARTIALLY_REFUNDED = "partially_refunded"
    REFUNDED = "refunded"
    FAILED = "failed"  # all attempts so far; until it expires another may follow
    CANCELLED = "cancelled"
    EXPIRED = "expired"


# A link that the provider keeps open no more, though we did not end it.
_ENDED: dict[LinkState | None, Status] = {
    LinkState.EXPIRED: Status.EXPIRED,
    LinkState.CANCELLED: Status.CANCELLED,
}


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """Money that came in past any provider."""

    nr: int
    amount_minor: int
    at_ms: int
    by: str  # who says so
    reference: str | None = None  # the bank's UTR
    proof: str | None = None  # a document, or what the payer signed
    holder: str | None = None  # who has the cash: `carriers/c1`; None: we have the money
    handed_in_ms: int | None = None
    handed_in_as: str | None = None  # the reference of the deposit


class RefundTo(StrEnum):
    SOURCE = "source"  # the way it came, through the provider
    WALLET = "wallet"
    BANK = "bank"  # by hand, recorded with its UTR


class RefundCause(StrEnum):
    ASKED = "asked"
    LATE = "late"  # captured after we had cancelled it, or let it expire
    SURPLUS = "surplus"  # paid more than was asked for
    ELSEWHERE = "elsewhere"  # begun at the provider, not by us


class Refund(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    request: str  # a wish that no single provider's payment covers becomes several refunds
    amount_minor: int
    asked_ms: int
    by: str
    cause: RefundCause
    to: RefundTo
    state: RefundState = RefundState.PENDING
    reason: str | None = None
    of: str | None = None  # the provider's payment
    provider_refund: str | None = None
    reference: str | None = None  # ARN or UTR
    failure: str | None = None
    # It was told to have failed before it was told to have worked.
    has_failed: bool = False
    made_ms: int | None = None  # by the provider's clock

    @property
    def receipt(self) -> str:
        """What it is called at the provider, for whom the same name is the same refund."""
        if len(self.id) <= RECEIPT_CHARS_MAX:
            return self.id
        return "rf-" + hashlib.blake2b(self.id.encode(), digest_size=16).hexdigest()

    @property
    def is_given(self) -> bool:
        """Or may still be: this much cannot be given again."""
        return self.state is not RefundState.FAILED


class Closing(msgspec.Struct, frozen=True, kw_only=True):
    """That we wait for it no more."""

    status: Status  # cancelled or expired
    at_ms: int
    by: str
    reason: str | None
    captured: tuple[str, ...]  # provider's payments that were captured by then


class Payment(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    version: int
    method: Method
    amount_minor: int
    created_ms: int
    by: str
    purpose: Purpose = Purpose.DUE
    booking: str | None = None
    due: str | None = None
    shipper: str | None = None
    description: str = ""
    expires_ms: int | None = None
    is_link: bool = False
    currency: str = INR
    provider: str | None = None
    # More than one only when we died before we had noted the first.
    orders: tuple[str, ...] = ()
    link: str | None = None
    link_url: str | None = None
    link_state: LinkState | None = None
    refused: str | None = None  # why the provider does not take it at all
    closed: Closing | None = None
    # What the provider says, each as joined from all that was seen of it, the earliest first.
    seen: tuple[SeenPayment, ...] = ()
    capturing: tuple[str, ...] = ()  # provider's payments that we asked to capture
    receipts: tuple[Receipt, ...] = ()
    refunds: tuple[Refund, ...] = ()

    @property
    def order(self) -> str | None:
        return self.orders[0] if self.orders else None

    @property
    def captured(self) -> tuple[SeenPayment, ...]:
        return tuple(one for one in self.seen if one.is_captured)

    @property
    def captured_minor(self) -> int:
        by_provider = sum(one.amount_minor for one in self.captured)
        return by_provider + sum(one.amount_minor for one in self.receipts)

    @property
    def refunded_minor(self) -> int:
        """What has been given back."""
        return sum(one.amount_minor for one in self.refunds if one.state is RefundState.PROCESSED)

    @property
    def refunding_minor(self) -> int:
        """What is on its way back."""
        return sum(one.amount_minor for one in self.refunds if one.state is RefundState.PENDING)

    @property
    def kept_minor(self) -> int:
        """What of it is ours to keep, now."""
        return self.captured_minor - self.refunded_minor - self.refunding_minor

    @property
    def is_open(self) -> bool:
        """Whether more may come in."""
        ended = self.link_state in (LinkState.EXPIRED, LinkState.CANCELLED, LinkState.PAID)
        done = self.captured_minor >= self.amount_minor
        return not (ended or done or self.closed is not None or self.refused is not None)

    @property
    def status(self) -> Status:
        surplus = sum(
            one.amount_minor
            for one in self.refunds
            if one.cause is RefundCause.SURPLUS and one.state is RefundState.PROCESSED
        )
        captured = self.captured_minor - surplus
        if captured <= 0:
            return self._uncaptured()
        returned = self.refunded_minor - surplus
        if returned:
            return Status.REFUNDED if returned >= captured else Status.PARTIALLY_REFUNDED
        return Status.PENDING if self.is_open else Status.CAPTURED

    def _uncaptured(self) -> Status:
        if self.closed is not None:
            return self.closed.status
        if self.refused is not None:
            return Status.FAILED
        if any(one.is_authorized for one in self.seen):
            return Status.AUTHORIZED
        if self.link_state in _ENDED:
            return _ENDED[self.link_state]
        is_begun = bool(self.seen or self.orders) or self.link is not None
        has_failed = bool(self.seen) and all(one.is_over for one in self.seen)
        return Status.FAILED if has_failed else Status.PENDING if is_begun else Status.CREATED

    @property
    def late(self) -> tuple[SeenPayment, ...]:
        """Captured though we waited for it no more."""
        if self.closed is None:
            return ()
        return tuple(one for one in self.captured if one.id not in self.closed.captured)

    @property
    def surplus(self) -> dict[str, int]:
        """What of which provider's payments is beyond what was asked for: the latest first to go,
        whatever order they became known in."""
        room = self.amount_minor - sum(one.amount_minor for one in self.receipts)
        beyond: dict[str, int] = {}
        for one in self.captured:
            over = max(0, one.amount_minor - max(0, room))
            room -= one.amount_minor
            if over:
                beyond[one.id] = over
        return beyond

    @property
    def troubles(self) -> tuple[str, ...]:
        """What a person should look at."""
        unexplained = any(self.unexplained_minor(one) > 0 for one in self.seen)
        found = {
            "captured_late": bool(self.late) and self.kept_minor > 0,
            "captured_beyond": self.kept_minor > self.amount_minor,
            "refund_failed": any(one.state is RefundState.FAILED for one in self.refunds),
            "refunded_elsewhere": unexplained
            or any(one.cause is RefundCause.ELSEWHERE for one in self.refunds),
        }
        return tuple(name for name, is_so in found.items() if is_so)

    def refund(self, name: str) -> Refund | None:
        return next((one for one in self.refunds if one.id == name), None)

    def left_minor(self, of: SeenPayment) -> int:
        """What of a provider's payment has not been given back through the provider."""
        given = sum(r.amount_minor for r in self.refunds if r.of == of.id and r.is_given)
        return of.amount_minor - given if of.is_captured else 0

    def unexplained_minor(self, of: SeenPayment) -> int:
        """What the provider says was given back, and no refund that we know of did."""
        known = sum(r.amount_minor for r in self.refunds if r.of == of.id)
        return of.refunded_minor - known if of.is_captured else 0
