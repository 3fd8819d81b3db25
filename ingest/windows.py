"""From messages to work: a window of messages decoded, admitted and grouped by shard."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from itertools import chain
from operator import attrgetter
from typing import Any

import numpy as np
import numpy.typing as npt

from config.sections.ingest import Admission
from freight.fixes import (
    FIX_DTYPE,
    MISSING_INT8,
    MISSING_INT16,
    MISSING_INT64,
    Alarm,
    FixArray,
    FixBatch,
)
from ingest.admission import RateLimiter, Verdicts, judge
from ingest.decode.native import decode
from ingest.decode.rows import FIELDS, BadPositionError, Row
from ingest.messages import Address, Message, Refused

_ALARMS: dict[str | None, int] = {None: MISSING_INT8, **{a.name.lower(): int(a) for a in Alarm}}
_IGNITION: dict[bool | None, int] = {None: MISSING_INT8, False: 0, True: 1}
_MISSING_INTEGERS = {"seq": MISSING_INT64, "satellites": MISSING_INT16}

# Called for every fix, so in C.
_TENANT_KEY, _TRUCK_KEY = attrgetter("tenant_key"), attrgetter("truck_key")
_SHARD, _RECEIVED_MS = attrgetter("shard"), attrgetter("received_ms")


@dataclasses.dataclass(slots=True)
class Window:
    """What one set of messages comes to. All of it is stored before any of them is acknowledged."""

    mids: list[int]
    by_shard: dict[int, FixBatch] = dataclasses.field(default_factory=dict)
    refused: list[Refused] = dataclasses.field(default_factory=list)
    # Device times to confirm, for messages that ask for it.
    receipts: dict[Address, list[int]] = dataclasses.field(default_factory=dict)
    fixes: int = 0


@dataclasses.dataclass(slots=True)
class _Rows:
    """All decoded rows of a window in parallel lists."""

    values: list[Row] = dataclasses.field(default_factory=list)
    owners: list[Address] = dataclasses.field(default_factory=list)
    messages: list[Message] = dataclasses.field(default_factory=list)
    asking: list[bool] = dataclasses.field(default_factory=list)
    # Row number -> unknown keys as a JSON object.
    extras: dict[int, bytes] = dataclasses.field(default_factory=dict)


class WindowReader:
    """Decodes and judges; keeps the devices' rates from one window to the next."""

    def __init__(self, find: Callable[[str], Address | None], limits: Admission) -> None:
        self._find = find
        self._limits = limits
        self.rates = RateLimiter(limits)

    def judge_by(self, limits: Admission) -> None:
        """From the next window on; what devices have used up of their rates stays used up."""
        if limits is not self._limits:
            self._limits = limits
            self.rates.judge_by(limits)

    def read(self, messages: Sequence[Message], now_ms: int) -> Window:
        window = Window([m.mid for m in messages if m.mid])
        rows = _Rows()
        for message in messages:
            self._read_message(message, rows, window.refused)
        if rows.values:
            self._admit(window, rows, now_ms)
        return window

    def _read_message(self, message: Message, rows: _Rows, refused: list[Refused]) -> None:
        owner = self._find(message.topic)
        if len(message.payload) > self._limits.message_bytes_max:
            detail = (
                f"{len(message.payload)} bytes; at most {self._limits.message_bytes_max} "
                "are allowed"
            )
            refused.append(self._refusal(message, owner, "too_large", detail))
            return
        if owner is None:
            detail = f"no truck publishes {message.topic}"
            refused.append(self._refusal(message, None, "unknown_truck", detail))
            return
        try:
            decoded = decode(message.payload, self._limits.array_fixes_max)
        except BadPositionError as error:
            refused.append(self._refusal(message, owner, error.reason, str(error)))
            return
        count, start = len(decoded.rows), len(rows.values)
        rows.values += decoded.rows
        rows.owners += [owner] * count
        rows.messages += [message] * count
        rows.asking += [decoded.ack] * count
        for row, body in decoded.extras.items():
            rows.extras[start + row] = body
        refused += [
            self._refusal(message, owner, bad.reason, bad.why, bad.raw) for bad in decoded.bad
        ]

    def _admit(self, window: Window, rows: _Rows, now_ms: int) -> None:
        fixes = _columns(rows)
        verdicts = judge(fixes, self._limits, self.rates, now_ms)
        if verdicts.refused.any():
            window.refused += self._refused_rows(verdicts, fixes, rows)
        good = np.flatnonzero(~verdicts.refused)
        window.fixes = len(good)
        shards = np.fromiter(map(_SHARD, rows.owners), np.int64, len(rows.owners))
        for shard in np.unique(shards[good]).tolist():
            members = good[shards[good] == shard]
            window.by_shard[shard] = FixBatch(fixes[members], _extras_of(members, rows.extras))
        if any(rows.asking):
            for row in good.tolist():
                if rows.asking[row]:
                    times_ms = window.receipts.setdefault(rows.owners[row], [])
                    times_ms.append(int(fixes["ts_ms"][row]))

    def _refused_rows(self, verdicts: Verdicts, fixes: FixArray, rows: _Rows) -> list[Refused]:
        limits = self._limits
        out = []
        for row in np.flatnonzero(verdicts.refused).tolist():
            ts_ms = int(fixes["ts_ms"][row])
            if verdicts.too_old[row]:
                why = ("too_old", f"ts {ts_ms} is over {limits.age_s_max:g} s in the past")
            elif verdicts.in_future[row]:
                why = ("future", f"ts {ts_ms} is over {limits.future_s_max:g} s ahead")
            else:
                why = ("rate", f"more than {limits.device_fixes_per_s:g} fixes/s from one device")
            out.append(self._refusal(rows.messages[row], rows.owners[row], *why))
        return out

    def _refusal(
        self,
        message: Message,
        owner: Address | None,
        reason: str,
        detail: str,
        raw: bytes | None = None,
    ) -> Refused:
        kept = (message.payload if raw is None else raw)[: self._limits.rejection_raw_bytes_max]
        return Refused(message.topic, owner, reason, detail, kept, message.received_ms)


def _columns(rows: _Rows) -> FixArray:
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


def _extras_of(members: npt.NDArray[np.int64], extras: dict[int, bytes]) -> dict[int, bytes]:
    """The unknown keys of these rows, numbered as they stand in `members`."""
    if not extras:
        return {}
    return {i: extras[row] for i, row in enumerate(members.tolist()) if row in extras}
