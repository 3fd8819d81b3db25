"""What the layers below raise, as the problems a client is told."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
from fastapi import Request, Response, WebSocket
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from actors.handles import ActorAwayError
from serve.idempotency.repeats import ReplayedError, answer_replayed
from serve.problems import (
    ConflictError,
    NotFoundError,
    ProblemError,
    StaleError,
    UnavailableError,
    answer_http_exception,
    answer_validation_error,
)
from store import errors
from store.blobs.port import BlobsAwayError
from store.secret_names import SecretMissingError, SecretsAwayError, SecretsRefusedError

RETRY_AFTER_S = 1
logger = logging.getLogger("ubertruck.refusals")

Handler = Callable[[Request | WebSocket, Exception], Awaitable[Response | None]]


def _away(_: Exception) -> ProblemError:
    return UnavailableError("a part of the system does not answer", retry_after_s=RETRY_AFTER_S)


def _secrets_refused(raised: Exception) -> ProblemError:
    """What its keeper says is for operators: it names addresses and paths."""
    logger.error("secrets cannot be had: %s", raised)
    return ConflictError("secrets cannot be had; the log says why to who operates us")


_PROBLEM_OF: dict[type[Exception], Callable[[Exception], ProblemError]] = {
    errors.AlreadyExistsError: lambda raised: ConflictError(str(raised)),
    errors.InUseError: lambda raised: ConflictError(str(raised)),
    errors.NotFoundError: lambda raised: NotFoundError(str(raised)),
    errors.StaleVersionError: lambda raised: StaleError(str(raised)),
    SecretMissingError: lambda raised: NotFoundError(str(raised)),
    SecretsRefusedError: _secrets_refused,
    SecretsAwayError: _away,
    ActorAwayError: _away,
    # Postgres is away, stopping or starting, has no connection left, or took too long.
    asyncpg.PostgresConnectionError: _away,
    asyncpg.OperatorInterventionError: _away,
    asyncpg.TooManyConnectionsError: _away,
    asyncpg.InterfaceError: _away,
    asyncpg.InternalClientError: _away,
    OSError: _away,
    BlobsAwayError: _away,
}


def _handler_of(problem_of: Callable[[Exception], ProblemError]) -> Handler:
    async def answer(connection: Request | WebSocket, raised: Exception) -> Response | None:
        return await answer_http_exception(connection, problem_of(raised))

    return answer


# What the framework's types have no name for: a handler that may also refuse a WebSocket.
HANDLERS: dict[Any, Any] = {
    HTTPException: answer_http_exception,
    RequestValidationError: answer_validation_error,
    ReplayedError: answer_replayed,
    **{kind: _handler_of(problem_of) for kind, problem_of in _PROBLEM_OF.items()},
}
