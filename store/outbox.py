"""Committed events that are not yet announced: taken by the relay, deleted once published."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from store.postgres import AnyConnection, one


@dataclass(frozen=True, slots=True)
class OutboxRow:
    id: int
    tenant_key: int
    event_seq: int
    body: bytes  # the CloudEvent as JSON
    correlation: str | None
    traceparent: str | None


ROWS_COUNTED_MAX = 100_000  # fixed: a gauge's end: beyond it the number says nothing more


@dataclass(frozen=True, slots=True)
class Backlog:
    rows: int  # counted up to ROWS_COUNTED_MAX
    oldest_s: float  # 0 when there is none


async def take(conn: AnyConnection, limit: int) -> list[OutboxRow]:
    """The oldest rows, locked until the transaction ends, in which the caller deletes them."""
    rows = await conn.fetch(
        """
        SELECT id, tenant_key, event_seq, body, correlation, traceparent FROM outbox
        ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED
        """,
        limit,
    )
    return [OutboxRow(**row) for row in rows]


async def delete(conn: AnyConnection, ids: Sequence[int]) -> None:
    await conn.execute("DELETE FROM outbox WHERE id = ANY($1::bigint[])", ids)


async def backlog(conn: AnyConnection) -> Backlog:
    """What waits to be announced; cheap also when an outage has piled up millions."""
    row = await conn.fetchrow(
        """
        SELECT (SELECT count(*) FROM (SELECT FROM outbox LIMIT $1) AS counted) AS rows,
            coalesce(extract(epoch FROM clock_timestamp() -
                (SELECT created_at FROM outbox ORDER BY id LIMIT 1)), 0)::float8 AS oldest_s
        """,
        ROWS_COUNTED_MAX,
    )
    return Backlog(**one(row))
