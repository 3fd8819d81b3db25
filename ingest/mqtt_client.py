"""The one file that knows the MQTT client library: a persistent session whose messages are
acknowledged by us, in batches and in order, after what they say is committed.

aiomqtt keeps the connection alive and speaks every packet but PUBLISH. Those we read from the
socket ourselves: the library takes several receives and a log line for each, and its queue
acknowledges before it delivers.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any

import aiomqtt
import paho.mqtt.client as paho
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.reasoncodes import ReasonCode

from config.installation import Mqtt
from config.sections.ingest import Ingest, Receipts
from ingest.messages import Message
from ingest.packets import Control, MalformedPacketError, PacketReader, Published

log = logging.getLogger(__name__)

PUBACK = 0x40
PUBACK_HEADER = bytes([PUBACK, 2])
REFUSED = 0x80
RECEIVE_BYTES = 256 * 1024  # fixed: one read of a socket, what the kernel hands out


class BrokerAwayError(Exception):
    """There is no session with the broker at the moment."""


class Session:
    """One connection's worth of messages. Acknowledgements of an older one mean nothing."""

    def __init__(
        self, client: aiomqtt.Client, on_message: Callable[[Session, Message], None]
    ) -> None:
        self._client = client
        self._inner: paho.Client = client._client  # noqa: SLF001
        self._on_message = on_message
        self._packets = PacketReader()
        self._pending: set[int] = set()
        self._loop = asyncio.get_running_loop()
        self._reading = False
        self._unconfirmed: set[int] = set()
        self._confirmed = asyncio.Event()
        self._lost: asyncio.Future[None] = client._disconnected  # noqa: SLF001
        self._inner.manual_ack_set(True)
        self._inner.on_publish = self._publish_confirmed
        self._inner.on_socket_open = self._socket_opened

    @property
    def alive(self) -> bool:
        return not self._lost.done() and self._inner.is_connected()

    async def until_lost(self) -> None:
        """Raises aiomqtt.MqttError when the connection is gone."""
        await asyncio.shield(self._lost)

    def resume_reading(self) -> None:
        sock = self._inner.socket()
        if sock is not None and not self._reading:
            self._loop.add_reader(sock.fileno(), self._read)
            self._reading = True

    def pause_reading(self) -> None:
        """Leave the broker's bytes in the socket: TCP then holds the broker back."""
        sock = self._inner.socket()
        if self._reading and sock is not None:
            self._loop.remove_reader(sock.fileno())
        self._reading = False

    def close(self) -> None:
        """The library leaves a socket open that it did not lose itself."""
        self.pause_reading()
        if self._inner.socket() is not None:
            self._inner._sock_close()  # noqa: SLF001

    def acknowledge(self, mids: Iterable[int]) -> None:
        """Tell the broker that these messages are ours now; one write for all of them."""
        if not self.alive:
            return
        known = [mid for mid in mids if mid in self._pending]
        self._pending.difference_update(known)
        if known:
            packet = b"".join(PUBACK_HEADER + mid.to_bytes(2, "big") for mid in known)
            self._inner._packet_queue(PUBACK, packet, 0, 0)  # noqa: SLF001

    async def publish(self, topic: str, payload: bytes, limits: Receipts) -> None:
        """Hand over a QoS 1 message; waits while too many of ours are not confirmed yet."""
        while len(self._unconfirmed) >= limits.in_flight_max and self.alive:
            self._confirmed.clear()
            try:
                await asyncio.wait_for(self._confirmed.wait(), limits.confirmation_s_max)
            except TimeoutError as error:
                raise BrokerAwayError("the broker confirms nothing") from error
        if not self.alive:
            raise BrokerAwayError("the connection was lost")
        info = self._inner.publish(topic, payload, qos=1)
        if info.rc not in (MQTTErrorCode.MQTT_ERR_SUCCESS, MQTTErrorCode.MQTT_ERR_QUEUE_SIZE):
            raise BrokerAwayError(paho.error_string(info.rc))
        self._unconfirmed.add(info.mid)

    async def until_confirmed(self, limits: Receipts) -> None:
        """Returns once the broker has taken over all that was published before this call."""
        mine = frozenset(self._unconfirmed)
        while mine & self._unconfirmed:
            if not self.alive:
                raise BrokerAwayError("the connection was lost")
            self._confirmed.clear()
            try:
                await asyncio.wait_for(self._confirmed.wait(), limits.confirmation_s_max)
            except TimeoutError as error:
                raise BrokerAwayError("the broker confirms nothing") from error

    def _publish_confirmed(
        self, _client: paho.Client, _userdata: Any, mid: int, _reason: Any, _properties: Any
    ) -> None:
        self._unconfirmed.discard(mid)
        self._confirmed.set()

    def _socket_opened(self, inner: paho.Client, userdata: Any, sock: Any) -> None:
        """Comes from the thread that connects; the library's reader is replaced before it runs."""
        self._client._on_socket_open(inner, userdata, sock)  # noqa: SLF001
        self._loop.call_soon_threadsafe(self.resume_reading)

    def _read(self) -> None:
        sock = self._inner.socket()
        if sock is None:
            return
        try:
            chunk = sock.recv(RECEIVE_BYTES)
            if not chunk:
                self._lose("the broker closed the connection")
                return
            received_ms = time.time_ns() // 1_000_000
            for packet in self._packets.feed(chunk):
                if isinstance(packet, Published):
                    self._take(packet, received_ms)
                else:
                    self._hand_over(packet)
        except BlockingIOError:
            return
        except (OSError, MalformedPacketError) as error:
            self._lose(str(error))
        self._inner._last_bytes_received = time.monotonic()  # noqa: SLF001

    def _take(self, packet: Published, received_ms: int) -> None:
        if packet.mid:
            if packet.mid in self._pending:
                return  # sent again while we still work on it: one acknowledgement settles both
            self._pending.add(packet.mid)
        self._on_message(self, Message(packet.mid, packet.topic, packet.payload, received_ms))

    def _hand_over(self, packet: Control) -> None:
        """Let the library handle a packet as if it had read it."""
        self._inner._in_packet = {  # noqa: SLF001
            "command": packet.command,
            "have_remaining": 1,
            "remaining_count": [],
            "remaining_mult": 1,
            "remaining_length": len(packet.body),
            "packet": bytearray(packet.body),
            "to_process": 0,
            "pos": 0,
        }
        code = self._inner._packet_handle()  # noqa: SLF001
        if code != MQTTErrorCode.MQTT_ERR_SUCCESS:
            self._inner._loop_rc_handle(code)  # noqa: SLF001
            self._lose(paho.error_string(code))

    def _lose(self, why: str) -> None:
        self.pause_reading()
        if not self._lost.done():
            self._lost.set_exception(aiomqtt.MqttError(why))


