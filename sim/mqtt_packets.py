"""The MQTT 3.1.1 packets a device sends and receives, as bytes and back, strictly."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

REMAINING_LENGTH_BYTES_MAX = 4  # fixed: MQTT says so
STRING_BYTES_MAX = 0xFFFF
PACKET_ID_MAX = 0xFFFF

CONNACK, PUBLISH, PUBACK, SUBACK, PINGRESP = 2, 3, 4, 9, 13

PINGREQ_PACKET = b"\xc0\x00"
DISCONNECT_PACKET = b"\xe0\x00"

_REFUSALS = {
    1: "unacceptable protocol version",
    2: "identifier rejected",
    3: "server unavailable",
    4: "bad user name or password",
    5: "not authorized",
}


class MqttProtocolError(ConnectionError):
    """The broker sent something a 3.1.1 client must not accept."""


class ConnectionRefusedByBrokerError(ConnectionError):
    """CONNACK with a code other than 0; says which."""

    def __init__(self, code: int) -> None:
        super().__init__(f"the broker refused: {_REFUSALS.get(code, f'code {code}')}")
        self.code = code


@dataclass(frozen=True, slots=True)
class ConnAck:
    session_present: bool
    code: int


@dataclass(frozen=True, slots=True)
class Publish:
    topic: str
    payload: bytes
    qos: int
    packet_id: int  # 0 at QoS 0


@dataclass(frozen=True, slots=True)
class PubAck:
    packet_id: int


@dataclass(frozen=True, slots=True)
class SubAck:
    packet_id: int
    codes: bytes


@dataclass(frozen=True, slots=True)
class PingResp:
    pass


Packet: TypeAlias = ConnAck | Publish | PubAck | SubAck | PingResp


@dataclass(frozen=True, slots=True)
class Will:
    topic: str
    payload: bytes
    qos: int = 1
    retain: bool = True


def connect_packet(
    client_id: str, *, username: str, password: str, keepalive_s: int, will: Will
) -> bytes:
    """CONNECT with a clean session, a will and credentials."""
    flags = 0b1100_0110 | will.qos << 3 | will.retain << 5
    body = (
        _string("MQTT")
        + bytes((4, flags))
        + struct.pack(">H", keepalive_s)
        + _string(client_id)
        + _string(will.topic)
        + _binary(will.payload)
        + _string(username)
        + _string(password)
    )
    return _packet(0x10, body)


def publish_head(
    topic: bytes, payload_size: int, *, qos: int, packet_id: int, retain: bool
) -> bytes:
    """All of a PUBLISH before its payload; `topic` comes length-prefixed from `topic_bytes`."""
    identifier = struct.pack(">H", packet_id) if qos else b""
    size = len(topic) + len(identifier) + payload_size
    return bytes((0x30 | qos << 1 | retain,)) + _remaining_length(size) + topic + identifier


def topic_bytes(topic: str) -> bytes:
    return _string(topic)


def subscribe_packet(packet_id: int, topics: Sequence[tuple[str, int]]) -> bytes:
    body = struct.pack(">H", packet_id)
    body += b"".join(_string(topic) + bytes((qos,)) for topic, qos in topics)
    return _packet(0x82, body)


def puback_packet(packet_id: int) -> bytes:
    return b"\x40\x02" + struct.pack(">H", packet_id)


class PacketReader:
    """Turns what arrives, in whatever pieces, into packets; keeps at most one packet's bytes."""

    def __init__(self, packet_bytes_max: int) -> None:
        self._packet_bytes_max = packet_bytes_max
        self._data = bytearray()

    def feed(self, data: bytes) -> Iterator[Packet]:
        """Raises MqttProtocolError; the connection must then be closed."""
        self._data += data
        at = 0
        try:
            while True:
                found = self._next(at)
                if found is None:
                    return
                first, body_at, at = found
                yield _parse(first, bytes(self._data[body_at:at]))
        finally:
            del self._data[:at]

    def _next(self, at: int) -> tuple[int, int, int] | None:
        """First byte, start and end of the body of the packet at `at`; None while incomplete."""
        size, shift, position = 0, 0, at + 1
        while True:
            if position >= len(self._data):
                return None
            byte = self._data[position]
            position += 1
            size |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                break
            if position - at > REMAINING_LENGTH_BYTES_MAX:
                raise MqttProtocolError("remaining length has more than four bytes")
        if size > self._packet_bytes_max:
            raise MqttProtocolError(f"a packet of {size} bytes; at most {self._packet_bytes_max}")
        if position + size > len(self._data):
            return None
        return self._data[at], position, position + size


def _parse(first: int, body: bytes) -> Packet:
    kind, flags = first >> 4, first & 0x0F
    if kind == PUBLISH:
        return _parse_publish(flags, body)
    if flags:
        raise MqttProtocolError(f"packet type {kind} with flags {flags:#06b}")
    if kind == PUBACK and len(body) == 2:
        return PubAck(int.from_bytes(body, "big"))
    if kind == PINGRESP and not body:
        return PingResp()
    if kind == CONNACK and len(body) == 2 and body[0] <= 1:
        return ConnAck(session_present=bool(body[0]), code=body[1])
    if kind == SUBACK and len(body) > 2:
        return SubAck(int.from_bytes(body[:2], "big"), body[2:])
    raise MqttProtocolError(f"packet type {kind} with {len(body)} bytes is not for a device")


def _parse_publish(flags: int, body: bytes) -> Publish:
    qos = flags >> 1 & 0b11
    if qos > 1:
        raise MqttProtocolError(f"PUBLISH at QoS {qos}; this device asked for at most 1")
    topic_end = 2 + int.from_bytes(body[:2], "big")
    payload_at = topic_end + 2 * qos
    if len(body) < 2 or len(body) < payload_at:
        raise MqttProtocolError("PUBLISH is shorter than its topic")
    packet_id = int.from_bytes(body[topic_end:payload_at], "big")
    if qos and not packet_id:
        raise MqttProtocolError("PUBLISH at QoS 1 without packet identifier")
    try:
        topic = body[2:topic_end].decode("utf-8")
    except UnicodeDecodeError as error:
        raise MqttProtocolError("PUBLISH with a topic that is not UTF-8") from error
    return Publish(topic, body[payload_at:], qos, packet_id)


def _packet(first: int, body: bytes) -> bytes:
    return bytes((first,)) + _remaining_length(len(body)) + body


def _remaining_length(size: int) -> bytes:
    out = bytearray()
    while True:
        size, low = divmod(size, 128)
        out.append(low | 0x80 if size else low)
        if not size:
            return bytes(out)


def _string(text: str) -> bytes:
    return _binary(text.encode("utf-8"))


def _binary(data: bytes) -> bytes:
    if len(data) > STRING_BYTES_MAX:
        raise ValueError(f"{len(data)} bytes do not fit an MQTT string")
    return struct.pack(">H", len(data)) + data
