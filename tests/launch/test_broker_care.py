"""A broker that could not write is started anew when there is room, and only then."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from config.policy import policy
from config.sections.broker import Broker
from launch.embedded.broker_care import keep_writing
from tests.launch.waiting import until

FAILED = (
    b'{"status":"unavailable","error":"JetStream stream \'$G > $MQTT_msgs\' write error: write '
    b'msgs/8.blk: no space left on device"}'
)
RECOVERING = b'{"status":"unavailable","error":"JetStream is not current"}'


class Monitor:
    """Says of a broker's health what a test wants."""

    def __init__(self) -> None:
        self.body = b'{"status":"ok"}'
        self.asked = 0
        self.url = ""

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while await reader.readuntil(b"\r\n\r\n"):
                self.asked += 1
                status = b"200 OK" if b"ok" in self.body else b"503 Service Unavailable"
                length = str(len(self.body)).encode()
                head = b"HTTP/1.1 " + status + b"\r\ncontent-length: " + length
                writer.write(head + b"\r\n\r\n" + self.body)
                await writer.drain()
        writer.close()


@pytest.fixture
async def monitor() -> AsyncIterator[Monitor]:
    made = Monitor()
    server = await asyncio.start_server(made.answer, "127.0.0.1", 0)
    made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    yield made
    server.close()


@contextlib.asynccontextmanager
async def cared_for(monitor: Monitor, store: Path, **limits: float) -> AsyncIterator[list[bytes]]:
    restarts: list[bytes] = []

    def restart() -> None:
        restarts.append(monitor.body)
        monitor.body = b'{"status":"ok"}'

    usual: Broker = policy().broker.model_copy(update={"health_look_s": 0.01, **limits})
    caring = asyncio.create_task(keep_writing(monitor.url, store, restart, usual))
    try:
        yield restarts
    finally:
        caring.cancel()
        await asyncio.gather(caring, return_exceptions=True)


async def asked_more(monitor: Monitor, times: int = 3) -> None:
    before = monitor.asked
    await until(lambda: monitor.asked >= before + times)


async def test_it_is_started_anew_once(monitor: Monitor, tmp_path: Path) -> None:
    async with cared_for(monitor, tmp_path, room_bytes_min=1) as restarts:
        await asked_more(monitor)
        assert not restarts
        monitor.body = FAILED
        await until(lambda: bool(restarts))
        await asked_more(monitor)
        assert restarts == [FAILED]


async def test_a_disk_that_is_still_full_is_waited_for(monitor: Monitor, tmp_path: Path) -> None:
    async with cared_for(monitor, tmp_path, room_bytes_min=2**62) as restarts:
        monitor.body = FAILED
        await asked_more(monitor)
        assert not restarts


async def test_other_trouble_is_left_to_the_broker(monitor: Monitor, tmp_path: Path) -> None:
    async with cared_for(monitor, tmp_path, room_bytes_min=1) as restarts:
        monitor.body = RECOVERING
        await asked_more(monitor)
        assert not restarts
