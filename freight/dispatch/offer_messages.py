"""What may be commanded about the offers of a leg, and the facts that follow."""

from __future__ import annotations

import msgspec

from freight.dispatch.offer_state import Asked, Bid


class Make(msgspec.Struct, frozen=True, tag="make"):
    asked: tuple[Asked, ...]


class Accept(msgspec.Struct, frozen=True, tag="accept"):
    """Whoever accepts may name another of its trucks or drivers than was suggested."""

    offer: str
    truck: str | None = None
    driver: str | None = None


class PlaceBid(msgspec.Struct, frozen=True, tag="bid"):
    offer: str
    price_minor: int
    truck: str
    driver: str | None = None


class Award(msgspec.Struct, frozen=True, tag="award"):
    """Takes the bid of this offer."""

    offer: str


class Decline(msgspec.Struct, frozen=True, tag="decline"):
    offer: str
    reason: str


class Expire(msgspec.Struct, frozen=True, tag="expire"):
    """The clock: whatever has not been answered in time."""


class Withdraw(msgspec.Struct, frozen=True, tag="withdraw"):
    """One open offer, or all; an accepted one when the award itself is taken back."""

    reason: str
    offer: str | None = None


class Escalate(msgspec.Struct, frozen=True, tag="escalate"):
    reason: str


class Resume(msgspec.Struct, frozen=True, tag="resume"):
    """A person has looked at it: offers go on by themselves."""


OfferCommand = Make | Accept | PlaceBid | Award | Decline | Expire | Withdraw | Escalate | Resume


# --------------------------------------------------------------------------------------- events


class OfferMade(msgspec.Struct, frozen=True, tag="made"):
    asked: Asked
    at_ms: int


class OfferBid(msgspec.Struct, frozen=True, tag="bid"):
    offer: str
    bid: Bid
    at_ms: int


class OfferAccepted(msgspec.Struct, frozen=True, tag="accepted"):
    offer: str
    truck: str
    driver: str | None
    price_minor: int | None
    at_ms: int


class OfferDeclined(msgspec.Struct, frozen=True, tag="declined"):
    offer: str
    reason: str
    at_ms: int


class OfferExpired(msgspec.Struct, frozen=True, tag="expired"):
    offer: str
    at_ms: int


class OfferWithdrawn(msgspec.Struct, frozen=True, tag="withdrawn"):
    offer: str
    reason: str
    at_ms: int


class LegEscalated(msgspec.Struct, frozen=True, tag="escalated"):
    reason: str
    at_ms: int


class LegResumed(msgspec.Struct, frozen=True, tag="resumed"):
    at_ms: int


OfferEvent = (
    OfferMade
    | OfferBid
    | OfferAccepted
    | OfferDeclined
    | OfferExpired
    | OfferWithdrawn
    | LegEscalated
    | LegResumed
)
