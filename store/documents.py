"""Documents: what is kept of each beside its content, which lies in the blobs under `blob`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

import asyncpg

from freight.documents.rules import Form
from store.errors import NotFoundError
from store.key_file import KeyFile
from store.postgres import AnyConnection
from store.sealing import Sealer

# Of the secrets with which contents are sealed.
PURPOSE = "documents"
GIVEN = (
    *("id", "kind", "form", "name", "subject", "subject_key", "booking", "leg", "stop", "paper"),
    *("size_bytes", "sha256", "valid_until", "keep_until", "uploaded_by", "scan", "scanned_at"),
    *("for_shipper", "for_carrier", "personal"),
)
COLUMNS = f"nr, tenant_key, {', '.join(GIVEN)}, uploaded_at, finding, content_secret_sealed"


class Scan(StrEnum):
    """What a virus scanner says of it."""

    NONE = "none"  # there is no scanner
    PENDING = "pending"  # there is one, and it was away: nobody reads the document until it is back
    CLEAN = "clean"
    INFECTED = "infected"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDocument:
    id: str
    kind: str
    form: Form
    name: str | None
    subject: str  # "bookings/...", "trucks/...", ...
    subject_key: int | None = None
    booking: str | None = None
    leg: str | None = None
    stop: str | None = None
    paper: str | None = None
    size_bytes: int
    sha256: bytes
    valid_until: date | None = None
    keep_until: datetime | None = None
    uploaded_by: str
    scan: Scan
    scanned_at: datetime | None = None
    for_shipper: bool
    for_carrier: bool
    personal: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Document(NewDocument):
    nr: int
    tenant_key: int
    uploaded_at: datetime
    finding: str | None
    content_secret_sealed: bytes

    @property
    def blob(self) -> str:
        return blob_name(self.tenant_key, self.id)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which of a tenant's documents; None: any."""

    subject: str | None = None
    booking: str | None = None
    kind: str | None = None
    paper: str | None = None


def blob_name(tenant_key: int, document: str) -> str:
    return f"{tenant_key}/{document}"


def sealer(keys: KeyFile) -> Sealer:
    return Sealer(keys, PURPOSE)


async def create(
    conn: AnyConnection, tenant_key: int, new: NewDocument, secret_sealed: bytes
) -> Document | None:
    """None: the same content is there already, about the same."""
    places = ", ".join(f"${number}" for number in range(3, len(GIVEN) + 3))
    try:
        row = await conn.fetchrow(
            f"INSERT INTO documents (tenant_key, content_secret_sealed, {', '.join(GIVEN)}) "
            f"VALUES ($1, $2, {places}) ON CONFLICT DO NOTHING RETURNING {COLUMNS}",
            *(tenant_key, secret_sealed),
            *(getattr(new, name) for name in GIVEN),
        )
    except asyncpg.InsufficientPrivilegeError:
        # Who speaks for one party writes only about what is that one's.
        raise NotFoundError("subject", new.subject) from None
    return None if row is None else _document(row)


async def same(conn: AnyConnection, new: NewDocument) -> Document | None:
    """The one with the same content that was there before, about the same."""
    row = await conn.fetchrow(
        f"""
        SELECT {COLUMNS} FROM documents
        WHERE subject = $1 AND sha256 = $2 AND kind = $3 AND subject_key IS NOT DISTINCT FROM $4
            AND leg IS NOT DISTINCT FROM $5 AND stop IS NOT DISTINCT FROM $6
            AND paper IS NOT DISTINCT FROM $7
        """,
        *(new.subject, new.sha256, new.kind, new.subject_key, new.leg, new.stop, new.paper),
    )
    return None if row is None else _document(row)


async def get(conn: AnyConnection, id: str) -> Document:  # noqa: A002 - its name everywhere
    row = await conn.fetchrow(f"SELECT {COLUMNS} FROM documents WHERE id = $1", id)
    if row is None:
        raise NotFoundError("document", id)
    return _document(row)


async def of_booking(conn: AnyConnection, booking: str, ids: Sequence[str]) -> list[Document]:
    """Those of these that belong to it."""
    rows = await conn.fetch(
        f"SELECT {COLUMNS} FROM documents WHERE booking = $1 AND id = ANY ($2)", booking, list(ids)
    )
    return [_document(row) for row in rows]


