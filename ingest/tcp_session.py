"""One device's connection: what it says is stored, and only then answered, in order."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NoReturn
from uuid import UUID

import msgspec

from config.policy import policy, policy_of
from ingest.decode.rows import Decoded
from ingest.decode.stream import DeviceStream, Given, Kind, Said
from ingest.messages import Address, Parcel
from ingest.tcp_door import UNKNOWN, TcpDoor, message_of

log = logging.getLogger(__name__)

READ_BYTES = 4096  # fixed: of one look into the socket

_decode = msgspec.json.Decoder(dict[str, Any]).decode
_encode = msgspec.json.Encoder().encode


class EndError(Exception):
    """The connection is to end; `reason` is stored where something it sent is lost with it."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


@dataclasses.dataclass(frozen=True, slots=True)
class _Answer:
    """Sent when what it stands for is committed."""

    stored: asyncio.Task[None] | None
    text: bytes


class TcpSession:
    """Bounded: so many frames are on their way to the store, then we stop reading, then the
    device's own system stops sending."""

    def __init__(
        self,
        dialect: str,
        stream: DeviceStream,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        door: TcpDoor,
        bound: Callable[[str, TcpSession], None],
    ) -> None:
        self._topic = f"tcp/{dialect}"
        self._stream = stream
        self._reader = reader
        self._writer = writer
        self._door = door
        self._bound = bound
        self._peer = str((writer.get_extra_info("peername") or ("",))[0])
        self.unique_id: str | None = None
        self._address: Address | None = None
        # What the device said that belongs to no fix yet.
        self._aside: dict[str, Any] = {}
        # Commands that it was sent and has not answered, the oldest first.
        self._commands: deque[UUID] = deque(maxlen=policy().doors.commands.open_per_truck_max)
        self._unreadable = 0
        self._is_gone = False
        self._answers: asyncio.Queue[_Answer | None] = asyncio.Queue(
            policy().tcp.frames_in_flight_max
        )
        self._clock = asyncio.get_running_loop().time
        self._since_s = self._heard_s = self._clock()
        # When the frame began that is not complete yet.
        self._begun_s: float | None = None

    async def run(self) -> None:
        """Until the device or a limit ends it. What was heard is stored before this returns."""
        answering = asyncio.create_task(self._answer_all(), name=f"{self._topic} answers")
        try:
            await self._listen()
        except EndError as end:
            self._door.counts[f"tcp_{end.reason}_total"] += 1
            await self._reject_rest(end)
        finally:
            try:
                await self._answers.put(None)
                await answering
            finally:
                answering.cancel()
                self._writer.close()
                await self._leave()

    def send_command(self, id: UUID, text: str) -> bool | None:  # noqa: A002
        """None: its dialect has none of this form. False: too much waits to be sent."""
        frame = self._stream.command(text)
        if frame is None:
            return None
        if self._is_gone or self._answers.full():
            return False
        self._answers.put_nowait(_Answer(None, frame))
        if id not in self._commands:
            self._commands.append(id)
        return True

    def end(self) -> None:
        """At once, nothing more is answered; what is on its way to the store goes on."""
        self._is_gone = True
        self._writer.transport.abort()

    async def _leave(self) -> None:
        """Unless the device is here already by another connection."""
        address = self._address
        if address is not None:
            whose = (address.tenant, address.truck)
            if self._door.here.get(whose) is self:
                del self._door.here[whose]
                await self._door.note_state(address, is_online=False)

    # ------------------------------------------------------------------------- listening

    async def _listen(self) -> None:
        while data := await self._read():
            self._stream.feed(data)
            await self._take_frames(is_quiet=False)
        await self._take_frames(is_quiet=True)
        if self._stream.waiting_bytes:
            raise EndError("truncated", "the connection ended within a frame")

    async def _read(self) -> bytes:
        """What came next; nothing at the connection's end. In a pause, frames that may be
        complete are."""
        is_quiet = not self._stream.waiting_bytes
        while True:
            until_s, end = self._limit()
            wait_s = until_s - self._clock()
            if not is_quiet:
                wait_s = min(wait_s, policy().tcp.quiet_s)
            try:
                async with asyncio.timeout(max(0.0, wait_s)):
                    return await self._reader.read(READ_BYTES)
            except ConnectionError:
                return b""
            except TimeoutError:
                if is_quiet or self._clock() >= until_s:
                    raise end from None
                is_quiet = True
                await self._take_frames(is_quiet=True)

    def _limit(self) -> tuple[float, EndError]:
        limits = policy().tcp
        begun_s = self._begun_s
        if begun_s is not None:
            ends = [(begun_s + limits.frame_s_max, EndError("truncated", "a frame took too long"))]
        else:
            ends = [(self._heard_s + limits.idle_s_max, EndError("idle", "it said nothing"))]
        if self._address is None:
            late = EndError("no_login", "it did not say in time who it is")
            ends.append((self._since_s + limits.login_s_max, late))
        return min(ends, key=lambda one: one[0])

    async def _take_frames(self, *, is_quiet: bool) -> None:
        before = self._stream.waiting_bytes if self._begun_s is not None else 0
        while True:
            tenant = self._address.tenant if self._address else None
            rules = (policy() if tenant is None else policy_of(tenant)).dialects
            said = self._stream.next(Given(rules, datetime.now(UTC), is_quiet=is_quiet))
            if said is None:
                break
            before = 0
            await self._hear(said)
        self._heard_s = self._clock()
        if not self._stream.waiting_bytes:
            self._begun_s = None
        elif not before:
            self._begun_s = self._heard_s

    # --------------------------------------------------------------------------- hearing

    async def _hear(self, said: Said) -> None:
        self._door.counts["tcp_frames_total"] += 1
        if said.kind is not Kind.UNREADABLE:
            await self._identify(said)
        address = self._address
        if address is None:
            await self._door.reject(self._peer, self._topic, *_why(said), said.raw)
        else:
            await self._keep(said, address)
        if said.kind is Kind.UNREADABLE:
            self._unreadable += 1
            if said.is_lost:
                raise EndError("lost", "where the next frame begins cannot be found")
            if self._unreadable >= policy().tcp.unreadable_max:
                raise EndError("unreadable", "too many frames that cannot be read")

    async def _identify(self, said: Said) -> None:
        """A device is who it says it is: these dialects know no secret. It must be one that
        somebody has bound to a truck, and stay the same."""
        unique_id = said.unique_id or self.unique_id
        if unique_id is None:
            await self._refuse(said, "no_login", "it says something before it says who it is")
        if self.unique_id is not None and unique_id != self.unique_id:
            await self._refuse(said, "another_device", f"{unique_id} where {self.unique_id} was")
        address = self._door.address_of(unique_id)
        if address is None and self._address is None:
            # Its truck may be younger than our copy of the directory.
            await asyncio.sleep(policy().ingest.directory_poll_s)
            address = self._door.address_of(unique_id)
        if address is None:
            await self._refuse(said, UNKNOWN, f"no device is called {unique_id}")
        if self.unique_id is None:
            self._bound(unique_id, self)
            self._door.here[address.tenant, address.truck] = self
            await self._door.note_state(address, is_online=True)
        self.unique_id, self._address = unique_id, address

    async def _refuse(self, said: Said, reason: str, detail: str) -> NoReturn:
        topic = f"{self._topic}/{said.unique_id}" if said.unique_id else self._topic
        await self._door.reject(self._peer, topic, reason, detail, said.raw)
        await self._answers.put(_Answer(None, said.refusal))
        raise EndError(reason, detail)

    async def _keep(self, said: Said, address: Address) -> None:
        if said.answer is not None and self._commands:
            # These dialects number nothing: answers come in the order of the commands.
            await self._door.note_answer(address, self._commands.popleft(), said.answer)
        self._aside |= said.aside
        decoded = said.decoded
        stored = None
        if decoded.rows or decoded.bad:
            if decoded.rows and self._aside:
                _add_to_first(decoded, self._aside)
                self._aside = {}
            message = message_of(f"{self._topic}/{self.unique_id}", said.raw)
            size = len(said.raw)
            await self._door.take_room(size)
            stored = asyncio.create_task(
                self._door.store(Parcel(address, decoded, message), size),
                name=f"{self._topic} store",
            )
        if stored is not None or said.reply:
            await self._answers.put(_Answer(stored, said.reply))

    async def _reject_rest(self, end: EndError) -> None:
        """Of half a frame nothing can be used, but somebody may want to see it."""
        size = self._stream.waiting_bytes
        if not size:
            return
        raw = self._stream.rest()
        topic = f"{self._topic}/{self.unique_id}" if self.unique_id else self._topic
        await self._door.reject(self._peer, topic, end.reason, str(end), raw)

    # ------------------------------------------------------------------------- answering

    async def _answer_all(self) -> None:
        while (answer := await self._answers.get()) is not None:
            if answer.stored is not None:
                try:
                    await answer.stored
                except Exception:
                    log.exception("%s: not stored, not answered", self._topic)
                    self.end()
            if answer.text and not self._is_gone:
                await self._send(answer.text)

    async def _send(self, text: bytes) -> None:
        try:
            self._writer.write(text)
            async with asyncio.timeout(policy().tcp.answer_s_max):
                await self._writer.drain()
        except (ConnectionError, TimeoutError):
            self.end()


def _why(said: Said) -> tuple[str, str]:
    bad = said.decoded.bad[0]
    return bad.reason, bad.why


def _add_to_first(decoded: Decoded, aside: dict[str, Any]) -> None:
    known = _decode(decoded.extras[0]) if 0 in decoded.extras else {}
    decoded.extras[0] = _encode(aside | known)
