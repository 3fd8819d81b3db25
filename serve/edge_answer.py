"""What the gateway does to every answer on its way out."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Awaitable, Callable
from http import HTTPStatus

from starlette.responses import Response
from starlette.types import Message, Scope, Send

from config.policy import Settings
from serve import deprecation
from serve.cors import VARY, Cors
from serve.idempotency.repeatable import Repeatable
from serve.request_record import RequestRecord
from serve.security_headers import headers_of as security_headers_of
from telemetry import work

RawHeaders = list[tuple[bytes, bytes]]
KeepAnswer = Callable[[Repeatable, int, dict[str, str], bytes], Awaitable[None]]

CORRELATION = work.HEADER.lower().encode()
# Of a body that a 304 does not have.
OF_THE_BODY = frozenset({b"content-length", b"content-type", b"content-encoding"})
NO_STORE = (b"cache-control", b"no-store")


class EdgeAnswer:
    """One answer: `send` is what the application is given."""

    def __init__(
        self,
        scope: Scope,
        record: RequestRecord,
        given: dict[bytes, bytes],
        send: Send,
        *,
        settings: Settings,
        cors: Cors,
        deadline: asyncio.Timeout,
    ) -> None:
        self._scope = scope
        self._record = record
        self._given = given
        self._send = send
        self._settings = settings
        self._cors = cors
        self._deadline: asyncio.Timeout | None = deadline
        self.is_begun = False
        self.on_begun: Callable[[], None] | None = None
        self.is_tls = False
        self.counts_strangers = False
        self.count_guess: Callable[[], Awaitable[Response | None]] | None = None
        self.keep: KeepAnswer | None = None
        self._is_dropped = False
        self._held: Message | None = None
        self._held_body = b""

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            await self._start(message)
        elif self._held is not None:
            await self._hold(message)
        elif not self._is_dropped:
            self._record.bytes_sent += len(message.get("body", b""))
            await self._send(message)

    def start_over(self) -> None:
        """When the deadline has passed: what was held back of another answer is not sent."""
        self._deadline = None
        self._held, self._held_body, self._is_dropped = None, b"", False
        self._record.repeatable = self.count_guess = None

    async def _start(self, message: Message) -> None:
        headers: RawHeaders = list(message["headers"])
        status: int = message["status"]
        if self.count_guess is not None and self._is_of_stranger(status):
            count, self.count_guess = self.count_guess, None
            instead = await count()
            if instead is not None:
                await instead(self._scope, _nothing_to_receive, self.send)
                self._is_dropped = True
                return
        if status == HTTPStatus.OK and b"if-none-match" in self._given and self._is_known(headers):
            status = HTTPStatus.NOT_MODIFIED
            headers = [pair for pair in headers if pair[0] not in OF_THE_BODY]
            self._is_dropped = True
        repeatable = self._record.repeatable
        if repeatable is not None and repeatable.claimed and status < HTTPStatus.BAD_REQUEST:
            self._held = message
            return
        await self._begin(message, status, headers)

    async def _begin(self, message: Message, status: int, headers: RawHeaders) -> None:
        if self._deadline is not None:
            self._deadline.reschedule(None)  # an answer under way may be a long one
        self.is_begun = True
        if self.on_begun is not None:
            self.on_begun()
        self._record.status = status
        await self._send({**message, "status": status, "headers": self._dressed(headers)})
        if self._is_dropped:
            await self._send({"type": "http.response.body", "body": b""})

    async def _hold(self, message: Message) -> None:
        """The answer to a request with a key goes out when it is kept; a long one is not kept."""
        assert self._held is not None  # noqa: S101 - what led here
        self._held_body += message.get("body", b"")
        is_more = message.get("more_body", False)
        is_short = len(self._held_body) <= self._settings.now.edge.idempotency.answer_bytes_max
        if is_more and is_short:
            return
        start, self._held = self._held, None
        repeatable = self._record.repeatable
        if is_short and repeatable is not None and self.keep is not None:
            sent = {name.decode(): value.decode("latin-1") for name, value in start["headers"]}
            # Whoever repeats it may not read what this one does, and nothing is compressed twice.
            is_gzip = sent.pop("content-encoding", None) == "gzip"
            plain = gzip.decompress(self._held_body) if is_gzip else self._held_body
            await self.keep(repeatable, start["status"], sent, plain)
        await self._begin(start, start["status"], list(start["headers"]))
        self._record.bytes_sent += len(self._held_body)
        await self._send({**message, "body": self._held_body})

    def _dressed(self, headers: RawHeaders) -> RawHeaders:
        record, rules = self._record, self._settings.now.edge
        names = {name for name, _ in headers}
        if b"content-encoding" in names:
            # The same version in another form: equal in what it says, not in its bytes.
            headers = [(n, b"W/" + v if n == b"etag" and v[:1] == b'"' else v) for n, v in headers]
        headers += (
            (CORRELATION, record.correlation_id.encode()),
            (b"traceparent", record.traceparent.encode()),
            VARY,
            *record.limit_headers,
            *security_headers_of(self._scope["path"], names),
            *deprecation.headers_of(self._scope),
        )
        if record.principal is not None and b"cache-control" not in names:
            headers.append(NO_STORE)
        if self.is_tls:
            headers.append((b"strict-transport-security", b"max-age=%d" % rules.hsts_kept_s))
        origin = self._given.get(b"origin")
        if origin is not None:
            headers += self._cors.answer(origin, record.tenant)
        return headers

    def _is_of_stranger(self, status: int) -> bool:
        """Of one that was not counted before, for it came with what might have been credentials."""
        if self._record.principal is not None or self._record.limit_headers:
            return False
        return self.counts_strangers or status == HTTPStatus.UNAUTHORIZED

    def _is_known(self, headers: RawHeaders) -> bool:
        """By the weak comparison of RFC 9110, which is what If-None-Match asks for."""
        if self._scope["method"] not in ("GET", "HEAD"):
            return False
        tag = next((value for name, value in headers if name == b"etag"), None)
        if tag is None:
            return False
        asked = self._given[b"if-none-match"]
        return asked.strip() == b"*" or tag.removeprefix(b"W/") in {
            one.strip().removeprefix(b"W/") for one in asked.split(b",")
        }


async def _nothing_to_receive() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}
