"""Who may pass: every route names the permission it needs by the type of its caller."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Request, Security, WebSocket
from fastapi.openapi.models import OAuthFlowClientCredentials, OAuthFlows
from fastapi.security import APIKeyHeader, OAuth2, SecurityScopes
from starlette.requests import HTTPConnection
from starlette.types import Scope

from serve.carriers.bounds import refuse_beyond_bounds
from serve.gateway import Gateway
from serve.identity.permissions import Permission
from serve.identity.principal import Principal
from serve.identity.tokens import TokenError
from serve.problems import ForbiddenError, TenantSuspendedError, UnauthorisedError
from serve.request_record import record_of
from telemetry import work

BEARER = "bearer"
BEARER_PROTOCOL = "ubertruck.bearer."
API_KEY_HEADER = "X-API-Key"
API_KEY_PROTOCOL = "ubertruck.api-key."

# Only describes itself in /openapi.json; `authorise` does the work.
described = OAuth2(
    flows=OAuthFlows(
        clientCredentials=OAuthFlowClientCredentials(
            tokenUrl="/v1/oauth/token", scopes={str(p): "" for p in Permission}
        )
    ),
    scheme_name="oauth2",
    auto_error=False,
)
described_key = APIKeyHeader(name=API_KEY_HEADER, scheme_name="api_key", auto_error=False)


async def opened(connection: HTTPConnection) -> Gateway:
    gateway: Gateway = connection.app.state.gateway
    return gateway


def bearer_of(header: str | None) -> str:
    scheme, _, token = (header or "").partition(" ")
    if scheme.lower() != BEARER or not token.strip():
        raise UnauthorisedError("send a token: Authorization: Bearer <token>")
    return token.strip()


async def verify(gateway: Gateway, token: str) -> Principal:
    try:
        return await gateway.authority.verify_token(token)
    except TokenError as refused:
        raise _refused(gateway, refused) from refused


async def verify_key(gateway: Gateway, key: str) -> Principal:
    try:
        return await gateway.authority.verify_key(key)
    except TokenError as refused:
        raise _refused(gateway, refused) from refused


def _refused(gateway: Gateway, refused: TokenError) -> UnauthorisedError:
    gateway.metrics.refused.labels("token").inc()
    return UnauthorisedError(str(refused), error="invalid_token")


def require(gateway: Gateway, who: Principal, permission: str) -> None:
    if permission not in who.permissions:
        gateway.metrics.refused.labels("permission").inc()
        raise ForbiddenError(f"this token lacks the permission {permission}")
    refuse_beyond_bounds(who, permission)


def refuse_closed_tenant(gateway: Gateway, who: Principal) -> None:
    if who.tenant_key in gateway.tenants.closed:
        gateway.metrics.refused.labels("tenant").inc()
        raise TenantSuspendedError("this tenant is suspended; ask who operates the installation")


async def authorise(
    needed: SecurityScopes,
    request: Request,
    gateway: Annotated[Gateway, Depends(opened)],
    _described: Annotated[Any, Depends(described)],
    key: Annotated[str | None, Depends(described_key)],
) -> Principal:
    header = request.headers.get("authorization")
    if key is not None and header is None:
        who = await verify_key(gateway, key)
    else:
        who = await verify(gateway, bearer_of(header))
    await _note(request.scope, gateway, who)
    refuse_closed_tenant(gateway, who)
    for permission in needed.scopes:
        require(gateway, who, permission)
    await gateway.repeats.replay(request, who)
    return who


async def authorise_socket(
    needed: SecurityScopes,
    socket: WebSocket,
    gateway: Annotated[Gateway, Depends(opened)],
) -> Principal:
    """A browser cannot set headers on a WebSocket: there the token is a subprotocol."""
    protocol = bearer_protocol_of(socket)
    header, key = socket.headers.get("authorization"), socket.headers.get(API_KEY_HEADER)
    if header is None and protocol is not None and protocol.startswith(API_KEY_PROTOCOL):
        key = protocol.removeprefix(API_KEY_PROTOCOL)
    if header is None and key is not None:
        who = await verify_key(gateway, key)
    elif header is None and protocol is not None:
        who = await verify(gateway, protocol.removeprefix(BEARER_PROTOCOL))
    else:
        who = await verify(gateway, bearer_of(header))
    await _note(socket.scope, gateway, who)
    refuse_closed_tenant(gateway, who)
    for permission in needed.scopes:
        require(gateway, who, permission)
    return who


async def _note(scope: Scope, gateway: Gateway, who: Principal) -> None:
    """Names the caller in logs, and holds it to its limits."""
    record = record_of(scope)
    record.tenant, record.tenant_key, record.principal = who.tenant, who.tenant_key, who.name
    work.note(tenant=who.tenant)
    record.limit_headers = await gateway.limiter.admit(gateway.limiter.of_principal(who))


def bearer_protocol_of(socket: WebSocket) -> str | None:
    """The offered subprotocol that carries a token; accepting must name it back."""
    offered: list[str] = socket.scope.get("subprotocols", [])
    forms = (BEARER_PROTOCOL, API_KEY_PROTOCOL)
    return next((name for name in offered if name.startswith(forms)), None)


def needs(*permissions: Permission) -> Any:
    """For the type of a route's caller: Annotated[Principal, needs(Permission.TRUCKS_READ)]."""
    return Security(authorise, scopes=list(permissions))


Opened = Annotated[Gateway, Depends(opened)]
# For what everybody may do for themselves: a token, and no permission.
SignedIn = Annotated[Principal, needs()]
TrucksReader = Annotated[Principal, needs(Permission.TRUCKS_READ)]
TrucksWriter = Annotated[Principal, needs(Permission.TRUCKS_WRITE)]
FencesReader = Annotated[Principal, needs(Permission.FENCES_READ)]
FencesWriter = Annotated[Principal, needs(Permission.FENCES_WRITE)]
PositionsReader = Annotated[Principal, needs(Permission.POSITIONS_READ)]
EventsReader = Annotated[Principal, needs(Permission.EVENTS_READ)]
LiveReader = Annotated[Principal, needs(Permission.LIVE_READ)]
LiveSocketReader = Annotated[Principal, Security(authorise_socket, scopes=[Permission.LIVE_READ])]
