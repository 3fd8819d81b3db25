"""/v1/signing-keys: the installation's keys, for its operator."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter

from serve.identity.access import Opened, needs
from serve.identity.permissions import Permission
from serve.identity.principal import Principal
from serve.paging import ListOf
from serve.signing_keys import service
from serve.signing_keys.wire import SigningKeyOut

router = APIRouter(tags=["identity"])

Operator = Annotated[Principal, needs(Permission.INSTALLATION_WRITE)]


@router.get("/v1/signing-keys")
async def list_signing_keys(gateway: Opened, _: Operator) -> ListOf[SigningKeyOut]:
    """In the order in which they sign; `/.well-known/jwks.json` has their public parts."""
    return await service.list_all(gateway)


@router.post("/v1/signing-keys/rotate", status_code=HTTPStatus.CREATED)
async def rotate_signing_key(gateway: Opened, who: Operator) -> SigningKeyOut:
    """Makes the next key now instead of when it is due.

    It takes over after identity.signing_keys.publish_before_s; what the one before has signed
    stays good until it expires.
    """
    return await service.rotate(gateway, who)
