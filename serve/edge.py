"""Around every request: correlation id, body limit, deadline, access log, metrics, last resort."""

from __future__ import annotations

import asyncio
import logging
import time
from http import HTTPStatus

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from config.policy import Settings
from config.sections.api import Api
from serve import correlation
from serve.metrics import GatewayMetrics
from serve.problems import BadRequestError, TooLargeError, problem_response
from serve.request_record import KEY, RequestRecord, begin, route_of

access = logging.getLogger("ubertruck.access")
failures = logging.getLogger("ubertruck.failures")

SECURITY_HEADERS = (("X-Content-Type-Options", "nosniff"), ("Referrer-Policy", "same-origin"))
RETRY_AFTER_S = "1"


class Edge:
    """Pure ASGI: a wrapper that makes a task of every request would cost more than a route."""

    def __init__(self, app: ASGIApp, settings: Settings, metrics: GatewayMetrics) -> None:
        self._app = app
        self._settings = settings
        self._metrics = metrics

    @property
    def _api(self) -> Api:
        return self._settings.now.api

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        chosen = correlation.begin(headers.get(correlation.HEADER))
        scope[KEY] = RequestRecord(chosen, time.perf_counter(), _origin_of(scope))
        begin(scope[KEY])
        if scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
        else:
            await self._http(scope, headers, receive, send)

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        record: RequestRecord = scope[KEY]
        try:
            await self._app(scope, receive, send)
        finally:
            self._log(scope, record, "WEBSOCKET")

    async def _http(self, scope: Scope, headers: Headers, receive: Receive, send: Send) -> None:
        record: RequestRecord = scope[KEY]

        async def send_noted(message: Message) -> None:
            if message["type"] == "http.response.start":
                record.status = message["status"]
                outgoing = MutableHeaders(scope=message)
                outgoing[correlation.HEADER] = record.correlation_id
                for name, value in SECURITY_HEADERS:
                    outgoing.setdefault(name, value)
            await send(message)

        async def send_in_time(message: Message) -> None:
            if message["type"] == "http.response.start":
                deadline.reschedule(None)  # an answer under way may be a long one
            await send_noted(message)

        try:
            async with asyncio.timeout(self._api.request_deadline_s) as deadline:
                bounded = self._bounded(headers, receive)
                await self._app(scope, bounded, send_in_time)
        except TimeoutError:
            await self._fail(scope, send_noted, HTTPStatus.SERVICE_UNAVAILABLE, "took too long")
        except Exception:  # noqa: BLE001 - whatever it is, the client gets a problem
            failures.exception("unhandled", extra={"fields": {"route": route_of(scope)}})
            text = "something went wrong here; the correlation id finds it in the log"
            await self._fail(scope, send_noted, HTTPStatus.INTERNAL_SERVER_ERROR, text)
        finally:
            self._log(scope, record, scope["method"])

    def _bounded(self, headers: Headers, receive: Receive) -> Receive:
        """Counts while reading: a declared length may be missing or a lie."""
        declared = headers.get("content-length", "0")
        read_bytes = 0

        async def receive_bounded() -> Message:
            nonlocal read_bytes
            if not declared.isdecimal():
                raise BadRequestError("Content-Length is not a number")
            message = await receive()
            read_bytes += len(message.get("body", b""))
            if max(read_bytes, int(declared)) > self._api.body_bytes_max:
                raise TooLargeError(f"at most {self._api.body_bytes_max} bytes are read")
            return message

        return receive_bounded

    async def _fail(self, scope: Scope, send: Send, status: HTTPStatus, detail: str) -> None:
        record: RequestRecord = scope[KEY]
        if record.status:
            # Too late for another answer: break it off, so that it cannot pass for complete.
            raise RuntimeError("failed after the answer had begun")
        retry = {"Retry-After": RETRY_AFTER_S} if status == HTTPStatus.SERVICE_UNAVAILABLE else {}
        response = problem_response(status, detail, headers=retry)
        await response(scope, _nothing_to_receive, send)

    def _log(self, scope: Scope, record: RequestRecord, method: str) -> None:
        took_s = time.perf_counter() - record.started_s
        route = route_of(scope)
        if method != "WEBSOCKET":
            self._metrics.requests.labels(method, route, record.status).inc()
            self._metrics.duration_s.labels(method, route).observe(took_s)
        fields = {
            "method": method,
            "route": route,
            "status": record.status,
            "duration_ms": round(took_s * 1000, 2),
            "tenant": record.tenant,
        }
        access.info("request", extra={"fields": fields})


def _origin_of(scope: Scope) -> str | None:
    client = scope.get("client")
    return str(client[0]) if client else None


async def _nothing_to_receive() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}
