"""A clamd is asked as its protocol says; what it answers is told, and also that it does not."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from config.installation import Http
from config.patience import patience_with
from config.policy import defaults
from providers.clamav import COMMAND, NAME, PART_BYTES, ClamAv
from providers.errors import ProviderAwayError, ProviderRefusedError

PATIENCE = patience_with(defaults(), NAME).model_copy(update={"retry_wait_s": 0.001})
IMPATIENCE = PATIENCE.model_copy(update={"attempt_s": 0.05})
VIRUS = b"X5O!P%@AP-a virus of this test"


class Clamd:
    """Speaks INSTREAM, and finds one virus."""

    def __init__(self, says: bytes | None = None) -> None:
        self.says = says
        self.received = b""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.readexactly(len(COMMAND)) == COMMAND
        content = b""
        while size := struct.unpack(">I", await reader.readexactly(4))[0]:
            content += await reader.readexactly(size)
        self.received = content
        found = b"stream: Test.Virus FOUND" if VIRUS in content else b"stream: OK"
        writer.write((self.says or found) + b"\0")
        await writer.drain()
        writer.close()


@asynccontextmanager
async def listening(clamd: Clamd) -> AsyncIterator[Http]:
    server = await asyncio.start_server(clamd.serve, "127.0.0.1", 0)
    async with server:
        yield Http(host="127.0.0.1", port=server.sockets[0].getsockname()[1])


async def test_a_virus_is_named_and_nothing_else() -> None:
    clamd = Clamd()
    async with listening(clamd) as where:
        scanner = ClamAv(where, lambda: PATIENCE)
        clean = bytes(PART_BYTES * 2 + 17)
        assert await scanner.finding(clean) is None
        assert clamd.received == clean
        assert await scanner.finding(clean + VIRUS) == "Test.Virus"
        assert await scanner.finding(b"") is None


async def test_what_it_will_not_look_at_it_refuses() -> None:
    async with listening(Clamd(b"INSTREAM size limit exceeded. ERROR")) as where:
        with pytest.raises(ProviderRefusedError, match="size limit"):
            await ClamAv(where, lambda: PATIENCE).finding(b"x")


async def test_nobody_there_and_nobody_answering_is_away() -> None:
    with pytest.raises(ProviderAwayError):
        await ClamAv(Http(host="127.0.0.1", port=1), lambda: PATIENCE).finding(b"x")

    class Silent(Clamd):
        async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(-1)
            writer.close()

    async with listening(Silent()) as where:
        with pytest.raises(ProviderAwayError):
            await ClamAv(where, lambda: IMPATIENCE).finding(b"x")


async def test_a_scanner_that_fails_once_is_asked_again_and_one_that_is_dead_is_left_alone() -> (
    None
):
    class Stumbling(Clamd):
        asked = 0

        async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self.asked += 1
            if self.asked == 1:
                writer.close()
                return
            await super().serve(reader, writer)

    clamd = Stumbling()
    async with listening(clamd) as where:
        assert await ClamAv(where, lambda: PATIENCE).finding(b"x") is None
    assert clamd.asked == 2

    dead = ClamAv(Http(host="127.0.0.1", port=1), lambda: PATIENCE)
    for _ in range(PATIENCE.failures_max):
        with pytest.raises(ProviderAwayError):
            await dead.finding(b"x")
    with pytest.raises(ProviderAwayError, match="left alone"):
        await dead.finding(b"x")
