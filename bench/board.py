"""A few counters in shared memory between a benchmark and the load processes it started.

One aligned 8-byte word each, one writer each: no locks, and reading one costs no system call.
"""

from __future__ import annotations

import mmap
import struct
from enum import IntEnum
from pathlib import Path

WORD_BYTES = 8
UNLIMITED = 2**62


class Slot(IntEnum):
    GO = 0  # the benchmark: start
    STOP = 1  # the benchmark: enough, drain and finish
    ALLOWED = 2  # the benchmark: how many messages may have been sent by now
    READY = 3  # the process: connected and waiting
    SENT = 4
    ACKED = 5
    RECEIVED = 6
    MARK = 7  # the benchmark: counts up to ask who still gets something from now on
    REACHED = 8  # the mark that everybody has got something after


class Board:
    """The counters, in a file that both sides map."""

    def __init__(self, path: Path) -> None:
        self.path = path
        size = WORD_BYTES * len(Slot)
        if not path.exists():
            path.write_bytes(bytes(size))
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), size)

    def get(self, slot: Slot) -> int:
        return int(struct.unpack_from("<q", self._map, WORD_BYTES * slot)[0])

    def set(self, slot: Slot, value: int) -> None:
        struct.pack_into("<q", self._map, WORD_BYTES * slot, value)

    def close(self) -> None:
        self._map.close()
