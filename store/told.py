"""Facts about trucks as shards look back on them: which stand, and which fix decided them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence

import asyncpg

from freight.tracking.standing import KnownEvent
from store.postgres import AnyConnection, epoch_ms, moment

COLUMNS = "e.id, e.type, e.time, e.data, e.decided_at, e.replaces"


async def since(conn: AnyConnection, asked: Mapping[int, int]) -> dict[int, list[KnownEvent]]:
    """Truck key -> facts decided by fixes from this device time on, with all that replaced them;
    in the order they were learned."""
    rows = await conn.fetch(
        f"""
        WITH facts AS MATERIALIZED (
            SELECT e.truck_key, e.seq, {COLUMNS}
            FROM unnest($1::bigint[], $2::timestamptz[]) AS g (truck, since)
                JOIN events e ON e.truck_key = truck AND e.decided_at >= since)
        SELECT * FROM facts
        UNION ALL
        SELECT facts.truck_key, e.seq, {COLUMNS} FROM facts JOIN events e ON e.replaces = facts.id
        ORDER BY seq
        """,
        list(asked),
        [moment(ms) for ms in asked.values()],
    )
    found: dict[int, list[KnownEvent]] = {key: [] for key in asked}
    for row in rows:
        found[row["truck_key"]].append(_known(row))
    return found


async def of_ids(conn: AnyConnection, ids: Sequence[uuid.UUID]) -> list[KnownEvent]:
    """Those of these facts that are stored, with all that replaced them."""
    if not ids:
        return []
    rows = await conn.fetch(
        f"""
        SELECT e.seq, {COLUMNS} FROM unnest($1::uuid[]) AS g (id) JOIN events e USING (id)
        UNION ALL
        SELECT e.seq, {COLUMNS} FROM unnest($1::uuid[]) AS g (id) JOIN events e ON e.replaces = g.id
        ORDER BY seq
        """,
        ids,
    )
    return [_known(row) for row in rows]


async def basis(conn: AnyConnection, fact: uuid.UUID) -> tuple[str | None, int | None]:
    """By which rules and which revision of the fences the fact was told or corrected last."""
    row = await conn.fetchrow(
        """
        SELECT rules, fence_revision FROM events WHERE id = $1 OR replaces = $1
        ORDER BY seq DESC LIMIT 1
        """,
        fact,
    )
    return (None, None) if row is None else (row["rules"], row["fence_revision"])


async def move(conn: AnyConnection, moved: Sequence[tuple[uuid.UUID, int]]) -> None:
    """These facts stay what they are but were decided by other fixes, by their device time."""
    if not moved:
        return
    await conn.execute(
        """
        UPDATE events SET decided_at = g.decided
        FROM unnest($1::uuid[], $2::timestamptz[]) AS g (fact, decided) WHERE id = fact
        """,
        [fact for fact, _ in moved],
        [moment(decided_ms) for _, decided_ms in moved],
    )


def _known(row: asyncpg.Record) -> KnownEvent:
    decided = row["decided_at"]
    return KnownEvent(
        row["id"],
        row["type"],
        epoch_ms(row["time"]),
        row["data"],
        None if decided is None else epoch_ms(decided),
        row["replaces"],
    )
