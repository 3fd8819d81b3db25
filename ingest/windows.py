"""From messages to work: a window of messages decoded, admitted and grouped by shard."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np

from config.sections.ingest import Admission
from freight.fixes import FIX_DTYPE, FixArray, FixBatch, extras_of
from ingest.admission import RateLimiter, Verdicts, judge
from ingest.columns import Columns, IntArray, Rows, columns_of
from ingest.decode import native
from ingest.decode.rows import Bad, BadPositionError
from ingest.decode.scanning import scanned
from ingest.messages import Address, Line, Message, Notice, Parcel, Refused

NOT_COMMON = (-1, False)
NO_FIXES = np.empty(0, dtype=FIX_DTYPE)


@dataclasses.dataclass(slots=True)
class Window:
    """What one set of messages comes to. All of it is stored before any of them is acknowledged."""

    by_shard: dict[int, FixBatch] = dataclasses.field(default_factory=dict)
    refused: list[Refused] = dataclasses.field(default_factory=list)
    # Device times to confirm, for messages that ask for it.
    receipts: dict[Address, list[int]] = dataclasses.field(default_factory=dict)
    notices: list[Notice] = dataclasses.field(default_factory=list)
    fixes: int = 0
    # Why a row was not admitted, by its number among all rows of the window.
    refused_rows: dict[int, Refused] = dataclasses.field(default_factory=dict)


class WindowReader:
    """Decodes and judges; keeps the devices' rates from one window to the next."""

    def __init__(self, find: Callable[[str], Line | None], limits: Admission) -> None:
        self._find = find
        self._limits = limits
        self.rates = RateLimiter(limits)

    def judge_by(self, limits: Admission) -> None:
        """From the next window on; what devices have used up of their rates stays used up."""
        if limits is not self._limits:
            self._limits = limits
            self.rates.judge_by(limits)

    def read(self, messages: Sequence[Message], now_ms: int) -> Window:
        window = Window()
        known = [(one, line) for one in messages if (line := self._line_of(one, window))]
        scan = scanned(
            [one.payload for one, line in known if line.decode is native.decode],
            self._limits.array_fixes_max,
        )
        common = zip(scan.counts, scan.asks, strict=True)
        rows = Rows()
        for message, line in known:
            count, asks = next(common) if line.decode is native.decode else NOT_COMMON
            if count < 0:
                self._decode(message, line, rows, window)
            else:
                rows.take_scanned(count, line.address, message, asks=asks)
        self._admit(window, rows, scan.fixes, now_ms)
        return window

    def read_parcels(self, parcels: Sequence[Parcel], now_ms: int) -> Window:
        """The same for messages that came through another door, which has decoded them."""
        window = Window()
        rows = Rows()
        for address, decoded, message in parcels:
            rows.take(decoded, address, message)
            window.refused += self._bad_ones(decoded.bad, message, address)
        self._admit(window, rows, NO_FIXES, now_ms)
        return window

    def _line_of(self, message: Message, window: Window) -> Line | None:
        """Whose message it is and in which dialect, if we read it at all."""
        line = self._find(message.topic)
        if len(message.payload) > self._limits.message_bytes_max:
            owner = None if line is None else line.address
            detail = (
                f"{len(message.payload)} bytes; at most {self._limits.message_bytes_max} "
                "are allowed"
            )
            window.refused.append(self._refusal(message, owner, "too_large", detail))
            return None
        if line is None:
            detail = f"no truck publishes {message.topic}"
            window.refused.append(self._refusal(message, None, "unknown_truck", detail))
        return line

    def _decode(self, message: Message, line: Line, rows: Rows, window: Window) -> None:
        address = line.address
        try:
            decoded = line.decode(message.payload, self._limits.array_fixes_max)
        except BadPositionError as error:
            window.refused.append(self._refusal(message, address, error.reason, str(error)))
            return
        rows.take(decoded, address, message)
        if decoded.bad:
            window.refused += self._bad_ones(decoded.bad, message, address)
        if decoded.is_status:
            window.notices.append(Notice(address, message.payload, message.received_ms))

    def _bad_ones(self, bad: list[Bad], message: Message, owner: Address) -> list[Refused]:
        return [self._refusal(message, owner, one.reason, one.why, one.raw) for one in bad]

    def _admit(self, window: Window, rows: Rows, scan: FixArray, now_ms: int) -> None:
        if not rows.values and not len(scan):
            return
        columns = columns_of(rows, scan)
        fixes, shards = columns.fixes, columns.shards
        verdicts = judge(fixes, self._limits, self.rates, now_ms)
        if verdicts.refused.any():
            window.refused_rows = self._refused_rows(verdicts, columns, rows)
            window.refused += window.refused_rows.values()
        good = np.flatnonzero(~verdicts.refused)
        window.fixes = len(good)
        for shard in np.unique(shards[good]).tolist():
            members = good[shards[good] == shard]
            if len(members) < len(fixes):
                extras = extras_of(members, columns.extras)
                window.by_shard[shard] = FixBatch(fixes.take(members), extras)
            else:
                window.by_shard[shard] = FixBatch(fixes, columns.extras)
        if any(rows.asking):
            _confirm(window, good, columns, rows)

    def _refused_rows(self, verdicts: Verdicts, columns: Columns, rows: Rows) -> dict[int, Refused]:
        limits = self._limits
        out = {}
        for row in np.flatnonzero(verdicts.refused).tolist():
            ts_ms, message = int(columns.fixes["ts_ms"][row]), int(columns.message_of[row])
            if verdicts.too_old[row]:
                why = ("too_old", f"ts {ts_ms} is over {limits.age_s_max:g} s in the past")
            elif verdicts.in_future[row]:
                why = ("future", f"ts {ts_ms} is over {limits.future_s_max:g} s ahead")
            else:
                why = ("rate", f"more than {limits.device_fixes_per_s:g} fixes/s from one device")
            out[row] = self._refusal(rows.messages[message], rows.owners[message], *why)
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


def _confirm(window: Window, good: IntArray, columns: Columns, rows: Rows) -> None:
    """Once they are stored, to the devices that asked."""
    asked = good[np.array(rows.asking).take(columns.message_of[good])]
    messages = columns.message_of[asked].tolist()
    for message, ts_ms in zip(messages, columns.fixes["ts_ms"][asked].tolist(), strict=True):
        window.receipts.setdefault(rows.owners[message], []).append(ts_ms)
