"""Many viewers of the live feed in one process (`python -m bench.viewers SPEC.json`).

Every frame is decoded with the product's own decoder, and the age of each position at that moment
is kept: the time on this machine's clock minus the device's. Some viewers read slowly on purpose.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import uvloop
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from bench.board import Board, Slot
from serve.live.frames import STATUS_LEFT, decode

SLOW_RECEIVE_BYTES = 8_192
RECONNECT_S = 0.25
OPEN_AT_ONCE = 20
FRAME_BYTES_MAX = 16 * 2**20


class ViewerSpec(msgspec.Struct, frozen=True, kw_only=True):
    host: str
    port: int
    token: str
    viewports: list[list[float]]
    slow: int  # so many of them, the first, wait between frames
    slow_wait_s: float
    board: str
    result: str


class Marks:
    """Tells the benchmark when every viewer has drawn something since its last mark."""

    def __init__(self, board: Board, viewers: int) -> None:
        self._board = board
        self._viewers = viewers
        self._mark = 0
        self._reached: set[int] = set()

    def drawn(self, viewer: int) -> None:
        mark = self._board.get(Slot.MARK)
        if mark != self._mark:
            self._mark = mark
            self._reached.clear()
        if viewer not in self._reached:
            self._reached.add(viewer)
            if len(self._reached) == self._viewers:
                self._board.set(Slot.REACHED, mark)


class Viewer:
    """One dispatcher's screen, for as long as the process runs; it comes back when it is cut."""

    def __init__(self, spec: ViewerSpec, number: int, board: Board, marks: Marks) -> None:
        self.ages_ms: list[np.ndarray] = []
        self.frames = 0
        self.reconnects = -1
        self.events = 0
        self._spec = spec
        self._bbox = spec.viewports[number]
        self._wait_s = spec.slow_wait_s if number < spec.slow else 0.0
        self._board = board
        self._number = number
        self._marks = marks

    async def watch(self, opening: asyncio.Semaphore) -> None:
        while not self._board.get(Slot.STOP):
            with contextlib.suppress(OSError, ConnectionClosed, TimeoutError):
                async with opening:
                    connection = await self._open()
                try:
                    await self._read(connection)
                finally:
                    await connection.close()
            await asyncio.sleep(RECONNECT_S)

    async def _open(self) -> ClientConnection:
        raw = socket.socket()
        raw.setblocking(False)
        if self._wait_s:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SLOW_RECEIVE_BYTES)
        await asyncio.get_running_loop().sock_connect(raw, (self._spec.host, self._spec.port))
        connection = await connect(
            f"ws://{self._spec.host}:{self._spec.port}/v1/live",
            sock=raw,
            additional_headers={"Authorization": f"Bearer {self._spec.token}"},
            compression=None,
            max_size=FRAME_BYTES_MAX,
            max_queue=1 if self._wait_s else 16,
            ping_interval=None,
        )
        self.reconnects += 1
        await connection.send(json.dumps({"type": "subscribe", "bbox": self._bbox, "resume": None}))
        return connection

    async def _read(self, connection: ClientConnection) -> None:
        async for message in connection:
            if isinstance(message, bytes):
                self._draw(message)
            else:
                self.events += '"type":"event"' in message[:40]
            if self._wait_s:
                await asyncio.sleep(self._wait_s)
            if self._board.get(Slot.STOP):
                return

    def _draw(self, message: bytes) -> None:
        now_ms = time.time_ns() / 1e6
        frame = decode(message)
        self.frames += 1
        drawn = frame.rows["status"] != STATUS_LEFT
        self._board.set(Slot.RECEIVED, self._board.get(Slot.RECEIVED) + int(drawn.sum()))
        if drawn.any() and not frame.is_snapshot:
            self._marks.drawn(self._number)
        # A snapshot shows what happened before the viewer came; news are what is measured.
        if self._board.get(Slot.GO) and not frame.is_snapshot:
            ages = now_ms - frame.base_ts_ms + frame.rows["age_ms"][drawn]
            self.ages_ms.append(ages.astype(np.float32))


async def watch_all(spec: ViewerSpec) -> list[Viewer]:
    board = Board(Path(spec.board))
    marks = Marks(board, len(spec.viewports))
    viewers = [Viewer(spec, i, board, marks) for i in range(len(spec.viewports))]
    opening = asyncio.Semaphore(OPEN_AT_ONCE)
    tasks = [asyncio.create_task(viewer.watch(opening)) for viewer in viewers]
    await _until(lambda: all(viewer.reconnects >= 0 for viewer in viewers))
    board.set(Slot.READY, 1)
    await _until(lambda: bool(board.get(Slot.STOP)))
    await asyncio.wait(tasks, timeout=5)
    return viewers


async def _until(condition: Callable[[], bool]) -> None:
    """The other side is another process: shared memory has nothing to wait on."""
    while not condition():  # noqa: ASYNC110
        await asyncio.sleep(0.05)


def main(spec_file: Path) -> None:
    spec = msgspec.json.decode(spec_file.read_bytes(), type=ViewerSpec)
    viewers = uvloop.run(watch_all(spec))
    ages = [np.concatenate([*viewer.ages_ms, np.empty(0, np.float32)]) for viewer in viewers]
    np.savez(
        spec.result,
        ages_ms=np.concatenate(ages),
        counts=np.array([len(held) for held in ages]),
        frames=np.array([viewer.frames for viewer in viewers]),
        reconnects=np.array([viewer.reconnects for viewer in viewers]),
        events=np.array([viewer.events for viewer in viewers]),
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
