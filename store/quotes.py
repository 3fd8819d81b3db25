"""Quotes as they were signed, and the rates that they were computed from; nothing is changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import asyncpg

from freight.pricing import quotes
from freight.pricing.quotes import Quote, digest_of
from store.errors import NotFoundError
from store.postgres import AnyConnection, moment, one

COLUMNS = "nr, signature, rates, body"


@dataclass(frozen=True)
class KeptQuote:
    nr: int
    signature: str
    rates: bytes
    body: bytes

    @cached_property
    def quote(self) -> Quote:
        return quotes.read(self.body)

    @property
    def digest(self) -> str:
        return digest_of(self.body)


async def keep_rates(conn: AnyConnection, tenant_key: int, digest: bytes, body: bytes) -> None:
    """Once, however often; who knows that they are there need not send them again."""
    await conn.execute(
        "INSERT INTO quote_rates (tenant_key, digest, body) VALUES ($1, $2, $3) "
        "ON CONFLICT DO NOTHING",
        tenant_key,
        digest,
        body,
    )


async def rates(conn: AnyConnection, digest: bytes) -> bytes:
    row = await conn.fetchrow("SELECT body FROM quote_rates WHERE digest = $1", digest)
    return bytes(one(row)["body"])


async def create(
    conn: AnyConnection, tenant_key: int, quote: Quote, body: bytes, signature: str
) -> None:
    """`body` is the quote as it was signed; its rates are kept already."""
    await conn.execute(
        """
        INSERT INTO quotes (tenant_key, id, made_at, expires_at, priced_for, total_minor, shipper,
            signature, rates, body)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        """,
        tenant_key,
        quote.id,
        moment(quote.made_ms),
        moment(quote.expires_ms),
        moment(quote.request.at_ms),
        quote.price.total_minor,
        quote.request.shipper,
        signature,
        bytes.fromhex(quote.rates),
        body,
    )


async def get(conn: AnyConnection, id: str) -> KeptQuote:  # noqa: A002 - its name everywhere
    row = await conn.fetchrow(f"SELECT {COLUMNS} FROM quotes WHERE id = $1", id)
    if row is None:
        raise NotFoundError("quote", id)
    return _kept(row)


async def list_page(
    conn: AnyConnection, before: int | None, limit: int, *, shipper: str | None
) -> list[KeptQuote]:
    """The newest first, older than number `before`."""
    rows = await conn.fetch(
        f"""
        SELECT {COLUMNS} FROM quotes
        WHERE ($1::bigint IS NULL OR nr < $1) AND ($3::text IS NULL OR shipper = $3)
        ORDER BY nr DESC LIMIT $2
        """,
        before,
        limit,
        shipper,
    )
    return [_kept(row) for row in rows]


async def with_other_rates(  # noqa: PLR0917 - which, how many, from where
    conn: AnyConnection,
    digest: bytes,
    span: tuple[datetime | None, datetime | None],
    shipper: str | None,
    after: int | None,
    limit: int,
) -> list[KeptQuote]:
    """In the order in which they were made: those that other rates than these were used for."""
    rows = await conn.fetch(
        f"""
        SELECT {COLUMNS} FROM quotes
        WHERE rates <> $1 AND ($2::timestamptz IS NULL OR priced_for >= $2)
            AND ($3::timestamptz IS NULL OR priced_for < $3)
            AND ($4::text IS NULL OR shipper = $4) AND ($5::bigint IS NULL OR nr > $5)
        ORDER BY nr LIMIT $6
        """,
        digest,
        *span,
        shipper,
        after,
        limit,
    )
    return [_kept(row) for row in rows]


def _kept(row: asyncpg.Record) -> KeptQuote:
    return KeptQuote(row["nr"], row["signature"], bytes(row["rates"]), bytes(row["body"]))
