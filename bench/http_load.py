"""A cheap HTTP client as a process of its own: keep-alive connections asking as fast as answered.

`python -m bench.http_load SPEC.json`. Requests are bytes made before the start; an answer is read
as far as its status and its length.
"""

from __future__ import annotations

import asyncio
import resource
import sys
import time
from array import array
from functools import partial
from pathlib import Path

import msgspec
import numpy as np
import uvloop

HEAD_END = b"\r\n\r\n"
CHUNKED_END = b"0\r\n\r\n"


class HttpSpec(msgspec.Struct, frozen=True, kw_only=True):
    host: str
    port: int
    paths: list[str]
    token: str
    connections: int
    warm_up_s: float
    seconds: float
    result: str
    bodies: list[str] = []  # JSON, one a path: then they are posted


class HttpResult(msgspec.Struct, frozen=True, kw_only=True):
    requests: int
    errors: int
    requests_per_s: float
    p50_ms: float
    p99_ms: float
    client_cpu_s: float


class Asker(asyncio.Protocol):
    """One connection: a request, its answer, the next request."""

    def __init__(self, requests: list[bytes], first: int) -> None:
        self.latencies_s = array("d")
        self.errors = 0
        self.closed = asyncio.get_running_loop().create_future()
        self._requests = requests
        self._next = first
        self._sent_s = 0.0
        self._held = b""
        self._ends_at: int | None = None
        self._chunked = False
        self._transport: asyncio.Transport | None = None
        self._stopping = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]
        self._ask()

    def _ask(self) -> None:
        if self._transport is None or self._stopping:
            self.stop()
            return
        self._held, self._ends_at, self._chunked = b"", None, False
        self._sent_s = time.perf_counter()
        self._transport.write(self._requests[self._next])
        self._next = (self._next + 1) % len(self._requests)

    def data_received(self, data: bytes) -> None:
        self._held += data
        if self._ends_at is None and not self._chunked:
            self._read_head()
        whole = self._ends_at is not None and len(self._held) >= self._ends_at
        if whole or (self._chunked and self._held.endswith(CHUNKED_END)):
            self.latencies_s.append(time.perf_counter() - self._sent_s)
            self.errors += not self._held.startswith(b"HTTP/1.1 20")
            self._ask()

    def _read_head(self) -> None:
        head_end = self._held.find(HEAD_END)
        if head_end < 0:
            return
        head = self._held[:head_end].lower()
        at = head.find(b"content-length:")
        if at >= 0:
            length = int(head[at + 15 :].split(b"\r\n", 1)[0])
            self._ends_at = head_end + len(HEAD_END) + length
        else:
            self._chunked = True

    def forget(self) -> None:
        """What came so far was warming up."""
        self.latencies_s = array("d")

    def stop(self) -> None:
        self._stopping = True
        if self._transport is not None:
            self._transport.close()

    def connection_lost(self, _error: Exception | None) -> None:
        self.errors += not self._stopping
        if not self.closed.done():
            self.closed.set_result(None)


def request(spec: HttpSpec, path: str, body: str | None = None) -> bytes:
    verb, about, sent = "GET", "", b""
    if body is not None:
        verb, sent = "POST", body.encode()
        about = f"Content-Type: application/json\r\nContent-Length: {len(sent)}\r\n"
    head = (
        f"{verb} {path} HTTP/1.1\r\nHost: {spec.host}:{spec.port}\r\n{about}"
        f"Authorization: Bearer {spec.token}\r\nAccept: application/json\r\n\r\n"
    )
    return head.encode() + sent


async def ask(spec: HttpSpec) -> HttpResult:
    loop = asyncio.get_running_loop()
    bodies: list[str | None] = [*spec.bodies] or [None] * len(spec.paths)
    requests = [request(spec, *each) for each in zip(spec.paths, bodies, strict=True)]
    askers: list[Asker] = []
    for i in range(spec.connections):
        asker = Asker(requests, i * len(requests) // spec.connections)
        await loop.create_connection(partial(_itself, asker), spec.host, spec.port)
        askers.append(asker)
    await asyncio.sleep(spec.warm_up_s)
    for asker in askers:
        asker.forget()
    started, cpu = time.perf_counter(), _cpu_s()
    await asyncio.sleep(spec.seconds)
    latencies = np.concatenate([np.array(asker.latencies_s) for asker in askers])
    seconds = time.perf_counter() - started
    cpu_s = _cpu_s() - cpu
    for asker in askers:
        asker.stop()
    await asyncio.gather(*(asker.closed for asker in askers))
    return HttpResult(
        requests=len(latencies),
        errors=sum(asker.errors for asker in askers),
        requests_per_s=len(latencies) / seconds,
        p50_ms=float(np.percentile(latencies, 50)) * 1e3,
        p99_ms=float(np.percentile(latencies, 99)) * 1e3,
        client_cpu_s=cpu_s,
    )


def _itself(asker: Asker) -> Asker:
    return asker


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main(spec_file: Path) -> None:
    spec = msgspec.json.decode(spec_file.read_bytes(), type=HttpSpec)
    Path(spec.result).write_bytes(msgspec.json.encode(uvloop.run(ask(spec))))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
