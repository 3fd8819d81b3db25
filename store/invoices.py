"""Issued documents as their bytes, and series whose numbers follow one another without a gap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import asyncpg

from freight.invoices.documents import Document, DocumentKind, digest_of, read, written
from store.errors import NotFoundError
from store.postgres import AnyConnection, moment, one

COLUMNS = "seq, digest, body"


@dataclass(frozen=True, slots=True)
class Kept:
    seq: int
    digest: str
    body: bytes

    @property
    def document(self) -> Document:
        return read(self.body)


@dataclass(frozen=True, slots=True)
class Place:
    """The next one in a series, ours until the transaction ends."""

    nr: int
    previous: str | None  # the digest of the one before


@dataclass(frozen=True, slots=True)
class Filter:
    booking: str | None = None
    party: str | None = None
    kind: str | None = None
    from_day: date | None = None
    to_day: date | None = None  # with that day


async def by_cause(conn: AnyConnection, cause: str) -> Document | None:
    body = await conn.fetchval("SELECT body FROM invoices WHERE cause = $1", cause)
    return None if body is None else read(body)


async def next_place(
    conn: AnyConnection, tenant_key: int, series: str, state: str, year: int
) -> Place:
    """Others who want one of this series wait until our transaction ends. If it does not commit,
    the place is given to the next."""
    key = (tenant_key, series, state, year)
    await conn.execute(
        "INSERT INTO invoice_series (tenant_key, series, state, year) VALUES ($1, $2, $3, $4) "
        "ON CONFLICT DO NOTHING",
        *key,
    )
    row = await conn.fetchrow(
        "SELECT last, last_digest FROM invoice_series "
        "WHERE tenant_key = $1 AND series = $2 AND state = $3 AND year = $4 FOR UPDATE",
        *key,
    )
    last, digest = one(row)
    return Place(last + 1, None if digest is None else bytes(digest).hex())


async def add(conn: AnyConnection, tenant_key: int, document: Document) -> None:
    """At the place that is ours; nothing of it is ever changed."""
    body = written(document)
    digest = bytes.fromhex(digest_of(body))
    party = document.buyer.party
    about = [ref.id for ref in document.references if document.kind in _ABOUT_ONE]
    await conn.execute(
        """
        INSERT INTO invoices (tenant_key, id, issued_at, day, cause, kind, series, state, year, nr,
            number, party, shipper, carrier, booking, leg, about, taxable_minor, tax_minor,
            total_minor, digest, body)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13,
            coalesce($14, (SELECT carrier FROM booking_legs
                WHERE $23 AND tenant_key = $1 AND booking = $15 AND leg = $16)),
            $15, $16, $17, $18, $19, $20, $21, $22)
        """,
        *(tenant_key, document.id, moment(document.issued_ms), date.fromisoformat(document.date)),
        *(document.cause, document.kind, document.series, document.state, document.year),
        *(document.nr, document.number, party, _id_in(party, "shippers"), _carrier_of(document)),
        *(document.booking, document.leg, about[0] if about else None),
        *(document.taxable_minor, document.tax_minor, document.total_minor, digest, body),
        # Whoever carries a leg has its note in hand.
        document.kind is DocumentKind.CONSIGNMENT_NOTE,
    )
    await conn.execute(
        "UPDATE invoice_series SET last = $5, last_digest = $6 "
        "WHERE tenant_key = $1 AND series = $2 AND state = $3 AND year = $4",
        *(tenant_key, document.series, document.state, document.year, document.nr, digest),
    )


_ABOUT_ONE = frozenset(
    {DocumentKind.CREDIT_NOTE, DocumentKind.DEBIT_NOTE, DocumentKind.REFUND_VOUCHER}
)


async def get(conn: AnyConnection, id: str) -> Kept:  # noqa: A002 - its name everywhere
    row = await conn.fetchrow(f"SELECT {COLUMNS} FROM invoices WHERE id = $1", id)
    if row is None:
        raise NotFoundError("invoice", id)
    return _kept(row)


async def of_booking(conn: AnyConnection, booking: str) -> list[Document]:
    """In the order in which they were issued."""
    rows = await conn.fetch("SELECT body FROM invoices WHERE booking = $1 ORDER BY seq", booking)
    return [read(row["body"]) for row in rows]


async def about(conn: AnyConnection, id: str) -> list[Document]:  # noqa: A002
    """Notes to a document; one who wants to write another holds it first."""
    rows = await conn.fetch("SELECT body FROM invoices WHERE about = $1 ORDER BY seq", id)
    return [read(row["body"]) for row in rows]


async def hold(conn: AnyConnection, tenant_key: int, id: str) -> None:  # noqa: A002
    """Until the transaction ends nobody else writes a note to it: two at once could take back
    more than there is."""
    await conn.execute("SELECT pg_advisory_xact_lock($1, hashtext($2))", tenant_key, id)


async def list_page(
    conn: AnyConnection, before: int | None, limit: int, wanted: Filter
) -> list[Kept]:
    """The newest first, older than number `before`."""
    rows = await conn.fetch(
        f"""
        SELECT {COLUMNS} FROM invoices
        WHERE ($1::bigint IS NULL OR seq < $1) AND ($3::text IS NULL OR booking = $3)
            AND ($4::text IS NULL OR party = $4) AND ($5::text IS NULL OR kind = $5)
            AND ($6::date IS NULL OR day >= $6) AND ($7::date IS NULL OR day <= $7)
        ORDER BY seq DESC LIMIT $2
        """,
        *(before, limit, wanted.booking, wanted.party, wanted.kind),
        *(wanted.from_day, wanted.to_day),
    )
    return [_kept(row) for row in rows]


async def of_days(
    conn: AnyConnection, from_day: date, to_day: date, state: str, limit: int
) -> list[Document]:
    """All of one registration, both days included, as returns list them."""
    rows = await conn.fetch(
        "SELECT body FROM invoices WHERE state = $1 AND day BETWEEN $2 AND $3 "
        "ORDER BY series, nr LIMIT $4",
        *(state, from_day, to_day, limit),
    )
    return [read(row["body"]) for row in rows]


async def named(conn: AnyConnection, ids: Sequence[str]) -> dict[str, Document]:
    rows = await conn.fetch("SELECT body FROM invoices WHERE id = ANY ($1)", list(ids))
    return {document.id: document for document in (read(row["body"]) for row in rows)}


def _id_in(party: str, kind: str) -> str | None:
    found, _, id_ = party.partition("/")
    return id_ if found == kind else None


def _carrier_of(document: Document) -> str | None:
    """Whose it is to see, whichever side of it the carrier is on."""
    return _id_in(document.buyer.party, "carriers") or _id_in(document.seller.party, "carriers")


def _kept(row: asyncpg.Record) -> Kept:
    return Kept(row["seq"], bytes(row["digest"]).hex(), bytes(row["body"]))
