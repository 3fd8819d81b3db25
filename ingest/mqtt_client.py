"""The one file that knows the MQTT client library: a persistent session whose messages are
acknowledged by us, in batches and in order, after what they say is committed.

aiomqtt keeps the connection; its inner paho client's callback delivers the messages, because the
library's own queue acknowledges before it delivers and drops when full.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from typing import Any

import aiomqtt
import paho.mqtt.client as paho
from paho.mqtt.enums import MQTTErrorCode

from config.installation import Mqtt
from config.policy import Ingest
from ingest.messages import Message

log = logging.getLogger(__name__)

PUBACK = 0x40
PUBACK_HEADER = bytes([PUBACK, 2])
# Packets read before other tasks get a turn.
PACKETS_PER_TURN = 256
# A broker that confirms nothing for so long is as good as gone.
CONFIRMATION_S_MAX = 30.0


class BrokerAwayError(Exception):
    """There is no session with the broker at the moment."""


class Session:
    """One connection's worth of messages. Acknowledgements of an older one mean nothing."""

    def __init__(
        self, client: aiomqtt.Client, on_message: Callable[[Session, Message], None]
    ) -> None:
        self._inner: paho.Client = client._client  # noqa: SLF001
        self._on_message = on_message
        self._pending: set[int] = set()
        self._loop = asyncio.get_running_loop()
        self._reading_fd: int | None = None
        self._unconfirmed: set[int] = set()
        self._confirmed = asyncio.Event()
        self.lost: asyncio.Future[None] = client._disconnected  # noqa: SLF001
        self._inner.on_message = self._take
        self._inner.on_publish = self._publish_confirmed

    @property
    def alive(self) -> bool:
        return not self.lost.done() and self._inner.is_connected()

    def resume_reading(self) -> None:
        sock = self._inner.socket()
        if sock is not None and self._reading_fd is None:
            self._reading_fd = sock.fileno()
            self._loop.add_reader(self._reading_fd, self._read)

    def pause_reading(self) -> None:
        """Leave the broker's bytes in the socket: TCP then holds the broker back."""
        if self._reading_fd is not None:
            self._loop.remove_reader(self._reading_fd)
            self._reading_fd = None

    def acknowledge(self, mids: Iterable[int]) -> None:
        """Tell the broker that these messages are ours now; one write for all of them."""
        if not self.alive:
            return
        known = [mid for mid in mids if mid in self._pending]
        self._pending.difference_update(known)
        if known:
            packet = b"".join(PUBACK_HEADER + mid.to_bytes(2, "big") for mid in known)
            self._inner._packet_queue(PUBACK, packet, 0, 0)  # noqa: SLF001

    async def publish(self, topic: str, payload: bytes, in_flight_max: int) -> None:
        """Hand over a QoS 1 message; waits while too many of ours are not confirmed yet."""
        while len(self._unconfirmed) >= in_flight_max:
            if not self.alive:
                raise BrokerAwayError("the connection was lost")
            self._confirmed.clear()
            await asyncio.wait_for(self._confirmed.wait(), CONFIRMATION_S_MAX)
        if not self.alive:
            raise BrokerAwayError("the connection was lost")
        info = self._inner.publish(topic, payload, qos=1)
        if info.rc not in (MQTTErrorCode.MQTT_ERR_SUCCESS, MQTTErrorCode.MQTT_ERR_QUEUE_SIZE):
            raise BrokerAwayError(paho.error_string(info.rc))
        self._unconfirmed.add(info.mid)

    def _take(self, _client: paho.Client, _userdata: Any, message: paho.MQTTMessage) -> None:
        mid = message.mid if message.qos else 0
        if mid:
            if mid in self._pending:
                return  # sent again while we still work on it: one acknowledgement settles both
            self._pending.add(mid)
        received_ms = time.time_ns() // 1_000_000
        payload = bytes(message.payload)
        self._on_message(self, Message(mid, message.topic, payload, received_ms))

    def _publish_confirmed(
        self, _client: paho.Client, _userdata: Any, mid: int, _reason: Any, _properties: Any
    ) -> None:
        self._unconfirmed.discard(mid)
        self._confirmed.set()

    def _read(self) -> None:
        """Read what is there, several packets a turn; the library alone reads one."""
        for _ in range(PACKETS_PER_TURN):
            if self._reading_fd is None:
                return  # paused from within the callback
            try:
                code = self._inner._packet_read()  # noqa: SLF001
            except Exception as error:  # noqa: BLE001 - bytes no client library can read
                self._lose(error)
                return
            if code == MQTTErrorCode.MQTT_ERR_AGAIN:
                return
            if code != MQTTErrorCode.MQTT_ERR_SUCCESS:
                self._inner._loop_rc_handle(code)  # noqa: SLF001
                self._lose(aiomqtt.MqttCodeError(code, "connection lost"))
                return

    def _lose(self, error: Exception) -> None:
        self.pause_reading()
        if not self.lost.done():
            self.lost.set_exception(aiomqtt.MqttError(str(error)))


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
            try:
                await self._one_session(subscriptions)
                wait_s = self._limits.retry_wait_s_min
            except (aiomqtt.MqttError, OSError) as error:
                self.trouble = f"broker {self._where.host}:{self._where.port}: {error}"
                log.warning("no session with the %s", self.trouble)
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
        client._client.manual_ack_set(True)  # noqa: SLF001
        session = Session(client, self._on_message)
        async with client:
            sock = client._client.socket()  # noqa: SLF001
            if sock is not None:
                asyncio.get_running_loop().remove_reader(sock.fileno())
            session.resume_reading()
            self.session = session
            self.connections += 1
            try:
                await client.subscribe(subscriptions)
                self.trouble = None
                await asyncio.shield(session.lost)
            finally:
                self.session = None
                session.pause_reading()
