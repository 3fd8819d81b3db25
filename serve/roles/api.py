"""/v1/roles: who of a tenant may do what."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Response

from serve.fields import PathId
from serve.identity.access import Opened, needs
from serve.identity.permissions import Permission
from serve.identity.principal import Principal
from serve.paging import ListOf, Paged
from serve.roles import service
from serve.roles.wire import NewRole, RoleChange, RoleOut
from serve.versions import Expected, tagged

router = APIRouter(tags=["roles"])

RolesReader = Annotated[Principal, needs(Permission.ROLES_READ)]
RolesWriter = Annotated[Principal, needs(Permission.ROLES_WRITE)]


@router.post("/v1/roles", status_code=HTTPStatus.CREATED)
async def create_role(
    new: NewRole, gateway: Opened, who: RolesWriter, response: Response
) -> RoleOut:
    """A role of your own; nobody can put more into it than they hold themselves."""
    role = await service.create(gateway, who, new)
    return tagged(response, role, f"/v1/roles/{role.name}")


@router.get("/v1/roles")
async def list_roles(gateway: Opened, who: RolesReader, page: Paged) -> ListOf[RoleOut]:
    return await service.list_page(gateway, who, page)


@router.get("/v1/roles/{id}")
async def get_role(name: PathId, gateway: Opened, who: RolesReader, response: Response) -> RoleOut:
    return tagged(response, await service.get(gateway, who, name))


@router.patch("/v1/roles/{id}")
async def change_role(  # noqa: PLR0917 - the framework passes by name
    name: PathId,
    wanted: RoleChange,
    gateway: Opened,
    who: RolesWriter,
    expected: Expected,
    response: Response,
) -> RoleOut:
    """Tokens issued before keep what they allow until they are renewed."""
    return tagged(response, await service.change(gateway, who, name, wanted, expected))


@router.delete("/v1/roles/{id}", status_code=HTTPStatus.NO_CONTENT)
async def delete_role(name: PathId, gateway: Opened, who: RolesWriter, expected: Expected) -> None:
    """409 for a role that somebody has, and for those that came with the product."""
    await service.delete(gateway, who, name, expected)
