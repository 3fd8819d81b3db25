"""One truck's track, read column by column: row by row, a day of fixes would take far longer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from freight.fixes import FixArray
from freight.tracking.facts import Flaw
from store.fix_codec import READ_EXPRESSIONS, read_payload
from store.postgres import AnyConnection, epoch_ms, moment

# What stands before the columns of a fix: whether it has unknown keys, and its flaw.
HAS_EXTRA = 1
FLAW_SHIFT = 1
NOTE = "coalesce(flaw, 0)::bigint * 2 + (extra IS NOT NULL)::int"


@dataclass(frozen=True, slots=True)
class Piece:
    """Fixes in the order of device time, each with what is known beside it."""

    fixes: FixArray
    flaws: npt.NDArray[np.int64]  # freight.tracking.facts.Flaw, 0: it is believed
    extras: dict[int, dict[str, Any]]  # by device time: the keys that no column has

    def __len__(self) -> int:
        return len(self.fixes)

    @property
    def last_ms(self) -> int:
        return int(self.fixes["ts_ms"][-1])

    def only(self, chosen: npt.NDArray[np.bool_] | slice) -> Piece:
        return Piece(self.fixes[chosen], self.flaws[chosen], self.extras)


async def read(
    conn: AnyConnection, truck_key: int, span: tuple[int, int], limit: int, *, flawed: bool
) -> Piece:
    """At most `limit` fixes of [from, to), all or only those whose place is believed: one that
    came beyond the horizon is right about where the truck was."""
    payload = bytearray()

    async def collect(data: bytes) -> None:
        payload.extend(data)

    asked = question(truck_key, span, flawed=flawed)
    await conn.copy_from_query(
        f"SELECT {NOTE}, {READ_EXPRESSIONS} {asked} ORDER BY ts LIMIT {int(limit)}",
        output=collect,
        format="binary",
    )
    notes, fixes = read_payload(payload)
    extras: dict[int, dict[str, Any]] = {}
    if (notes & HAS_EXTRA).any():
        last = f"ts <= {_literal(int(fixes['ts_ms'][-1]))}"
        rows = await conn.fetch(f"SELECT ts, extra {asked} AND {last} AND extra IS NOT NULL")
        extras = {epoch_ms(ts): extra for ts, extra in rows}
    return Piece(fixes, notes >> FLAW_SHIFT, extras)


def question(truck_key: int, span: tuple[int, int], *, flawed: bool) -> str:
    """Which fixes, as SQL from FROM on; in words of our own, all of them numbers. Parameters of a
    COPY cost two round trips more, and so the planner knows which days are asked for."""
    believed = "" if flawed else f" AND (flaw IS NULL OR flaw = {int(Flaw.BEYOND_HORIZON)})"
    return (
        f"FROM fixes WHERE truck_key = {int(truck_key)} "
        f"AND ts >= {_literal(span[0])} AND ts < {_literal(span[1])}{believed}"
    )


def _literal(ms: int) -> str:
    return f"'{moment(ms).isoformat()}'::timestamptz"
