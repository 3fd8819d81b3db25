"""Lines of statements: imported once, what each was found to be, and what confirming it posted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import asyncpg
import msgspec

from freight.payments.state import Payment
from freight.reconciling.matching import Cause, Finding, LineKind, Settled, Status
from store.errors import NotFoundError
from store.postgres import AnyConnection

LINE = "statement line"
_COLUMNS = (
    "nr, id, version, import, source, account, kind, status, day, amount_minor, fee_minor, "
    "tax_minor, expected_minor, entity, settlement, utr, narration, matched, cause, entry, "
    "told_by, reason"
)


@dataclass(frozen=True, slots=True)
class Import:
    id: str
    source: str  # bank, provider
    account: str
    at: datetime
    rows: int
    told_by: str


@dataclass(frozen=True, slots=True)
class ListedImport:
    nr: int
    id: str
    source: str
    account: str
    at: datetime
    rows: int
    new_rows: int
    told_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLine:
    id: str
    kind: LineKind
    day: date
    amount_minor: int
    fee_minor: int = 0
    tax_minor: int = 0
    entity: str | None = None
    settlement: str | None = None
    utr: str | None = None
    narration: str | None = None


@dataclass(frozen=True, slots=True)
class Line:
    nr: int
    id: str
    version: int
    import_: str
    source: str
    account: str
    kind: LineKind
    status: Status
    day: date
    amount_minor: int
    fee_minor: int
    tax_minor: int
    expected_minor: int | None
    entity: str | None
    settlement: str | None
    utr: str | None
    narration: str | None
    matched: str | None
    cause: Cause | None
    entry: str | None
    told_by: str | None
    reason: str | None


async def put(
    conn: AnyConnection, tenant_key: int, what: Import, lines: Sequence[NewLine]
) -> ListedImport:
    """What stood in an earlier statement is not new; the same statement again changes nothing."""
    known = await _import(conn, what.id)
    if known is not None:
        return known
    fresh = await conn.fetch(
        "SELECT g.id FROM unnest($1::text[]) AS g (id) WHERE NOT EXISTS "
        "(SELECT FROM statement_lines l WHERE l.id = g.id)",
        [line.id for line in lines],
    )
    new = {row["id"] for row in fresh}
    await conn.execute(
        """
        INSERT INTO statement_imports (tenant_key, id, at, rows, new_rows, source, account, told_by)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        *(tenant_key, what.id, what.at, what.rows, len(new), what.source, what.account),
        what.told_by,
    )
    await conn.executemany(
        """
        INSERT INTO statement_lines (tenant_key, id, import, source, account, kind, status, day,
            amount_minor, fee_minor, tax_minor, entity, settlement, utr, narration)
        VALUES ($1, $2, $3, $4, $5, $6, 'open', $7, $8, $9, $10, $11, $12, $13, $14)
        ON CONFLICT DO NOTHING
        """,
        [
            (
                *(tenant_key, line.id, what.id, what.source, what.account, line.kind),
                *(line.day, line.amount_minor, line.fee_minor, line.tax_minor, line.entity),
                *(line.settlement, line.utr, line.narration),
            )
            for line in lines
            if line.id in new
        ],
    )
    made = await _import(conn, what.id)
    if made is None:
        raise AssertionError("what was written is there")
    return made


async def _import(conn: AnyConnection, import_id: str) -> ListedImport | None:
    row = await conn.fetchrow(
        "SELECT nr, id, source, account, at, rows, new_rows, told_by FROM statement_imports "
        "WHERE id = $1",
        import_id,
    )
    return None if row is None else ListedImport(**row)


async def list_imports(conn: AnyConnection, before: int | None, limit: int) -> list[ListedImport]:
    rows = await conn.fetch(
        "SELECT nr, id, source, account, at, rows, new_rows, told_by FROM statement_imports "
        "WHERE nr < $1 ORDER BY nr DESC LIMIT $2",
        *(2**62 if before is None else before, limit),
    )
    return [ListedImport(**row) for row in rows]


