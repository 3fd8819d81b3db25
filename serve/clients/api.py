"""/v1/clients: programs that sign in for a tenant with an id and a secret."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Response

from serve.clients import service
from serve.clients.wire import (
    ClientChange,
    ClientOut,
    ClientWithSecret,
    NewClient,
    SecretRotation,
)
from serve.fields import PathId
from serve.identity.access import Opened, needs
from serve.identity.permissions import Permission
from serve.identity.principal import Principal
from serve.paging import ListOf, Paged
from serve.versions import Expected, tagged

router = APIRouter(tags=["clients"])

ClientsReader = Annotated[Principal, needs(Permission.CLIENTS_READ)]
ClientsWriter = Annotated[Principal, needs(Permission.CLIENTS_WRITE)]


@router.post("/v1/clients", status_code=HTTPStatus.CREATED)
async def create_client(
    new: NewClient, gateway: Opened, who: ClientsWriter, response: Response
) -> ClientWithSecret:
    """The id and the secret are made here; the secret is shown this once.

    Nobody can give roles that allow more than they may themselves.
    """
    made = await service.create(gateway, who, new)
    response.headers["Cache-Control"] = "no-store"
    return tagged(response, made, f"/v1/clients/{made.id}")


@router.get("/v1/clients")
async def list_clients(gateway: Opened, who: ClientsReader, page: Paged) -> ListOf[ClientOut]:
    """Revoked ones too."""
    return await service.list_page(gateway, who, page)


@router.get("/v1/clients/{id}")
async def get_client(
    client_id: PathId, gateway: Opened, who: ClientsReader, response: Response
) -> ClientOut:
    return tagged(response, await service.get(gateway, who, client_id))


@router.patch("/v1/clients/{id}")
async def change_client(  # noqa: PLR0917 - the framework passes by name
    client_id: PathId,
    wanted: ClientChange,
    gateway: Opened,
    who: ClientsWriter,
    expected: Expected,
    response: Response,
) -> ClientOut:
    """With other roles or bounds its tokens end; it asks for new ones. 403 if it may do more
    than who asks."""
    return tagged(response, await service.change(gateway, who, client_id, wanted, expected))


@router.post("/v1/clients/{id}/rotate")
async def rotate_client_secret(  # noqa: PLR0917 - the framework passes by name
    client_id: PathId,
    wanted: SecretRotation,
    gateway: Opened,
    who: ClientsWriter,
    expected: Expected,
    response: Response,
) -> ClientWithSecret:
    """A new secret, shown this once; the one before is good for the overlap longer."""
    response.headers["Cache-Control"] = "no-store"
    return tagged(response, await service.rotate(gateway, who, client_id, wanted, expected))


@router.delete("/v1/clients/{id}", status_code=HTTPStatus.NO_CONTENT)
async def revoke_client(
    client_id: PathId, gateway: Opened, who: ClientsWriter, expected: Expected
) -> None:
    """For good: its tokens, and the API keys that it made, are refused within five seconds.

    It stays in the list, so that its id means nobody else ever after.
    """
    await service.revoke(gateway, who, client_id, expected)
