"""/v1/offers: who was asked to carry what, and the answers."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Response

from freight.dispatch.offer_messages import Accept, Award, Decline, PlaceBid, Withdraw
from freight.dispatch.offer_state import OfferState
from serve.fields import ObjectId, PathId
from serve.identity.access import Opened, needs
from serve.identity.permissions import Permission
from serve.identity.principal import Principal
from serve.offers import service, wire
from serve.offers.wire import OfferOut
from serve.paging import ListOf, Paged
from serve.versions import tagged

router = APIRouter(tags=["offers"])

Reader = Annotated[Principal, needs(Permission.OFFERS_READ)]
Maker = Annotated[Principal, needs(Permission.OFFERS_WRITE)]
Answerer = Annotated[Principal, needs(Permission.OFFERS_ANSWER)]


@router.post("/v1/offers", status_code=HTTPStatus.CREATED)
async def make_offer(
    new: wire.NewOffer, gateway: Opened, who: Maker, response: Response
) -> OfferOut:
    """By hand; the dispatcher makes its own."""
    offer = await service.make(gateway, who, new)
    return tagged(response, offer, f"/v1/offers/{offer.id}")


@router.get("/v1/offers")
async def list_offers(  # noqa: PLR0917 - the framework passes by name
    gateway: Opened,
    who: Reader,
    page: Paged,
    state: OfferState | None = None,
    booking: ObjectId | None = None,
    carrier: ObjectId | None = None,
    truck: ObjectId | None = None,
) -> ListOf[OfferOut]:
    """The newest first; a carrier sees its own."""
    having = {"state": state, "booking": booking, "carrier": carrier, "truck": truck}
    return await service.list_page(gateway, who, page, having)


@router.get("/v1/offers/{id}")
async def get_offer(offer_id: PathId, gateway: Opened, who: Reader, response: Response) -> OfferOut:
    return tagged(response, await service.get(gateway, who, offer_id))


@router.post("/v1/offers/{id}/accept")
async def accept_offer(
    offer_id: PathId,
    gateway: Opened,
    who: Answerer,
    response: Response,
    given: wire.Acceptance | None = None,
) -> OfferOut:
    """The leg is assigned with it; 409 when somebody was faster, or its truck is promised."""
    given = given or wire.Acceptance()
    command = Accept(offer_id, given.truck, given.driver)
    return tagged(response, await service.answer(gateway, who, offer_id, "accept", command))


@router.post("/v1/offers/{id}/decline")
async def decline_offer(
    offer_id: PathId, given: wire.Declining, gateway: Opened, who: Answerer, response: Response
) -> OfferOut:
    """Its truck is not asked for this leg again."""
    command = Decline(offer_id, given.reason)
    return tagged(response, await service.answer(gateway, who, offer_id, "decline", command))


@router.post("/v1/offers/{id}/bid")
async def bid_on_offer(
    offer_id: PathId, given: wire.BidFields, gateway: Opened, who: Answerer, response: Response
) -> OfferOut:
    """In a tender; a later bid replaces the one before."""
    command = PlaceBid(offer_id, given.price.amount_minor, given.truck, given.driver)
    return tagged(response, await service.answer(gateway, who, offer_id, "bid", command))


@router.post("/v1/offers/{id}/award")
async def award_bid(offer_id: PathId, gateway: Opened, who: Maker, response: Response) -> OfferOut:
    """Takes this bid; the dispatcher takes the best one by itself when a round ends."""
    return tagged(response, await service.answer(gateway, who, offer_id, "award", Award(offer_id)))


@router.post("/v1/offers/{id}/withdraw")
async def withdraw_offer(
    offer_id: PathId, given: wire.Declining, gateway: Opened, who: Maker, response: Response
) -> OfferOut:
    command = Withdraw(given.reason, offer_id)
    return tagged(response, await service.answer(gateway, who, offer_id, "withdraw", command))
