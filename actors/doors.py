"""What the gateway and an ingest worker say to each other about fixes that came over HTTP."""

from __future__ import annotations

import dataclasses
from enum import StrEnum


class Form(StrEnum):
    POSITIONS = "positions"  # our own JSON
    OSMAND = "osmand"


class Trouble(StrEnum):
    """Why nothing of a request was taken, or nothing is known of it."""

    MALFORMED = "malformed"
    TOO_MANY_FIXES = "too_many_fixes"
    UNKNOWN = "unknown"  # no such truck or device, or none that may send
    KEY = "key"  # the device has to prove itself, and did not
    BUSY = "busy"
    AWAY = "away"


@dataclasses.dataclass(frozen=True, slots=True)
class HttpFixes:
    """A request as it came; whose it is as far as its sender has proved it."""

    form: Form
    received_ms: int
    body: bytes
    query: bytes = b""
    content_type: str = ""
    tenant: str | None = None
    truck: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class FixResult:
    """Of one fix, in the order they came. `result` is stored, repeated or rejected."""

    result: str
    truck: str | None = None
    ts_ms: int | None = None
    reason: str | None = None
    detail: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class HttpTaken:
    results: tuple[FixResult, ...] = ()
    trouble: Trouble | None = None
    detail: str = ""
