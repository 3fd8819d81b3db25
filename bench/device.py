"""One plain MQTT client of the load generator: a socket, ready-made packets, a window."""

from __future__ import annotations

import contextlib
import socket
from array import array

import msgspec

from bench.mqtt_wire import (
    ACK_STREAM,
    CONNACK_ACCEPTED,
    PACKET_IDS,
    PUBACK_BYTES,
    PUBLISH_QOS1,
    PUBLISH_QOS1_AGAIN,
    Track,
    connect,
)

RECEIVE_BYTES = 65_536


class RefusedError(RuntimeError):
    """The broker did not accept this device."""


class Pace(msgspec.Struct, frozen=True):
    """A device's own clock: where it begins, and how far it goes on from fix to fix."""

    from_ms: int
    step_ms: int


class Device:
    """Publishes its track at QoS 1 over and over; remembers each time sent and each PUBACK.

    `times[i]` is the device time of fix i; message m carries the fixes from m * per_message. As
    any plain client it forgets a message at its PUBACK, and sends again after a lost connection
    only what was not acknowledged.
    """

    def __init__(
        self, user: str, password: str, track: Track, per_message: int, pace: Pace | None = None
    ) -> None:
        """With a pace the device has a clock of its own, and each fix its place in it."""
        self.user = user
        self.times = array("q")
        self.sent = 0
        self.acked = 0
        self.acked_early: set[int] = set()  # acknowledged out of order
        self.connected = False
        self._password = password
        self._track = track
        self._view = memoryview(track.buffer)
        self._per_message = per_message
        self._messages = len(track.pid_at)
        self._pace = pace
        self._step_ms = 1 if pace is None else pace.step_ms
        self._last_ms = 0 if pace is None else pace.from_ms
        self._unsent = memoryview(b"")
        self._half_ack = b""
        self._socket: socket.socket | None = None

    def open(self, where: tuple[str, int], source: str | None = None) -> None:
        """Starts to connect; `finish_open` waits for the broker's word."""
        connection = socket.create_connection(
            where, timeout=30, source_address=(source, 0) if source else None
        )
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(connect(self.user.replace("/", "-"), self.user, self._password))
        self._socket = connection

    def finish_open(self) -> None:
        if self._socket is None:
            raise RefusedError(f"{self.user} is not connecting")
        answer = self._socket.recv(4)
        if answer[:2] != CONNACK_ACCEPTED or answer[3] != 0:
            self.close()
            raise RefusedError(f"{self.user}: the broker answered {answer.hex() or 'nothing'}")
        self._socket.setblocking(False)
        self.connected = True

    def close(self) -> None:
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.close()
        self._socket = None
        self.connected = False

    @property
    def in_flight(self) -> int:
        return self.sent - self.acked - len(self.acked_early)

    def send(self, count: int, now_ms: int) -> int:
        """Publishes up to `count` messages whose last fix is of now; returns how many."""
        if not self.connected or self._unsent:
            return 0
        slot = self.sent % self._messages
        count = min(count, self._messages - slot)
        fixes = count * self._per_message
        step_ms = self._step_ms
        stamp = self._last_ms + step_ms
        if self._pace is None:
            stamp = max(stamp, now_ms - fixes + 1)
        end = stamp + fixes * step_ms
        self._last_ms = end - step_ms
        self.times.extend(range(stamp, end, step_ms))
        buffer, track = self._track.buffer, self._track
        for offset in range(count):
            start = track.starts[slot + offset]
            buffer[start] = PUBLISH_QOS1
            pid = (self.sent + offset) % PACKET_IDS + 1
            pid_at = track.pid_at[slot + offset]
            buffer[pid_at] = pid >> 8
            buffer[pid_at + 1] = pid & 0xFF
            for ts_at in track.ts_at[slot + offset]:
                buffer[ts_at : ts_at + 13] = b"%d" % stamp
                stamp += step_ms
        self.sent += count
        self._unsent = self._view[track.starts[slot] : track.starts[slot + count]]
        self.flush()
        return count

    def flush(self) -> None:
        """Hands the kernel what it did not take the last time."""
        if not self._unsent or self._socket is None:
            return
        try:
            taken = self._socket.send(self._unsent)
        except BlockingIOError:
            return
        except OSError:
            self.close()
            return
        self._unsent = self._unsent[taken:]

    def read_acks(self) -> int:
        """Takes the acknowledgements that have come; returns how many."""
        if self._socket is None:
            return 0
        if self._unsent:
            self.flush()
        try:
            data = self._socket.recv(RECEIVE_BYTES)
        except BlockingIOError:
            return 0
        except OSError:
            data = b""
        if not data:
            self.close()
            return 0
        if self._half_ack:
            data = self._half_ack + data
        whole = len(data) // PUBACK_BYTES
        self._half_ack = data[whole * PUBACK_BYTES :]
        expected = self.acked % PACKET_IDS * PUBACK_BYTES
        end = whole * PUBACK_BYTES
        if not self.acked_early and data[:end] == ACK_STREAM[expected : expected + end]:
            self.acked += whole
        else:
            self._take_one_by_one(data, whole)
        return whole

    def _take_one_by_one(self, data: bytes, whole: int) -> None:
        for at in range(0, whole * PUBACK_BYTES, PUBACK_BYTES):
            ahead = (int.from_bytes(data[at + 2 : at + 4], "big") - 1 - self.acked) % PACKET_IDS
            if data[at] != 0x40 or ahead >= self.sent - self.acked:
                continue  # a second acknowledgement of what was sent again
            self.acked_early.add(self.acked + ahead)
            while self.acked in self.acked_early:
                self.acked_early.remove(self.acked)
                self.acked += 1

    def send_again(self) -> None:
        """After a reconnect: every message without a PUBACK once more, marked as a repetition."""
        again = bytearray()
        for message in range(self.acked, self.sent):
            if message not in self.acked_early:
                slot = message % self._messages
                again += self._track.buffer[self._track.starts[slot] : self._track.starts[slot + 1]]
                again[-(self._track.starts[slot + 1] - self._track.starts[slot])] = (
                    PUBLISH_QOS1_AGAIN
                )
        self._half_ack = b""
        self._unsent = memoryview(bytes(again))
        self.flush()

    def acked_messages(self) -> list[int]:
        return [*range(self.acked), *sorted(self.acked_early)]
