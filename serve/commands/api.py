"""/v1/trucks/{id}/commands: what a truck's device is told to do, and how far that has come."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path, Response

from serve.commands import service
from serve.commands.wire import CommandOut, NewCommand
from serve.fields import PathId
from serve.identity.access import Opened, needs
from serve.identity.permissions import Permission
from serve.identity.principal import Principal
from serve.paging import ListOf, Paged

router = APIRouter(tags=["devices"])

CommandsReader = Annotated[Principal, needs(Permission.COMMANDS_READ)]
CommandsWriter = Annotated[Principal, needs(Permission.COMMANDS_WRITE)]


@router.post("/v1/trucks/{id}/commands", status_code=HTTPStatus.CREATED)
async def create_command(
    truck_id: PathId,
    new: NewCommand,
    gateway: Opened,
    who: CommandsWriter,
    response: Response,
) -> CommandOut:
    """Sent over MQTT as soon as may be, and again until the device answers or its time is over."""
    command = await service.create(gateway, who, truck_id, new)
    response.headers["Location"] = f"/v1/trucks/{truck_id}/commands/{command.id}"
    return command


@router.get("/v1/trucks/{id}/commands")
async def list_commands(
    truck_id: PathId, gateway: Opened, who: CommandsReader, page: Paged
) -> ListOf[CommandOut]:
    """The newest first."""
    return await service.list_page(gateway, who, truck_id, page)


@router.get("/v1/trucks/{id}/commands/{command_id}")
async def get_command(
    truck_id: PathId,
    command_id: Annotated[str, Path()],
    gateway: Opened,
    who: CommandsReader,
) -> CommandOut:
    return await service.get(gateway, who, truck_id, command_id)
