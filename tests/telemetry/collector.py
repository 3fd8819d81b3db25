"""A server that takes traces as collectors do: OTLP over HTTP, read by the protocol's types."""

from __future__ import annotations

import gzip
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span


@dataclass(frozen=True)
class Collected:
    service: str
    span: Span

    @property
    def trace_id(self) -> str:
        return str(self.span.trace_id.hex())

    @property
    def name(self) -> str:
        return str(self.span.name)


class Collector:
    """Keeps what came; `answers` are the statuses it gives before it is content."""

    def __init__(self) -> None:
        self.collected: list[Collected] = []
        self.answers: list[int] = []
        self.headers: list[dict[str, str]] = []
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = collector.answers.pop(0) if collector.answers else 200
                collector.headers.append(dict(self.headers.items()))
                if status == 200 and self.path == "/v1/traces":
                    collector.take(gzip.decompress(body))
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Says nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/v1/traces"

    def take(self, body: bytes) -> None:
        for of_process in ExportTraceServiceRequest.FromString(body).resource_spans:
            said = {each.key: each.value.string_value for each in of_process.resource.attributes}
            for scope in of_process.scope_spans:
                self.collected += [Collected(said["service.name"], span) for span in scope.spans]

    def of(self, trace_id: str) -> list[Collected]:
        return [each for each in list(self.collected) if each.trace_id == trace_id]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
