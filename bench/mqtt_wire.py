"""The few MQTT 3.1.1 packets a load generator needs, as bytes."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

CONNACK_ACCEPTED = b"\x20\x02"
PUBLISH_QOS1 = 0x32
PUBLISH_QOS1_AGAIN = 0x3A
PUBACK_BYTES = 4
PACKET_IDS = 65_535
TS_DIGITS = 13
# The acknowledgements of packets 1, 2, 3 ... twice over: the usual answer of a broker is a slice
# of this, so that one comparison of memory reads them all.
ACK_STREAM = b"".join(b"\x40\x02" + pid.to_bytes(2, "big") for pid in range(1, 65_536)) * 2


def remaining_length(count: int) -> bytes:
    out = bytearray()
    while True:
        count, low = divmod(count, 128)
        out.append(low | 0x80 if count else low)
        if not count:
            return bytes(out)


def text(value: str) -> bytes:
    raw = value.encode()
    return len(raw).to_bytes(2, "big") + raw


def connect(client_id: str, user: str, password: str, keepalive_s: int = 600) -> bytes:
    """A clean session with user name and password."""
    flags = 0x80 | 0x40 | 0x02
    body = text("MQTT") + bytes([4, flags]) + keepalive_s.to_bytes(2, "big")
    body += text(client_id) + text(user) + text(password)
    return b"\x10" + remaining_length(len(body)) + body


def publish(topic: str, payload: bytes) -> tuple[bytes, int]:
    """A QoS 1 PUBLISH without its packet id, and the offset where that goes."""
    head = text(topic)
    length = remaining_length(len(head) + 2 + len(payload))
    packet = bytes([PUBLISH_QOS1]) + length + head + b"\0\0" + payload
    return packet, 1 + len(length) + len(head)


@dataclasses.dataclass(frozen=True)
class Track:
    """All packets of one truck's way in one buffer, ready but for packet ids and times."""

    buffer: bytearray
    starts: list[int]  # one more than packets: the end of the last
    pid_at: list[int]  # offsets in the buffer
    ts_at: list[tuple[int, ...]]


def fix_json(
    lat: float, lon: float, heading_deg: float, seq: int, *, is_steady: bool = False
) -> bytes:
    """About 200 bytes, as a common tracker sends; the time is patched in when it is sent. Steady:
    for trucks that send so often that any other speed would be harsh braking, fix after fix."""
    speed_kmh = 55 if is_steady else 45 + abs(seq % 40 - 20)
    return (
        f'{{"ts":0000000000000,"lat":{lat:.6f},"lon":{lon:.6f},"speed_kmh":{speed_kmh}.5,'
        f'"heading_deg":{heading_deg:.1f},"accuracy_m":4.5,"altitude_m":{200 + seq % 50}.0,'
        f'"odometer_km":{120_000 + seq * 0.15:.2f},"ignition":true,"satellites":{9 + seq % 6},'
        f'"hdop":0.9,"battery_v":12.6,"external_v":24.8,"seq":{seq}}}'
    ).encode()


def track(topic: str, fixes: Iterable[bytes], per_message: int) -> Track:
    """Packets with `per_message` fixes each (an object, or an array when more than one)."""
    out = bytearray()
    made = Track(out, [0], [], [])
    held = list(fixes)
    for first in range(0, len(held), per_message):
        group = held[first : first + per_message]
        body = group[0] if per_message == 1 else b"[" + b",".join(group) + b"]"
        packet, pid_at = publish(topic, body)
        start = len(out)
        out += packet
        made.pid_at.append(start + pid_at)
        made.ts_at.append(_times_in(packet, start))
        made.starts.append(len(out))
    return made


def _times_in(packet: bytes, start: int) -> tuple[int, ...]:
    found, at = [], packet.find(b'"ts":')
    while at >= 0:
        found.append(start + at + 5)
        at = packet.find(b'"ts":', at + 5)
    return tuple(found)
