"""/v1/devices: how the tenant's devices sign in to the broker, and what was refused them."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Response

from serve.devices import service
from serve.devices.wire import (
    DeviceChange,
    DeviceOut,
    DeviceWithSecret,
    NewDevice,
    RefusalOut,
    Rotation,
)
from serve.fields import ObjectId, PathId
from serve.identity.access import Opened, needs
from serve.identity.permissions import Permission
from serve.identity.principal import Principal
from serve.paging import ListOf, Paged
from serve.versions import Expected, tagged

router = APIRouter(tags=["devices"])

DevicesReader = Annotated[Principal, needs(Permission.DEVICES_READ)]
DevicesWriter = Annotated[Principal, needs(Permission.DEVICES_WRITE)]
OfTruck = Annotated[ObjectId | None, Query(description="only this truck's device")]


@router.post("/v1/devices", status_code=HTTPStatus.CREATED)
async def create_device(
    new: NewDevice, gateway: Opened, who: DevicesWriter, response: Response
) -> DeviceWithSecret:
    """For a truck that has none; the secret is shown this once."""
    device = await service.create(gateway, who, new)
    return tagged(response, device, f"/v1/devices/{device.id}")


@router.get("/v1/devices")
async def list_devices(
    gateway: Opened, who: DevicesReader, page: Paged, truck: OfTruck = None
) -> ListOf[DeviceOut]:
    return await service.list_page(gateway, who, page, truck)


@router.get("/v1/devices/{id}")
async def get_device(
    device_id: PathId, gateway: Opened, who: DevicesReader, response: Response
) -> DeviceOut:
    return tagged(response, await service.get(gateway, who, device_id))


@router.patch("/v1/devices/{id}")
async def bind_device(  # noqa: PLR0917 - the framework passes by name
    device_id: PathId,
    wanted: DeviceChange,
    gateway: Opened,
    who: DevicesWriter,
    expected: Expected,
    response: Response,
) -> DeviceOut:
    """Bind it to an IMEI or another id that no second device of the installation may have."""
    return tagged(response, await service.bind(gateway, who, device_id, wanted, expected))


@router.post("/v1/devices/{id}/rotate")
async def rotate_secret(  # noqa: PLR0917 - the framework passes by name
    device_id: PathId,
    wanted: Rotation,
    gateway: Opened,
    who: DevicesWriter,
    expected: Expected,
    response: Response,
) -> DeviceWithSecret:
    """A new secret, shown this once; the one before is good for the overlap longer.

    A device that was revoked is let in again, with the new secret only.
    """
    return tagged(response, await service.rotate(gateway, who, device_id, wanted, expected))


@router.post("/v1/devices/{id}/revoke")
async def revoke_device(
    device_id: PathId, gateway: Opened, who: DevicesWriter, expected: Expected, response: Response
) -> DeviceOut:
    """No secret of it is good any more, and its open connection is dropped within five seconds."""
    return tagged(response, await service.revoke(gateway, who, device_id, expected))


@router.get("/v1/devices/{id}/refusals")
async def list_refusals_of_device(
    device_id: PathId, gateway: Opened, who: DevicesReader, page: Paged
) -> ListOf[RefusalOut]:
    """What brokers refused it, the newest first."""
    return await service.refusals(gateway, who, page, device_id)


@router.get("/v1/device-refusals")
async def list_refusals(gateway: Opened, who: DevicesReader, page: Paged) -> ListOf[RefusalOut]:
    """What brokers refused to any device of the tenant, and to names that are no device."""
    return await service.refusals(gateway, who, page, None)
