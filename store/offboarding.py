"""The end of a tenant: every row of it written out, then erased, found from the catalogue.

Works table by table and block by block with functions of the owner, so a later table is covered
by itself, no step is long, and after a crash it simply goes on.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from store.postgres import AnyConnection, one

# One process at a time works on any tenant's end.
OFFBOARDING_LOCK = (20267, 55)
KEPT_PREFIX = "audit"
# What lets somebody in, or only serves to find things; a sealed one-time-code key is both.
_SECRET = re.compile(r"secret|hash|password|totp|token|recovery|private|_index$")
COLUMNS = (
    "tenant_key, offboarded_key, phase, confirm_until, confirmed_at, exported_at, export_bytes, "
    "downloaded_at, erased_at, export_file, trouble"
)


@dataclass(frozen=True, slots=True)
class Offboarding:
    tenant_key: int
    offboarded_key: int
    phase: str
    confirm_until: datetime
    confirmed_at: datetime | None
    exported_at: datetime | None
    export_bytes: int | None
    downloaded_at: datetime | None
    erased_at: datetime | None
    export_file: str | None
    trouble: str | None


@dataclass(frozen=True, slots=True)
class TenantTable:
    """One table that has rows of tenants; a partition is part of what it is named after."""

    oid: int
    name: str
    part_of: str
    shown: tuple[str, ...]
    hidden: tuple[str, ...]

    @property
    def is_kept(self) -> bool:
        return self.part_of.startswith(KEPT_PREFIX)


# ------------------------------------------------------------------- what was asked for


async def request(
    conn: AnyConnection,
    operator_key: int,
    tenant_key: int,
    *,
    by: str,
    token_hash: str,
    confirm_within_s: float,
) -> Offboarding:
    """For SYSTEM; a second request replaces an unconfirmed first."""
    row = await conn.fetchrow(
        f"""
        INSERT INTO offboardings AS o
            (tenant_key, offboarded_key, requested_by, token_hash, confirm_until)
        VALUES ($1, $2, $3, $4, now() + make_interval(secs => $5))
        ON CONFLICT (offboarded_key) DO UPDATE SET requested_by = excluded.requested_by,
            token_hash = excluded.token_hash, confirm_until = excluded.confirm_until
            WHERE o.phase = 'requested'
        RETURNING {COLUMNS}
        """,
        operator_key,
        tenant_key,
        by,
        token_hash,
        confirm_within_s,
    )
    return Offboarding(**one(row))


async def confirm(conn: AnyConnection, tenant_key: int, token_hash: str) -> Offboarding | None:
    """For SYSTEM: None when the token is wrong or too old."""
    row = await conn.fetchrow(
        f"""
        UPDATE offboardings SET phase = 'exporting', confirmed_at = now()
        WHERE offboarded_key = $1 AND token_hash = $2 AND phase = 'requested'
            AND confirm_until > now()
        RETURNING {COLUMNS}
        """,
        tenant_key,
        token_hash,
    )
    return None if row is None else Offboarding(**row)


async def find(conn: AnyConnection, tenant_key: int) -> Offboarding | None:
    row = await conn.fetchrow(
        f"SELECT {COLUMNS} FROM offboardings WHERE offboarded_key = $1", tenant_key
    )
    return None if row is None else Offboarding(**row)


async def begin_turn(conn: AnyConnection) -> bool:
    """Of all processes one works at a time; its turn ends with the connection."""
    is_ours: bool = await conn.fetchval("SELECT pg_try_advisory_lock($1, $2)", *OFFBOARDING_LOCK)
    return is_ours


async def under_way(conn: AnyConnection) -> list[Offboarding]:
    rows = await conn.fetch(
        f"SELECT {COLUMNS} FROM offboardings WHERE phase IN ('exporting', 'erasing') "
        "ORDER BY confirmed_at"
    )
    return [Offboarding(**row) for row in rows]


async def note_trouble(conn: AnyConnection, tenant_key: int, trouble: str | None) -> None:
    await conn.execute(
        "UPDATE offboardings SET trouble = $2 WHERE offboarded_key = $1", tenant_key, trouble
    )


async def note_exported(conn: AnyConnection, tenant_key: int, file: str, size_bytes: int) -> None:
    await conn.execute(
        """
        UPDATE offboardings SET phase = 'erasing', exported_at = now(), export_file = $2,
            export_bytes = $3, trouble = NULL
        WHERE offboarded_key = $1
        """,
        tenant_key,
        file,
        size_bytes,
    )


async def note_erased(conn: AnyConnection, tenant_key: int) -> None:
    """Its id remains, without its name: nobody gets it again, and the audit trail is about it."""
    async with conn.transaction():
        await conn.execute(
            """
            UPDATE tenants SET name = id, status = 'erased', status_since = now(),
                version = version + 1
            WHERE key = $1
            """,
            tenant_key,
        )
        await conn.execute(
            "UPDATE offboardings SET phase = 'done', erased_at = now(), trouble = NULL "
            "WHERE offboarded_key = $1",
            tenant_key,
        )


async def claim_download(conn: AnyConnection, tenant_key: int) -> str | None:
    """The file, for the first who asks; None for everybody after."""
    file: str | None = await conn.fetchval(
        """
        UPDATE offboardings SET downloaded_at = now()
        WHERE offboarded_key = $1 AND exported_at IS NOT NULL AND downloaded_at IS NULL
        RETURNING export_file
        """,
        tenant_key,
    )
    return file


async def give_back_download(conn: AnyConnection, tenant_key: int) -> None:
    """It broke off before its end."""
    await conn.execute(
        "UPDATE offboardings SET downloaded_at = NULL WHERE offboarded_key = $1", tenant_key
    )


# ---------------------------------------------------------------------- the rows themselves


async def tables(conn: AnyConnection) -> list[TenantTable]:
    """All that hold rows of tenants, those that refer to others first."""
    rows = await conn.fetch(
        """
        SELECT c.oid::int8 AS oid, c.relname AS name, coalesce(root.relname, c.relname) AS part_of,
            array_agg(a.attname::text ORDER BY a.attnum) AS columns
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
            LEFT JOIN pg_inherits i ON i.inhrelid = c.oid
            LEFT JOIN pg_class root ON root.oid = i.inhparent
        WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
            AND a.attnum > 0 AND NOT a.attisdropped
        GROUP BY c.oid, c.relname, root.relname
        HAVING bool_or(a.attname = 'tenant_key')
        ORDER BY part_of, name
        """
    )
    refers = await conn.fetch(
        """
        SELECT DISTINCT conrelid::int8 AS child, confrelid::int8 AS parent FROM pg_constraint
        WHERE contype = 'f' AND conrelid <> confrelid
        """
    )
    return _children_first(
        [_table(row) for row in rows], {(row["child"], row["parent"]) for row in refers}
    )


async def blocks(conn: AnyConnection, table: TenantTable) -> int:
    size: int = await conn.fetchval(
        "SELECT pg_relation_size($1::int8::oid) / current_setting('block_size')::int", table.oid
    )
    return size


async def exported(
    conn: AnyConnection, tenant_key: int, table: TenantTable, blocks_at_once: int
) -> AsyncIterator[list[str]]:
    """The tenant's rows as JSON texts, without what lets somebody in."""
    end = await blocks(conn, table)
    for start in range(0, end, blocks_at_once):
        rows = await conn.fetch(
            "SELECT * FROM export_tenant_rows($1, $2::int8::oid::regclass, $3, $4, $5)",
            tenant_key,
            table.oid,
            list(table.shown),
            start,
            start + blocks_at_once,
        )
        if rows:
            yield [row[0] for row in rows]


