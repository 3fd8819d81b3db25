"""What every dialect over TCP is to a session: bytes go in, what the device said comes out."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from config.sections.dialects import Dialects
from freight.fixes import Alarm
from ingest.decode.rows import Bad, BadPositionError, Decoded


class Kind(StrEnum):
    LOGIN = "login"
    FIXES = "fixes"
    STATUS = "status"  # legitimate, tells no position: heartbeats, health, answers to commands
    UNREADABLE = "unreadable"


@dataclasses.dataclass(frozen=True, slots=True)
class Said:
    """One frame of a device, read as far as it can be."""

    kind: Kind
    raw: bytes
    decoded: Decoded = dataclasses.field(default_factory=Decoded)
    # Who the device says it is, where the frame tells.
    unique_id: str | None = None
    # Sent once all of the frame is committed; empty where the dialect has no such answer.
    reply: bytes = b""
    # Sent instead to a device that nobody knows.
    refusal: bytes = b""
    # To a command that the device was sent.
    answer: str | None = None
    # What belongs to no fix of its own; kept with the device's next one.
    aside: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    # Where the next frame begins cannot be found: the connection has to end.
    is_lost: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Given:
    """What a frame is read by."""

    rules: Dialects
    now: datetime
    # Nothing came for a while: what looks complete is complete.
    is_quiet: bool = False


class DeviceStream(ABC):
    """One connection's bytes. Pure: the clock comes in, nothing goes out but what was said."""

    def __init__(self, frame_bytes_max: int) -> None:
        self._bytes_max = frame_bytes_max
        self._buffer = bytearray()

    def feed(self, data: bytes) -> None:
        self._buffer += data

    @property
    def waiting_bytes(self) -> int:
        """Of a frame that has begun and is not complete."""
        return len(self._buffer)

    @abstractmethod
    def next(self, given: Given) -> Said | None:
        """The next frame; None until more bytes come."""

    @staticmethod
    def command(_text: str) -> bytes | None:
        """A command in the dialect's form; None: it has none, or none with this text."""
        return None

    def rest(self) -> bytes:
        """All that waits, taken away."""
        return self._cut(len(self._buffer))

    def _cut(self, size: int) -> bytes:
        raw = bytes(self._buffer[:size])
        del self._buffer[:size]
        return raw


def unreadable(
    raw: bytes,
    why: str,
    *,
    reason: str = "malformed",
    reply: bytes = b"",
    unique_id: str | None = None,
    is_lost: bool = False,
) -> Said:
    """Nothing of it can be used; all of it becomes one rejection."""
    decoded = Decoded(bad=[Bad(raw, why, reason)])
    return Said(Kind.UNREADABLE, raw, decoded, unique_id=unique_id, reply=reply, is_lost=is_lost)


def fix_time_ms(ts_ms: int, alarm: str | None) -> int:
    """The time under which a fix is kept: an alarm is not lost in the plain fix of its second.

    A truck has one fix at a time. Devices whose clocks know seconds send an alarm beside the
    periodic fix; it goes a few milliseconds behind, the same ones each time it is sent.
    """
    return ts_ms if alarm is None else ts_ms + Alarm[alarm.upper()]


def no_fix(why: str) -> BadPositionError:
    """The receiver has no position. Without one only an alarm is worth a fix: it goes where the

    device was last, or where it says.
    """
    return BadPositionError(why, "no_fix")
