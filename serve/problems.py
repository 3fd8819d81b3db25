"""What the API answers when it cannot do as asked: RFC 9457 problem documents.

ProblemError
├── BadRequestError          400  the request cannot be read at all
├── UnauthorisedError        401  no token, or a bad one
├── ForbiddenError           403  the token lacks the permission
├── TenantSuspendedError     403  nothing of its tenant works until it is resumed
├── NotFoundError            404  not there, or another tenant's
├── ConflictError            409  the state it meets forbids it
├── StaleError               412  If-Match names an older version
├── TooLargeError            413  the body is longer than we read
├── InvalidError             422  understood, and wrong: errors[] says where
├── UnconditionalError       428  a change of this must name the version it is meant for
├── TooManyError             429  over a limit: try again after Retry-After
├── HeadersTooLargeError     431  the headers are longer than we read
├── BadGatewayError          502  whom we asked gives no usable answer
└── UnavailableError         503  try again after Retry-After
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import msgspec
from fastapi import HTTPException, Request, Response, WebSocket
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException as StarletteHTTPException

from serve.request_record import current
from telemetry.work import correlation_id

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:ubertruck:problem:"


class ProblemError(HTTPException):
    """Raise it anywhere below a route; `errors` are {"pointer", "detail"} pairs."""

    status = HTTPStatus.INTERNAL_SERVER_ERROR
    kind = "internal"

    def __init__(
        self,
        detail: str,
        *,
        errors: Sequence[Mapping[str, str]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status_code=self.status, detail=detail, headers=dict(headers or {}))
        self.errors = list(errors)


class BadRequestError(ProblemError):
    status = HTTPStatus.BAD_REQUEST
    kind = "bad-request"


class UnauthorisedError(ProblemError):
    status = HTTPStatus.UNAUTHORIZED
    kind = "unauthorised"

    def __init__(self, detail: str, *, error: str | None = None) -> None:
        challenge = 'Bearer realm="ubertruck"' + (f', error="{error}"' if error else "")
        super().__init__(detail, headers={"WWW-Authenticate": challenge})


class ForbiddenError(ProblemError):
    status = HTTPStatus.FORBIDDEN
    kind = "forbidden"


class TenantSuspendedError(ProblemError):
    status = HTTPStatus.FORBIDDEN
    kind = "tenant-suspended"


class NotFoundError(ProblemError):
    status = HTTPStatus.NOT_FOUND
    kind = "not-found"


class ConflictError(ProblemError):
    status = HTTPStatus.CONFLICT
    kind = "conflict"


class StaleError(ProblemError):
    status = HTTPStatus.PRECONDITION_FAILED
    kind = "stale"


class TooLargeError(ProblemError):
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    kind = "too-large"


class InvalidError(ProblemError):
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    kind = "invalid"

    @classmethod
    def at(cls, pointer: str, detail: str, **more: str) -> InvalidError:
        return cls(detail, errors=[{"pointer": pointer, "detail": detail, **more}])


class UnconditionalError(ProblemError):
    status = HTTPStatus.PRECONDITION_REQUIRED
    kind = "unconditional"


class TooManyError(ProblemError):
    status = HTTPStatus.TOO_MANY_REQUESTS
    kind = "too-many-requests"


class HeadersTooLargeError(ProblemError):
    status = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
    kind = "headers-too-large"


class BadGatewayError(ProblemError):
    status = HTTPStatus.BAD_GATEWAY
    kind = "bad-gateway"


class UnavailableError(ProblemError):
    status = HTTPStatus.SERVICE_UNAVAILABLE
    kind = "unavailable"

    def __init__(self, detail: str, *, retry_after_s: int) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after_s)})


def problem_response(
    status: int,
    detail: str,
    *,
    kind: str | None = None,
    errors: Sequence[Mapping[str, str]] = (),
    headers: Mapping[str, str] | None = None,
    more: Mapping[str, Any] | None = None,
) -> Response:
    title = HTTPStatus(status).phrase
    body: dict[str, Any] = {
        "type": TYPE_PREFIX + (kind or title.lower().replace(" ", "-")),
        "title": title,
        "status": int(status),
        "detail": detail,
        "correlation_id": correlation_id(),
        **(more or {}),
    }
    if errors:
        body["errors"] = list(errors)
    content = msgspec.json.encode(body)
    return Response(content, int(status), headers=dict(headers or {}), media_type=MEDIA_TYPE)


async def answer_http_exception(
    connection: Request | WebSocket, raised: Exception
) -> Response | None:
    """Ours and the framework's own (unknown route, wrong method) in the one form."""
    assert isinstance(raised, StarletteHTTPException)  # noqa: S101 - what it is registered for
    response = response_of(raised)
    if isinstance(connection, WebSocket):
        await connection.send_denial_response(response)
        return None
    return response


def response_of(raised: StarletteHTTPException) -> Response:
    record = current()
    if record is not None:
        record.refusal = str(raised.detail)
    if isinstance(raised, ProblemError):
        return problem_response(
            raised.status_code,
            str(raised.detail),
            kind=raised.kind,
            errors=raised.errors,
            headers=raised.headers,
        )
    return problem_response(raised.status_code, str(raised.detail), headers=raised.headers)


async def answer_validation_error(_: Request, raised: Exception) -> Response:
    assert isinstance(raised, RequestValidationError)  # noqa: S101 - what it is registered for
    errors = [_located(error) for error in raised.errors()]
    return problem_response(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "the request is not valid; errors says where",
        kind=InvalidError.kind,
        errors=errors,
    )


def _located(error: Mapping[str, Any]) -> dict[str, str]:
    """pydantic's location as a JSON pointer into the body, or the parameter's name."""
    where, *path = error["loc"] or ("body",)
    if error["type"] == "json_invalid":
        path = []
    pointer = "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in path)
    located = {"pointer": pointer, "detail": str(error["msg"])}
    if where != "body":
        located["in"] = str(where)
    return located
