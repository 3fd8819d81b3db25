"""A truck's stored fixes to be folded again, and which of them are not believed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from freight.fixes import FixArray
from freight.tracking.facts import Flaw
from store.fix_codec import READ_EXPRESSIONS
from store.fixes import read_numbered
from store.postgres import AnyConnection, epoch_ms, moment


async def pieces(conn: AnyConnection, asked: Mapping[int, int], limit: int) -> dict[int, FixArray]:
    """Truck key -> its fixes from this device time on, oldest first, at most so many of each.

    Without those that came so late that they count no more.
    """
    numbers, fixes = await read_numbered(
        conn,
        f"""
        SELECT piece.* FROM unnest($1::bigint[], $2::timestamptz[])
            WITH ORDINALITY AS g (truck, since, nr), LATERAL (
            SELECT nr, {READ_EXPRESSIONS} FROM fixes
            WHERE truck_key = truck AND ts >= since AND flaw IS DISTINCT FROM $3
            ORDER BY ts LIMIT $4) AS piece
        """,
        list(asked),
        [moment(ms) for ms in asked.values()],
        int(Flaw.BEYOND_HORIZON),
        limit,
    )
    order = np.lexsort((fixes["ts_ms"], numbers))
    ends = np.searchsorted(numbers[order], np.arange(1, len(asked) + 1), side="right")
    return dict(zip(asked, np.split(fixes[order], ends[:-1]), strict=True))


async def flaws(
    conn: AnyConnection, asked: Mapping[int, tuple[int, int]]
) -> dict[int, dict[int, Flaw]]:
    """Truck key -> why which of its fixes between these device times, both included, are not
    believed."""
    rows = await conn.fetch(
        """
        SELECT truck_key, ts, flaw
        FROM unnest($1::bigint[], $2::timestamptz[], $3::timestamptz[]) AS g (truck, since, upto)
            JOIN fixes ON truck_key = truck AND ts BETWEEN since AND upto
        WHERE flaw IS NOT NULL AND flaw <> $4
        """,
        list(asked),
        [moment(since_ms) for since_ms, _ in asked.values()],
        [moment(upto_ms) for _, upto_ms in asked.values()],
        int(Flaw.BEYOND_HORIZON),
    )
    found: dict[int, dict[int, Flaw]] = {key: {} for key in asked}
    for row in rows:
        found[row["truck_key"]][epoch_ms(row["ts"])] = Flaw(row["flaw"])
    return found


async def mark(conn: AnyConnection, changed: Sequence[tuple[int, int, Flaw | None]]) -> None:
    """Say of stored fixes, by truck key and device time, why they are not believed; None: are."""
    if not changed:
        return
    await conn.execute(
        """
        UPDATE fixes SET flaw = g.flaw
        FROM unnest($1::bigint[], $2::timestamptz[], $3::smallint[]) AS g (truck, at, flaw)
        WHERE truck_key = truck AND ts = at
        """,
        [truck_key for truck_key, _, _ in changed],
        [moment(ts_ms) for _, ts_ms, _ in changed],
        [None if flaw is None else int(flaw) for _, _, flaw in changed],
    )
