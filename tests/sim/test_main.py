"""The command from its options to the last receipt, against a real broker."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from sim.fleet import fleet
from sim.main import main
from tests.conftest import free_port
from tests.sim.broker import Broker, Platform

ROOT = Path(__file__).parents[2]
EMPTY = ("--no-fences", "--no-market")
TRUCKS = [truck.id for truck in fleet(6)]


@asynccontextmanager
async def gateway() -> AsyncIterator[tuple[int, list[str]]]:
    """Answers every create with 201, every list as empty; gives its port and what it was asked."""
    asked: list[str] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        size = next(
            (
                int(line[15:])
                for line in head.split("\r\n")
                if line[:15].lower() == "content-length:"
            ),
            0,
        )
        await reader.readexactly(size)
        line = head.partition(" HTTP/")[0]
        asked.append(line)
        listed = json.dumps({"access_token": "t", "items": [], "next_cursor": None, "faults": []})
        status = "200 OK" if "GET" in line or "token" in line else "201 Created"
        writer.write(
            f"HTTP/1.1 {status}\r\nContent-Length: {len(listed)}\r\n"
            f"Connection: close\r\n\r\n{listed}".encode()
        )
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], asked
    finally:
        server.close()
        await server.wait_closed()


async def start(http_port: int, mqtt_port: int, *options: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(
            sys.executable,
            "-c",
            "import sys; from sim.main import main; sys.exit(main(sys.argv[1:]))",
        ),
        *("--http", f"http://127.0.0.1:{http_port}", "--mqtt", f"127.0.0.1:{mqtt_port}"),
        *options,
        cwd=ROOT,
        stderr=asyncio.subprocess.PIPE,
    )


async def ended(process: asyncio.subprocess.Process, within_s: float) -> tuple[int | None, str]:
    try:
        async with asyncio.timeout(within_s):
            _, said = await process.communicate()
    except TimeoutError:
        process.kill()
        raise
    return process.returncode, said.decode()


async def test_a_fleet_drives_and_leaves_no_fix_without_receipt(tmp_path: Path) -> None:
    broker = Broker(tmp_path, TRUCKS)
    await broker.start()
    platform = Platform()
    try:
        async with gateway() as (port, asked), platform.connected(broker):
            process = await start(
                port, broker.port, "--trucks", "6", "--rate", "4", "--duration", "3", "--no-market"
            )
            code, said = await ended(process, 40)
            await platform.until(lambda: platform.all_say("offline"))
    finally:
        broker.kill()

    assert code == 0, said
    assert "6 trucks in tenant demo, 6 of them new" in said
    assert "awaiting" not in said
    assert asked.count("POST /v1/trucks/import?mode=rows") == 1
    assert asked.count("POST /v1/fences") > 100
    assert {truck for truck, _ in platform.stored} == set(TRUCKS)
    assert len(platform.stored) == pytest.approx(6 * 4 * 3, abs=18)


async def test_a_stop_while_driving_ends_it_at_once(tmp_path: Path) -> None:
    broker = Broker(tmp_path, TRUCKS)
    await broker.start()
    platform = Platform()
    try:
        async with gateway() as (port, _), platform.connected(broker):
            process = await start(port, broker.port, "--trucks", "6", "--rate", "2", *EMPTY)
            await platform.until(lambda: len(platform.stored) > 3, within_s=30)
            process.send_signal(signal.SIGTERM)
            code, said = await ended(process, 5)
            await platform.until(
                lambda: all(s[-1] == "offline" for s in platform.statuses.values())
            )
    finally:
        broker.kill()

    assert code == 0, said
    assert "Traceback" not in said


async def test_a_stop_while_the_server_is_away_ends_it_at_once() -> None:
    http_port, mqtt_port = free_port(), free_port()
    process = await start(http_port, mqtt_port, "--trucks", "1")
    assert process.stderr is not None
    line = await process.stderr.readline()
    process.send_signal(signal.SIGINT)
    code, said = await ended(process, 3)

    assert f"http://127.0.0.1:{http_port} does not answer (ConnectError)" in line.decode()
    assert (code, said) == (0, "")


@pytest.mark.parametrize(
    "options",
    [["--trucks", "0"], ["--rate", "-1"], ["--mqtt", "nowhere"], ["--duration", "0"], ["--what"]],
)
def test_wrong_options_are_refused(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        main(options)

    assert refused.value.code == 2
    assert options[0] in capsys.readouterr().err
