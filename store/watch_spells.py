"""Times in which nobody could watch: when they began and ended, and what may be missed of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg

from store.postgres import AnyConnection, epoch_ms, moment

COLUMNS = "nr, tenant_key, cause, detail, began_at, ended_at, missed"


@dataclass(frozen=True, slots=True)
class Spell:
    nr: int
    tenant_key: int
    cause: str
    detail: str
    began_ms: int
    ended_ms: int | None
    missed: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Sending:
    """How many trucks of a tenant sent something in a long time, and of late."""

    tenant_key: int
    usual: int
    of_late: int


@dataclass(frozen=True, slots=True)
class Gap:
    truck: str
    from_ms: int | None
    to_ms: int | None


@dataclass(frozen=True, slots=True)
class Gaps:
    trucks: int
    first: Sequence[Gap]


# ----------------------------------------------------------------------------- who is there


async def beat(conn: AnyConnection, name: str, at_ms: int) -> int | None:
    """Say that it watches now; when it did so before."""
    before = await conn.fetchval(
        """
        INSERT INTO watch_beats (name, at) VALUES ($1, $2)
        ON CONFLICT (name) DO UPDATE SET at = greatest(watch_beats.at, excluded.at)
        RETURNING old.at
        """,
        *(name, moment(at_ms)),
    )
    return None if before is None else epoch_ms(before)


async def last_beat(conn: AnyConnection, name: str) -> int | None:
    """For SYSTEM."""
    at = await conn.fetchval("SELECT at FROM watch_beats WHERE name = $1", name)
    return None if at is None else epoch_ms(at)


async def watched(conn: AnyConnection) -> list[int]:
    """For SYSTEM: the tenants that have trucks to watch."""
    rows = await conn.fetch(
        """
        SELECT t.key FROM tenants t WHERE t.status = 'active' AND EXISTS (
            SELECT FROM trucks WHERE trucks.tenant_key = t.key AND deleted_at IS NULL)
        """
    )
    return [row["key"] for row in rows]


async def sending(conn: AnyConnection, now_ms: int, usual_s: float, late_s: float) -> list[Sending]:
    """For SYSTEM: of every tenant with trucks."""
    rows = await conn.fetch(
        """
        SELECT t.tenant_key,
            count(*) FILTER (WHERE EXISTS (SELECT FROM fixes f WHERE f.truck_key = t.key
                AND f.ts > $1::timestamptz - make_interval(secs => $2) AND f.ts <= $1)) AS usual,
            count(*) FILTER (WHERE EXISTS (SELECT FROM fixes f WHERE f.truck_key = t.key
                AND f.ts > $1::timestamptz - make_interval(secs => $3) AND f.ts <= $1)) AS of_late
        FROM trucks t JOIN tenants o ON o.key = t.tenant_key AND o.status = 'active'
        WHERE t.deleted_at IS NULL GROUP BY t.tenant_key
        """,
        *(moment(now_ms), usual_s, late_s),
    )
    return [Sending(**row) for row in rows]


# ---------------------------------------------------------------------------------- spells


async def begin(
    conn: AnyConnection, tenant_keys: Sequence[int], cause: str, detail: str, at_ms: int
) -> None:
    """For SYSTEM; one that goes on is left as it is."""
    await conn.execute(
        """
        INSERT INTO watch_spells (began_at, tenant_key, cause, detail)
        SELECT $3, key, $2, $4 FROM unnest($1::int[]) AS g (key)
        ON CONFLICT (tenant_key, cause) WHERE ended_at IS NULL DO NOTHING
        """,
        *(list(tenant_keys), cause, moment(at_ms), detail),
    )


async def note_gap(  # noqa: PLR0917 - the columns of its rows
    conn: AnyConnection,
    tenant_keys: Sequence[int],
    cause: str,
    detail: str,
    span_ms: tuple[int, int],
    settles_ms: int,
) -> None:
    """For SYSTEM: a spell that is known only now that it is over."""
    await conn.execute(
        """
        INSERT INTO watch_spells (began_at, ended_at, settles_at, tenant_key, cause, detail)
        SELECT $3, $4, $5, key, $2, $6 FROM unnest($1::int[]) AS g (key)
        """,
        *(list(tenant_keys), cause, moment(span_ms[0]), moment(span_ms[1]), moment(settles_ms)),
        detail,
    )


async def end(conn: AnyConnection, numbers: Sequence[int], at_ms: int, settles_ms: int) -> None:
    await conn.execute(
        """
        UPDATE watch_spells SET ended_at = greatest($2, began_at), settles_at = $3
        WHERE nr = ANY ($1) AND ended_at IS NULL
        """,
        *(list(numbers), moment(at_ms), moment(settles_ms)),
    )


async def going_on(conn: AnyConnection) -> list[Spell]:
    """For SYSTEM all tenants', otherwise the tenant's."""
    rows = await conn.fetch(
        f"SELECT {COLUMNS} FROM watch_spells WHERE ended_at IS NULL ORDER BY nr"
    )
    return [_spell(row) for row in rows]


async def settling(conn: AnyConnection, now_ms: int, limit: int) -> list[Spell]:
    """For SYSTEM: of which can be said by now what may be missed."""
    rows = await conn.fetch(
        f"""
        SELECT {COLUMNS} FROM watch_spells WHERE settles_at <= $1 AND missed IS NULL
        ORDER BY settles_at, nr LIMIT $2
        """,
        *(moment(now_ms), limit),
    )
    return [_spell(row) for row in rows]


async def keep_missed(conn: AnyConnection, nr: int, missed: Mapping[str, Any]) -> None:
    await conn.execute("UPDATE watch_spells SET missed = $2 WHERE nr = $1", nr, dict(missed))


async def over(conn: AnyConnection, since_ms: int, limit: int) -> list[Spell]:
    """Of the tenant, those that ended of late, the latest first."""
    rows = await conn.fetch(
        f"SELECT {COLUMNS} FROM watch_spells WHERE ended_at >= $1 ORDER BY nr DESC LIMIT $2",
        *(moment(since_ms), limit),
    )
    return [_spell(row) for row in rows]


@dataclass(frozen=True, slots=True)
class Blind:
    tenant_key: int
    tenant: str
    since_ms: int
    why: list[str]


async def blind_tenants(conn: AnyConnection, limit: int) -> list[Blind]:
    """For SYSTEM: those that are not seen at the moment."""
    rows = await conn.fetch(
        """
        SELECT s.tenant_key, t.id AS tenant, min(s.began_at) AS began_at,
            array_agg(DISTINCT s.cause ORDER BY s.cause) AS why
        FROM watch_spells s JOIN tenants t ON t.key = s.tenant_key AND t.status = 'active'
        WHERE s.ended_at IS NULL GROUP BY s.tenant_key, t.id ORDER BY s.tenant_key LIMIT $1
        """,
        limit,
    )
    return [
        Blind(row["tenant_key"], row["tenant"], epoch_ms(row["began_at"]), row["why"])
        for row in rows
    ]


# ---------------------------------------------------------------------------------- missed


async def gaps(conn: AnyConnection, spell: Spell, usual_s: float, gap_s: float, limit: int) -> Gaps:
    """For SYSTEM: trucks that sent before the spell, and then left out more than `gap_s` of it.

    What came late and has filled a gap by now leaves none.
    """
    rows = await conn.fetch(
        """
        WITH seen AS (
            SELECT t.id, f.ts, lead(f.ts) OVER (PARTITION BY f.truck_key ORDER BY f.ts) AS next
            FROM trucks t JOIN fixes f ON f.truck_key = t.key
            WHERE t.tenant_key = $1 AND t.deleted_at IS NULL
                AND f.ts >= $2::timestamptz - make_interval(secs => $4)
                AND f.ts < $3::timestamptz + make_interval(secs => $4)
        ), gap AS (
            SELECT DISTINCT ON (id) id, ts, next FROM seen
            WHERE ts < $3 AND coalesce(next, 'infinity') > $2
                AND least(coalesce(next, $3), $3) - greatest(ts, $2) >= make_interval(secs => $5)
            ORDER BY id, ts
        )
        SELECT id, ts, next, count(*) OVER () AS trucks FROM gap ORDER BY ts, id LIMIT $6
        """,
        *(spell.tenant_key, moment(spell.began_ms), moment(spell.ended_ms or spell.began_ms)),
        *(usual_s, gap_s, limit),
    )
    first = [
        Gap(row["id"], epoch_ms(row["ts"]), None if row["next"] is None else epoch_ms(row["next"]))
        for row in rows
    ]
    return Gaps(rows[0]["trucks"] if rows else 0, first)


async def raised_late(conn: AnyConnection, spell: Spell, limit: int) -> list[str]:
    """For SYSTEM: alerts whose cause lay in the spell, and that were raised only behind it."""
    rows = await conn.fetch(
        """
        SELECT id FROM alerts WHERE tenant_key = $1 AND began_at >= $2 AND began_at < $3
            AND raised_at >= $3 ORDER BY began_at, nr LIMIT $4
        """,
        *(spell.tenant_key, moment(spell.began_ms), moment(spell.ended_ms or spell.began_ms)),
        limit,
    )
    return [row["id"] for row in rows]


def _spell(row: asyncpg.Record) -> Spell:
    return Spell(
        nr=row["nr"],
        tenant_key=row["tenant_key"],
        cause=row["cause"],
        detail=row["detail"],
        began_ms=epoch_ms(row["began_at"]),
        ended_ms=None if row["ended_at"] is None else epoch_ms(row["ended_at"]),
        missed=row["missed"],
    )
