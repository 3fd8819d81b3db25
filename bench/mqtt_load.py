"""The load generator: many plain MQTT clients in one cheap process (`python -m bench.mqtt_load`).

It runs as a process of its own. Every packet is encoded before the start, a send patches the time
and the packet id in place, and sockets are asked for acknowledgements only when it is their turn:
a few microseconds a message, so that the generator leaves the cores to what is measured.
"""

from __future__ import annotations

import contextlib
import gc
import resource
import sys
import time
from pathlib import Path

import msgspec
import numpy as np

from bench import world
from bench.board import Board, Slot
from bench.device import Device, Pace, RefusedError
from bench.mqtt_wire import fix_json, track

CONNECT_GROUP = 100
TICK_S = 0.002
EAGER_BELOW_PER_S = 5_000.0
RECONNECT_EVERY_S = 0.25
DRAIN_S_MAX = 60.0
# Loopback has 28 000 local ports for one pair of addresses; the load spreads over several.
SOURCES = 4


class LoadSpec(msgspec.Struct, frozen=True, kw_only=True):
    """What to publish; the benchmark writes it to a file and passes the file's name."""

    host: str
    port: int
    tenant: str
    secret: str
    trucks: list[str]
    track_points: int
    seed: int
    per_message: int = 1
    # Messages a second over all trucks; None publishes as fast as windows and permission allow.
    rate: float | None = None
    window: int = 16
    messages_max: int | None = None
    reconnect: bool = True
    pace: Pace | None = None
    board: str
    result: str


class LoadResult(msgspec.Struct, frozen=True, kw_only=True):
    """What the process says about itself when it has finished."""

    sent: int
    acked: int
    seconds: float
    cpu_s: float
    reconnects: int
    drained: bool


def make_devices(spec: LoadSpec) -> list[Device]:
    ground = world.build(spec.trucks, spec.track_points, 0, spec.seed)
    devices = []
    for t, truck in enumerate(spec.trucks):
        fixes = (
            fix_json(
                ground.lat[t, i],
                ground.lon[t, i],
                ground.heading_deg[t, i],
                i,
                is_steady=spec.pace is None,
            )
            for i in range(spec.track_points)
        )
        packets = track(f"v1/{spec.tenant}/trucks/{truck}/position", fixes, spec.per_message)
        user = f"{spec.tenant}/{truck}"
        devices.append(Device(user, spec.secret, packets, spec.per_message, spec.pace))
    return devices


