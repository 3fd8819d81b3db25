"""Somebody else's system that takes webhooks: a real server that answers as it is told to."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import ipaddress
import json
import ssl
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class Taken:
    """One request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def said(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found

    @property
    def about(self) -> tuple[str, int]:
        """The subject, and the number that tests give their facts."""
        return self.said["subject"], self.said["data"].get("n", 0)


@dataclass(frozen=True)
class Reply:
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b"thanks"
    comes: bool = True  # else it keeps the connection and says nothing


@dataclass
class Receiver:
    url: str = ""
    taken: list[Taken] = field(default_factory=list)
    accepted: list[Taken] = field(default_factory=list)  # answered with success
    answer: Callable[[Taken], Reply] = lambda _: Reply()
    at_once: int = 0
    most_at_once: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            taken = await _read(reader)
            self.taken.append(taken)
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
            reply = self.answer(taken)
            if reply.status < 300:
                self.accepted.append(taken)
            if not reply.comes:
                await reader.read()  # until the other end goes away
            self.at_once -= 1
            head = [f"HTTP/1.1 {reply.status} X", f"content-length: {len(reply.body)}"]
            head += [f"{name}: {value}" for name, value in reply.headers.items()]
            writer.write("\r\n".join([*head, "", ""]).encode() + reply.body)
            await writer.drain()
        writer.close()


async def _read(reader: asyncio.StreamReader) -> Taken:
    lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    pairs = (line.split(":", 1) for line in lines[1:] if line)
    headers = {name.strip().lower(): value.strip() for name, value in pairs}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Taken(lines[0].split(" ")[1], headers, body)


@contextlib.asynccontextmanager
async def receiving(tls: ssl.SSLContext | None = None) -> AsyncIterator[Receiver]:
    receiver = Receiver()
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0, ssl=tls)
    port = server.sockets[0].getsockname()[1]
    receiver.url = f"http{'s' if tls else ''}://127.0.0.1:{port}/hook"
    try:
        yield receiver
    finally:
        server.close()
        await server.wait_closed()


def certified(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """For a server at the loopback address; and the file of who vouches for it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "receiver")])
    now = dt.datetime.now(dt.UTC)
    alone = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(alone, critical=False)
        .sign(key, hashes.SHA256())
    )
    certificate, private = folder / "receiver.pem", folder / "receiver.key"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, private)
    return context, certificate
