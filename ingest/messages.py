"""What ingest passes along inside its process: messages in, windows of work, rejections out."""

from __future__ import annotations

import dataclasses
from typing import NamedTuple


class Message(NamedTuple):
    """One message as the broker gave it. A tuple, because there are tens of thousands a second."""

    mid: int  # 0 for QoS 0: nothing to acknowledge
    topic: str
    payload: bytes
    received_ms: int


@dataclasses.dataclass(frozen=True, slots=True)
class Address:
    """Where a device's topic leads."""

    tenant: str
    truck: str
    tenant_key: int
    truck_key: int
    shard: int


@dataclasses.dataclass(frozen=True, slots=True)
class Refused:
    """A message, or one object of it, that becomes a stored rejection."""

    topic: str
    address: Address | None
    reason: str
    detail: str
    raw: bytes
    received_ms: int