async def get(conn: AnyConnection, line_id: str, *, to_change: bool = False) -> Line:
    lock = " FOR UPDATE" if to_change else ""
    row = await conn.fetchrow(
        f"SELECT {_COLUMNS} FROM statement_lines WHERE id = $1{lock}", line_id
    )
    if row is None:
        raise NotFoundError(LINE, line_id)
    return _line(row)


async def list_page(
    conn: AnyConnection, *, before: int | None, limit: int, having: Mapping[str, str | None]
) -> list[Line]:
    """The newest first; `having`: status, source, account, cause or import that it must have."""
    given = {name: value for name, value in having.items() if value is not None}
    where = [f"{name} = ${i}" for i, name in enumerate(given, start=2)]
    rows = await conn.fetch(
        f"SELECT {_COLUMNS} FROM statement_lines WHERE {' AND '.join(['nr < $1', *where])} "
        f"ORDER BY nr DESC LIMIT {int(limit)}",
        2**62 if before is None else before,
        *given.values(),
    )
    return [_line(row) for row in rows]


async def open_lines(conn: AnyConnection, limit: int) -> list[Line]:
    """The oldest first, and of providers before those of banks, which they explain."""
    rows = await conn.fetch(
        f"SELECT {_COLUMNS} FROM statement_lines WHERE status = 'open' "
        "ORDER BY source DESC, nr LIMIT $1 FOR UPDATE",
        limit,
    )
    return [_line(row) for row in rows]


async def note(conn: AnyConnection, found: Sequence[tuple[Line, Finding]]) -> None:
    """What each is found to be now."""
    await conn.executemany(
        """
        UPDATE statement_lines SET version = version + 1, kind = $2, status = $3, matched = $4,
            expected_minor = $5, cause = $6
        WHERE id = $1
        """,
        [
            (line.id, one.kind, one.status, one.about, one.expected_minor, one.cause)
            for line, one in found
        ],
    )


async def settle(  # noqa: PLR0917 - all of it is written
    conn: AnyConnection,
    line_id: str,
    status: Status,
    by: str,
    reason: str | None,
    entry: str | None,
) -> None:
    """Confirmed or ignored, by a person."""
    await conn.execute(
        """
        UPDATE statement_lines SET version = version + 1, status = $2, told_by = $3, reason = $4,
            entry = $5
        WHERE id = $1
        """,
        *(line_id, status, by, reason, entry),
    )


async def confirm_items(conn: AnyConnection, settlement: str, by: str, entry: str) -> None:
    """What a provider's settlement was made of is in the books with it."""
    await conn.execute(
        """
        UPDATE statement_lines SET version = version + 1, status = 'confirmed', told_by = $2,
            entry = $3
        WHERE settlement = $1 AND source = 'provider' AND status = 'matched'
        """,
        *(settlement, by, entry),
    )


# ------------------------------------------------------------------------ what they are held to


async def payments_by_name(
    conn: AnyConnection, provider: str, names: Sequence[str]
) -> dict[str, Payment]:
    """By the provider's, or a bank's, name of each."""
    rows = await conn.fetch(
        """
        SELECT r.ref, p.state FROM payment_refs r JOIN payments p ON p.id = r.payment
        WHERE r.provider = $1 AND r.ref = ANY ($2)
        """,
        *(provider, list(names)),
    )
    return {row["ref"]: msgspec.json.decode(row["state"], type=Payment) for row in rows}


