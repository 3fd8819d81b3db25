"""How many alerts there are, of what kinds, whose; and the end of what nobody was told of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from store.postgres import AnyConnection, moment


@dataclass(frozen=True, slots=True)
class Counted:
    open: int
    unassigned: int
    state: dict[str, int]
    severity: dict[str, int]
    kind: dict[str, int]


async def count_open(conn: AnyConnection) -> Counted:
    """Of what people see that is not over."""
    rows = await conn.fetch(
        """
        SELECT status, severity, kind, count(*) AS n,
            count(*) FILTER (WHERE assigned_to IS NULL) AS unassigned
        FROM alerts WHERE status IN ('raised', 'acknowledged') GROUP BY status, severity, kind
        """
    )
    by: dict[str, dict[str, int]] = {"status": {}, "severity": {}, "kind": {}}
    for row in rows:
        for name, counts in by.items():
            counts[row[name]] = counts.get(row[name], 0) + row["n"]
    return Counted(
        open=sum(row["n"] for row in rows),
        unassigned=sum(row["unassigned"] for row in rows),
        state=by["status"],
        severity=by["severity"],
        kind=by["kind"],
    )


async def with_open(
    conn: AnyConnection, kinds: Iterable[str] | None = None
) -> list[tuple[int, str]]:
    """For SYSTEM: key and id of the tenants that have open alerts, of these kinds if any."""
    rows = await conn.fetch(
        """
        SELECT DISTINCT a.tenant_key, t.id AS tenant
        FROM alerts a JOIN tenants t ON t.key = a.tenant_key AND t.status = 'active'
        WHERE ($1::text[] IS NULL OR a.kind = ANY ($1))
            AND a.status IN ('pending', 'raised', 'acknowledged')
        """,
        None if kinds is None else sorted(set(kinds)),
    )
    return [(row["tenant_key"], row["tenant"]) for row in rows]


async def open_numbers(conn: AnyConnection, after: int, limit: int) -> list[tuple[int, str]]:
    """In the order in which they were begun, beginning behind a number."""
    rows = await conn.fetch(
        """
        SELECT nr, id FROM alerts
        WHERE nr > $1 AND status IN ('pending', 'raised', 'acknowledged') ORDER BY nr LIMIT $2
        """,
        *(after, limit),
    )
    return [(row["nr"], row["id"]) for row in rows]


async def forget_lapsed(conn: AnyConnection, before_ms: int, limit: int) -> int:
    """For SYSTEM: of causes that nobody ever had to be told of."""
    forgotten: int = await conn.fetchval(
        "SELECT forget_lapsed_alerts($1, $2)", moment(before_ms), limit
    )
    return forgotten


async def judged(conn: AnyConnection) -> list[tuple[str, str, int]]:
    """For SYSTEM: how many of a kind people said were right, and wrong."""
    rows = await conn.fetch(
        "SELECT kind, judged, count(*) AS n FROM alerts WHERE judged IS NOT NULL GROUP BY 1, 2"
    )
    return [(row["kind"], row["judged"], row["n"]) for row in rows]


async def standing(conn: AnyConnection) -> list[tuple[str, str, int]]:
    """For SYSTEM: how many of each kind and severity are open."""
    rows = await conn.fetch(
        """
        SELECT kind, severity, count(*) AS n FROM alerts
        WHERE status IN ('raised', 'acknowledged') GROUP BY 1, 2
        """
    )
    return [(row["kind"], row["severity"], row["n"]) for row in rows]
