"""/v1/carriers: whose trucks they are."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Response

from serve.carriers import service
from serve.carriers.wire import CarrierChange, CarrierOut, NewCarrier, RatingOut
from serve.fields import LongText, PathId
from serve.identity.access import Opened, needs
from serve.identity.permissions import Permission
from serve.identity.principal import Principal
from serve.paging import ListOf, Paged
from serve.versions import Expected, tagged

router = APIRouter(tags=["carriers"])

CarriersReader = Annotated[Principal, needs(Permission.CARRIERS_READ)]
CarriersWriter = Annotated[Principal, needs(Permission.CARRIERS_WRITE)]
Exactly = Annotated[LongText | None, Query(description="only the carriers that have exactly this")]


@router.post("/v1/carriers", status_code=HTTPStatus.CREATED)
async def create_carrier(
    new: NewCarrier, gateway: Opened, who: CarriersWriter, response: Response
) -> CarrierOut:
    """What says something about a person is encrypted, and masked for most readers."""
    carrier = await service.create(gateway, who, new)
    return tagged(response, carrier, f"/v1/carriers/{carrier.id}")


@router.get("/v1/carriers")
async def list_carriers(  # noqa: PLR0917 - the framework passes by name
    gateway: Opened,
    who: CarriersReader,
    page: Paged,
    phone: Exactly = None,
    email: Exactly = None,
    gstin: Exactly = None,
    pan: Exactly = None,
) -> ListOf[CarrierOut]:
    asked = {"phone": phone, "email": email, "gstin": gstin, "pan": pan}
    having = {name: text for name, text in asked.items() if text is not None}
    return await service.list_page(gateway, who, page, having)


@router.get("/v1/carriers/{id}")
async def get_carrier(
    carrier_id: PathId, gateway: Opened, who: CarriersReader, response: Response
) -> CarrierOut:
    return tagged(response, await service.get(gateway, who, carrier_id))


@router.get("/v1/carriers/{id}/rating")
async def get_rating(carrier_id: PathId, gateway: Opened, who: CarriersReader) -> RatingOut:
    """How well it keeps times, offers and ways, counted over the last months."""
    return await service.rating_of(gateway, who, carrier_id)


@router.patch("/v1/carriers/{id}")
async def change_carrier(  # noqa: PLR0917 - the framework passes by name
    carrier_id: PathId,
    wanted: CarrierChange,
    gateway: Opened,
    who: CarriersWriter,
    expected: Expected,
    response: Response,
) -> CarrierOut:
    return tagged(response, await service.change(gateway, who, carrier_id, wanted, expected))


@router.delete("/v1/carriers/{id}", status_code=HTTPStatus.NO_CONTENT)
async def delete_carrier(
    carrier_id: PathId, gateway: Opened, who: CarriersWriter, expected: Expected
) -> None:
    """409 while trucks are or were its, or anybody signs in for it."""
    await service.delete(gateway, who, carrier_id, expected)
