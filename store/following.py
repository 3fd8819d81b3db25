"""Who follows the log of facts: how far each has come (SYSTEM), and what it took up (APP)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from store.events import COLUMNS, SOURCE, StoredEvent, stored_event
from store.postgres import AnyConnection, one


@dataclass(frozen=True, slots=True)
class Lag:
    """How far a follower's cursor is behind, which it is by what settles at least."""

    waiting: int  # counted up to the limit that was asked for
    oldest_s: float  # 0 when nothing is beyond it
    troubles: int


async def cursor(conn: AnyConnection, follower: str) -> int:
    """The number up to which all was taken up; a new follower begins at the end of the log."""
    seq: int = await conn.fetchval(
        """
        INSERT INTO follower_cursors (follower, seq) SELECT $1, coalesce(max(seq), 0) FROM events
        ON CONFLICT (follower) DO UPDATE SET seq = follower_cursors.seq RETURNING seq
        """,
        follower,
    )
    return seq


async def taken_up_to(conn: AnyConnection, follower: str) -> int | None:
    """The same for who only looks; None: it has not begun."""
    seq: int | None = await conn.fetchval(
        "SELECT seq FROM follower_cursors WHERE follower = $1", follower
    )
    return seq


async def settled(conn: AnyConnection, after: int, settle_s: float, limit: int) -> int:
    """Up to which number nothing older can join the log any more.

    A fact that is not committed yet is of a transaction that runs; all that began before the
    oldest of those is settled. A number is drawn a moment before its transaction is known, hence
    the seconds on top.
    """
    seq: int = await conn.fetchval(
        """
        WITH next AS (
            SELECT seq, known_at <= clock_timestamp() - make_interval(secs => $2)
                AND age(xmin) > age(pg_snapshot_xmin(pg_current_snapshot())::xid) AS is_settled
            FROM events WHERE seq > $1 ORDER BY seq LIMIT $3
        )
        SELECT coalesce(max(seq), $1) FROM next
        WHERE seq < coalesce((SELECT min(seq) FROM next WHERE NOT is_settled), seq + 1)
        """,
        *(after, settle_s, limit),
    )
    return seq


async def fresh(
    conn: AnyConnection, follower: str, after: int, types: Sequence[str], limit: int
) -> list[StoredEvent]:
    """What it has not taken up, oldest number first; of no types, any."""
    rows = await conn.fetch(
        f"""
        SELECT {COLUMNS} FROM {SOURCE}
        WHERE e.seq > $2 AND (cardinality($3::text[]) = 0 OR e.type = ANY ($3))
            AND NOT EXISTS (
                SELECT FROM follower_taken f WHERE f.follower = $1 AND f.event_seq = e.seq)
        ORDER BY e.seq LIMIT $4
        """,
        *(follower, after, list(types), limit),
    )
    return [stored_event(row) for row in rows]


async def take(
    conn: AnyConnection,
    follower: str,
    tenant_key: int,
    seqs: Sequence[int],
    trouble: str | None = None,
) -> set[int]:
    """Those that nobody took up before, in the transaction that says what follows from them."""
    rows = await conn.fetch(
        """
        INSERT INTO follower_taken (follower, tenant_key, event_seq, trouble)
        SELECT $1, $2, seq, $4 FROM unnest($3::bigint[]) AS g (seq) ORDER BY seq
        ON CONFLICT DO NOTHING RETURNING event_seq
        """,
        *(follower, tenant_key, list(seqs), trouble),
    )
    return {row["event_seq"] for row in rows}


async def keep_cursor(conn: AnyConnection, follower: str, seq: int) -> None:
    async with conn.transaction():
        await conn.execute(
            "UPDATE follower_cursors SET seq = $2 WHERE follower = $1 AND seq < $2", follower, seq
        )
        await conn.execute(
            """
            DELETE FROM follower_taken
            WHERE follower = $1 AND event_seq <= $2 AND trouble IS NULL
            """,
            *(follower, seq),
        )


async def lag(conn: AnyConnection, follower: str, limit: int) -> Lag:
    row = await conn.fetchrow(
        """
        WITH beyond AS (
            SELECT known_at FROM events
            WHERE seq > (SELECT seq FROM follower_cursors WHERE follower = $1)
            ORDER BY seq LIMIT $2
        )
        SELECT (SELECT count(*) FROM beyond) AS waiting,
            coalesce(extract(epoch FROM clock_timestamp() - (SELECT min(known_at) FROM beyond)),
                0)::float8 AS oldest_s,
            (SELECT count(*) FROM follower_taken
                WHERE follower = $1 AND trouble IS NOT NULL) AS troubles
        """,
        *(follower, limit),
    )
    return Lag(**one(row))
