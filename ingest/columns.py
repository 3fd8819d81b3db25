"""What many messages say, put together as the record array that is folded and stored."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from itertools import chain
from operator import attrgetter
from typing import Any

import numpy as np
import numpy.typing as npt

from freight.fixes import (
    FIX_DTYPE,
    MISSING_INT8,
    MISSING_INT16,
    MISSING_INT64,
    Alarm,
    FixArray,
)
from ingest.decode.rows import FIELDS, Decoded, Row
from ingest.messages import Address, Message

_ALARMS: dict[str | None, int] = {None: MISSING_INT8, **{a.name.lower(): int(a) for a in Alarm}}
_IGNITION: dict[bool | None, int] = {None: MISSING_INT8, False: 0, True: 1}
IntArray = npt.NDArray[np.int64]

_MISSING_INTEGERS = {"seq": MISSING_INT64, "satellites": MISSING_INT16}

# Called for every message, so in C.
_TENANT_KEY, _TRUCK_KEY = attrgetter("tenant_key"), attrgetter("truck_key")
_SHARD, _RECEIVED_MS = attrgetter("shard"), attrgetter("received_ms")


@dataclasses.dataclass(slots=True)
class Rows:
    """What the messages of a window say, message by message and in their order."""

    owners: list[Address] = dataclasses.field(default_factory=list)
    messages: list[Message] = dataclasses.field(default_factory=list)
    asking: list[bool] = dataclasses.field(default_factory=list)
    counts: list[int] = dataclasses.field(default_factory=list)
    is_scanned: list[bool] = dataclasses.field(default_factory=list)
    # Rows of messages that were decoded one by one, and their unknown keys as JSON objects.
    values: list[Row] = dataclasses.field(default_factory=list)
    extras: dict[int, bytes] = dataclasses.field(default_factory=dict)

    def take(self, decoded: Decoded, owner: Address, message: Message) -> None:
        start = len(self.values)
        self.values += decoded.rows
        self._note(owner, message, len(decoded.rows), asks=decoded.ack, is_scanned=False)
        for row, body in decoded.extras.items():
            self.extras[start + row] = body

    def take_scanned(self, count: int, owner: Address, message: Message, *, asks: bool) -> None:
        self._note(owner, message, count, asks=asks, is_scanned=True)

    def _note(
        self, owner: Address, message: Message, count: int, *, asks: bool, is_scanned: bool
    ) -> None:
        self.owners.append(owner)
        self.messages.append(message)
        self.counts.append(count)
        self.asking.append(asks)
        self.is_scanned.append(is_scanned)


@dataclasses.dataclass(frozen=True, slots=True)
class Columns:
    """All rows of a window as the record array that is folded and stored."""

    fixes: FixArray
    message_of: IntArray  # by row: the number of its message among those of Rows
    shards: IntArray
    extras: dict[int, bytes]


def columns_of(rows: Rows, scanned: FixArray) -> Columns:
    """`scanned` are the rows of the messages that were read so, one behind the other."""
    message_of = np.repeat(np.arange(len(rows.counts)), rows.counts)
    extras = rows.extras
    if not rows.values:
        fixes = scanned
    elif not len(scanned):
        fixes = _decoded(rows.values)
    else:
        is_scanned = np.array(rows.is_scanned).take(message_of)
        fixes = np.empty(len(message_of), dtype=FIX_DTYPE)
        fixes[is_scanned], fixes[~is_scanned] = scanned, _decoded(rows.values)
        decoded_at = np.flatnonzero(~is_scanned)
        extras = {int(decoded_at[row]): body for row, body in extras.items()}
    for name, of_message in (("tenant_key", _TENANT_KEY), ("truck_key", _TRUCK_KEY)):
        fixes[name] = _by_message(of_message, rows.owners).take(message_of)
    fixes["received_ms"] = _by_message(_RECEIVED_MS, rows.messages).take(message_of)
    return Columns(fixes, message_of, _by_message(_SHARD, rows.owners).take(message_of), extras)


def _by_message(field: Callable[[Any], int], of: Sequence[Address | Message]) -> IntArray:
    return np.fromiter(map(field, of), np.int64, len(of))


def _decoded(values: list[Row]) -> FixArray:
    """Rows of plain values to the record array."""
    fixes = np.zeros(len(values), dtype=FIX_DTYPE)
    # One long list and strides of it: half the time of turning the rows round with zip.
    flat = list(chain.from_iterable(values))
    for number, name in enumerate(FIELDS):
        if name == "ts":
            fixes["ts_ms"] = flat[number :: len(FIELDS)]
        elif name != "ack":
            fixes[name] = _column(name, flat[number :: len(FIELDS)])
    return fixes


def _column(name: str, values: list[Any]) -> npt.NDArray[Any] | float:
    """One field of all rows; what a device did not say becomes NaN or the missing integer."""
    if name == "ignition":
        return np.fromiter(map(_IGNITION.__getitem__, values), np.int8, len(values))
    if name == "alarm":
        return np.fromiter(map(_ALARMS.__getitem__, values), np.int8, len(values))
    absent = values.count(None)
    if absent == len(values):
        return _MISSING_INTEGERS.get(name, np.nan)
    if absent and name in _MISSING_INTEGERS:
        values = [_MISSING_INTEGERS[name] if v is None else v for v in values]
    return np.array(values, dtype=FIX_DTYPE[name])
