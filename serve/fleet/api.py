"""/v1/trucks: the tenant's fleet."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import APIRouter, Response

from serve.fields import PathId
from serve.fleet import service
from serve.fleet.wire import NewTruck, NewTruckOut, TruckChange, TruckOut
from serve.identity.access import Opened, TrucksReader, TrucksWriter
from serve.paging import ListOf, Paged
from serve.versions import Expected, tagged

router = APIRouter(tags=["fleet"])


@router.post("/v1/trucks", status_code=HTTPStatus.CREATED)
async def create_truck(
    new: NewTruck, gateway: Opened, who: TrucksWriter, response: Response
) -> NewTruckOut:
    """Its device may connect within two seconds; the device's secret is shown this once."""
    truck = await service.create(gateway, who, new)
    return tagged(response, truck, f"/v1/trucks/{truck.id}")


@router.get("/v1/trucks")
async def list_trucks(gateway: Opened, who: TrucksReader, page: Paged) -> ListOf[TruckOut]:
    return await service.list_page(gateway, who, page)


@router.get("/v1/trucks/{id}")
async def get_truck(
    truck_id: PathId, gateway: Opened, who: TrucksReader, response: Response
) -> TruckOut:
    return tagged(response, await service.get(gateway, who, truck_id))


@router.patch("/v1/trucks/{id}")
async def change_truck(  # noqa: PLR0917 - the framework passes by name
    truck_id: PathId,
    wanted: TruckChange,
    gateway: Opened,
    who: TrucksWriter,
    expected: Expected,
    response: Response,
) -> TruckOut:
    return tagged(response, await service.change(gateway, who, truck_id, wanted, expected))


@router.delete("/v1/trucks/{id}", status_code=HTTPStatus.NO_CONTENT)
async def delete_truck(
    truck_id: PathId, gateway: Opened, who: TrucksWriter, expected: Expected
) -> None:
    """Its device is cut off within two seconds; its history stays with the tenant."""
    await service.delete(gateway, who, truck_id, expected)
