"""/v1/users: the people of a tenant, for those who administer them."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Response

from serve.fields import LongText, PathId
from serve.identity.access import Opened, needs
from serve.identity.permissions import Permission
from serve.identity.principal import Principal
from serve.paging import ListOf, Paged
from serve.users import service
from serve.users.wire import NewUser, NewUserOut, OneTimePassword, UserChange, UserOut
from serve.versions import Expected, tagged

router = APIRouter(tags=["users"])

UsersReader = Annotated[Principal, needs(Permission.USERS_READ)]
UsersWriter = Annotated[Principal, needs(Permission.USERS_WRITE)]
Exactly = Annotated[LongText | None, Query(description="only who has exactly this address")]


@router.post("/v1/users", status_code=HTTPStatus.CREATED)
async def create_user(
    new: NewUser, gateway: Opened, who: UsersWriter, response: Response
) -> NewUserOut:
    """Its first password is shown once and good for choosing another, for a few days."""
    made = await service.create(gateway, who, new)
    response.headers["Cache-Control"] = "no-store"
    return tagged(response, made, f"/v1/users/{made.id}")


@router.get("/v1/users")
async def list_users(
    gateway: Opened, who: UsersReader, page: Paged, email: Exactly = None
) -> ListOf[UserOut]:
    return await service.list_page(gateway, who, page, email)


@router.get("/v1/users/{id}")
async def get_user(
    user_id: PathId, gateway: Opened, who: UsersReader, response: Response
) -> UserOut:
    return tagged(response, await service.get(gateway, who, user_id))


@router.patch("/v1/users/{id}")
async def change_user(  # noqa: PLR0917 - the framework passes by name
    user_id: PathId,
    wanted: UserChange,
    gateway: Opened,
    who: UsersWriter,
    expected: Expected,
    response: Response,
) -> UserOut:
    """With other roles or bounds its tokens end within seconds; its sessions go on with new."""
    return tagged(response, await service.change(gateway, who, user_id, wanted, expected))


@router.post("/v1/users/{id}/disable")
async def disable_user(
    user_id: PathId, gateway: Opened, who: UsersWriter, expected: Expected, response: Response
) -> UserOut:
    """It is signed out everywhere within seconds, and cannot sign in."""
    return tagged(response, await service.disable(gateway, who, user_id, expected))


@router.post("/v1/users/{id}/enable")
async def enable_user(
    user_id: PathId, gateway: Opened, who: UsersWriter, expected: Expected, response: Response
) -> UserOut:
    return tagged(response, await service.enable(gateway, who, user_id, expected))


@router.post("/v1/users/{id}/password")
async def reset_password(
    user_id: PathId, gateway: Opened, who: UsersWriter, expected: Expected, response: Response
) -> OneTimePassword:
    """A new one-time password, shown once; every session of the user ends."""
    response.headers["Cache-Control"] = "no-store"
    return await service.reset_password(gateway, who, user_id, expected)


@router.delete("/v1/users/{id}/totp")
async def remove_totp(
    user_id: PathId, gateway: Opened, who: UsersWriter, expected: Expected, response: Response
) -> UserOut:
    """Takes the second factor of who has lost it; every session of the user ends."""
    return tagged(response, await service.remove_totp(gateway, who, user_id, expected))
