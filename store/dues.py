"""What bookings owe, and the queue of those that the books have yet to look at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg
import msgspec

from freight.booking.state import TermKind
from freight.dues.owing import Due
from store.postgres import AnyConnection, epoch_ms, moment, one

COLUMNS = "due, kind, amount_minor, paid_minor, due_at"
LAST_MS = 253_402_300_799_000  # fixed: the end of the year 9999, behind every day that is due


@dataclass(frozen=True, slots=True)
class Changed:
    """A booking that the books have yet to look at, up to that change of it."""

    tenant_key: int
    tenant: str
    booking: str
    seq: int
    tries: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which dues; None asks for any."""

    booking: str | None = None
    shipper: str | None = None
    is_paid: bool | None = None
    is_awaited: bool | None = None
    due_before_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Owed:
    booking: str
    shipper: str | None
    due: Due


@dataclass(frozen=True, slots=True)
class Waiting:
    is_pending: bool
    trouble: str | None


@dataclass(frozen=True, slots=True)
class Stuck:
    """How many bookings the books could not look at, and why the oldest of them."""

    bookings: int
    trouble: str | None


@dataclass(frozen=True, slots=True)
class Whose:
    booking: str
    shipper: str | None


async def changed(conn: AnyConnection, limit: int) -> list[Changed]:
    """For SYSTEM: the longest waiting first, each booking once."""
    rows = await conn.fetch(
        """
        SELECT q.tenant_key, t.id AS tenant, q.booking, max(q.seq) AS seq, max(q.tries) AS tries
        FROM (SELECT * FROM books_queue WHERE not_before <= clock_timestamp()
            ORDER BY not_before, seq LIMIT $1) q
        JOIN tenants t ON t.key = q.tenant_key
        GROUP BY q.tenant_key, t.id, q.booking ORDER BY min(q.seq)
        """,
        limit,
    )
    return [Changed(**row) for row in rows]


async def stuck(conn: AnyConnection, tries_min: int) -> Stuck:
    """For SYSTEM."""
    row = await conn.fetchrow(
        """
        SELECT count(DISTINCT (tenant_key, booking)) AS bookings,
            (array_agg(booking || ': ' || trouble ORDER BY seq))[1] AS trouble
        FROM books_queue WHERE tries >= $1
        """,
        tries_min,
    )
    return Stuck(row["bookings"], row["trouble"]) if row is not None else Stuck(0, None)


async def take(conn: AnyConnection, one: Changed) -> bool:
    """Within the transaction that looks at it; False: somebody else does, or did."""
    # By booking, for the rows of one may be in two hands.
    mine: bool = await conn.fetchval(
        "SELECT pg_try_advisory_xact_lock($1, hashtext($2))", one.tenant_key, one.booking
    )
    if not mine:
        return False
    done = await conn.execute(
        "DELETE FROM books_queue WHERE tenant_key = $1 AND booking = $2 AND seq <= $3",
        *(one.tenant_key, one.booking, one.seq),
    )
    return done != "DELETE 0"


async def put_off(conn: AnyConnection, one: Changed, wait_s: float, trouble: str) -> None:
    await conn.execute(
        """
        UPDATE books_queue SET tries = tries + 1, trouble = $4,
            not_before = clock_timestamp() + make_interval(secs => $5)
        WHERE tenant_key = $1 AND booking = $2 AND seq <= $3
        """,
        *(one.tenant_key, one.booking, one.seq, trouble, wait_s),
    )


async def look_again(conn: AnyConnection, tenant_key: int, booking: str) -> None:
    """Something beside the booking changed what it owes or has paid."""
    await conn.execute(
        "INSERT INTO books_queue (tenant_key, booking) VALUES ($1, $2)", tenant_key, booking
    )


# ------------------------------------------------------------------------------ what is owed


