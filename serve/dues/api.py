"""/v1/dues, and /v1/bookings/{id}/money: what is owed, and how a booking's money went."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter

from serve.dues import service
from serve.dues.wire import Asked, DueOut, StoryOut
from serve.fields import ObjectId, PathId
from serve.identity.access import Opened, needs
from serve.identity.permissions import Permission
from serve.identity.principal import Principal
from serve.paging import ListOf, Paged

router = APIRouter(tags=["payments"])

Reader = Annotated[Principal, needs(Permission.PAYMENTS_READ)]


@router.get("/v1/dues")
async def list_dues(  # noqa: PLR0917 - the framework passes by name
    gateway: Opened,
    who: Reader,
    page: Paged,
    state: Asked | None = None,
    booking: ObjectId | None = None,
    shipper: ObjectId | None = None,
) -> ListOf[DueOut]:
    """What is due first comes first; what waits for something comes last."""
    wanted = service.wanted_of(state, booking, shipper)
    return await service.list_page(gateway, who, page, wanted)


@router.get("/v1/bookings/{id}/money")
async def get_money(booking_id: PathId, gateway: Opened, who: Reader) -> StoryOut:
    """From its quote to its last posting, each with what it was made for."""
    return await service.story(gateway, who, booking_id)
