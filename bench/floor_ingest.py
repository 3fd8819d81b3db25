"""Measures the bare consumer: how many messages a second the library itself lets through."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path

import msgspec
import psutil

from bench import load_process
from bench.board import Board, Slot
from bench.brokers import Broker
from bench.mqtt_load import LoadSpec

WARM_UP_S = 1.0
# Messages the generator may be ahead of the consumer: enough to keep it busy at all times, few
# enough that the broker does not spend the cores on a backlog nobody reads.
AHEAD_MAX = 20_000


@dataclasses.dataclass(frozen=True)
class Floor:
    messages_per_s: float
    consumer_us: float
    generator_us: float
    broker_us: float


def measure(broker: Broker, spec: LoadSpec, folder: Path, seconds: float) -> Floor:
    board_file, broker_file = folder / "floor.board", folder / "floor.json"
    broker_file.write_bytes(msgspec.json.encode(broker))
    board_file.unlink(missing_ok=True)
    board = Board(board_file)
    consumer = load_process.python("bench.bare_consumer", str(broker_file), str(board_file))
    try:
        load_process.wait_for(lambda: bool(board.get(Slot.READY)), consumer, 30)
        with load_process.load(spec) as load:
            return _run(load, board, broker, consumer.pid, seconds)
    finally:
        board.set(Slot.STOP, 1)
        load_process.end(consumer)


def _run(
    load: load_process.LoadProcess, board: Board, broker: Broker, pid: int, seconds: float
) -> Floor:
    load.allow(AHEAD_MAX)
    load.go()
    _permit(load, board, WARM_UP_S)
    before, cpu_before, started = board.get(Slot.RECEIVED), _cpu(pid, broker.pid), time.monotonic()
    _permit(load, board, seconds)
    elapsed = time.monotonic() - started
    received = board.get(Slot.RECEIVED) - before
    cpu = [b - a for a, b in zip(cpu_before, _cpu(pid, broker.pid), strict=True)]
    sent = load.finish().result
    return Floor(
        messages_per_s=received / elapsed,
        consumer_us=1e6 * cpu[0] / max(received, 1),
        generator_us=1e6 * sent.cpu_s / max(sent.sent, 1),
        broker_us=1e6 * cpu[1] / max(received, 1),
    )


def _permit(load: load_process.LoadProcess, board: Board, seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        load.allow(board.get(Slot.RECEIVED) + AHEAD_MAX)
        time.sleep(0.02)


def _cpu(*pids: int) -> list[float]:
    return [sum(psutil.Process(pid).cpu_times()[:2]) for pid in pids]
