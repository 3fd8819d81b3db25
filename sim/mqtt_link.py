"""One MQTT connection of one device: opened, kept alive, and closed, over asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

from sim.mqtt_packets import (
    DISCONNECT_PACKET,
    PACKET_ID_MAX,
    PINGREQ_PACKET,
    ConnAck,
    ConnectionRefusedByBrokerError,
    MqttProtocolError,
    Packet,
    PacketReader,
    PubAck,
    Publish,
    SubAck,
    Will,
    connect_packet,
    puback_packet,
    publish_head,
    subscribe_packet,
)

SUBSCRIPTION_REFUSED = 0x80


@dataclass(frozen=True, slots=True)
class Credentials:
    client_id: str
    username: str
    password: str


class MqttLink(asyncio.Protocol):
    """Callbacks come on the event loop: a fleet of thousands cannot afford a task a message."""

    def __init__(
        self,
        *,
        on_message: Callable[[Publish], None],
        on_puback: Callable[[int], None],
        on_writable: Callable[[], None],
        keepalive_s: int,
        packet_bytes_max: int,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._on_message = on_message
        self._on_puback = on_puback
        self._on_writable = on_writable
        self._keepalive_s = keepalive_s
        self._reader = PacketReader(packet_bytes_max)
        self._transport: asyncio.Transport | None = None
        self._packet_id = 0
        self._answer: asyncio.Future[Packet] = self._loop.create_future()
        self._ping_timer: asyncio.TimerHandle | None = None
        self._sent_at = self._heard_at = self._loop.time()
        self._paused = False
        self.closed: asyncio.Future[None] = self._loop.create_future()

    @property
    def writable(self) -> bool:
        transport = self._transport
        return transport is not None and not self._paused and not transport.is_closing()

    async def open(
        self,
        host: str,
        port: int,
        credentials: Credentials,
        will: Will,
        subscriptions: Sequence[tuple[str, int]],
    ) -> None:
        """Connect and subscribe; raises OSError (ConnectionError) when that fails."""
        await self._loop.create_connection(lambda: self, host, port)
        self._write(
            connect_packet(
                credentials.client_id,
                username=credentials.username,
                password=credentials.password,
                keepalive_s=self._keepalive_s,
                will=will,
            )
        )
        answer = await self._answer
        if not isinstance(answer, ConnAck):
            raise MqttProtocolError(f"{type(answer).__name__} instead of CONNACK")
        if answer.code:
            raise ConnectionRefusedByBrokerError(answer.code)
        self._answer = self._loop.create_future()
        self._write(subscribe_packet(self.next_packet_id(), subscriptions))
        granted = await self._answer
        if not isinstance(granted, SubAck) or SUBSCRIPTION_REFUSED in granted.codes:
            raise MqttProtocolError("the broker refused the subscriptions")
        self._ping_timer = self._loop.call_later(self._keepalive_s / 2, self._keep_alive)

    def publish(self, topic: bytes, payload: bytes, *, retain: bool = False) -> int:
        """Send at QoS 1 and return the packet identifier that the broker will acknowledge."""
        packet_id = self.next_packet_id()
        head = publish_head(topic, len(payload), qos=1, packet_id=packet_id, retain=retain)
        self._write(head + payload)
        return packet_id

    def next_packet_id(self) -> int:
        self._packet_id = self._packet_id % PACKET_ID_MAX + 1
        return self._packet_id

    def disconnect(self) -> None:
        """Say goodbye, so that the broker keeps the will to itself."""
        if self._transport is not None and not self._transport.is_closing():
            self._write(DISCONNECT_PACKET)
            self._transport.close()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._ping_timer is not None:
            self._ping_timer.cancel()
        if not self._answer.done():
            self._answer.set_exception(ConnectionResetError(f"the broker hung up: {exc}"))
            self._answer.exception()  # the opener may have been cancelled meanwhile
        if not self.closed.done():
            self.closed.set_result(None)

    def pause_writing(self) -> None:
        self._paused = True

    def resume_writing(self) -> None:
        self._paused = False
        self._on_writable()

    def data_received(self, data: bytes) -> None:
        self._heard_at = self._loop.time()
        try:
            for packet in self._reader.feed(data):
                self._take(packet)
        except MqttProtocolError as error:
            if not self._answer.done():
                self._answer.set_exception(error)
            self.abort()

    def _take(self, packet: Packet) -> None:
        if isinstance(packet, PubAck):
            self._on_puback(packet.packet_id)
        elif isinstance(packet, Publish):
            self._on_message(packet)
            if packet.qos:
                self._write(puback_packet(packet.packet_id))
        elif isinstance(packet, ConnAck | SubAck):
            if self._answer.done():
                raise MqttProtocolError(f"{type(packet).__name__} that nobody waits for")
            self._answer.set_result(packet)

    def _write(self, data: bytes) -> None:
        if self._transport is None or self._transport.is_closing():
            raise ConnectionResetError("the connection is closed")
        self._transport.write(data)
        self._sent_at = self._loop.time()

    def _keep_alive(self) -> None:
        """Ping when idle; a broker that has been silent for a whole keepalive is gone."""
        if self.closed.done() or self._transport is None or self._transport.is_closing():
            return
        now = self._loop.time()
        if now - self._heard_at > self._keepalive_s:
            self.abort()
            return
        if now - min(self._sent_at, self._heard_at) >= self._keepalive_s / 2:
            self._write(PINGREQ_PACKET)
        self._ping_timer = self._loop.call_later(self._keepalive_s / 2, self._keep_alive)
