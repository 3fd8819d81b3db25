"""Links to documents and who read what: how long each is good, and every access (APP role)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from store.errors import NotFoundError
from store.postgres import AnyConnection, one

COLUMNS = "id, document, created_at, expires_at, revoked_at, used_at, single_use, created_by"


@dataclass(frozen=True, slots=True)
class Link:
    id: str
    document: str
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    used_at: datetime | None  # first
    single_use: bool
    created_by: str


@dataclass(frozen=True, slots=True)
class Access:
    nr: int
    at: datetime
    by: str
    link: str | None
    origin: str | None


async def create(  # noqa: PLR0917 - as the columns are named
    conn: AnyConnection,
    tenant_key: int,
    id: str,  # noqa: A002 - its name everywhere
    document: str,
    expires_at: datetime,
    single_use: bool,
    created_by: str,
) -> Link:
    row = await conn.fetchrow(
        "INSERT INTO document_links (tenant_key, id, document, expires_at, single_use, created_by) "
        f"VALUES ($1, $2, $3, $4, $5, $6) RETURNING {COLUMNS}",
        *(tenant_key, id, document, expires_at, single_use, created_by),
    )
    return Link(**one(row))


async def of_document(conn: AnyConnection, document: str, limit: int) -> list[Link]:
    """The newest first."""
    rows = await conn.fetch(
        f"SELECT {COLUMNS} FROM document_links WHERE document = $1 "
        "ORDER BY created_at DESC, id LIMIT $2",
        *(document, limit),
    )
    return [Link(**row) for row in rows]


async def count_good(conn: AnyConnection, document: str) -> int:
    good: int = await conn.fetchval(
        "SELECT count(*) FROM document_links WHERE document = $1 AND expires_at > now() "
        "AND revoked_at IS NULL AND NOT (single_use AND used_at IS NOT NULL)",
        document,
    )
    return good


async def revoke(conn: AnyConnection, document: str, id: str) -> Link:  # noqa: A002
    """The second time changes nothing."""
    row = await conn.fetchrow(
        "UPDATE document_links SET revoked_at = coalesce(revoked_at, now()) "
        f"WHERE document = $1 AND id = $2 RETURNING {COLUMNS}",
        *(document, id),
    )
    if row is None:
        raise NotFoundError("link", id)
    return Link(**row)


async def use(conn: AnyConnection, id: str) -> str | None:  # noqa: A002
    """The document it leads to; None when the link is good no more. Of two that use a link for
    one use at the same moment, one is told so."""
    document: str | None = await conn.fetchval(
        "UPDATE document_links SET used_at = coalesce(used_at, now()) WHERE id = $1 "
        "AND expires_at > now() AND revoked_at IS NULL AND NOT (single_use AND used_at IS NOT NULL)"
        " RETURNING document",
        id,
    )
    return document


async def note_access(  # noqa: PLR0917 - as the columns are named
    conn: AnyConnection,
    tenant_key: int,
    document: str,
    by: str,
    link: str | None,
    origin: str | None,
) -> None:
    await conn.execute(
        "INSERT INTO document_accesses (tenant_key, document, by, link, origin) "
        "VALUES ($1, $2, $3, $4, $5)",
        *(tenant_key, document, by, link, origin),
    )


async def accesses(
    conn: AnyConnection, document: str, *, before: int | None, limit: int
) -> list[Access]:
    """The newest first."""
    rows = await conn.fetch(
        "SELECT nr, at, by, link, origin FROM document_accesses WHERE document = $1 "
        "AND nr < coalesce($2, 9223372036854775807) ORDER BY nr DESC LIMIT $3",
        *(document, before, limit),
    )
    return [Access(**row) for row in rows]


async def forget_accesses(conn: AnyConnection, before: datetime, limit: int) -> int:
    """For SYSTEM."""
    gone: int = await conn.fetchval("SELECT forget_document_accesses($1, $2)", before, limit)
    return gone
