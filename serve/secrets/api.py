"""/v1/secrets: values that configuration refers to by name, put here and never shown."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query

from serve.fields import PathId
from serve.identity.access import Opened, needs
from serve.identity.permissions import Permission
from serve.identity.principal import Principal
from serve.paging import ListOf, Paged
from serve.secrets import service
from serve.secrets.service import Whose
from serve.secrets.wire import NewSecret, SecretOut

router = APIRouter(tags=["secrets"])

SecretsReader = Annotated[Principal, needs(Permission.SECRETS_READ)]
SecretsWriter = Annotated[Principal, needs(Permission.SECRETS_WRITE)]
OfScope = Annotated[Whose, Query(alias="scope", description="installation: for its operators")]


@router.get("/v1/secrets")
async def list_secrets(
    gateway: Opened, who: SecretsReader, page: Paged, whose: OfScope = Whose.TENANT
) -> ListOf[SecretOut]:
    return await service.list_page(gateway, who, service.scope_of(who, whose), page)


@router.get("/v1/secrets/{id}")
async def get_secret(
    name: PathId, gateway: Opened, who: SecretsReader, whose: OfScope = Whose.TENANT
) -> SecretOut:
    return await service.get(gateway, who, service.scope_of(who, whose), name)


@router.put("/v1/secrets/{id}")
async def put_secret(
    name: PathId,
    new: NewSecret,
    gateway: Opened,
    who: SecretsWriter,
    whose: OfScope = Whose.TENANT,
) -> SecretOut:
    """A new version, which readers see within seconds; the one before it can still be asked for."""
    return await service.put(gateway, who, service.scope_of(who, whose), name, new)


@router.delete("/v1/secrets/{id}", status_code=HTTPStatus.NO_CONTENT)
async def delete_secret(
    name: PathId, gateway: Opened, who: SecretsWriter, whose: OfScope = Whose.TENANT
) -> None:
    """With all its versions; what still refers to it fails."""
    await service.delete(gateway, who, service.scope_of(who, whose), name)
