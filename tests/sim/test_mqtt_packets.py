"""The MQTT codec against bytes as brokers send them, and against nonsense."""

from __future__ import annotations

import contextlib
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.mqtt_packets import (
    ConnAck,
    MqttProtocolError,
    Packet,
    PacketReader,
    PingResp,
    PubAck,
    Publish,
    SubAck,
    Will,
    connect_packet,
    puback_packet,
    publish_head,
    subscribe_packet,
    topic_bytes,
)

PUBLISH_QOS_1 = bytes.fromhex("32 09 0003612f62 000a 6869")
PUBLISH_QOS_0 = bytes.fromhex("30 07 0003612f62 6869")
STREAM = (
    bytes.fromhex("20020000")
    + bytes.fromhex("9004000100 80")
    + PUBLISH_QOS_1
    + bytes.fromhex("40021234")
    + PUBLISH_QOS_0
    + bytes.fromhex("d000")
)
PACKETS: list[Packet] = [
    ConnAck(session_present=False, code=0),
    SubAck(1, b"\x00\x80"),
    Publish("a/b", b"hi", 1, 10),
    PubAck(0x1234),
    Publish("a/b", b"hi", 0, 0),
    PingResp(),
]


def read(data: bytes, packet_bytes_max: int = 1000) -> list[Packet]:
    return list(PacketReader(packet_bytes_max).feed(data))


def test_connect_is_what_the_standard_says() -> None:
    packet = connect_packet(
        "c", username="u", password="p", keepalive_s=60, will=Will("w", b"offline")
    )

    assert packet == bytes.fromhex(
        "10 1f 00044d515454 04 ee 003c 000163 000177 00076f66666c696e65 000175 000170"
    )


def test_publish_subscribe_and_puback_are_what_the_standard_says() -> None:
    head = publish_head(topic_bytes("a/b"), 2, qos=1, packet_id=10, retain=False)

    assert head + b"hi" == PUBLISH_QOS_1
    assert publish_head(topic_bytes("a/b"), 2, qos=0, packet_id=0, retain=True)[0] == 0x31
    assert subscribe_packet(1, [("a", 0), ("b", 1)]) == bytes.fromhex(
        "82 0a 0001 00016100 00016201"
    )
    assert puback_packet(0x1234) == bytes.fromhex("40021234")


def test_long_packets_have_a_long_remaining_length() -> None:
    topic = topic_bytes("t")
    head = publish_head(topic, 200_000, qos=0, packet_id=0, retain=False)

    assert read(head + b"x" * 200_000, 300_000) == [Publish("t", b"x" * 200_000, 0, 0)]


@given(st.lists(st.integers(0, len(STREAM)), max_size=8))
def test_packets_arrive_whole_however_the_stream_is_cut(cuts: list[int]) -> None:
    reader = PacketReader(1000)
    edges = [0, *sorted(cuts), len(STREAM)]
    pieces = [STREAM[a:b] for a, b in itertools.pairwise(edges)]

    assert [packet for piece in pieces for packet in reader.feed(piece)] == PACKETS


@pytest.mark.parametrize(
    "data",
    [
        "20 03 000000",  # CONNACK with a byte too many
        "20 02 0200",  # CONNACK with a reserved flag
        "21 02 0000",  # flags where there are none
        "40 01 12",  # PUBACK without whole identifier
        "34 09 0003612f62 000a 6869",  # QoS 2, which was not asked for
        "32 04 0009 6161",  # topic longer than the packet
        "32 05 0001 61 0000",  # QoS 1 without identifier
        "30 04 0002 c328",  # topic that is not UTF-8
        "10 00",  # CONNECT is not for a client
        "00 00",  # reserved
        "30 ffffffff01",  # length of five bytes
        "30 ffff7f",  # longer than this client takes
    ],
)
def test_what_the_standard_forbids_is_refused(data: str) -> None:
    with pytest.raises(MqttProtocolError):
        read(bytes.fromhex(data))


@given(st.binary(max_size=64))
def test_nonsense_is_refused_or_waited_for_and_nothing_else(data: bytes) -> None:
    with contextlib.suppress(MqttProtocolError):
        read(data)


def test_what_comes_before_a_bad_packet_is_still_delivered() -> None:
    reader = PacketReader(1000)
    packets = reader.feed(PUBLISH_QOS_1 + b"\x00\x00")

    assert next(packets) == Publish("a/b", b"hi", 1, 10)
    with pytest.raises(MqttProtocolError):
        next(packets)


def test_a_string_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        topic_bytes("x" * 70_000)
