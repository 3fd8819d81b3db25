"""A mail server: it takes every mail, encrypted or not, and passes none on."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import email
import hmac
import re
import ssl
from dataclasses import dataclass, field
from email import policy

from sim.messaging.book import Kept
from sim.messaging.faults import Kind
from sim.messaging.twin import Twin

SMTP = "smtp"
LINE_BYTES_MAX = 65_536  # fixed: far more than SMTP allows
ADDRESS = re.compile(r"^(?:FROM|TO):\s*<([^>]*)>(.*)$", re.IGNORECASE)
OUR_ID = re.compile(r"ENVID=(\S+)", re.IGNORECASE)
NO_USER = "550 5.1.1 {}: no such user here"


@dataclass(slots=True)
class _Envelope:
    sender: str = ""
    ours: str = ""
    to: list[str] = field(default_factory=list)


class _GoneError(Exception):
    """The connection ends, by one of us."""


class MailServer:
    def __init__(self, twin: Twin, tls: ssl.SSLContext | None = None) -> None:
        self._twin = twin
        self._tls = tls

    async def start(self, host: str, port: int) -> asyncio.Server:
        return await asyncio.start_server(self._connected, host, port, limit=LINE_BYTES_MAX)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._twin.calls[SMTP] += 1
        gone = (_GoneError, OSError, TimeoutError, ValueError, asyncio.IncompleteReadError)
        with contextlib.suppress(*gone):
            await _Session(self._twin, self._tls, reader, writer).run()
        with contextlib.suppress(OSError):
            writer.close()


class _Session:
    def __init__(
        self,
        twin: Twin,
        tls: ssl.SSLContext | None,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self._twin = twin
        self._tls = tls
        self._reader = reader
        self._writer = writer
        self._is_signed_in = False
        self._envelope = _Envelope()

    async def run(self) -> None:
        if self._twin.faults.next_of(SMTP, [Kind.ERROR]) is not None:
            raise _GoneError
        await self._say("220 sandbox.example ESMTP")
        while True:
            verb, _, rest = (await self._line()).partition(" ")
            handle = {
                "EHLO": self._hello,
                "HELO": self._hello,
                "STARTTLS": self._start_tls,
                "AUTH": self._sign_in,
                "MAIL": self._mail,
                "RCPT": self._rcpt,
                "DATA": self._data,
                "RSET": self._reset,
                "NOOP": self._noop,
                "QUIT": self._quit,
            }.get(verb.upper())
            if handle is None:
                await self._say("502 5.5.1 that is not understood")
            else:
                await handle(rest.strip())

    async def _hello(self, _: str) -> None:
        size = self._twin.settings.habits.mail_bytes_max
        lines = ["sandbox.example", f"SIZE {size}", "DSN", "AUTH PLAIN", "ENHANCEDSTATUSCODES"]
        if self._tls is not None:
            lines.append("STARTTLS")
        last = len(lines) - 1
        text = [f"250{' ' if nr == last else '-'}{line}" for nr, line in enumerate(lines)]
        await self._say("\r\n".join(text))

    async def _start_tls(self, _: str) -> None:
        if self._tls is None:
            await self._say("502 5.5.1 not here")
            return
        await self._say("220 2.0.0 go ahead")
        await self._writer.start_tls(self._tls)
        self._tls = None

    async def _sign_in(self, rest: str) -> None:
        method, _, given = rest.partition(" ")
        if method.upper() != "PLAIN":
            await self._say("504 5.5.4 another one")
            return
        if not given:
            await self._say("334 ")
            given = await self._line()
        password = base64.b64decode(given).rpartition(b"\0")[2]
        self._is_signed_in = hmac.compare_digest(password, self._twin.settings.secret.encode())
        await self._say("235 2.7.0 welcome" if self._is_signed_in else "535 5.7.8 wrong")

    async def _mail(self, rest: str) -> None:
        found = ADDRESS.match(rest)
        if not self._is_signed_in:
            await self._say("530 5.7.0 sign in first")
        elif found is None:
            await self._say("501 5.5.4 from whom?")
        else:
            ours = OUR_ID.search(found[2])
            self._envelope = _Envelope(found[1], ours[1] if ours else "")
            await self._say("250 2.1.0 fine")

    async def _rcpt(self, rest: str) -> None:
        found = ADDRESS.match(rest)
        if found is None or not self._envelope.sender:
            await self._say("503 5.5.1 first say from whom")
            return
        to, faults = found[1], self._twin.faults
        trouble = faults.next_of(SMTP, [Kind.THROTTLE, Kind.TIMEOUT, Kind.SLOW, Kind.REFUSE], to)
        if trouble is not None and trouble.kind is Kind.REFUSE:
            await self._say(trouble.code or NO_USER.format(to))
            return
        if trouble is not None and trouble.kind is Kind.THROTTLE:
            await self._say("451 4.7.1 greylisted, come again")
            return
        if trouble is not None:
            await asyncio.sleep(trouble.delay_s)
            if trouble.kind is Kind.TIMEOUT:
                raise _GoneError
        self._envelope.to.append(to)
        await self._say("250 2.1.5 fine")

    async def _data(self, _: str) -> None:
        if not self._envelope.to:
            await self._say("503 5.5.1 first say to whom")
            return
        await self._say("354 go on")
        raw = await self._content()
        if raw is None:
            await self._say("552 5.3.4 that is too much")
            return
        fault = self._twin.faults.next_of(SMTP, [Kind.LOST])
        for to in self._envelope.to:
            self._twin.take(self._read(to, raw))
        if fault is not None:
            await asyncio.sleep(fault.delay_s)
            raise _GoneError
        self._envelope = _Envelope()
        await self._say("250 2.0.0 taken")

    async def _content(self) -> bytes | None:
        """None: it is too long, and was read to its end all the same."""
        size_max, raw = self._twin.settings.habits.mail_bytes_max, bytearray()
        while True:
            line = await self._raw_line()
            if line == b".\r\n":
                return bytes(raw) if len(raw) <= size_max else None
            if len(raw) <= size_max:
                raw += line.removeprefix(b".") if line.startswith(b"..") else line

    def _read(self, to: str, raw: bytes) -> Kept:
        mail = email.message_from_bytes(raw, policy=policy.default)
        plain, html = mail.get_body(("plain",)), mail.get_body(("html",))
        return Kept(
            nr=self._twin.book.next_nr(),
            id=str(mail["Message-ID"] or "").strip("<> "),
            service=SMTP,
            channel="email",
            to=to,
            sender=str(mail["From"] or self._envelope.sender),
            at_ms=self._twin.now_ms(),
            subject=str(mail["Subject"] or ""),
            text="" if plain is None else str(plain.get_content()),
            html=None if html is None else str(html.get_content()),
            ours=self._envelope.ours,
        )

    async def _reset(self, _: str) -> None:
        self._envelope = _Envelope()
        await self._say("250 2.0.0 fine")

    async def _noop(self, _: str) -> None:
        await self._say("250 2.0.0 fine")

    async def _quit(self, _: str) -> None:
        await self._say("221 2.0.0 bye")
        raise _GoneError

    async def _line(self) -> str:
        return (await self._raw_line()).decode(errors="replace").rstrip("\r\n")

    async def _raw_line(self) -> bytes:
        async with asyncio.timeout(self._twin.settings.habits.connection_s):
            line = await self._reader.readline()
        if not line:
            raise _GoneError
        return line

    async def _say(self, text: str) -> None:
        self._writer.write(text.encode() + b"\r\n")
        await self._writer.drain()
