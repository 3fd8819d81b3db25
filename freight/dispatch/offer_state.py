"""Every offer of one leg, and how each of them stands."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class OfferState(StrEnum):
    MADE = "made"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What a carrier is asked: to take the leg for this price, or to say a price."""

    id: str
    carrier: str | None  # None: the tenant's own trucks
    truck: str | None = None  # a suggestion
    driver: str | None = None
    price_minor: int | None = None
    bidding: bool = False  # a price is asked for; at most this one, if one is given
    expires_ms: int
    round: int = 1
    from_ms: int | None = None  # when its truck will be free for it; None: at once
    by_hand: bool = False  # a person's wish, which no plan takes back


class Bid(msgspec.Struct, frozen=True, kw_only=True):
    price_minor: int
    truck: str
    driver: str | None = None
    at_ms: int


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    asked: Asked
    made_ms: int
    state: OfferState = OfferState.MADE
    bid: Bid | None = None
    reason: str | None = None  # why declined or withdrawn
    settled_ms: int | None = None  # when it left "made"
    # What was agreed on.
    truck: str | None = None
    driver: str | None = None
    price_minor: int | None = None

    @property
    def is_open(self) -> bool:
        return self.state is OfferState.MADE


class LegOffers(msgspec.Struct, frozen=True, kw_only=True):
    """Every offer ever made for a leg, in the order in which they were made."""

    booking: str
    leg: str
    offers: tuple[Offer, ...] = ()
    escalated: str | None = None  # why a person is to look at it
    # When a person had offers go on, and how many had come to nothing before.
    resumed_ms: int = 0
    forgiven: int = 0

    def find(self, offer: str) -> Offer | None:
        return next((each for each in self.offers if each.asked.id == offer), None)

    @property
    def accepted(self) -> Offer | None:
        return next((each for each in self.offers if each.state is OfferState.ACCEPTED), None)

    @property
    def open(self) -> tuple[Offer, ...]:
        return tuple(each for each in self.offers if each.is_open)

    @property
    def failed(self) -> int:
        """How many came to nothing by the carriers' doing or silence."""
        vain = (OfferState.DECLINED, OfferState.EXPIRED)
        return sum(each.state in vain for each in self.offers)
