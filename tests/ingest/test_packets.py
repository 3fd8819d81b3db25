"""Cutting MQTT packets out of a byte stream, however TCP chops it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.packets import Control, MalformedPacketError, PacketReader, Published


def length_of(size: int) -> bytes:
    out = bytearray()
    while True:
        size, low = divmod(size, 128)
        out.append(low | (0x80 if size else 0))
        if not size:
            return bytes(out)


def publish(packet: Published) -> bytes:
    topic = packet.topic.encode()
    mid = packet.mid.to_bytes(2, "big") if packet.mid else b""
    body = len(topic).to_bytes(2, "big") + topic + mid + packet.payload
    return bytes([0x32 if packet.mid else 0x30]) + length_of(len(body)) + body


def wire(packet: Published | Control) -> bytes:
    if isinstance(packet, Published):
        return publish(packet)
    return bytes([packet.command]) + length_of(len(packet.body)) + packet.body


published = st.builds(
    Published, st.integers(0, 65535), st.text(max_size=20), st.binary(max_size=300)
)
control = st.builds(Control, st.sampled_from([0x20, 0x40, 0x90, 0xD0]), st.binary(max_size=200))


@given(st.lists(published | control, max_size=8), st.lists(st.integers(1, 400), max_size=30))
def test_any_chunks_give_the_same_packets(
    packets: list[Published | Control], cuts: list[int]
) -> None:
    stream = b"".join(wire(p) for p in packets)
    reader = PacketReader()
    found: list[Published | Control] = []
    position = 0
    for size in [*cuts, len(stream) + 1]:
        found += reader.feed(stream[position : position + size])
        position += size

    assert found == packets


@pytest.mark.parametrize(
    "stream",
    [
        b"\x20\xff\xff\xff\xff\x01",  # a length of five bytes
        b"\x32\x01\x00",  # no room for a topic
        b"\x32\x04\x00\x09ab",  # a topic longer than its packet
        b"\x32\x04\x00\x02ab",  # QoS 1 without a packet id
        b"\x34\x06\x00\x02ab\x00\x01",  # QoS 2 was never subscribed to
    ],
)
def test_what_is_not_mqtt_is_named(stream: bytes) -> None:
    with pytest.raises(MalformedPacketError):
        list(PacketReader().feed(stream))


@given(st.binary(max_size=100))
def test_no_bytes_crash_the_reader(stream: bytes) -> None:
    reader = PacketReader()
    try:
        packets = list(reader.feed(stream))
    except MalformedPacketError:
        return
    assert sum(len(wire(p)) for p in packets) <= len(stream)
