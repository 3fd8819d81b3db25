"""ClamAV: asks a clamd over TCP whether there is a virus in a file."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable

from config.installation import Http
from config.sections.providers import Patience
from providers.attempts import AttemptError, Attempts
from providers.errors import ProviderRefusedError
from providers.metering import Meter

NAME = "clamav"
COMMAND = b"zINSTREAM\0"
PART_BYTES = 64 * 1024  # fixed: any size will do
ANSWER_BYTES_MAX = 4096  # fixed: an answer is one line
OK, FOUND = "OK", "FOUND"


class ClamAv:
    def __init__(
        self, where: Http, patience: Callable[[], Patience], meter: Meter | None = None
    ) -> None:
        self._where = where
        self._patience = patience
        self._attempts = Attempts(NAME, patience, meter=meter)

    async def finding(self, content: bytes) -> str | None:
        """What was found; None: nothing. Raises what providers raise."""
        said = await self._attempts.make("scan", lambda: self._once(content))
        words = said.strip().rsplit(" ", 1)
        if words[-1] == OK:
            return None
        if words[-1] == FOUND:
            return words[0].removeprefix("stream: ")
        # Such as: larger than it looks at. It will say so again.
        raise ProviderRefusedError("scan", f"the virus scanner says: {said[:200]}")

    async def _once(self, content: bytes) -> str:
        """Looking twice does no harm."""
        try:
            async with asyncio.timeout(self._patience().attempt_s):
                return await self._ask(content)
        except (OSError, EOFError, asyncio.LimitOverrunError) as failed:
            says = f"no virus scanner answers: {failed!r}"
            raise AttemptError(says, may_repeat=True) from failed

    async def _ask(self, content: bytes) -> str:
        reader, writer = await asyncio.open_connection(
            self._where.host, self._where.port, limit=ANSWER_BYTES_MAX
        )
        try:
            writer.write(COMMAND)
            for at in range(0, len(content), PART_BYTES):
                part = content[at : at + PART_BYTES]
                writer.write(struct.pack(">I", len(part)) + part)
                await writer.drain()
            writer.write(struct.pack(">I", 0))
            await writer.drain()
            return (await reader.readuntil(b"\0"))[:-1].decode("utf-8", "replace")
        finally:
            writer.close()