class BrokerStream:
    """Keeps a session with the broker for ever, subscribed to every device's topic."""

    def __init__(
        self,
        where: Mqtt,
        limits: Ingest,
        client_id: str,
        on_message: Callable[[Session, Message], None],
    ) -> None:
        self._where = where
        self._limits = limits
        self._client_id = client_id
        self._on_message = on_message
        self.session: Session | None = None
        self.trouble: str | None = "connecting"
        self.connections = 0

    async def run(self, topics: Iterable[str]) -> None:
        wait_s = self._limits.retry_wait_s_min
        prefix = f"$share/{self._where.shared_group}/" if self._where.shared_group else ""
        subscriptions = [(prefix + topic, 1) for topic in topics]
        while True:
            connections = self.connections
            try:
                await self._one_session(subscriptions)
            except (aiomqtt.MqttError, OSError) as error:
                self.trouble = f"broker {self._where.host}:{self._where.port}: {error}"
                log.warning("no session with the %s", self.trouble)
            if self.connections > connections:
                wait_s = self._limits.retry_wait_s_min
            await asyncio.sleep(wait_s)
            wait_s = min(wait_s * 2, self._limits.retry_wait_s_max)

    async def _one_session(self, subscriptions: list[tuple[str, int]]) -> None:
        client = aiomqtt.Client(
            self._where.host,
            self._where.port,
            username=self._where.username,
            password=self._where.password.get_secret_value(),
            identifier=self._client_id,
            clean_session=False,
            keepalive=self._limits.broker_keepalive_s,
            max_inflight_messages=self._limits.receipts.in_flight_max,
        )
        session = Session(client, self._on_message)
        async with client:
            self.session = session
            self.connections += 1
            try:
                granted = await client.subscribe(subscriptions)
                if any(_is_refused(code) for code in granted):
                    raise aiomqtt.MqttError(f"it refuses one of {subscriptions}")
                self.trouble = None
                await session.until_lost()
            finally:
                self.session = None
                session.close()


def _is_refused(code: int | ReasonCode) -> bool:
    return (code if isinstance(code, int) else int(code.value)) >= REFUSED


class ControlLink:
    """Questions to a broker's own control topic, one at a time, each told apart by a mark."""

    def __init__(self, client: aiomqtt.Client, topic: str, answer_s_max: float) -> None:
        self._client = client
        self._topic = topic
        self._answer_s_max = answer_s_max
        self._answers = aiter(client.messages)

    async def ask(self, question: bytes, mark: bytes) -> bytes:
        """The answer that carries the mark; another administrator's are heard, too."""
        try:
            async with asyncio.timeout(self._answer_s_max):
                await self._client.publish(self._topic, question, qos=1)
                async for message in self._answers:
                    answer = bytes(message.payload)
                    if mark in answer:
                        return answer
        except (aiomqtt.MqttError, TimeoutError) as error:
            raise BrokerAwayError(f"no answer on {self._topic}: {error}") from error
        raise BrokerAwayError(f"no more answers on {self._topic}")


@asynccontextmanager
async def control_link(
    where: Mqtt, topic: str, answers: str, answer_s_max: float
) -> AsyncIterator[ControlLink]:
    """As the broker's administrator, for as long as the block lasts."""
    if where.control is None:
        raise BrokerAwayError("the installation names no administrator of the broker")
    try:
        async with aiomqtt.Client(
            where.host,
            where.port,
            username=where.control.username,
            password=where.control.password.get_secret_value(),
            timeout=answer_s_max,
        ) as client:
            await client.subscribe(answers, qos=1)
            yield ControlLink(client, topic, answer_s_max)
    except aiomqtt.MqttError as error:
        raise BrokerAwayError(f"the broker's control topic: {error}") from error
