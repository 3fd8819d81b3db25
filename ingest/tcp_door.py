"""What all connections over TCP share: who is who, the way to the store, how much is in hand."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Protocol
from uuid import UUID

import msgspec

from actors.life import now_ms
from config.policy import policy
from freight.device_topics import teltonika_topic
from ingest.decode.status import OFFLINE, ONLINE, TEXT_CHARS_MAX, CommandAnswer
from ingest.direct import BusyError, Outcomes, StoreAwayError
from ingest.messages import Address, Line, Message, Notice, Parcel, Refused
from ingest.windows import Window
from store.device_commands import Due
from store.directory import DirectoryEntry

log = logging.getLogger(__name__)

UNKNOWN = "unknown_device"


class TakesParcels(Protocol):
    """See ingest/direct.py: returns after the commit."""

    async def take(self, parcels: Sequence[Parcel]) -> Outcomes: ...


class StoresWindows(Protocol):
    """See ingest/delivery.py."""

    async def store(self, window: Window) -> object: ...


class TakesCommands(Protocol):
    """See ingest/tcp_session.py."""

    def send_command(self, id: UUID, text: str) -> bool | None: ...  # noqa: A002


class TcpDoor:
    def __init__(
        self,
        find: Callable[[str], Line | None],
        entry_of: Callable[[int], DirectoryEntry | None],
        direct: TakesParcels,
        delivery: StoresWindows,
        counts: Counter[str],
    ) -> None:
        self._find = find
        self._entry_of = entry_of
        self._direct = direct
        self._delivery = delivery
        self.counts = counts
        # Who is connected here, by tenant and truck.
        self.here: dict[tuple[str, str], TakesCommands] = {}
        self._bytes = 0
        self._room = asyncio.Condition()
        # Strangers by address, in this minute.
        self._minute = 0
        self._strangers: Counter[str] = Counter()

    def address_of(self, unique_id: str) -> Address | None:
        """The truck whose device calls itself so, unless it is kept out."""
        line = self._find(teltonika_topic(unique_id))
        entry = None if line is None else self._entry_of(line.address.truck_key)
        if line is None or entry is None or not entry.hashes_at(datetime.now(UTC)):
            return None
        return line.address

    async def take_room(self, size: int) -> None:
        """Waits until so many bytes more may be on their way to the store."""
        most = policy().tcp.bytes_in_flight_max
        async with self._room:
            await self._room.wait_for(lambda: not self._bytes or self._bytes + size <= most)
            self._bytes += size

    async def store(self, parcel: Parcel, size: int) -> None:
        """Returns when it is committed, however long that takes; gives the room back."""
        wait_s = policy().ingest.retry_wait_s_min
        try:
            while True:
                try:
                    await self._direct.take([parcel])
                    return
                except (BusyError, StoreAwayError) as error:
                    self.counts["tcp_retries_total"] += 1
                    log.warning("a frame waits for the store: %s", error)
                    await asyncio.sleep(wait_s)
                    wait_s = min(wait_s * 2, policy().ingest.retry_wait_s_max)
        finally:
            async with self._room:
                self._bytes -= size
                self._room.notify_all()

    def send_command(self, command: Due) -> bool | None:
        """None: its device is not connected here, or takes none of this form. False: not now."""
        session = self.here.get((command.tenant, command.truck))
        if session is None:
            return None
        text = (command.payload or {}).get("text", command.kind)
        return session.send_command(command.id, text) if isinstance(text, str) else None

    async def note_answer(self, address: Address, id: UUID, text: str) -> None:  # noqa: A002
        """The command is done; its device said this."""
        told = CommandAnswer(id, detail=text[:TEXT_CHARS_MAX])
        await self._note(address, msgspec.json.encode(told))

    async def note_state(self, address: Address, *, is_online: bool) -> None:
        """As a device over MQTT says it itself. While the store is away it is not worth waiting."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(policy().tcp.answer_s_max):
                await self._note(address, ONLINE if is_online else OFFLINE)

    async def _note(self, address: Address, payload: bytes) -> None:
        await self._delivery.store(Window(notices=[Notice(address, payload, now_ms())]))

    async def reject(self, peer: str, topic: str, reason: str, detail: str, raw: bytes) -> None:
        """Of nobody we know, and of each address only so much: strangers must not fill the
        store."""
        minute = now_ms() // 60_000
        if minute != self._minute:
            self._minute = minute
            self._strangers.clear()
        self._strangers[peer] += 1
        self.counts["tcp_strangers_total"] += 1
        if self._strangers[peer] > policy().tcp.strangers_per_minute_max:
            return
        kept = raw[: policy().ingest.admission.rejection_raw_bytes_max]
        one = Refused(topic, None, reason, detail, kept, now_ms())
        await self._delivery.store(Window(refused=[one]))


def message_of(topic: str, raw: bytes) -> Message:
    return Message(0, topic, raw, now_ms())
