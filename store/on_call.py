"""Calendars of who is on call (APP role)."""

from __future__ import annotations

import asyncpg
import msgspec
from msgspec.structs import replace

from freight.notifying.on_call import Calendar, called
from store.errors import AlreadyExistsError, NotFoundError, StaleVersionError
from store.postgres import AnyConnection, one

COLUMNS = "id, version, calendar::text AS calendar"
CALENDAR = "calendar"


async def create(conn: AnyConnection, tenant_key: int, calendar: Calendar) -> Calendar:
    try:
        row = await conn.fetchrow(
            "INSERT INTO on_call (tenant_key, id, calendar) VALUES ($1, $2, $3) "
            f"RETURNING {COLUMNS}",
            *(tenant_key, calendar.id, msgspec.to_builtins(calendar)),
        )
    except asyncpg.UniqueViolationError:
        raise AlreadyExistsError(CALENDAR, calendar.id) from None
    return _calendar(one(row))


async def get(conn: AnyConnection, calendar_id: str) -> Calendar:
    row = await conn.fetchrow(f"SELECT {COLUMNS} FROM on_call WHERE id = $1", calendar_id)
    if row is None:
        raise NotFoundError(CALENDAR, calendar_id)
    return _calendar(row)


async def put(conn: AnyConnection, calendar: Calendar, expected_version: int) -> Calendar:
    row = await conn.fetchrow(
        f"""
        UPDATE on_call SET calendar = $2, version = version + 1, updated_at = now()
        WHERE id = $1 AND version = $3 RETURNING {COLUMNS}
        """,
        *(calendar.id, msgspec.to_builtins(calendar), expected_version),
    )
    if row is None:
        now = await get(conn, calendar.id)
        raise StaleVersionError(CALENDAR, calendar.id, expected_version, now.version)
    return _calendar(row)


async def delete(conn: AnyConnection, calendar_id: str, expected_version: int) -> None:
    done = await conn.fetchval(
        "DELETE FROM on_call WHERE id = $1 AND version = $2 RETURNING true",
        *(calendar_id, expected_version),
    )
    if not done:
        now = await get(conn, calendar_id)
        raise StaleVersionError(CALENDAR, calendar_id, expected_version, now.version)


async def list_page(conn: AnyConnection, after: str | None, limit: int) -> list[Calendar]:
    """In the order of their ids, beginning behind `after`."""
    rows = await conn.fetch(
        f"SELECT {COLUMNS} FROM on_call WHERE id > $1 ORDER BY id LIMIT $2", after or "", limit
    )
    return [_calendar(row) for row in rows]


async def count(conn: AnyConnection) -> int:
    found: int = await conn.fetchval("SELECT count(*) FROM on_call")
    return found


async def called_at(conn: AnyConnection, level: int, at_ms: int) -> list[str]:
    """Whom all calendars together call at a level: "users/x", each once."""
    rows = await conn.fetch(f"SELECT {COLUMNS} FROM on_call ORDER BY id")
    people = [person for row in rows for person in called(_calendar(row), level, at_ms)]
    return list(dict.fromkeys(people))


def _calendar(row: asyncpg.Record) -> Calendar:
    found = msgspec.json.decode(row["calendar"], type=Calendar)
    return replace(found, id=row["id"], version=row["version"])
