"""Decoded rows of many messages as the record array that is folded and stored."""

from __future__ import annotations

import dataclasses
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
_MISSING_INTEGERS = {"seq": MISSING_INT64, "satellites": MISSING_INT16}

# Called for every fix, so in C.
_TENANT_KEY, _TRUCK_KEY = attrgetter("tenant_key"), attrgetter("truck_key")
_RECEIVED_MS = attrgetter("received_ms")


@dataclasses.dataclass(slots=True)
class Rows:
    """All decoded rows of a window in parallel lists."""

    values: list[Row] = dataclasses.field(default_factory=list)
    owners: list[Address] = dataclasses.field(default_factory=list)
    messages: list[Message] = dataclasses.field(default_factory=list)
    asking: list[bool] = dataclasses.field(default_factory=list)
    # Row number -> unknown keys as a JSON object.
    extras: dict[int, bytes] = dataclasses.field(default_factory=dict)

    def take(self, decoded: Decoded, owner: Address, message: Message) -> None:
        count, start = len(decoded.rows), len(self.values)
        self.values += decoded.rows
        self.owners += [owner] * count
        self.messages += [message] * count
        self.asking += [decoded.ack] * count
        for row, body in decoded.extras.items():
            self.extras[start + row] = body


def columns_of(rows: Rows) -> FixArray:
    """Rows of plain values to the record array."""
    count = len(rows.values)
    fixes = np.zeros(count, dtype=FIX_DTYPE)
    # One long list and strides of it: half the time of turning the rows round with zip.
    flat = list(chain.from_iterable(rows.values))
    for number, name in enumerate(FIELDS):
        if name == "ts":
            fixes["ts_ms"] = flat[number :: len(FIELDS)]
        elif name != "ack":
            fixes[name] = _column(name, flat[number :: len(FIELDS)])
    fixes["tenant_key"] = np.fromiter(map(_TENANT_KEY, rows.owners), np.int64, count)
    fixes["truck_key"] = np.fromiter(map(_TRUCK_KEY, rows.owners), np.int64, count)
    fixes["received_ms"] = np.fromiter(map(_RECEIVED_MS, rows.messages), np.int64, count)
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


def extras_of(members: npt.NDArray[np.int64], extras: dict[int, bytes]) -> dict[int, bytes]:
    """The unknown keys of these rows, numbered as they stand in `members`."""
    if not extras:
        return {}
    return {i: extras[row] for i, row in enumerate(members.tolist()) if row in extras}
