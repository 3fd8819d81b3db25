"""People's messages on the screen, and the phones that pushes reach (APP role)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from freight.notifying.state import Message, Severity
from store.errors import AlreadyExistsError, NotFoundError
from store.postgres import AnyConnection, moment, one

COLUMNS = "nr, id, at, read_at, kind, severity, subject, booking, truck, said_sealed"
ITEM = "message"


@dataclass(frozen=True, slots=True)
class Item:
    nr: int
    id: str
    at: datetime
    read_at: datetime | None
    kind: str
    severity: str
    subject: str
    booking: str | None
    truck: str | None
    said_sealed: bytes


@dataclass(frozen=True, slots=True)
class PushToken:
    id: str
    app: str
    created_at: datetime
    token_sealed: bytes


async def put(  # noqa: PLR0917 - what stands in a row
    conn: AnyConnection, tenant_key: int, item_id: str, message: Message, said: bytes, at_ms: int
) -> None:
    """Once, however often it is tried."""
    await conn.execute(
        """
        INSERT INTO inbox_items (at, tenant_key, id, person, kind, severity, subject, booking,
            truck, said_sealed)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING
        """,
        *(moment(at_ms), tenant_key, item_id, message.person, message.kind),
        *(message.severity.value, message.subject, message.booking, message.truck, said),
    )


async def list_page(
    conn: AnyConnection, person: str, before: int | None, limit: int, *, only_unread: bool
) -> list[Item]:
    """The newest first."""
    rows = await conn.fetch(
        f"""
        SELECT {COLUMNS} FROM inbox_items
        WHERE person = $1 AND ($2::bigint IS NULL OR nr < $2) AND (NOT $4 OR read_at IS NULL)
        ORDER BY nr DESC LIMIT $3
        """,
        *(person, before, limit, only_unread),
    )
    return [Item(**row) for row in rows]


async def unread(conn: AnyConnection, person: str) -> tuple[int, int]:
    """How many, and how many of them are critical."""
    row = one(
        await conn.fetchrow(
            """
            SELECT count(*) AS many, count(*) FILTER (WHERE severity = $2) AS critical
            FROM inbox_items WHERE person = $1 AND read_at IS NULL
            """,
            *(person, Severity.CRITICAL.value),
        )
    )
    return row["many"], row["critical"]


async def mark_read(conn: AnyConnection, person: str, item_id: str, at_ms: int) -> Item:
    row = await conn.fetchrow(
        f"""
        UPDATE inbox_items SET read_at = coalesce(read_at, $3)
        WHERE person = $1 AND id = $2 RETURNING {COLUMNS}
        """,
        *(person, item_id, moment(at_ms)),
    )
    if row is None:
        raise NotFoundError(ITEM, item_id)
    return Item(**row)


async def mark_all_read(
    conn: AnyConnection, person: str, up_to: str | None, at_ms: int
) -> list[str]:
    """Up to one of them, with it; none: all. Which they were."""
    rows = await conn.fetch(
        """
        UPDATE inbox_items SET read_at = $3
        WHERE person = $1 AND read_at IS NULL AND ($2::text IS NULL
            OR nr <= (SELECT nr FROM inbox_items WHERE person = $1 AND id = $2))
        RETURNING id
        """,
        *(person, up_to, moment(at_ms)),
    )
    return [row["id"] for row in rows]


# ------------------------------------------------------------------------------------ phones


async def add_token(
    conn: AnyConnection,
    tenant_key: int,
    *,
    id: str,  # noqa: A002 - its name everywhere
    person: str,
    app: str,
    token_sealed: bytes,
    token_index: bytes,
) -> PushToken:
    """A phone that changed hands is the new one's."""
    await conn.execute("DELETE FROM push_tokens WHERE token_index = $1", token_index)
    try:
        row = await conn.fetchrow(
            """
            INSERT INTO push_tokens (tenant_key, id, person, app, token_sealed, token_index)
            VALUES ($1, $2, $3, $4, $5, $6) RETURNING id, app, created_at, token_sealed
            """,
            *(tenant_key, id, person, app, token_sealed, token_index),
        )
    except asyncpg.UniqueViolationError:
        raise AlreadyExistsError("phone", id) from None
    return PushToken(**one(row))


async def tokens_of(conn: AnyConnection, person: str) -> list[PushToken]:
    """The newest first."""
    rows = await conn.fetch(
        """
        SELECT id, app, created_at, token_sealed FROM push_tokens
        WHERE person = $1 ORDER BY created_at DESC, id
        """,
        person,
    )
    return [PushToken(**row) for row in rows]


async def with_phones(conn: AnyConnection, people: Sequence[str]) -> set[str]:
    """Those of them that a push reaches."""
    rows = await conn.fetch(
        "SELECT DISTINCT person FROM push_tokens WHERE person = ANY ($1)", list(people)
    )
    return {row["person"] for row in rows}


async def drop_token(conn: AnyConnection, person: str, token_id: str) -> bool:
    done = await conn.fetchval(
        "DELETE FROM push_tokens WHERE person = $1 AND id = $2 RETURNING true", person, token_id
    )
    return bool(done)
