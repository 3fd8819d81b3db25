"""When trucks are not to be had: spans that do not overlap, one truck's beside another's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import asyncpg

from store.errors import AlreadyExistsError, InUseError, NotFoundError, StaleVersionError
from store.postgres import AnyConnection, one

COLUMNS = "id, from_ts, to_ts, reason, created_at, version"


@dataclass(frozen=True, slots=True)
class Absence:
    id: str
    from_ts: datetime
    to_ts: datetime | None
    reason: str
    created_at: datetime
    version: int


async def list_page(
    conn: AnyConnection,
    truck_key: int,
    *,
    after: str | None,
    limit: int,
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[Absence]:
    """In the order of their ids, those that touch [since, until)."""
    rows = await conn.fetch(
        f"""
        SELECT {COLUMNS} FROM truck_absences WHERE truck_key = $1 AND id > $2
            AND ($4::timestamptz IS NULL OR to_ts IS NULL OR to_ts > $4)
            AND ($5::timestamptz IS NULL OR from_ts < $5)
        ORDER BY id LIMIT $3
        """,
        *(truck_key, after or "", limit, since, until),
    )
    return [Absence(**row) for row in rows]


async def get(conn: AnyConnection, truck_key: int, id: str) -> Absence:  # noqa: A002
    row = await conn.fetchrow(
        f"SELECT {COLUMNS} FROM truck_absences WHERE truck_key = $1 AND id = $2", truck_key, id
    )
    if row is None:
        raise NotFoundError("absence", id)
    return Absence(**row)


async def create(
    conn: AnyConnection,
    tenant_key: int,
    truck_key: int,
    *,
    id: str,  # noqa: A002
    since: datetime | None,
    until: datetime | None,
    reason: str,
) -> Absence:
    """Without a begin: from now on."""
    try:
        row = await conn.fetchrow(
            f"""
            INSERT INTO truck_absences (tenant_key, truck_key, id, from_ts, to_ts, reason)
            VALUES ($1, $2, $3, coalesce($4, now()), $5, $6) RETURNING {COLUMNS}
            """,
            *(tenant_key, truck_key, id, since, until, reason),
        )
    except asyncpg.UniqueViolationError:
        raise AlreadyExistsError("absence", id) from None
    except asyncpg.ExclusionViolationError:
        raise InUseError("this time of absence", id, "another absence of the truck") from None
    return Absence(**one(row))


async def change(
    conn: AnyConnection,
    truck_key: int,
    id: str,  # noqa: A002
    *,
    since: datetime,
    until: datetime | None,
    reason: str,
    expected_version: int,
) -> Absence:
    try:
        row = await conn.fetchrow(
            f"""
            UPDATE truck_absences SET from_ts = $4, to_ts = $5, reason = $6, version = version + 1
            WHERE truck_key = $1 AND id = $2 AND version = $3 RETURNING {COLUMNS}
            """,
            *(truck_key, id, expected_version, since, until, reason),
        )
    except asyncpg.ExclusionViolationError:
        raise InUseError("this time of absence", id, "another absence of the truck") from None
    if row is None:
        found = await get(conn, truck_key, id)
        raise StaleVersionError("absence", id, expected_version, found.version)
    return Absence(**row)


async def delete(
    conn: AnyConnection,
    truck_key: int,
    id: str,  # noqa: A002
    expected_version: int,
) -> None:
    done = await conn.fetchval(
        "DELETE FROM truck_absences WHERE truck_key = $1 AND id = $2 AND version = $3 "
        "RETURNING true",
        *(truck_key, id, expected_version),
    )
    if not done:
        found = await get(conn, truck_key, id)
        raise StaleVersionError("absence", id, expected_version, found.version)
