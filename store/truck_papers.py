"""The papers of trucks, one of a kind each (APP role)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import asyncpg

from freight.fleet.papers import Paper, PaperKind
from store.errors import NotFoundError, StaleVersionError
from store.postgres import AnyConnection, one

COLUMNS = "kind, number, valid_until, states, updated_at, version"


@dataclass(frozen=True, slots=True)
class StoredPaper:
    paper: Paper
    updated_at: datetime
    version: int


async def of_truck(conn: AnyConnection, truck_key: int) -> list[StoredPaper]:
    rows = await conn.fetch(
        f"SELECT {COLUMNS} FROM truck_papers WHERE truck_key = $1 ORDER BY kind", truck_key
    )
    return [_stored(row) for row in rows]


async def find(conn: AnyConnection, truck_key: int, kind: PaperKind) -> StoredPaper | None:
    row = await conn.fetchrow(
        f"SELECT {COLUMNS} FROM truck_papers WHERE truck_key = $1 AND kind = $2", truck_key, kind
    )
    return None if row is None else _stored(row)


async def put(
    conn: AnyConnection,
    tenant_key: int,
    truck_key: int,
    paper: Paper,
    expected_version: int | None,
) -> StoredPaper:
    """The new one in place of the old; with a version, only of the one at it."""
    row = await conn.fetchrow(
        f"""
        INSERT INTO truck_papers AS p (tenant_key, truck_key, kind, number, valid_until, states)
        VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (truck_key, kind) DO UPDATE SET number = excluded.number,
            valid_until = excluded.valid_until, states = excluded.states,
            updated_at = now(), version = p.version + 1
        WHERE p.version = coalesce($7, p.version)
        RETURNING {COLUMNS}
        """,
        *(tenant_key, truck_key, paper.kind, paper.number, paper.valid_until),
        sorted(paper.states),
        expected_version,
    )
    if row is None:
        found = await find(conn, truck_key, paper.kind)
        raise StaleVersionError(
            "paper", paper.kind, expected_version or 0, 0 if found is None else found.version
        )
    return _stored(one(row))


async def delete(
    conn: AnyConnection, truck_key: int, kind: PaperKind, expected_version: int | None
) -> None:
    done = await conn.fetchval(
        "DELETE FROM truck_papers WHERE truck_key = $1 AND kind = $2 "
        "AND version = coalesce($3, version) RETURNING true",
        truck_key,
        kind,
        expected_version,
    )
    if done:
        return
    found = await find(conn, truck_key, kind)
    if found is None:
        raise NotFoundError("paper", kind)
    raise StaleVersionError("paper", kind, expected_version or 0, found.version)


def _stored(row: asyncpg.Record) -> StoredPaper:
    paper = Paper(
        PaperKind(row["kind"]), row["number"], row["valid_until"], frozenset(row["states"])
    )
    return StoredPaper(paper, row["updated_at"], row["version"])