class Generator:
    """Publishes with all its devices in turn until it is told to stop or has sent enough."""

    def __init__(self, spec: LoadSpec) -> None:
        self.spec = spec
        self.board = Board(Path(spec.board))
        self.devices = make_devices(spec)
        self.sent = 0
        self.acked = 0
        self.reconnects = 0
        self._next = 0
        self._reconnect_at = 0.0

    def open(self) -> None:
        where = (self.spec.host, self.spec.port)
        for first in range(0, len(self.devices), CONNECT_GROUP):
            group = self.devices[first : first + CONNECT_GROUP]
            for i, device in enumerate(group):
                device.open(where, f"127.0.0.{1 + i % SOURCES}")
            for device in group:
                device.finish_open()

    def run(self) -> float:
        """From the word go to the last acknowledgement; returns the seconds of publishing."""
        started = time.monotonic()
        while not self._finished():
            before = self.sent
            if self.spec.rate is None:
                self._flat_out_pass()
            else:
                self._paced_pass(started, self.spec.rate)
            self._after_pass()
            if self.spec.rate is not None or self.sent - before < len(self.devices):
                time.sleep(TICK_S)
        return time.monotonic() - started

    def _finished(self) -> bool:
        enough = self.spec.messages_max
        return bool(self.board.get(Slot.STOP)) or (enough is not None and self.sent >= enough)

    def _room(self) -> int:
        room = self.board.get(Slot.ALLOWED) - self.sent
        if self.spec.messages_max is not None:
            room = min(room, self.spec.messages_max - self.sent)
        return room

    def _flat_out_pass(self) -> None:
        window, room, now_ms = self.spec.window, self._room(), time.time_ns() // 1_000_000
        at_least = max(1, window // 2)
        for device in self._in_turn():
            self.acked += device.read_acks()
            free = min(window - device.in_flight, room)
            if free >= min(at_least, room) and free > 0:
                count = device.send(free, now_ms)
                self.sent += count
                room -= count
            if room <= 0:
                break

    def _in_turn(self) -> list[Device]:
        """All devices, beginning where the last pass ended, so that scarce room goes round."""
        self._next = (self._next + len(self.devices) // 3 + 1) % len(self.devices)
        return self.devices[self._next :] + self.devices[: self._next]

    def _paced_pass(self, started: float, rate: float) -> None:
        due = min(int((time.monotonic() - started) * rate) - self.sent, self._room())
        tried = 0
        while due > 0 and tried < len(self.devices):
            device = self.devices[self._next]
            self._next = (self._next + 1) % len(self.devices)
            tried += 1
            # Acknowledgements can wait; at a high rate they come several to a call.
            if rate < EAGER_BELOW_PER_S or device.in_flight > self.spec.window // 4:
                self.acked += device.read_acks()
            if device.in_flight < self.spec.window:
                count = device.send(1, time.time_ns() // 1_000_000)
                self.sent += count
                due -= count

    def _after_pass(self) -> None:
        self.board.set(Slot.SENT, self.sent)
        self.board.set(Slot.ACKED, self.acked)
        now = time.monotonic()
        if self.spec.reconnect and now >= self._reconnect_at:
            self._reconnect_at = now + RECONNECT_EVERY_S
            self._reopen_lost()

    def _reopen_lost(self) -> None:
        where = (self.spec.host, self.spec.port)
        lost = [device for device in self.devices if not device.connected][:CONNECT_GROUP]
        # A refusal or a closed port is a broker that is not there yet: the next round tries again.
        for device in lost:
            with contextlib.suppress(OSError, RefusedError, IndexError):
                device.open(where)
                device.finish_open()
                device.send_again()
                self.reconnects += 1
            if not device.connected:
                device.close()
                break

    def drain(self) -> bool:
        """Waits until every message sent is acknowledged; False if that does not come."""
        deadline = time.monotonic() + DRAIN_S_MAX
        while time.monotonic() < deadline:
            for device in self.devices:
                if device.in_flight or device.acked_early:
                    self.acked += device.read_acks()
            self._after_pass()
            if not any(device.in_flight for device in self.devices):
                return True
            time.sleep(TICK_S)
        return False

    def save(self) -> None:
        """Every fix published, and the messages acknowledged, by truck."""
        np.savez(
            self.spec.result + ".npz",
            times=np.concatenate([np.frombuffer(d.times, dtype=np.int64) for d in self.devices])
            if self.sent
            else np.empty(0, np.int64),
            sent=np.array([device.sent for device in self.devices]),
            acked=np.array([device.acked for device in self.devices]),
            early_truck=np.array(
                [t for t, device in enumerate(self.devices) for _ in device.acked_early], np.int64
            ),
            early_message=np.array(
                [m for device in self.devices for m in sorted(device.acked_early)], np.int64
            ),
        )


def main(spec_file: Path) -> None:
    spec = msgspec.json.decode(spec_file.read_bytes(), type=LoadSpec)
    generator = Generator(spec)
    generator.open()
    gc.collect()
    gc.freeze()
    generator.board.set(Slot.READY, 1)
    while not generator.board.get(Slot.GO):
        if generator.board.get(Slot.STOP):
            return
        time.sleep(TICK_S)
    before = resource.getrusage(resource.RUSAGE_SELF)
    seconds = generator.run()
    drained = generator.drain()
    after = resource.getrusage(resource.RUSAGE_SELF)
    for device in generator.devices:
        device.close()
    generator.save()
    result = LoadResult(
        sent=generator.sent,
        acked=sum(len(d.acked_early) + d.acked for d in generator.devices),
        seconds=seconds,
        cpu_s=after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        reconnects=generator.reconnects,
        drained=drained,
    )
    Path(spec.result).write_bytes(msgspec.json.encode(result))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
