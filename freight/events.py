"""Facts about trucks: frozen, past tense, the same id for the same fact however often derived."""

from __future__ import annotations

import hashlib
import uuid
from typing import Any

import msgspec


class TruckEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One fact, ready to be stored and sent as a CloudEvent."""

    id: uuid.UUID
    type: str  # for example "truck.fence.entered"
    tenant_key: int
    truck_key: int | None  # None: it is about something else
    tenant: str
    subject: str  # "trucks/{id}"
    time_ms: int  # device time
    known_at_ms: int  # when we learned it
    data: dict[str, Any]
    # Device time of the fix that decided it, which may lie behind `time_ms`; None: no fix did.
    decided_ms: int | None = None
    # Under which id the work is told that it came of, and as which part of which trace.
    correlation: str | None = None
    traceparent: str | None = None


def event_id(truck_key: int, kind: str, about: str, time_ms: int) -> uuid.UUID:
    """The id of a fact: derived, so that a replay of the same fixes inserts nothing twice."""
    digest = hashlib.blake2b(
        f"{truck_key}\x1f{kind}\x1f{about}\x1f{time_ms}".encode(), digest_size=16
    )
    return uuid.UUID(bytes=digest.digest())


def aggregate_event_id(tenant_key: int, aggregate: str, version: int, nr: int) -> uuid.UUID:
    """The same for what is decided one version after another: the nth fact of a version."""
    digest = hashlib.blake2b(
        f"{tenant_key}\x1f{aggregate}\x1f{version}\x1f{nr}".encode(), digest_size=16
    )
    return uuid.UUID(bytes=digest.digest())
