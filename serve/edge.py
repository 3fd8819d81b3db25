"""Around every request: who and where from, limits of all kinds, deadline, log, last resort."""

from __future__ import annotations

import asyncio
import logging
import time
from functools import partial
from http import HTTPStatus

from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from config.policy import Settings
from config.sections.edge import Edge as Rules
from serve import access_log
from serve.cors import Cors
from serve.edge_answer import CORRELATION, EdgeAnswer
from serve.gateway import Gateway
from serve.idempotency.repeatable import Repeatable
from serve.metrics import GatewayMetrics
from serve.origin import FORWARDED_FOR, FORWARDED_PROTO, Proxies, subject_of
from serve.problems import (
    BadRequestError,
    HeadersTooLargeError,
    ProblemError,
    TooLargeError,
    TooManyError,
    UnavailableError,
    problem_response,
    response_of,
)
from serve.request_record import KEY, RequestRecord, begin, route_of
from telemetry import tracing, work
from telemetry.traceparent import HEADER as TRACEPARENT

failures = logging.getLogger("ubertruck.failures")

# Asked by machines inside the installation, which a limit would blind when they are needed most.
EXEMPT = frozenset({"/livez", "/readyz", "/metrics"})
# A broker asks for each device that connects, all from one address, and proves itself each time.
OF_BROKERS = "/v1/brokers/"
TOKEN_PATH = "/v1/oauth/token"  # noqa: S105 - a path
# Files come here: larger than anything else, from where the network is slow.
UPLOAD_PATH = "/v1/documents"
# What they say is packed already; a part of a packed answer would be a part of something else.
OF_DOCUMENTS = ("/v1/documents/", "/v1/shared-documents/")
CREDENTIALS = (b"authorization", b"x-api-key", b"sec-websocket-protocol")
IDEMPOTENCY_KEY = b"idempotency-key"

Given = dict[bytes, bytes]


