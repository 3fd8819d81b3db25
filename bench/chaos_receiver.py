"""Somebody's system that takes webhooks: every request noted, with whether its signature holds."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

import msgspec

from freight.webhooks.signing import ID, is_signed

TOLERANCE_S = 300.0


class Told(msgspec.Struct):
    """What of an event is looked at."""

    id: str
    type: str
    subject: str
    truck: str | None = None


class _Event(msgspec.Struct):
    id: str
    type: str
    subject: str
    data: dict[str, object]


class Receiver:
    """Keeps what was signed, in the order in which it came; the same may come again."""

    def __init__(self) -> None:
        self.url = ""
        self.secret = ""
        self.told: list[Told] = []
        self.raised: set[str] = set()  # trucks of which an alert was raised
        self.unsigned = 0
        self.waiting = 0  # who was not answered yet
        self.answer_after_s = 0.0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            pairs = (line.split(":", 1) for line in head[1:] if line)
            headers = {name.strip().lower(): value.strip() for name, value in pairs}
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            status = b"204 Kept" if self._take(headers, body) else b"401 Not signed"
            self.waiting += 1
            await asyncio.sleep(self.answer_after_s)
            self.waiting -= 1
            writer.write(b"HTTP/1.1 " + status + b"\r\ncontent-length: 0\r\n\r\n")
            await writer.drain()
        writer.close()

    def _take(self, headers: dict[str, str], body: bytes) -> bool:
        now_s = time.time()
        if not is_signed(self.secret, headers, body, now_s=now_s, tolerance_s=TOLERANCE_S):
            self.unsigned += 1
            return False
        event = msgspec.json.decode(body, type=_Event)
        truck = event.data.get("truck")
        told = Told(headers[ID], event.type, event.subject, str(truck) if truck else None)
        self.told.append(told)
        if told.type == "alert.raised" and told.truck is not None:
            self.raised.add(told.truck)
        return True

    def first(self) -> list[Told]:
        """Each event once, as it came first."""
        first: dict[str, Told] = {}
        for one in self.told:
            first.setdefault(one.id, one)
        return list(first.values())


@contextlib.asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0)
    receiver.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
    try:
        yield receiver
    finally:
        server.close()
        await server.wait_closed()
