"""Who may send fixes over HTTP: a device for its own truck, a provider for a tenant's."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request, Security
from fastapi.security import HTTPBasic, SecurityScopes

from serve.brokers.door import Client
from serve.gateway import Gateway
from serve.identity.access import (
    API_KEY_HEADER,
    Opened,
    authorise,
    described,
    described_key,
    refuse_closed_tenant,
)
from serve.identity.permissions import Permission
from serve.identity.principal import Kind, Principal
from serve.origin import subject_of
from serve.problems import UnauthorisedError
from serve.request_record import record_of
from telemetry import work

BASIC = "basic"


class _Described(HTTPBasic):
    """Only describes itself in /openapi.json; the framework's own refuses in its own words."""

    async def __call__(self, _: Request) -> None:  # type: ignore[override]
        return None


described_device = _Described(
    scheme_name="device", description="A device: `{tenant}/{truck}` and its secret."
)


@dataclass(frozen=True, slots=True)
class Sender:
    """Whose fixes these may be; without a truck, each fix says it."""

    tenant: str | None
    truck: str | None = None


async def sending(
    needed: SecurityScopes,
    request: Request,
    gateway: Opened,
    _token: Annotated[Any, Depends(described)],
    key: Annotated[str | None, Depends(described_key)],
    _device: Annotated[Any, Depends(described_device)],
) -> Sender:
    if _is_basic(request):
        return await _device_of(request, gateway)
    who = await authorise(needed, request, gateway, None, key)
    return Sender(who.tenant)


async def sending_osmand(request: Request, gateway: Opened) -> Sender:
    """Its clients know no sign-in; who signs in all the same is held to its own."""
    if _is_basic(request):
        return await _device_of(request, gateway)
    key = request.headers.get(API_KEY_HEADER)
    if key is None and "authorization" not in request.headers:
        return Sender(None)
    needed = SecurityScopes([Permission.POSITIONS_WRITE])
    who = await authorise(needed, request, gateway, None, key)
    return Sender(who.tenant)


def _is_basic(request: Request) -> bool:
    scheme, _, _ = request.headers.get("authorization", "").partition(" ")
    return scheme.lower() == BASIC


async def _device_of(request: Request, gateway: Gateway) -> Sender:
    username, secret = _basic_of(request.headers["authorization"])
    entry = gateway.directory.of_username(username)
    record = record_of(request.scope)
    client = Client(username, client_id="http", origin=subject_of(record.origin))
    if not await gateway.door.sign_in(client, secret) or entry is None:
        gateway.metrics.refused.labels("device").inc()
        raise UnauthorisedError("not a device's name and secret")
    who = Principal(
        subject=username,
        kind=Kind.DEVICE,
        tenant=entry.tenant,
        tenant_key=entry.tenant_key,
        permissions=frozenset(),
        expires_s=0,
    )
    record.tenant, record.tenant_key, record.principal = who.tenant, who.tenant_key, who.name
    work.note(tenant=who.tenant)
    record.limit_headers = await gateway.limiter.admit(gateway.limiter.of_principal(who))
    refuse_closed_tenant(gateway, who)
    return Sender(entry.tenant, entry.truck)


def _basic_of(header: str) -> tuple[str, str]:
    try:
        text = base64.b64decode(header.partition(" ")[2], validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise UnauthorisedError("not HTTP basic credentials") from None
    username, _, secret = text.partition(":")
    return username, secret


PositionsSender = Annotated[Sender, Security(sending, scopes=[Permission.POSITIONS_WRITE])]
OsmandSender = Annotated[Sender, Depends(sending_osmand)]
