"""Offers as the API takes and gives them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from freight.dispatch.offer_state import OfferState
from serve.bookings.wire import Money, MoneyIn
from serve.fields import LongText, ObjectId, Strict
from store.offers import ListedOffer

EXPIRES_S_MAX = 30 * 86_400  # fixed: part of the published API

Price = Annotated[MoneyIn | None, Field(description="null: none was said")]


class NewOffer(Strict):
    """By hand: whom to ask, for which leg."""

    booking: ObjectId
    leg: ObjectId = "L1"
    carrier: ObjectId | None = Field(default=None, description="default: whose the truck is")
    truck: ObjectId | None = None
    driver: ObjectId | None = None
    price: Price = None
    bidding: bool = Field(default=False, description="a price is asked for, at most this one")
    expires_in_s: Annotated[int, Field(gt=0, le=EXPIRES_S_MAX)] | None = Field(
        default=None, description="default: as is set for all offers"
    )


class Acceptance(Strict):
    """With another truck or driver of its own than was suggested, if it wants."""

    truck: ObjectId | None = None
    driver: ObjectId | None = None


class Declining(Strict):
    reason: LongText


class BidFields(Strict):
    price: MoneyIn
    truck: ObjectId
    driver: ObjectId | None = None


class OfferOut(BaseModel):
    id: str
    version: int
    booking: str
    leg: str
    state: OfferState
    carrier: str | None
    truck: str | None
    driver: str | None
    price: Money | None
    bid: Money | None
    bidding: bool
    round: int
    reason: str | None
    made_at: datetime
    expires_at: datetime
    settled_at: datetime | None

    @classmethod
    def of(cls, offer: ListedOffer) -> OfferOut:
        return cls(
            id=offer.id,
            version=offer.version,
            booking=offer.booking,
            leg=offer.leg,
            state=OfferState(offer.state),
            carrier=offer.carrier,
            truck=offer.truck,
            driver=offer.driver,
            price=None if offer.price_minor is None else Money.of(offer.price_minor),
            bid=None if offer.bid_minor is None else Money.of(offer.bid_minor),
            bidding=offer.bidding,
            round=offer.round,
            reason=offer.reason,
            made_at=offer.made_at,
            expires_at=offer.expires_at,
            settled_at=offer.settled_at,
        )
