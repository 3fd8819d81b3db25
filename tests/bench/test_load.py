"""The load generator says exactly what it published and what was acknowledged."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from bench.device import Device
from bench.mqtt_wire import ACK_STREAM, PUBLISH_QOS1_AGAIN, Track, fix_json, remaining_length, track

NOW_MS = 1_790_000_000_000


def _track(points: int, per_message: int = 1) -> Track:
    fixes = [fix_json(19.0 + i / 1000, 72.5, 90.0, i) for i in range(points)]
    return track("v1/demo/trucks/t/position", fixes, per_message)


@pytest.fixture
def broker_side() -> Iterator[tuple[Device, socket.socket]]:
    """A device whose socket ends in the test."""
    ours, theirs = socket.socketpair()
    device = Device("demo/t", "secret", _track(8), 1)
    ours.setblocking(False)
    device._socket, device.connected = ours, True
    yield device, theirs
    ours.close()
    theirs.close()


def packets(raw: bytes) -> list[tuple[int, int, Any]]:
    """First byte, packet id and payload of each PUBLISH; every length here fits two bytes."""
    found = []
    at = 0
    while at < len(raw):
        length = (raw[at + 1] & 0x7F) + (raw[at + 2] << 7)
        body = raw[at + 3 : at + 3 + length]
        topic_end = 2 + int.from_bytes(body[:2], "big")
        pid = int.from_bytes(body[topic_end : topic_end + 2], "big")
        found.append((raw[at], pid, json.loads(body[topic_end + 2 :])))
        at += 3 + length
    return found


def test_remaining_length_is_as_the_standard_encodes_it() -> None:
    assert [remaining_length(n) for n in (0, 127, 128, 16_383, 16_384)] == [
        b"\0",
        b"\x7f",
        b"\x80\x01",
        b"\xff\x7f",
        b"\x80\x80\x01",
    ]


def test_each_message_has_its_own_time_up_to_now(
    broker_side: tuple[Device, socket.socket],
) -> None:
    device, theirs = broker_side

    assert device.send(3, NOW_MS) == 3

    sent = packets(theirs.recv(65_536))
    assert [pid for _, pid, _ in sent] == [1, 2, 3]
    assert [body["ts"] for _, _, body in sent] == [NOW_MS - 2, NOW_MS - 1, NOW_MS]
    assert list(device.times) == [NOW_MS - 2, NOW_MS - 1, NOW_MS]


def test_times_never_repeat_within_a_millisecond(
    broker_side: tuple[Device, socket.socket],
) -> None:
    device, _ = broker_side

    device.send(4, NOW_MS)
    device.send(4, NOW_MS)

    assert len(set(device.times)) == 8


def test_arrays_carry_a_time_for_each_fix() -> None:
    ours, theirs = socket.socketpair()
    device = Device("demo/t", "secret", _track(8, per_message=4), 4)
    device._socket, device.connected = ours, True

    device.send(1, NOW_MS)

    [(_, _, body)] = packets(theirs.recv(65_536))
    assert [fix["ts"] for fix in body] == list(device.times)
    assert len(device.times) == 4
    ours.close()
    theirs.close()


def test_acknowledgements_in_order_count_up(broker_side: tuple[Device, socket.socket]) -> None:
    device, theirs = broker_side
    device.send(5, NOW_MS)

    theirs.send(ACK_STREAM[: 3 * 4 + 2])
    assert device.read_acks() == 3
    theirs.send(ACK_STREAM[3 * 4 + 2 : 5 * 4])
    assert device.read_acks() == 2

    assert (device.acked, device.in_flight) == (5, 0)


def test_acknowledgements_out_of_order_are_kept_apart(
    broker_side: tuple[Device, socket.socket],
) -> None:
    device, theirs = broker_side
    device.send(4, NOW_MS)

    theirs.send(b"\x40\x02\x00\x03\x40\x02\x00\x01")
    device.read_acks()

    assert device.acked_messages() == [0, 2]
    theirs.send(b"\x40\x02\x00\x02")
    device.read_acks()
    assert device.acked_messages() == [0, 1, 2]
    assert device.acked == 3


def test_after_a_reconnect_only_what_was_not_acknowledged_goes_out_again(
    broker_side: tuple[Device, socket.socket],
) -> None:
    device, theirs = broker_side
    device.send(4, NOW_MS)
    theirs.recv(65_536)
    theirs.send(b"\x40\x02\x00\x01\x40\x02\x00\x03")
    device.read_acks()

    device.send_again()

    again = packets(theirs.recv(65_536))
    assert [(first, pid) for first, pid, _ in again] == [
        (PUBLISH_QOS1_AGAIN, 2),
        (PUBLISH_QOS1_AGAIN, 4),
    ]
    assert [body["ts"] for _, _, body in again] == [device.times[1], device.times[3]]