async def newest_of_papers(
    conn: AnyConnection, subject: str, subject_key: int | None = None
) -> dict[str, str]:
    """By the kind of paper the id of the document that shows it, the last one uploaded."""
    rows = await conn.fetch(
        "SELECT DISTINCT ON (paper) paper, id FROM documents WHERE subject = $1 "
        "AND subject_key IS NOT DISTINCT FROM $2 AND paper IS NOT NULL ORDER BY paper, nr DESC",
        *(subject, subject_key),
    )
    return {row["paper"]: row["id"] for row in rows}


async def count(conn: AnyConnection, subject: str) -> int:
    held: int = await conn.fetchval("SELECT count(*) FROM documents WHERE subject = $1", subject)
    return held


async def list_page(
    conn: AnyConnection, wanted: Wanted, *, before: int | None, limit: int
) -> list[Document]:
    """The newest first."""
    args: list[object] = [limit]
    where = ["true"]
    for name in ("subject", "booking", "kind", "paper"):
        value = getattr(wanted, name)
        if value is not None:
            args.append(value)
            where.append(f"{name} = ${len(args)}")
    if before is not None:
        args.append(before)
        where.append(f"nr < ${len(args)}")
    rows = await conn.fetch(
        f"SELECT {COLUMNS} FROM documents WHERE {' AND '.join(where)} ORDER BY nr DESC LIMIT $1",
        *args,
    )
    return [_document(row) for row in rows]


async def delete(conn: AnyConnection, id: str) -> None:  # noqa: A002
    """Its content goes after the commit; without the row nobody can open it anyway."""
    if not await conn.fetchval("DELETE FROM documents WHERE id = $1 RETURNING true", id):
        raise NotFoundError("document", id)


# ------------------------------------------------------------------- for SYSTEM: of all tenants


async def unscanned(conn: AnyConnection, limit: int) -> list[Document]:
    rows = await conn.fetch(
        f"SELECT {COLUMNS} FROM documents WHERE scan = 'pending' ORDER BY nr LIMIT $1", limit
    )
    return [_document(row) for row in rows]


async def note_scan(
    conn: AnyConnection, document: Document, scan: Scan, finding: str | None
) -> None:
    await conn.execute(
        "UPDATE documents SET scan = $3, finding = $4, scanned_at = now() "
        "WHERE tenant_key = $1 AND id = $2",
        *(document.tenant_key, document.id, scan, finding),
    )


async def of_tenant(conn: AnyConnection, tenant_key: int, at_once: int) -> AsyncIterator[Document]:
    """All of one, in the order in which they came."""
    after = 0
    while True:
        rows = await conn.fetch(
            f"SELECT {COLUMNS} FROM documents WHERE tenant_key = $1 AND nr > $2 "
            "ORDER BY nr LIMIT $3",
            *(tenant_key, after, at_once),
        )
        if not rows:
            return
        for row in rows:
            yield _document(row)
        after = rows[-1]["nr"]


async def forget_ended(conn: AnyConnection, limit: int) -> list[str]:
    """Removes some that were kept long enough; gives the names of their blobs."""
    rows = await conn.fetch(
        """
        DELETE FROM documents WHERE (tenant_key, id) IN
            (SELECT tenant_key, id FROM documents WHERE keep_until < now() LIMIT $1)
        RETURNING tenant_key, id
        """,
        limit,
    )
    return [blob_name(row["tenant_key"], row["id"]) for row in rows]


async def known(conn: AnyConnection, names: Sequence[str]) -> set[str]:
    """Those blobs of these that belong to a document."""
    rows = await conn.fetch(
        "SELECT tenant_key || '/' || id AS name FROM documents "
        "WHERE (tenant_key || '/' || id) = ANY ($1) AND tenant_key = ANY ($2)",
        list(names),
        [int(name.partition("/")[0]) for name in names],
    )
    return {row["name"] for row in rows}


def _document(row: asyncpg.Record) -> Document:
    fields = {**row, "form": Form(row["form"]), "scan": Scan(row["scan"])}
    return Document(**fields)
