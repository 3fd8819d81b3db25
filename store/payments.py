"""Payments: their log, how each stands, the names it is known by, and lists of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg
import msgspec

from freight.payments.events import PaymentEvent
from freight.payments.state import Payment, Refund
from store.errors import AlreadyExistsError, NotFoundError, StaleVersionError
from store.postgres import AnyConnection, epoch_ms, moment

PAYMENT, REFUND = "payment", "refund"
# Of balances that one spends from at a time, and of payments that are made but once.
HOLD_LOCK = 20270


@dataclass(frozen=True, slots=True)
class Step:
    """One event as the log keeps it."""

    version: int
    type: str
    at_ms: int
    by: str
    event: PaymentEvent


@dataclass(frozen=True, slots=True)
class Listed:
    nr: int
    payment: Payment


@dataclass(frozen=True, slots=True)
class ListedRefund:
    nr: int
    payment: Payment
    refund: Refund


@dataclass(frozen=True, slots=True)
class DueLook:
    tenant_key: int
    tenant: str
    payment: str
    looks: int


async def load(
    conn: AnyConnection, payment_id: str, *, is_to_change: bool = False
) -> Payment | None:
    """To be changed by one transaction at a time."""
    lock = "FOR UPDATE" if is_to_change else ""
    state = await conn.fetchval(f"SELECT state FROM payments WHERE id = $1 {lock}", payment_id)
    return None if state is None else _read(state)


async def get(conn: AnyConnection, payment_id: str) -> Payment:
    found = await load(conn, payment_id)
    if found is None:
        raise NotFoundError(PAYMENT, payment_id)
    return found


async def of_booking(conn: AnyConnection, booking: str) -> list[Payment]:
    """The oldest first."""
    rows = await conn.fetch("SELECT state FROM payments WHERE booking = $1 ORDER BY nr", booking)
    return [_read(row["state"]) for row in rows]


async def write(
    conn: AnyConnection,
    tenant_key: int,
    after: Payment,
    events: Sequence[PaymentEvent],
    look_ms: int | None,
) -> None:
    """Log and standing together; StaleVersionError when somebody else was first."""
    first = after.version - len(events) + 1
    rows = [
        (
            *(tenant_key, after.id, first + i, str(event.__struct_config__.tag)),
            *(moment(event.at_ms), event.by, event),
        )
        for i, event in enumerate(events)
    ]
    try:
        await conn.executemany(
            """
            INSERT INTO payment_log (tenant_key, payment, version, type, at, told_by, event)
            VALUES ($1, $2, $3, $4, $5, $6, $7)
            """,
            rows,
        )
    except asyncpg.UniqueViolationError:
        raise StaleVersionError(PAYMENT, after.id, first - 1, first) from None
    await conn.execute(
        """
        INSERT INTO payments AS p (tenant_key, id, version, status, method, purpose, booking, due,
            shipper, provider, amount_minor, captured_minor, refunded_minor, created_at,
            updated_at, expires_at, look_at, looks, troubles, state)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, 0,
            $18, $19)
        ON CONFLICT (tenant_key, id) DO UPDATE SET version = excluded.version,
            status = excluded.status, captured_minor = excluded.captured_minor,
            refunded_minor = excluded.refunded_minor, updated_at = excluded.updated_at,
            look_at = excluded.look_at, looks = 0, trouble = NULL, troubles = excluded.troubles,
            state = excluded.state
        """,
        *(tenant_key, after.id, after.version, after.status, after.method, after.purpose),
        *(after.booking, after.due, after.shipper, after.provider, after.amount_minor),
        *(after.captured_minor, after.refunded_minor),
        *(moment(after.created_ms), moment(events[-1].at_ms)),
        None if after.expires_ms is None else moment(after.expires_ms),
        None if look_ms is None else moment(look_ms),
        list(after.troubles),
        msgspec.json.encode(after),
    )


async def put_refunds(
    conn: AnyConnection, tenant_key: int, payment: Payment, changed: Sequence[Refund]
) -> None:
    await conn.executemany(
        """
        INSERT INTO refunds (tenant_key, id, payment, booking, shipper, amount_minor, status,
            cause, asked_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        ON CONFLICT (tenant_key, id) DO UPDATE SET status = excluded.status
        """,
        [
            (
                *(tenant_key, one.id, payment.id, payment.booking, payment.shipper),
                *(one.amount_minor, one.state, one.cause, moment(one.asked_ms)),
            )
            for one in changed
        ],
    )


# ----------------------------------------------------------------------------------------- names


async def name(
    conn: AnyConnection, tenant_key: int, provider: str, refs: Sequence[str], payment: str
) -> None:
    """AlreadyExistsError when one of them is another payment's."""
    await conn.execute(
        """
        INSERT INTO payment_refs (tenant_key, provider, ref, payment)
        SELECT $1, $2, ref, $4 FROM unnest($3::text[]) AS g (ref) ORDER BY ref
        ON CONFLICT DO NOTHING
        """,
        *(tenant_key, provider, list(refs), payment),
    )
    taken = await conn.fetchval(
        "SELECT ref FROM payment_refs WHERE provider = $1 AND ref = ANY ($2) AND payment <> $3 "
        "LIMIT 1",
        *(provider, list(refs), payment),
    )
    if taken is not None:
        raise AlreadyExistsError("reference", taken)


async def named(conn: AnyConnection, provider: str, refs: Sequence[str]) -> str | None:
    """Which payment is known by one of these names; the first name that is known counts."""
    found: str | None = await conn.fetchval(
        """
        SELECT r.payment FROM unnest($2::text[]) WITH ORDINALITY AS g (ref, nr)
        JOIN payment_refs r ON r.ref = g.ref AND r.provider = $1 ORDER BY g.nr LIMIT 1
        """,
        *(provider, list(refs)),
    )
    return found


async def hold(conn: AnyConnection, tenant_key: int, what: str) -> None:
    """Until the transaction ends nobody else of this tenant's does anything to it."""
    await conn.execute(
        "SELECT pg_advisory_xact_lock($1, hashtext($2))", HOLD_LOCK, f"{tenant_key}/{what}"
    )


# ----------------------------------------------------------------------------------------- lists


async def list_page(
    conn: AnyConnection,
    before: int | None,
    limit: int,
    *,
    statuses: Sequence[str] = (),
    booking: str | None = None,
    shipper: str | None = None,
    is_troubled: bool = False,
) -> list[Listed]:
    """The newest first."""
    rows = await conn.fetch(
        """
        SELECT nr, state FROM payments
        WHERE ($1::bigint IS NULL OR nr < $1) AND ($3::text[] IS NULL OR status = ANY ($3))
            AND ($4::text IS NULL OR booking = $4) AND ($5::text IS NULL OR shipper = $5)
            AND (NOT $6 OR troubles <> '{}')
        ORDER BY nr DESC LIMIT $2
        """,
        *(before, limit, list(statuses) or None, booking, shipper, is_troubled),
    )
    return [Listed(row["nr"], _read(row["state"])) for row in rows]


async def list_refunds(
    conn: AnyConnection,
    before: int | None,
    limit: int,
    *,
    payment: str | None = None,
    booking: str | None = None,
) -> list[ListedRefund]:
    """The newest first."""
    rows = await conn.fetch(
        """
        SELECT r.nr, r.id, p.state FROM refunds r
        JOIN payments p ON p.tenant_key = r.tenant_key AND p.id = r.payment
        WHERE ($1::bigint IS NULL OR r.nr < $1) AND ($3::text IS NULL OR r.payment = $3)
            AND ($4::text IS NULL OR r.booking = $4)
        ORDER BY r.nr DESC LIMIT $2
        """,
        *(before, limit, payment, booking),
    )
    return [_listed_refund(row) for row in rows]


async def get_refund(conn: AnyConnection, refund_id: str) -> ListedRefund:
    row = await conn.fetchrow(
        """
        SELECT r.nr, r.id, p.state FROM refunds r
        JOIN payments p ON p.tenant_key = r.tenant_key AND p.id = r.payment WHERE r.id = $1
        """,
        refund_id,
    )
    if row is None:
        raise NotFoundError(REFUND, refund_id)
    return _listed_refund(row)


async def steps(conn: AnyConnection, payment_id: str, after: int | None, limit: int) -> list[Step]:
    rows = await conn.fetch(
        """
        SELECT version, type, at, told_by, event::text FROM payment_log
        WHERE payment = $1 AND ($2::int IS NULL OR version > $2) ORDER BY version LIMIT $3
        """,
        *(payment_id, after, limit),
    )
    return [
        Step(
            row["version"],
            row["type"],
            epoch_ms(row["at"]),
            row["told_by"],
            msgspec.json.decode(row["event"], type=PaymentEvent),
        )
        for row in rows
    ]


# ----------------------------------------------------------------------------------------- looks


async def due_looks(conn: AnyConnection, now_ms: int, limit: int) -> list[DueLook]:
    """For SYSTEM: whose time has come, of tenants that work; the longest waiting first."""
    rows = await conn.fetch(
        """
        SELECT p.tenant_key, t.id AS tenant, p.id AS payment, p.looks
        FROM payments p JOIN tenants t ON t.key = p.tenant_key
        WHERE p.look_at <= $1 AND t.status = 'active' ORDER BY p.look_at LIMIT $2
        """,
        *(moment(now_ms), limit),
    )
    return [DueLook(**row) for row in rows]


async def look_again(
    conn: AnyConnection, payment_id: str, look_ms: int | None, trouble: str | None
) -> None:
    """It was looked at, and nothing had changed."""
    await conn.execute(
        "UPDATE payments SET look_at = $2, looks = looks + 1, trouble = $3 WHERE id = $1",
        *(payment_id, None if look_ms is None else moment(look_ms), trouble),
    )


def _listed_refund(row: asyncpg.Record) -> ListedRefund:
    payment = _read(row["state"])
    refund = payment.refund(row["id"])
    if refund is None:
        raise AssertionError("a refund stands in its payment's state")
    return ListedRefund(row["nr"], payment, refund)


def _read(state: bytes) -> Payment:
    return msgspec.json.decode(state, type=Payment)