async def put(
    conn: AnyConnection, tenant_key: int, whose: Whose, dues: Sequence[Due], at_ms: int
) -> None:
    """In place of what was known."""
    booking, shipper = whose.booking, whose.shipper
    await conn.execute(
        "DELETE FROM dues WHERE tenant_key = $1 AND booking = $2 AND due <> ALL($3::text[])",
        *(tenant_key, booking, [due.id for due in dues]),
    )
    await conn.executemany(
        """
        INSERT INTO dues AS d (tenant_key, booking, due, kind, shipper, amount_minor, paid_minor,
            due_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        ON CONFLICT (tenant_key, booking, due) DO UPDATE SET kind = excluded.kind,
            amount_minor = excluded.amount_minor, paid_minor = excluded.paid_minor,
            due_at = excluded.due_at, updated_at = excluded.updated_at
        WHERE (d.kind, d.amount_minor, d.paid_minor, d.due_at) IS DISTINCT FROM
            (excluded.kind, excluded.amount_minor, excluded.paid_minor, excluded.due_at)
        """,
        [
            (
                *(tenant_key, booking, due.id, due.kind.value, shipper),
                *(due.amount_minor, due.paid_minor),
                None if due.due_ms is None else moment(due.due_ms),
                moment(at_ms),
            )
            for due in dues
        ],
    )


async def of_booking(conn: AnyConnection, booking: str) -> list[Due]:
    rows = await conn.fetch(
        f"SELECT {COLUMNS} FROM dues WHERE booking = $1 ORDER BY due_at NULLS LAST, due", booking
    )
    return [_due(row) for row in rows]


async def list_page(
    conn: AnyConnection, wanted: Wanted, after: tuple[int, str, str] | None, limit: int
) -> list[Owed]:
    """What is due first comes first, what is awaited last."""
    rows = await conn.fetch(
        f"""
        SELECT {COLUMNS}, booking, shipper FROM dues
        WHERE ($2::text IS NULL OR booking = $2) AND ($3::text IS NULL OR shipper = $3)
            AND ($4::bool IS NULL OR (paid_minor >= amount_minor) = $4)
            AND ($5::bool IS NULL OR (due_at IS NULL) = $5)
            AND ($6::timestamptz IS NULL OR due_at < $6)
            AND ($7::timestamptz IS NULL
                OR (coalesce(due_at, $10), booking, due) > ($7, $8::text, $9::text))
        ORDER BY coalesce(due_at, $10), booking, due LIMIT $1
        """,
        *(limit, wanted.booking, wanted.shipper, wanted.is_paid, wanted.is_awaited),
        None if wanted.due_before_ms is None else moment(wanted.due_before_ms),
        None if after is None else moment(after[0]),
        *((None, None) if after is None else after[1:]),
        moment(LAST_MS),
    )
    return [Owed(row["booking"], row["shipper"], _due(row)) for row in rows]


def place_of(one: Owed) -> str:
    due_ms = LAST_MS if one.due.due_ms is None else one.due.due_ms
    return f"{due_ms} {one.booking} {one.due.id}"


async def hold_credit(conn: AnyConnection, tenant_key: int, shipper: str) -> None:
    """Until the transaction ends nobody else asks what this shipper may owe."""
    await conn.execute(
        "SELECT pg_advisory_xact_lock($1, hashtext($2))", tenant_key, f"credit/{shipper}"
    )


async def on_credit(conn: AnyConnection, shipper: str) -> list[Due]:
    """What is open of it, named by its booking."""
    rows = await conn.fetch(
        f"""
        SELECT {COLUMNS}, booking FROM dues
        WHERE shipper = $1 AND kind = 'credit' AND paid_minor < amount_minor
        """,
        shipper,
    )
    return [msgspec.structs.replace(_due(row), id=row["booking"]) for row in rows]


async def confirmed_unseen(conn: AnyConnection, shipper: str) -> list[bytes]:
    """Of bookings that are confirmed, and that no dues are known of yet."""
    rows = await conn.fetch(
        """
        SELECT state FROM bookings b
        WHERE shipper = $1 AND status NOT IN ('created', 'cancelled', 'closed')
            AND NOT EXISTS (SELECT FROM dues d
                WHERE d.tenant_key = b.tenant_key AND d.booking = b.id)
        """,
        shipper,
    )
    return [row["state"] for row in rows]


async def waiting(conn: AnyConnection, booking: str) -> Waiting:
    """Whether the books have yet to look at it."""
    row = await conn.fetchrow(
        """
        SELECT count(*) > 0 AS is_pending, max(trouble) AS trouble FROM books_queue
        WHERE booking = $1
        """,
        booking,
    )
    return Waiting(**one(row))


def _due(row: asyncpg.Record) -> Due:
    return Due(
        id=row["due"],
        kind=TermKind(row["kind"]),
        amount_minor=row["amount_minor"],
        due_ms=None if row["due_at"] is None else epoch_ms(row["due_at"]),
        paid_minor=row["paid_minor"],
    )
