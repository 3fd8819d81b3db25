"""The benchmark's side of its load processes: start, permit, stop, and read what was published."""

from __future__ import annotations

import contextlib
import dataclasses
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

from bench import world
from bench.board import UNLIMITED, Board, Slot
from bench.brokers import Broker, Devices
from bench.device import Pace
from bench.mqtt_load import LoadResult, LoadSpec

READY_S_MAX = 120.0
FINISH_S_MAX = 180.0
POLL_S = 0.01

Integers = npt.NDArray[np.int64]


class LoadFailedError(RuntimeError):
    """A load process ended by itself or never got ready."""


@dataclasses.dataclass(frozen=True)
class Published:
    """Every fix that went out: whose, its device time, where on the track, and if acknowledged."""

    trucks: list[str]
    truck: Integers
    ts_ms: Integers
    point: Integers
    acked: npt.NDArray[np.bool_]
    result: LoadResult

    @classmethod
    def read(cls, spec: LoadSpec) -> Published:
        held = np.load(spec.result + ".npz")
        per, sent = spec.per_message, held["sent"]
        truck = np.repeat(np.arange(len(sent)), sent * per)
        first = np.repeat(np.concatenate([[0], np.cumsum(sent * per)[:-1]]), sent * per)
        number = np.arange(len(truck)) - first
        acked = number // per < np.repeat(held["acked"], sent * per)
        starts = np.concatenate([[0], np.cumsum(sent * per)])
        for t, message in zip(held["early_truck"], held["early_message"], strict=True):
            at = int(starts[t] + message * per)
            acked[at : at + per] = True
        return cls(
            spec.trucks,
            truck,
            held["times"],
            number % spec.track_points,
            acked,
            msgspec.json.decode(Path(spec.result).read_bytes(), type=LoadResult),
        )


class LoadProcess:
    """One running generator."""

    def __init__(self, spec: LoadSpec) -> None:
        self.spec = spec
        spec_file = Path(spec.result + ".spec")
        spec_file.write_bytes(msgspec.json.encode(spec))
        self.board = Board(Path(spec.board))
        self.board.set(Slot.ALLOWED, UNLIMITED)
        self.process = python("bench.mqtt_load", str(spec_file))

    def wait_ready(self) -> None:
        wait_for(lambda: bool(self.board.get(Slot.READY)), self.process, READY_S_MAX)

    def go(self) -> None:
        self.board.set(Slot.GO, 1)

    def allow(self, messages: int) -> None:
        self.board.set(Slot.ALLOWED, messages)

    @property
    def sent(self) -> int:
        return self.board.get(Slot.SENT)

    @property
    def acked(self) -> int:
        return self.board.get(Slot.ACKED)

    @property
    def running(self) -> bool:
        return self.process.poll() is None

    def finish_when_sent(self) -> Published:
        """For a load with an end of its own."""
        if self.process.wait(FINISH_S_MAX) != 0:
            raise LoadFailedError(f"the load generator ended with {self.process.returncode}")
        return Published.read(self.spec)

    def finish(self) -> Published:
        """Stop publishing, wait for the last acknowledgements, read the record."""
        self.board.set(Slot.STOP, 1)
        return self.finish_when_sent()

    def kill(self) -> None:
        end(self.process)


@contextlib.contextmanager
def load(spec: LoadSpec) -> Iterator[LoadProcess]:
    """A generator whose devices are connected and wait for the word."""
    process = LoadProcess(spec)
    try:
        process.wait_ready()
        yield process
    finally:
        process.kill()


def spec_for(
    folder: Path,
    broker: Broker,
    devices: Devices,
    *,
    track_points: int,
    seed: int = 1,
    per_message: int = 1,
    rate: float | None = None,
    window: int = 16,
    messages_max: int | None = None,
    pace: Pace | None = None,
) -> LoadSpec:
    """The order for one generator, with files of its own in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    stem = folder / f"load-{time.time_ns()}"
    return LoadSpec(
        host=broker.host,
        port=broker.port,
        tenant=devices.tenant,
        secret=devices.secret,
        trucks=devices.trucks,
        track_points=track_points,
        seed=seed,
        per_message=per_message,
        rate=rate,
        window=window,
        messages_max=messages_max,
        pace=pace,
        board=f"{stem}.board",
        result=f"{stem}.json",
    )


def python(
    module: str,
    *arguments: str,
    environment: dict[str, str] | None = None,
    log: Path | None = None,
) -> subprocess.Popen[bytes]:
    """One of our own modules as a process, from the repository's root."""
    root = Path(world.__file__).parent.parent
    with contextlib.ExitStack() as files:
        output = files.enter_context(log.open("ab")) if log else None
        return subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            cwd=root,
            env=environment,
            stdout=output,
            stderr=output,
        )


def wait_for(
    condition: Callable[[], bool], process: subprocess.Popen[bytes], seconds_max: float
) -> None:
    deadline = time.monotonic() + seconds_max
    while not condition():
        if process.poll() is not None:
            raise LoadFailedError(f"{process.args!r} ended with {process.returncode}")
        if time.monotonic() > deadline:
            raise LoadFailedError(f"{process.args!r} was not ready after {seconds_max:g} s")
        time.sleep(POLL_S)


def end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.kill()
        process.wait()