async def settled(
    conn: AnyConnection, *, utrs: Sequence[str], from_day: date, to_day: date
) -> list[Settled]:
    """Providers' settlements with one of these UTRs, or of those days."""
    rows = await conn.fetch(
        """
        SELECT settlement AS id, max(utr) AS utr, max(day) AS day,
            coalesce(sum(amount_minor) FILTER (WHERE kind = 'payment'), 0)::bigint
                AS payments_minor,
            coalesce(-sum(amount_minor) FILTER (WHERE kind = 'refund'), 0)::bigint
                AS refunds_minor,
            coalesce(sum(amount_minor) FILTER (WHERE kind NOT IN ('payment', 'refund')), 0)::bigint
                AS other_minor,
            sum(fee_minor)::bigint AS fee_minor, sum(tax_minor)::bigint AS tax_minor
        FROM statement_lines
        WHERE source = 'provider' AND settlement IS NOT NULL
            AND (utr = ANY ($1) OR day BETWEEN $2 AND $3)
        GROUP BY settlement ORDER BY settlement
        """,
        *(list(utrs), from_day, to_day),
    )
    return [Settled(**row) for row in rows]


async def settled_as(conn: AnyConnection, settlement: str) -> Settled | None:
    day = await conn.fetchval(
        "SELECT max(day) FROM statement_lines WHERE settlement = $1 AND source = 'provider'",
        settlement,
    )
    if day is None:
        return None
    found = await settled(conn, utrs=[], from_day=day, to_day=day)
    return next((each for each in found if each.id == settlement), None)


async def booked(conn: AnyConnection, settlements: Sequence[str]) -> frozenset[str]:
    """Of these settlements of providers those that stand in the books by some bank's line."""
    rows = await conn.fetch(
        """
        SELECT DISTINCT g.id FROM unnest($1::text[]) AS g (id)
        JOIN statement_lines l ON l.matched = 'provider-settlements/' || g.id
        WHERE l.source = 'bank' AND l.kind = 'settlement' AND l.status = 'confirmed'
        """,
        list(settlements),
    )
    return frozenset(row["id"] for row in rows)


async def repeated_entities(conn: AnyConnection, entities: Sequence[str]) -> dict[str, int]:
    """By the provider's id, which line was the first to name it, of those named more than once."""
    rows = await conn.fetch(
        """
        SELECT entity, min(nr) AS nr FROM statement_lines
        WHERE source = 'provider' AND entity = ANY ($1) GROUP BY entity HAVING count(*) > 1
        """,
        list(entities),
    )
    return {row["entity"]: row["nr"] for row in rows}


async def repeated_utrs(
    conn: AnyConnection, utrs: Sequence[str]
) -> dict[tuple[str, str, int], int]:
    """By account, UTR and amount, which line was the first, of those that stand there twice."""
    rows = await conn.fetch(
        """
        SELECT account, utr, amount_minor, min(nr) AS nr FROM statement_lines
        WHERE source = 'bank' AND utr = ANY ($1)
        GROUP BY account, utr, amount_minor HAVING count(*) > 1
        """,
        list(utrs),
    )
    return {(row["account"], row["utr"], row["amount_minor"]): row["nr"] for row in rows}


@dataclass(frozen=True, slots=True)
class Unsettled:
    entity: str
    payment: str
    updated_at: datetime


async def unsettled(conn: AnyConnection, before: datetime, limit: int) -> list[Unsettled]:
    """Captured through a provider before then, and in none of its settlements, the oldest first."""
    rows = await conn.fetch(
        """
        SELECT r.ref AS entity, p.id AS payment, p.updated_at
        FROM payments p JOIN payment_refs r ON r.payment = p.id AND r.provider = p.provider
        WHERE p.captured_minor > 0 AND p.updated_at < $1 AND starts_with(r.ref, 'pay_')
            AND NOT EXISTS (SELECT FROM statement_lines l
                WHERE l.source = 'provider' AND l.entity = r.ref)
        ORDER BY p.nr LIMIT $2
        """,
        *(before, limit),
    )
    return [Unsettled(**row) for row in rows]


def _line(row: asyncpg.Record) -> Line:
    fields: dict[str, Any] = dict(row)
    cause = fields.pop("cause")
    return Line(
        import_=fields.pop("import"),
        kind=LineKind(fields.pop("kind")),
        status=Status(fields.pop("status")),
        cause=None if cause is None else Cause(cause),
        **fields,
    )
