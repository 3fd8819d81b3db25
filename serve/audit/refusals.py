"""Sees which requests of known callers were refused, and notes them for the audit trail."""

from __future__ import annotations

from http import HTTPStatus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serve.audit.trail import AuditTrail
from serve.request_record import RequestRecord, record_of, route_of

ALWAYS = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
# Of a read these are answers; of a write they are attempts that failed.
OF_WRITES = frozenset(
    {
        HTTPStatus.NOT_FOUND,
        HTTPStatus.CONFLICT,
        HTTPStatus.PRECONDITION_FAILED,
        HTTPStatus.UNPROCESSABLE_ENTITY,
    }
)
READS = frozenset({"GET", "HEAD", "OPTIONS"})
STARTS = frozenset({"http.response.start", "websocket.http.response.start"})


class NoteRefusals:
    """Pure ASGI, inside of serve.edge: by then the request has its record."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return

        async def send_noted(message: Message) -> None:
            if message["type"] in STARTS and message["status"] in REFUSALS:
                note(scope, message["status"])
            await send(message)

        await self._app(scope, receive, send_noted)


REFUSALS = ALWAYS | OF_WRITES


def note(scope: Scope, status: int) -> None:
    record = record_of(scope)
    method: str = scope.get("method", "GET")
    if status not in ALWAYS and method in READS:
        return
    # Somebody without a token, or with a made-up one, is nobody's attempt: metrics count those.
    if record.tenant_key is None or record.tenant is None or record.principal is None:
        return
    trail: AuditTrail = scope["app"].state.gateway.audit
    trail.refused(
        record.tenant_key,
        record.tenant,
        actor=record.principal,
        action=record.action or f"{method} {route_of(scope)}",
        subject=record.subject or scope["path"].removeprefix("/v1/"),
        detail=_detail(record, status),
    )


def _detail(record: RequestRecord, status: int) -> str:
    return f"{status} {record.refusal or HTTPStatus(status).phrase}"
