"""A viewer of the live feed as a test sees one: what it was told, and waiting for it to be told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from serve.live import frames

WAIT_S = 10.0
INDIA = [68.0, 6.0, 98.0, 37.0]


class Watcher:
    """Keeps the map a client would draw: truck id -> its last row."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.told: list[dict[str, Any]] = []
        self.frames: list[frames.Frame] = []
        self.names: dict[int, str] = {}
        self.map: dict[str, Any] = {}

    async def say(self, **message: Any) -> None:
        await self.socket.send(json.dumps(message))

    async def subscribe(self, bbox: list[float] | None, resume: str | None = None) -> None:
        await self.say(type="subscribe", bbox=bbox, resume=resume)

    async def hear(self) -> dict[str, Any] | frames.Frame:
        raw = await asyncio.wait_for(self.socket.recv(), WAIT_S)
        if isinstance(raw, str):
            message: dict[str, Any] = json.loads(raw)
            self.told.append(message)
            return message
        frame = frames.decode(raw)
        self.frames.append(frame)
        self.draw(frame)
        return frame

    def draw(self, frame: frames.Frame) -> None:
        self.names |= frame.names
        if frame.is_snapshot:
            self.map.clear()
        for row in frame.rows:
            name = self.names[int(row["handle"])]
            if row["status"] == frames.STATUS_LEFT:
                self.map.pop(name, None)
            else:
                self.map[name] = row

    async def until(self, happened: Callable[[], bool]) -> None:
        async with asyncio.timeout(WAIT_S):
            while not happened():
                await self.hear()

    def of_type(self, kind: str) -> list[dict[str, Any]]:
        return [message for message in self.told if message["type"] == kind]

    def events(self) -> list[str]:
        return [message["event_type"] for message in self.of_type("event")]


@asynccontextmanager
async def watching(url: str, token: str, query: str = "") -> AsyncIterator[Watcher]:
    headers = {"Authorization": f"Bearer {token}"}
    address = f"ws://{url}/v1/live{query}"
    async with connect(address, additional_headers=headers, compression="deflate") as socket:
        yield Watcher(socket)
