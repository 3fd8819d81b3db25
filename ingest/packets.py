"""MQTT 3.1.1 packets cut out of a byte stream; PUBLISH is read here, the rest is named only."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

PUBLISH = 0x30
LENGTH_BYTES_MAX = 4  # fixed: MQTT says so


class MalformedPacketError(ValueError):
    """The peer does not speak MQTT; the connection cannot be read any further."""


class Published(NamedTuple):
    """A PUBLISH from the broker. `mid` is 0 at QoS 0."""

    mid: int
    topic: str
    payload: bytes


class Control(NamedTuple):
    """Any other packet, whole but not understood."""

    command: int
    body: bytes


class PacketReader:
    """Keeps the unfinished end of the stream from one chunk to the next."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, chunk: bytes) -> Iterator[Published | Control]:
        data = self._rest + chunk if self._rest else chunk
        position, end = 0, len(data)
        while end - position >= 2:
            command, length, start = data[position], data[position + 1], position + 2
            if length & 0x80:
                found = _long_length(data, position + 1)
                if found is None:
                    break
                length, start = found
            stop = start + length
            if stop > end:
                break
            if command & 0xF0 == PUBLISH:
                yield _published(command, data, start, stop)
            else:
                yield Control(command, data[start:stop])
            position = stop
        self._rest = data[position:]


def _long_length(data: bytes, position: int) -> tuple[int, int] | None:
    """(remaining length, where the body starts); None while bytes of it are missing."""
    length = 0
    for i in range(LENGTH_BYTES_MAX):
        if position + i >= len(data):
            return None
        byte = data[position + i]
        length |= (byte & 0x7F) << (7 * i)
        if not byte & 0x80:
            return length, position + i + 1
    raise MalformedPacketError("the remaining length has more than four bytes")


def _published(command: int, data: bytes, start: int, stop: int) -> Published:
    topic_end = start + 2 + (data[start] << 8 | data[start + 1]) if stop - start >= 2 else stop + 1
    qos = command >> 1 & 0x03
    body = topic_end if qos == 0 else topic_end + 2
    if body > stop or qos > 1:
        raise MalformedPacketError(f"a PUBLISH of {stop - start} bytes at QoS {qos}")
    mid = 0 if qos == 0 else data[topic_end] << 8 | data[topic_end + 1]
    return Published(mid, data[start + 2 : topic_end].decode(errors="replace"), data[body:stop])
