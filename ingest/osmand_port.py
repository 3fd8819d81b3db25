"""The port that OsmAnd and Traccar Client expect: their requests at `/`, answered in plain JSON."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any, Protocol

import msgspec
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from actors.doors import Form, HttpFixes, HttpTaken, Trouble
from actors.life import now_ms
from config.installation import Http
from config.policy import policy

log = logging.getLogger(__name__)

STATUS_OF = {
    Trouble.MALFORMED: HTTPStatus.BAD_REQUEST,
    Trouble.TOO_MANY_FIXES: HTTPStatus.BAD_REQUEST,
    Trouble.UNKNOWN: HTTPStatus.NOT_FOUND,
    Trouble.KEY: HTTPStatus.UNAUTHORIZED,
    Trouble.BUSY: HTTPStatus.SERVICE_UNAVAILABLE,
    Trouble.AWAY: HTTPStatus.SERVICE_UNAVAILABLE,
}
MALFORMED = "malformed"

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

_encode = msgspec.json.Encoder().encode


class TakesFixes(Protocol):
    async def take(self, asked: HttpFixes) -> HttpTaken: ...


class _RefusedError(Exception):
    def __init__(self, status: HTTPStatus, detail: str) -> None:
        super().__init__(detail)
        self.status = status


def status_of(taken: HttpTaken) -> HTTPStatus:
    """A fix that we will never take is answered as done: its client would send it for ever, and
    nothing behind it. Only what cannot be read is the client's mistake."""
    if taken.trouble is not None:
        return STATUS_OF[taken.trouble]
    results = taken.results
    is_unreadable = bool(results) and all(one.reason == MALFORMED for one in results)
    return HTTPStatus.BAD_REQUEST if is_unreadable else HTTPStatus.OK


class OsmandApp:
    """A bare application: one path, two methods, no framework."""

    def __init__(self, door: TakesFixes, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._door = door
        self._clock_s = clock_s
        self._minute = -1
        self._refusals: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        address = str((scope.get("client") or ("",))[0])
        if self._is_refused_too_often(address):
            detail = "refused too often from here; wait a minute"
            await _answer(send, HTTPStatus.TOO_MANY_REQUESTS, {"detail": detail})
            return
        status, told = await self._answer_to(scope, receive)
        if HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR:
            self._refusals[address] += 1
        await _answer(send, status, told)

    def _is_refused_too_often(self, address: str) -> bool:
        minute = int(self._clock_s()) // 60
        if minute != self._minute:
            self._minute = minute
            self._refusals.clear()
        return self._refusals[address] >= policy().doors.osmand.refusals_per_minute_max

    async def _answer_to(self, scope: Scope, receive: Receive) -> tuple[HTTPStatus, dict[str, Any]]:
        try:
            async with asyncio.timeout(policy().doors.http.deadline_s):
                body = await _body_of(scope, receive)
        except _RefusedError as refused:
            return refused.status, {"detail": str(refused)}
        except TimeoutError:
            return HTTPStatus.REQUEST_TIMEOUT, {"detail": "the body did not come in time"}
        headers = dict(scope["headers"])
        asked = HttpFixes(
            Form.OSMAND,
            now_ms(),
            body,
            scope["query_string"],
            headers.get(b"content-type", b"").decode("latin-1"),
        )
        taken = await self._door.take(asked)
        told: dict[str, Any] = {"results": taken.results}
        if taken.detail:
            told["detail"] = taken.detail
        return status_of(taken), told


async def _body_of(scope: Scope, receive: Receive) -> bytes:
    if scope["path"] != "/":
        raise _RefusedError(HTTPStatus.NOT_FOUND, "there is nothing but /")
    if scope["method"] not in {"GET", "POST"}:
        raise _RefusedError(HTTPStatus.METHOD_NOT_ALLOWED, "GET or POST")
    bytes_max = policy().doors.http.body_bytes_max
    body, is_more = b"", True
    while is_more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _RefusedError(HTTPStatus.BAD_REQUEST, "the client went away")
        body += message.get("body", b"")
        if len(body) > bytes_max:
            detail = f"at most {bytes_max} bytes are read"
            raise _RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail)
        is_more = message.get("more_body", False)
    return body


async def _answer(send: Send, status: HTTPStatus, told: dict[str, Any]) -> None:
    body = _encode(told)
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
    ]
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers.append((b"retry-after", str(policy().doors.http.busy_retry_s).encode()))
    await send({"type": "http.response.start", "status": int(status), "headers": headers})
    await send({"type": "http.response.body", "body": body})


class _Impatient(H11Protocol):
    """Closes a connection on which no request is complete for too long; the server alone would
    wait for ever for the rest of a header."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._asked_s = time.monotonic()
        self._watch()

    def handle_events(self) -> None:
        before = self.cycle
        super().handle_events()
        if self.cycle is not before:
            self._asked_s = time.monotonic()

    def _watch(self) -> None:
        silence_s = policy().doors.osmand.silence_s_max
        is_working = self.cycle is not None and not self.cycle.response_complete
        if self.transport.is_closing():
            return
        if not is_working and time.monotonic() - self._asked_s >= silence_s:
            self.transport.close()
            return
        self.loop.call_later(silence_s, self._watch)


class _Server(uvicorn.Server):
    """Signals are its process's, not its own."""

    def capture_signals(self) -> contextlib.AbstractContextManager[None]:  # type: ignore[override]
        return contextlib.nullcontext()


def server_of(door: TakesFixes) -> uvicorn.Server:
    """Serves on sockets it is given: on its own it would end the process over a taken port."""
    rules = policy().doors.osmand
    return _Server(
        uvicorn.Config(
            OsmandApp(door),
            http=_Impatient,
            ws="none",
            lifespan="off",
            limit_concurrency=rules.connections_max,
            timeout_keep_alive=int(rules.silence_s_max),
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
        )
    )


async def serve_osmand(where: Http, door: TakesFixes) -> None:
    """For ever; a port that is taken is tried again."""
    while True:
        try:
            listener = _listening(where)
        except OSError as error:
            log.warning("the OsmAnd port %s:%d: %s", where.host, where.port, error)
            await asyncio.sleep(policy().ingest.retry_wait_s_max)
            continue
        await server_of(door).serve(sockets=[listener])


def _listening(where: Http) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((where.host, where.port))
    except OSError:
        listener.close()
        raise
    return listener
