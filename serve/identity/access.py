"""Who may pass: every route names the permission it needs by the type of its caller."""

from __future__ import annotations

import time
from typing import Annotated, Any

from fastapi import Depends, Request, Security, WebSocket
from fastapi.openapi.models import OAuthFlowClientCredentials, OAuthFlows
from fastapi.security import OAuth2, SecurityScopes
from starlette.requests import HTTPConnection

from serve.gateway import Gateway
from serve.identity.permissions import Permission
from serve.identity.tokens import Principal, TokenError
from serve.problems import ForbiddenError, UnauthorisedError
from serve.request_record import record_of

BEARER = "bearer"
BEARER_PROTOCOL = "ubertruck.bearer."

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


async def opened(connection: HTTPConnection) -> Gateway:
    gateway: Gateway = connection.app.state.gateway
    return gateway


def bearer_of(header: str | None) -> str:
    scheme, _, token = (header or "").partition(" ")
    if scheme.lower() != BEARER or not token.strip():
        raise UnauthorisedError("send a token: Authorization: Bearer <token>")
    return token.strip()


def verify(gateway: Gateway, token: str) -> Principal:
    try:
        return gateway.verifier.verify(token, time.time())
    except TokenError as refused:
        gateway.metrics.refused.labels("token").inc()
        raise UnauthorisedError(str(refused), error="invalid_token") from refused


def require(gateway: Gateway, who: Principal, permission: str) -> None:
    if permission not in who.permissions:
        gateway.metrics.refused.labels("permission").inc()
        raise ForbiddenError(f"this token lacks the permission {permission}")


async def authorise(
    needed: SecurityScopes,
    request: Request,
    gateway: Annotated[Gateway, Depends(opened)],
    _described: Annotated[Any, Depends(described)],
) -> Principal:
    who = verify(gateway, bearer_of(request.headers.get("authorization")))
    record_of(request.scope).tenant = who.tenant
    for permission in needed.scopes:
        require(gateway, who, permission)
    return who


async def authorise_socket(
    needed: SecurityScopes,
    socket: WebSocket,
    gateway: Annotated[Gateway, Depends(opened)],
) -> Principal:
    """A browser cannot set headers on a WebSocket: there the token is a subprotocol."""
    protocol = bearer_protocol_of(socket)
    header = socket.headers.get("authorization")
    token = protocol.removeprefix(BEARER_PROTOCOL) if protocol and not header else bearer_of(header)
    who = verify(gateway, token)
    record_of(socket.scope).tenant = who.tenant
    for permission in needed.scopes:
        require(gateway, who, permission)
    return who


def bearer_protocol_of(socket: WebSocket) -> str | None:
    """The offered subprotocol that carries a token; accepting must name it back."""
    offered: list[str] = socket.scope.get("subprotocols", [])
    return next((name for name in offered if name.startswith(BEARER_PROTOCOL)), None)


Opened = Annotated[Gateway, Depends(opened)]
TrucksReader = Annotated[Principal, Security(authorise, scopes=[Permission.TRUCKS_READ])]
TrucksWriter = Annotated[Principal, Security(authorise, scopes=[Permission.TRUCKS_WRITE])]
FencesReader = Annotated[Principal, Security(authorise, scopes=[Permission.FENCES_READ])]
FencesWriter = Annotated[Principal, Security(authorise, scopes=[Permission.FENCES_WRITE])]
PositionsReader = Annotated[Principal, Security(authorise, scopes=[Permission.POSITIONS_READ])]
EventsReader = Annotated[Principal, Security(authorise, scopes=[Permission.EVENTS_READ])]
LiveReader = Annotated[Principal, Security(authorise, scopes=[Permission.LIVE_READ])]
LiveSocketReader = Annotated[Principal, Security(authorise_socket, scopes=[Permission.LIVE_READ])]
