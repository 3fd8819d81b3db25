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


@dataclass(frozen=True, slots=True)
class Backlog:
    rows: int
    oldest_s: float  # 0 when there is none


async def take(conn: AnyConnection, limit: int) -> list[OutboxRow]:
    """The oldest rows, locked until the transaction ends, in which the caller deletes them."""
    rows = await conn.fetch(
        """
        SELECT id, tenant_key, event_seq, body FROM outbox
        ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED
        """,
        limit,
    )
    return [OutboxRow(**row) for row in rows]


async def delete(conn: AnyConnection, ids: Sequence[int]) -> None:
    await conn.execute("DELETE FROM outbox WHERE id = ANY($1::bigint[])", ids)


async def backlog(conn: AnyConnection) -> Backlog:
    row = await conn.fetchrow(
        """
        SELECT count(*) AS rows,
            coalesce(extract(epoch FROM clock_timestamp() - min(created_at)), 0)::float8 AS oldest_s
        FROM outbox
        """
    )
    return Backlog(**one(row))
