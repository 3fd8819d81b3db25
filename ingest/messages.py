"""What ingest passes along inside its process: messages in, windows of work, rejections out."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import NamedTuple

from ingest.decode.rows import Decoded

# Bytes of one message, and how many fixes it may hold at most; raises BadPositionError.
Decode = Callable[[bytes, int], Decoded]


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


class Line(NamedTuple):
    """What a topic is: whose, and in which dialect."""

    address: Address
    decode: Decode


class Parcel(NamedTuple):
    """A message whose sender waits for our answer, decoded already; its topic names the door."""

    address: Address
    decoded: Decoded
    message: Message


class Notice(NamedTuple):
    """What a device says on its status topic: that it is there or gone, or how a command went."""

    address: Address
    payload: bytes
    received_ms: int


@dataclasses.dataclass(frozen=True, slots=True)
class Refused:
    """A message, or one object of it, that becomes a stored rejection."""

    topic: str
    address: Address | None
    reason: str
    detail: str
    raw: bytes
    received_ms: int