class Edge:
    """Pure ASGI: a wrapper that makes a task of every request would cost more than a route."""

    def __init__(self, app: ASGIApp, settings: Settings, metrics: GatewayMetrics) -> None:
        rules = settings.now.edge
        self._app = app
        self._compressing = GZipMiddleware(app, rules.compressed_bytes_min, rules.compression_level)
        self._settings = settings
        self._metrics = metrics
        self._proxies = Proxies(rules.serve_proxies, rules.trusted_proxies)
        self._cors = Cors(settings)
        self._waiting = 0

    @property
    def _rules(self) -> Rules:
        return self._settings.now.edge

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        # Of a header sent twice the last counts, which is the one the nearest proxy wrote.
        given: Given = dict(scope["headers"])
        record = self._begin(scope, given)
        if scope["type"] == "websocket":
            await self._websocket(scope, given, receive, send)
        else:
            await self._http(scope, record, given, receive, send)

    def _begin(self, scope: Scope, given: Given) -> RequestRecord:
        started_s = time.perf_counter()
        wanted = given.get(CORRELATION)
        part, parent_id = tracing.part_of_request(given.get(TRACEPARENT))
        asked = None if wanted is None else wanted.decode("latin-1")
        chosen = asked if asked is not None and work.is_fit(asked) else part.trace_id
        work.begin(work.Work(chosen, part))
        origin = self._proxies.origin_of(scope, given.get(FORWARDED_FOR))
        record = RequestRecord(chosen, started_s, origin)
        record.traceparent, record.parent_id = part.header(), parent_id
        scope[KEY] = record
        begin(record)
        return record

    async def _websocket(self, scope: Scope, given: Given, receive: Receive, send: Send) -> None:
        record: RequestRecord = scope[KEY]

        async def send_noted(message: Message) -> None:
            if message["type"] == "websocket.accept":
                record.status = HTTPStatus.SWITCHING_PROTOCOLS
            elif message["type"] == "websocket.http.response.start":
                record.status = message["status"]
            await send(message)

        try:
            self._refuse_long_headers(scope)
            await self._admit_stranger(scope, record, given)
            await self._app(scope, receive, send_noted)
        except ProblemError as refused:
            await WebSocket(scope, receive, send_noted).send_denial_response(response_of(refused))
        finally:
            access_log.write(scope, record, "WEBSOCKET")

    async def _http(
        self, scope: Scope, record: RequestRecord, given: Given, receive: Receive, send: Send
    ) -> None:
        # Not asked again while it runs: the limit is one for both ends of this request.
        deadline = asyncio.timeout(self._deadline_s(scope))
        answer = EdgeAnswer(
            scope,
            record,
            given,
            send,
            settings=self._settings,
            cors=self._cors,
            deadline=deadline,
        )
        answer.is_tls = self._proxies.is_tls(
            scope, given.get(FORWARDED_PROTO), given.get(FORWARDED_FOR)
        )
        self._waiting += 1
        answer.on_begun = self._answered
        try:
            async with deadline:
                try:
                    await self._answer(scope, record, given, receive, answer)
                except ProblemError as refused:
                    await response_of(refused)(scope, receive, answer.send)
        except TimeoutError:
            await self._fail(scope, answer, HTTPStatus.SERVICE_UNAVAILABLE, "took too long")
        except Exception:  # noqa: BLE001 - whatever it is, the client gets a problem
            failures.exception("unhandled", extra={"fields": {"route": route_of(scope)}})
            text = "something went wrong here; the correlation id finds it in the log"
            await self._fail(scope, answer, HTTPStatus.INTERNAL_SERVER_ERROR, text)
        finally:
            if not answer.is_begun:
                self._waiting -= 1
            self._count(scope, record)

    def _answered(self) -> None:
        """An answer under way may be a long one; it waits for nobody any more."""
        self._waiting -= 1

    async def _answer(
        self,
        scope: Scope,
        record: RequestRecord,
        given: Given,
        receive: Receive,
        answer: EdgeAnswer,
    ) -> None:
        """Refuses it, answers a preflight, or passes it on: what costs least comes first."""
        self._refuse_long_headers(scope)
        path: str = scope["path"]
        is_of_broker = path.startswith(OF_BROKERS)
        if path not in EXEMPT:
            self._refuse_overload()
            if not is_of_broker:
                await self._admit_stranger(scope, record, given)
        origin = given.get(b"origin")
        if origin is not None and scope["method"] == "OPTIONS":
            response = Response(status_code=HTTPStatus.NO_CONTENT)
            response.raw_headers += self._cors.preflight(origin)
            await response(scope, receive, answer.send)
            return
        if path not in EXEMPT and path != TOKEN_PATH:
            answer.count_guess = partial(self._count_guess, scope, record)
            # Who shows any credentials at all where none are asked for is still a stranger.
            answer.counts_strangers = not is_of_broker and _is_with_credentials(given)
        if IDEMPOTENCY_KEY in given and scope["method"] == "POST":
            record.repeatable = self._repeatable(scope, given[IDEMPOTENCY_KEY])
            answer.keep = _gateway_of(scope).repeats.keep
        is_gzip_fine = b"gzip" in given.get(b"accept-encoding", b"")
        is_packed = path.startswith(OF_DOCUMENTS)
        app = self._compressing if is_gzip_fine and not is_packed else self._app
        bytes_max = self._body_bytes_max(scope)
        shedder = _gateway_of(scope).shedder
        async with shedder.place(scope["method"], path, scope["query_string"]):
            await app(scope, self._bounded(record, given, receive, bytes_max), answer.send)

    def _deadline_s(self, scope: Scope) -> float:
        now = self._settings.now
        usual_s = now.api.request_deadline_s
        return now.document_store.upload_deadline_s if _is_upload(scope) else usual_s

    def _body_bytes_max(self, scope: Scope) -> int:
        now = self._settings.now
        usual = now.api.body_bytes_max
        return now.document_store.body_bytes_max if _is_upload(scope) else usual

    def _refuse_long_headers(self, scope: Scope) -> None:
        size = len(scope["path"]) + len(scope["query_string"])
        for name, value in scope["headers"]:
            size += len(name) + len(value)
        if size > self._rules.header_bytes_max:
            raise HeadersTooLargeError(f"at most {self._rules.header_bytes_max} bytes are read")

    def _refuse_overload(self) -> None:
        if self._waiting > self._rules.waiting_requests_max:
            self._metrics.overloaded.inc()
            raise UnavailableError(
                "too many requests wait here", retry_after_s=self._rules.overloaded_retry_s
            )

    async def _admit_stranger(self, scope: Scope, record: RequestRecord, given: Given) -> None:
        """Who shows credentials is held to limits of its own, once they have proved good."""
        is_token = scope["path"] == TOKEN_PATH
        # A broker that asks about its devices shows its secret to the route, where it likes.
        is_broker = scope["path"].startswith(OF_BROKERS)
        if is_token or not (is_broker or _is_with_credentials(given)):
            limiter = _gateway_of(scope).limiter
            held = limiter.of_address(subject_of(record.origin), at_token_endpoint=is_token)
            record.limit_headers = await limiter.admit(held)

    async def _count_guess(self, scope: Scope, record: RequestRecord) -> Response | None:
        """Bad credentials count against their address, and above its limit are not looked at."""
        limiter = _gateway_of(scope).limiter
        held = limiter.of_address(subject_of(record.origin), at_token_endpoint=False)
        try:
            record.limit_headers = await limiter.admit(held)
        except TooManyError as refused:
            return response_of(refused)
        return None

    def _repeatable(self, scope: Scope, key: bytes) -> Repeatable:
        chars_max = self._rules.idempotency.key_chars_max
        text = key.decode("latin-1")
        if not (0 < len(text) <= chars_max and text.isascii() and text.isprintable()):
            raise BadRequestError(f"an Idempotency-Key has 1 to {chars_max} printable characters")
        return Repeatable(scope, text)

    def _bounded(
        self, record: RequestRecord, given: Given, receive: Receive, bytes_max: int
    ) -> Receive:
        """Counts while reading: a declared length may be missing or a lie."""
        declared = given.get(b"content-length", b"0")
        read_bytes = 0

        async def receive_bounded() -> Message:
            nonlocal read_bytes
            if not declared.isdigit():
                raise BadRequestError("Content-Length is not a number")
            message = await receive()
            part = message.get("body", b"")
            read_bytes += len(part)
            if max(read_bytes, int(declared)) > bytes_max:
                raise TooLargeError(f"at most {bytes_max} bytes are read")
            if record.repeatable is not None and message["type"] == "http.request":
                record.repeatable.take(part, is_last=not message.get("more_body", False))
            return message

        return receive_bounded

    async def _fail(
        self, scope: Scope, answer: EdgeAnswer, status: HTTPStatus, detail: str
    ) -> None:
        if answer.is_begun:
            # Too late for another answer: break it off, so that it cannot pass for complete.
            raise RuntimeError("failed after the answer had begun")
        is_away = status == HTTPStatus.SERVICE_UNAVAILABLE
        retry = {"Retry-After": str(self._rules.overloaded_retry_s)} if is_away else {}
        answer.start_over()
        response = problem_response(status, detail, headers=retry)
        await response(scope, _nothing_to_receive, answer.send)

    def _count(self, scope: Scope, record: RequestRecord) -> None:
        method, route = scope["method"], route_of(scope)
        took_s = time.perf_counter() - record.started_s
        self._metrics.requests.labels(method, route, int(record.status)).inc()
        self._metrics.count_tenant(record.tenant, self._settings.now.tenancy.metric_labels_max)
        self._metrics.duration_s.labels(method, route).observe(took_s)
        access_log.write(scope, record, method)
        said = {"http.response.status_code": int(record.status)}
        tracing.tell_request(f"{method} {route}", record.parent_id, took_s, said)


def _gateway_of(scope: Scope) -> Gateway:
    gateway: Gateway = scope["app"].state.gateway
    return gateway


def _is_upload(scope: Scope) -> bool:
    return bool(scope["path"] == UPLOAD_PATH and scope["method"] == "POST")


def _is_with_credentials(given: Given) -> bool:
    return any(name in given for name in CREDENTIALS)


async def _nothing_to_receive() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}
