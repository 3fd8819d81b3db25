"""/v1/oidc-issuers: whose identities a tenant takes for good."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Response

from serve.fields import PathId
from serve.identity.access import Opened, needs
from serve.identity.permissions import Permission
from serve.identity.principal import Principal
from serve.oidc import service
from serve.oidc.wire import IssuerChange, IssuerOut, NewIssuer
from serve.paging import ListOf, Paged
from serve.versions import Expected, tagged

router = APIRouter(tags=["identity"])

ClientsReader = Annotated[Principal, needs(Permission.CLIENTS_READ)]
ClientsWriter = Annotated[Principal, needs(Permission.CLIENTS_WRITE)]


@router.post("/v1/oidc-issuers", status_code=HTTPStatus.CREATED)
async def create_oidc_issuer(
    new: NewIssuer, gateway: Opened, who: ClientsWriter, response: Response
) -> IssuerOut:
    """Nobody can give away roles that allow more than it holds itself."""
    issuer = await service.create(gateway, who, new)
    return tagged(response, issuer, f"/v1/oidc-issuers/{issuer.id}")


@router.get("/v1/oidc-issuers")
async def list_oidc_issuers(gateway: Opened, who: ClientsReader, page: Paged) -> ListOf[IssuerOut]:
    return await service.list_page(gateway, who, page)


@router.get("/v1/oidc-issuers/{id}")
async def get_oidc_issuer(
    issuer_id: PathId, gateway: Opened, who: ClientsReader, response: Response
) -> IssuerOut:
    return tagged(response, await service.get(gateway, who, issuer_id))


@router.patch("/v1/oidc-issuers/{id}")
async def change_oidc_issuer(  # noqa: PLR0917 - the framework passes by name
    issuer_id: PathId,
    wanted: IssuerChange,
    gateway: Opened,
    who: ClientsWriter,
    expected: Expected,
    response: Response,
) -> IssuerOut:
    """Every change ends the tokens that were had by this issuer; its users sign in anew."""
    return tagged(response, await service.change(gateway, who, issuer_id, wanted, expected))


@router.delete("/v1/oidc-issuers/{id}", status_code=HTTPStatus.NO_CONTENT)
async def delete_oidc_issuer(
    issuer_id: PathId, gateway: Opened, who: ClientsWriter, expected: Expected
) -> None:
    """Its users' tokens end with it."""
    await service.delete(gateway, who, issuer_id, expected)
