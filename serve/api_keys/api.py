"""/v1/api-keys: keys that programs send instead of a token."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Response

from serve.api_keys import service
from serve.api_keys.wire import ApiKeyOut, ApiKeyWithSecret, NewApiKey
from serve.fields import PathId
from serve.identity.access import Opened, needs
from serve.identity.permissions import Permission
from serve.identity.principal import Principal
from serve.paging import ListOf, Paged
from serve.versions import Expected, tagged

router = APIRouter(tags=["API keys"])

ApiKeysReader = Annotated[Principal, needs(Permission.API_KEYS_READ)]
ApiKeysWriter = Annotated[Principal, needs(Permission.API_KEYS_WRITE)]


@router.post("/v1/api-keys", status_code=HTTPStatus.CREATED)
async def create_api_key(
    new: NewApiKey, gateway: Opened, who: ApiKeysWriter, response: Response
) -> ApiKeyWithSecret:
    """Shown this once. It acts for who made it: never with more than that one has at the time,
    and only as long as there is that one."""
    made = await service.create(gateway, who, new)
    response.headers["Cache-Control"] = "no-store"
    return tagged(response, made, f"/v1/api-keys/{made.id}")


@router.get("/v1/api-keys")
async def list_api_keys(gateway: Opened, who: ApiKeysReader, page: Paged) -> ListOf[ApiKeyOut]:
    """Of the whole tenant, revoked and expired ones too."""
    return await service.list_page(gateway, who, page)


@router.get("/v1/api-keys/{id}")
async def get_api_key(
    key_id: PathId, gateway: Opened, who: ApiKeysReader, response: Response
) -> ApiKeyOut:
    return tagged(response, await service.get(gateway, who, key_id))


@router.delete("/v1/api-keys/{id}", status_code=HTTPStatus.NO_CONTENT)
async def revoke_api_key(
    key_id: PathId, gateway: Opened, who: ApiKeysWriter, expected: Expected
) -> None:
    """For good, everywhere within five seconds; open live feeds of it are closed."""
    await service.revoke(gateway, who, key_id, expected)