async def erase(
    conn: AnyConnection, tenant_key: int, table: TenantTable, blocks_at_once: int
) -> int:
    """One time through the table; how many rows of the tenant were there."""
    erased = 0
    end = await blocks(conn, table)
    for start in range(0, end, blocks_at_once):
        erased += await conn.fetchval(
            "SELECT erase_tenant_rows($1, $2::int8::oid::regclass, $3, $4)",
            tenant_key,
            table.oid,
            start,
            start + blocks_at_once,
        )
    return erased


async def close_fleet(conn: AnyConnection, tenant_key: int, at_once: int) -> None:
    """Its trucks and fences leave every process's memory by the usual way: they are deleted."""
    while await conn.fetchval("SELECT close_tenant_fleet($1, $2)", tenant_key, at_once):
        pass


def _table(row: asyncpg.Record) -> TenantTable:
    hidden = [column for column in row["columns"] if _SECRET.search(column)]
    # A table of secrets keeps their values in columns of any name.
    if row["part_of"].startswith("secret"):
        hidden += [column for column in row["columns"] if "sealed" in column or "value" in column]
    return TenantTable(
        oid=row["oid"],
        name=row["name"],
        part_of=row["part_of"],
        shown=tuple(column for column in row["columns"] if column not in hidden),
        hidden=tuple(sorted(set(hidden))),
    )


def _children_first(
    found: Sequence[TenantTable], refers: set[tuple[int, int]]
) -> list[TenantTable]:
    """In a ring of references any order is as good: what is refused is tried again."""
    ordered: list[TenantTable] = []
    waiting = list(found)
    while waiting:
        oids = {table.oid for table in waiting}
        free = [
            table
            for table in waiting
            if not any((child, table.oid) in refers for child in oids if child != table.oid)
        ] or waiting
        ordered += free
        waiting = [table for table in waiting if table not in free]
    return ordered
