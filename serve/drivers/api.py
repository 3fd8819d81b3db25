"""/v1/drivers: who drives the trucks."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Response

from serve.drivers import service
from serve.drivers.wire import DriverChange, DriverOut, HoursOut, NewDriver
from serve.fields import ID_PATTERN, LongText, PathId
from serve.identity.access import Opened, needs
from serve.identity.permissions import Permission
from serve.identity.principal import Principal
from serve.paging import ListOf, Paged
from serve.versions import Expected, tagged

router = APIRouter(tags=["drivers"])

DriversReader = Annotated[Principal, needs(Permission.DRIVERS_READ)]
DriversWriter = Annotated[Principal, needs(Permission.DRIVERS_WRITE)]
Exactly = Annotated[LongText | None, Query(description="only the drivers that have exactly this")]
Named = Annotated[str | None, Query(pattern=ID_PATTERN)]


@router.post("/v1/drivers", status_code=HTTPStatus.CREATED)
async def create_driver(
    new: NewDriver, gateway: Opened, who: DriversWriter, response: Response
) -> DriverOut:
    """What says who it is is encrypted, and goes when the driver is deleted."""
    driver = await service.create(gateway, who, new)
    return tagged(response, driver, f"/v1/drivers/{driver.id}")


@router.get("/v1/drivers")
async def list_drivers(  # noqa: PLR0917 - the framework passes by name
    gateway: Opened,
    who: DriversReader,
    page: Paged,
    carrier: Named = None,
    truck: Named = None,
    phone: Exactly = None,
    licence_number: Exactly = None,
) -> ListOf[DriverOut]:
    asked = {"carrier": carrier, "truck": truck, "phone": phone, "licence": licence_number}
    having = {name: text for name, text in asked.items() if text is not None}
    return await service.list_page(gateway, who, page, having)


@router.get("/v1/drivers/{id}")
async def get_driver(
    driver_id: PathId, gateway: Opened, who: DriversReader, response: Response
) -> DriverOut:
    return tagged(response, await service.get(gateway, who, driver_id))


@router.patch("/v1/drivers/{id}")
async def change_driver(  # noqa: PLR0917 - the framework passes by name
    driver_id: PathId,
    wanted: DriverChange,
    gateway: Opened,
    who: DriversWriter,
    expected: Expected,
    response: Response,
) -> DriverOut:
    """409 while another driver drives the truck."""
    return tagged(response, await service.change(gateway, who, driver_id, wanted, expected))


@router.delete("/v1/drivers/{id}", status_code=HTTPStatus.NO_CONTENT)
async def delete_driver(
    driver_id: PathId, gateway: Opened, who: DriversWriter, expected: Expected
) -> None:
    await service.delete(gateway, who, driver_id, expected)


@router.get("/v1/drivers/{id}/hours")
async def get_hours(driver_id: PathId, gateway: Opened, who: DriversReader) -> HoursOut:
    """How much longer the driver may drive."""
    return await service.hours_of(gateway, who, driver_id)
