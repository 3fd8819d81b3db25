"""Sends spans to a collector by OTLP over HTTP, in a thread of its own, and gives up in time."""

from __future__ import annotations

import gzip
import logging
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Status
from opentelemetry.proto.trace.v1.trace_pb2 import Span as SentSpan

from telemetry.spans import Attributes, Span, Waiting
from telemetry.traceparent import SpanContext

log = logging.getLogger("ubertruck.traces")

SCOPE = "ubertruck"
# The protocol's own list of what may be sent again.
RETRYABLE = frozenset({429, 502, 503, 504})
TRIES_MAX = 3  # fixed: traces explain; they are not worth holding back newer ones for


class Pace(Protocol):
    @property
    def batch_spans_max(self) -> int: ...

    @property
    def send_every_s(self) -> float: ...

    @property
    def send_timeout_s(self) -> float: ...

    @property
    def retry_wait_s_max(self) -> float: ...


class CollectorAwayError(Exception):
    """It may take the same batch later."""


class CollectorRefusesError(Exception):
    """It will not take this batch, however often it is sent."""


class Sender:
    """Ends with its process; what still waits then is lost."""

    def __init__(
        self,
        url: str,
        headers: Mapping[str, str],
        resource: Attributes,
        waiting: Waiting,
        pace: Callable[[], Pace],
    ) -> None:
        self._url = url
        self._headers = {
            **headers,
            "Content-Type": "application/x-protobuf",
            "Content-Encoding": "gzip",
        }
        self._resource = Resource(attributes=_attributes(resource))
        self._waiting = waiting
        self._pace = pace
        self._stopping = threading.Event()
        # The collector's address is given: no proxy of the environment has a say.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        self.sent = 0
        self._thread = threading.Thread(target=self._run, name="traces", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Sends what waits, once."""
        self._stopping.set()
        self._thread.join(self._pace().send_timeout_s)

    def _run(self) -> None:
        is_last = False
        while not is_last:
            is_last = self._stopping.wait(self._pace().send_every_s)
            while spans := self._waiting.take(self._pace().batch_spans_max):
                self._deliver(spans)

    def _deliver(self, spans: Sequence[Span]) -> None:
        body = gzip.compress(self.encoded(spans), compresslevel=1)
        wait_s = self._pace().send_every_s
        for tries_left in range(TRIES_MAX - 1, -1, -1):
            try:
                self._post(body)
            except CollectorRefusesError as refused:
                self._drop(spans, refused)
                return
            except CollectorAwayError as away:
                if not tries_left or self._stopping.is_set():
                    self._drop(spans, away)
                    return
                wait_s = min(wait_s * 2, self._pace().retry_wait_s_max)
                self._stopping.wait(wait_s)
            else:
                self.sent += len(spans)
                return

    def _drop(self, spans: Sequence[Span], why: Exception) -> None:
        log.warning("%d spans are dropped: %s", len(spans), why)
        self._waiting.drop(len(spans))

    def _post(self, body: bytes) -> None:
        request = urllib.request.Request(self._url, body, self._headers, method="POST")  # noqa: S310 - the scheme is checked where it is configured
        try:
            with self._opener.open(request, timeout=self._pace().send_timeout_s) as answer:
                answer.read()
        except urllib.error.HTTPError as refused:
            says = f"the collector says {refused.code} {refused.reason}"
            if refused.code in RETRYABLE:
                raise CollectorAwayError(says) from refused
            raise CollectorRefusesError(says) from refused
        except OSError as failed:
            raise CollectorAwayError(f"{type(failed).__name__}: {failed}") from failed

    def encoded(self, spans: Sequence[Span]) -> bytes:
        scope = ScopeSpans(spans=[_sent(span) for span in spans])
        scope.scope.name = SCOPE
        told = ResourceSpans(resource=self._resource, scope_spans=[scope])
        message: bytes = ExportTraceServiceRequest(resource_spans=[told]).SerializeToString()
        return message


def _sent(span: Span) -> SentSpan:
    out = SentSpan(
        name=span.name,
        kind=int(span.kind),  # type: ignore[arg-type] # the protocol's numbers
        trace_id=bytes.fromhex(span.context.trace_id),
        span_id=bytes.fromhex(span.context.span_id),
        start_time_unix_nano=span.start_ns,
        end_time_unix_nano=span.end_ns,
        attributes=_attributes(span.attributes),
        links=[_link(each) for each in span.links],
    )
    if span.parent_id is not None:
        out.parent_span_id = bytes.fromhex(span.parent_id)
    if span.error is not None:
        out.status.CopyFrom(Status(code=Status.STATUS_CODE_ERROR, message=span.error))
    return out


def _link(to: SpanContext) -> SentSpan.Link:
    trace_id, span_id = bytes.fromhex(to.trace_id), bytes.fromhex(to.span_id)
    return SentSpan.Link(trace_id=trace_id, span_id=span_id)


def _attributes(given: Attributes) -> list[KeyValue]:
    return [KeyValue(key=name, value=_value(value)) for name, value in given.items()]


def _value(value: str | float | bool) -> AnyValue:
    if isinstance(value, bool):
        return AnyValue(bool_value=value)
    if isinstance(value, int):
        return AnyValue(int_value=value)
    return (
        AnyValue(double_value=value) if isinstance(value, float) else AnyValue(string_value=value)
    )
