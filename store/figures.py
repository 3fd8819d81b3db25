"""What the installation stands at, counted for metrics: bounded by indexes or by rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from store.postgres import AnyConnection, one

# Rows that are over are many and say nothing about now: of these tables the newest are counted.
_NEWEST = {
    "payments": "SELECT status AS state, '' AS kind FROM payments ORDER BY nr DESC LIMIT $1",
    "payouts": "SELECT status AS state, '' AS kind FROM payouts ORDER BY nr DESC LIMIT $1",
    "webhook_deliveries": (
        "SELECT state, '' AS kind FROM webhook_deliveries ORDER BY nr DESC LIMIT $1"
    ),
    "notifications": (
        "SELECT status AS state, coalesce(channel, '') AS kind FROM notifications "
        "ORDER BY nr DESC LIMIT $1"
    ),
}
TABLES = tuple(_NEWEST)


@dataclass(frozen=True, slots=True)
class OfTenant:
    tenant: str
    state: str
    count: int


@dataclass(frozen=True, slots=True)
class Counted:
    state: str
    kind: str
    count: int


@dataclass(frozen=True, slots=True)
class Alerts:
    kind: str
    severity: str
    status: str
    count: int


@dataclass(frozen=True, slots=True)
class Judged:
    kind: str
    judged: str
    count: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits for somebody, and since when the first of it does; 0 when nothing does."""

    count: int
    oldest_s: float


async def hurry(conn: AnyConnection, deadline_s: float) -> None:
    """What this transaction asks is given up after so long."""
    await conn.execute(f"SET LOCAL statement_timeout = {int(deadline_s * 1000)}")


async def bookings(conn: AnyConnection, statuses: Sequence[str]) -> list[OfTenant]:
    """Of every tenant those in one of these states, each by its place in the index."""
    rows = await conn.fetch(
        """
        SELECT t.id AS tenant, s.status AS state, n.count FROM tenants t
        CROSS JOIN unnest($1::text[]) AS s (status)
        CROSS JOIN LATERAL (
            SELECT count(*) FROM bookings b WHERE b.tenant_key = t.key AND b.status = s.status
        ) n WHERE n.count > 0
        """,
        list(statuses),
    )
    return [OfTenant(**row) for row in rows]


async def legs_waiting(conn: AnyConnection) -> Waiting:
    row = await conn.fetchrow(
        """
        SELECT count(*),
            coalesce(extract(epoch FROM clock_timestamp() - min(waiting_since)), 0)::float8
                AS oldest_s
        FROM booking_legs WHERE waiting_since IS NOT NULL
        """
    )
    return Waiting(**one(row))


async def newest(conn: AnyConnection, table: str, rows_max: int) -> list[Counted]:
    """How the newest rows of one of TABLES stand."""
    rows = await conn.fetch(
        f"SELECT state, kind, count(*) FROM ({_NEWEST[table]}) AS newest GROUP BY state, kind",
        rows_max,
    )
    return [Counted(**row) for row in rows]


async def alerts_open(conn: AnyConnection) -> list[Alerts]:
    rows = await conn.fetch(
        """
        SELECT kind, severity, status, count(*) FROM alerts
        WHERE status IN ('pending', 'raised', 'acknowledged') GROUP BY kind, severity, status
        """
    )
    return [Alerts(**row) for row in rows]


async def alerts_judged(conn: AnyConnection) -> list[Judged]:
    rows = await conn.fetch(
        "SELECT kind, judged, count(*) FROM alerts WHERE judged IS NOT NULL GROUP BY kind, judged"
    )
    return [Judged(**row) for row in rows]


async def followers(conn: AnyConnection) -> dict[str, int]:
    """Of each follower of the log, how many facts it could not take up."""
    rows = await conn.fetch(
        """
        SELECT c.follower, (SELECT count(*) FROM follower_taken f
            WHERE f.follower = c.follower AND f.trouble IS NOT NULL) AS troubles
        FROM follower_cursors c
        """
    )
    return {row["follower"]: row["troubles"] for row in rows}


async def clock_s(conn: AnyConnection) -> float:
    """What time it is there."""
    now_s: float = await conn.fetchval("SELECT extract(epoch FROM clock_timestamp())::float8")
    return now_s


async def books_waiting(conn: AnyConnection) -> int:
    count: int = await conn.fetchval("SELECT count(*) FROM books_queue")
    return count
