"""What there is to do about messages, of all tenants together (SYSTEM role)."""

from __future__ import annotations

from dataclasses import dataclass

from store.postgres import AnyConnection, moment


@dataclass(frozen=True, slots=True)
class Due:
    tenant_key: int
    tenant: str
    id: str


@dataclass(frozen=True, slots=True)
class DueDigest:
    """A person for whom collected messages are to go out."""

    tenant_key: int
    tenant: str
    person: str


@dataclass(frozen=True, slots=True)
class Figures:
    waiting: int
    oldest_s: float  # what is overdue for the longest; 0: nothing is
    dead: int
    unknown: int


async def due(conn: AnyConnection, now_ms: int, limit: int, of_tenant: int) -> list[Due]:
    """What is most urgent of each tenant, and of no tenant more than its part."""
    rows = await conn.fetch(
        """
        SELECT d.tenant_key, t.id AS tenant, d.id
        FROM tenants t CROSS JOIN LATERAL (
            SELECT n.tenant_key, n.id, n.due_at, n.nr FROM notifications n
            WHERE n.tenant_key = t.key AND n.due_at <= $1
                AND n.status IN ('waiting', 'sending', 'sent')
            ORDER BY (n.severity = 'critical') DESC, n.due_at, n.nr LIMIT $3
        ) d
        WHERE t.status = 'active' ORDER BY d.due_at, d.nr LIMIT $2
        """,
        *(moment(now_ms), limit, of_tenant),
    )
    return [Due(**row) for row in rows]


async def digests_due(conn: AnyConnection, now_ms: int, limit: int) -> list[DueDigest]:
    rows = await conn.fetch(
        """
        SELECT n.tenant_key, t.id AS tenant, n.person
        FROM notifications n JOIN tenants t ON t.key = n.tenant_key
        WHERE n.status = 'collected' AND n.due_at <= $1 AND t.status = 'active'
        GROUP BY n.tenant_key, t.id, n.person ORDER BY min(n.due_at) LIMIT $2
        """,
        *(moment(now_ms), limit),
    )
    return [DueDigest(**row) for row in rows]


async def figures(conn: AnyConnection, since_ms: int, now_ms: int) -> Figures:
    """How the queue stands, and what came to nothing lately."""
    row = await conn.fetchrow(
        """
        SELECT (SELECT count(*) FROM notifications
                WHERE status IN ('waiting', 'collected')) AS waiting,
            (SELECT coalesce(max(extract(epoch FROM $2::timestamptz - due_at)), 0)::float8
                FROM notifications WHERE due_at <= $2) AS oldest_s,
            count(*) FILTER (WHERE status = 'dead') AS dead,
            count(*) FILTER (WHERE status = 'unknown') AS unknown
        FROM notifications WHERE over_at > $1 AND facts_sealed IS NOT NULL
        """,
        *(moment(since_ms), moment(now_ms)),
    )
    if row is None:
        raise AssertionError("counting always answers")
    return Figures(**row)


async def forget(conn: AnyConnection, before_ms: int, limit: int) -> int:
    """Texts and addresses of what was over then; what happened stays."""
    done: str = await conn.execute(
        """
        UPDATE notifications SET address_sealed = NULL, facts_sealed = NULL, said_sealed = NULL
        WHERE nr IN (SELECT nr FROM notifications
            WHERE over_at < $1 AND facts_sealed IS NOT NULL ORDER BY over_at LIMIT $2)
        """,
        *(moment(before_ms), limit),
    )
    return int(done.rsplit(" ", 1)[1])


async def empty_inboxes(conn: AnyConnection, before_ms: int, limit: int) -> int:
    done: str = await conn.execute(
        "DELETE FROM inbox_items WHERE nr IN "
        "(SELECT nr FROM inbox_items WHERE at < $1 ORDER BY nr LIMIT $2)",
        *(moment(before_ms), limit),
    )
    return int(done.rsplit(" ", 1)[1])
