"""A listener on a real port, with devices on real sockets and a store that commits when told."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from typing import Any

import msgspec

from actors.life import now_ms
from config.policy import Snapshot, policy, process_settings
from ingest.decode.rows import Decoded
from ingest.decode.status import OFFLINE, ONLINE
from ingest.direct import BusyError, Fate, Outcome, Outcomes
from ingest.messages import Notice, Parcel, Refused
from ingest.tcp_door import TcpDoor
from ingest.tcp_listener import TcpListener
from ingest.topics import AddressBook
from ingest.windows import Window
from store.directory import DirectoryEntry
from tests.launch.waiting import until

IMEI = "356307042441013"
OTHER_IMEI = "869867036345389"
LOGIN = b"\x00\x0f" + IMEI.encode()
ACCEPTED = b"\x01"


def device(truck_key: int, unique_id: str | None, *, is_revoked: bool = False) -> DirectoryEntry:
    return DirectoryEntry(
        tenant_key=7,
        tenant="acme",
        truck_key=truck_key,
        truck=f"T{truck_key}",
        secret_hash="x",
        revision=1,
        deleted=False,
        unique_id=unique_id,
        revoked=is_revoked,
    )


class Store:
    """Stands for the way to the shards: commits while it is open."""

    def __init__(self) -> None:
        self.opened = asyncio.Event()
        self.opened.set()
        self.taken: list[Parcel] = []
        self.committed: list[Decoded] = []
        self.refused: list[Refused] = []
        self.notices: list[Notice] = []
        self.busy = 0

    async def take(self, parcels: Sequence[Parcel]) -> Outcomes:
        if self.busy:
            self.busy -= 1
            raise BusyError("full")
        self.taken += parcels
        await self.opened.wait()
        self.committed += [parcel.decoded for parcel in parcels]
        return [[Outcome(Fate.STORED)] * len(parcel.decoded.rows) for parcel in parcels]

    async def store(self, window: Window) -> None:
        self.refused += window.refused
        self.notices += window.notices

    @property
    def times_ms(self) -> list[int]:
        return [row[0] for decoded in self.committed for row in decoded.rows]

    @property
    def states(self) -> list[bytes]:
        """That devices came and went."""
        return [one.payload for one in self.notices if one.payload in {ONLINE, OFFLINE}]

    @property
    def answers(self) -> list[dict[str, Any]]:
        """What devices answered to commands."""
        told = [one.payload for one in self.notices if one.payload not in {ONLINE, OFFLINE}]
        return [msgspec.json.decode(payload) for payload in told]

    @property
    def reasons(self) -> list[str]:
        """Of what was rejected, whoever's it was."""
        bad = [bad.reason for decoded in self.committed for bad in decoded.bad]
        return bad + [one.reason for one in self.refused]


class Device:
    """One connection, as a device has it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def send(self, *parts: bytes) -> None:
        for part in parts:
            self._writer.write(part)
            await self._writer.drain()

    async def hear(self, size: int) -> bytes:
        async with asyncio.timeout(10):
            return await self._reader.readexactly(size)

    async def hear_until(self, end: bytes) -> bytes:
        async with asyncio.timeout(10):
            return await self._reader.readuntil(end)

    async def hears_end(self) -> bytes:
        """What came before the connection ended."""
        async with asyncio.timeout(10):
            with contextlib.suppress(ConnectionError):
                return await self._reader.read()
        return b""

    async def says_until_cut(self, part: bytes) -> None:
        """On and on, a little at a time."""
        async with asyncio.timeout(10):
            with contextlib.suppress(ConnectionError):
                while not self._reader.at_eof():
                    self._writer.write(part)
                    await self._writer.drain()
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(0.02):
                            await self._reader.read(1)

    def finish(self) -> None:
        self._writer.write_eof()

    def hang_up(self) -> None:
        self._writer.close()


class Port:
    """A dialect's port and all that is behind it."""

    def __init__(self, dialect: str, *entries: DirectoryEntry) -> None:
        self.store = Store()
        self.counts: Counter[str] = Counter()
        self.entries: dict[int, DirectoryEntry] = {}
        self.addresses = AddressBook(1)
        self.know(*entries)
        self.door = TcpDoor(
            self.addresses.find, self.entries.get, self.store, self.store, self.counts
        )
        self.listener = TcpListener(dialect, self.door)
        self._number = 0
        self._devices: list[Device] = []

    def know(self, *entries: DirectoryEntry) -> None:
        self.entries |= {entry.truck_key: entry for entry in entries}
        self.addresses.learn(list(entries))

    @contextlib.asynccontextmanager
    async def opened(self, send_bytes: int | None = None) -> AsyncIterator[Port]:
        bound = socket.socket()
        if send_bytes is not None:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_bytes)
        bound.bind(("127.0.0.1", 0))
        self._number = bound.getsockname()[1]
        limit = policy().tcp.frame_bytes_max
        server = await asyncio.start_server(self.listener.accept, sock=bound, limit=limit)
        async with server:
            yield self
            self.store.opened.set()
            for one in self._devices:
                one.hang_up()
            await until(lambda: self.listener.connections == 0)

    async def connect(self, receive_bytes: int | None = None) -> Device:
        plug = socket.socket()
        if receive_bytes is not None:
            plug.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        plug.setblocking(False)
        await asyncio.get_running_loop().sock_connect(plug, ("127.0.0.1", self._number))
        made = Device(*await asyncio.open_connection(sock=plug))
        self._devices.append(made)
        return made

    async def signed_in(self) -> Device:
        """A Teltonika device that was let in."""
        made = await self.connect()
        await made.send(LOGIN)
        assert await made.hear(1) == ACCEPTED
        return made


def limit(**values: object) -> None:
    """Other values of `tcp`; a fixture puts them back."""
    settings = process_settings()
    now = settings.now
    settings.swap(Snapshot(now.model_copy(update={"tcp": now.tcp.model_copy(update=values)})))


def moment_ms(age_s: int = 0) -> int:
    """A whole second, not long ago."""
    return (now_ms() // 1000 - age_s) * 1000
