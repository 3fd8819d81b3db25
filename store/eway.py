"""E-way bills: their log, how each stands, and which of them somebody is to look at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg
import msgspec

from freight.eway.events import Asked, EwayEvent
from freight.eway.state import Bill
from store.errors import AlreadyExistsError, NotFoundError, StaleVersionError
from store.postgres import AnyConnection, epoch_ms, moment

BILL = "e-way bill"
DOCUMENT_INDEX = "eway_bills_document"
FY_BEGINS_MONTH = 4  # April


@dataclass(frozen=True, slots=True)
class DueBill:
    tenant_key: int
    tenant: str
    bill: str


@dataclass(frozen=True, slots=True)
class Listed:
    nr: int
    bill: Bill
    trouble: str | None


@dataclass(frozen=True, slots=True)
class Logged:
    version: int
    at_ms: int
    told_by: str
    event: EwayEvent


@dataclass(frozen=True, slots=True)
class Claim:
    """Who holds it asks the portal; `is_first`: nobody has asked before, so nothing was done."""

    bill: Bill
    is_first: bool


async def create(
    conn: AnyConnection, tenant_key: int, bill: Bill, events: Sequence[EwayEvent]
) -> None:
    """AlreadyExistsError: its id, or its document, is taken."""
    document, at = bill.consignment.document, moment(bill.created_ms)
    year = document.day.year - (document.day.month < FY_BEGINS_MONTH)
    try:
        await conn.execute(
            """
            INSERT INTO eway_bills (created_at, updated_at, tenant_key, version, document_year, id,
                booking, leg, status, sender_gstin, document_kind, document_number, state)
            VALUES ($1, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
            """,
            *(at, tenant_key, bill.version, year, bill.id, bill.booking, bill.leg),
            *(bill.status.value, bill.consignment.sender.gstin, document.kind.value),
            *(document.number, msgspec.json.encode(bill)),
        )
    except asyncpg.UniqueViolationError as taken:
        if taken.constraint_name == DOCUMENT_INDEX:
            raise AlreadyExistsError("e-way bill for document", document.number) from None
        raise AlreadyExistsError(BILL, bill.id) from None
    except asyncpg.ForeignKeyViolationError:
        raise NotFoundError("leg", f"{bill.booking}/{bill.leg}") from None
    await _append(conn, tenant_key, bill.id, 1, events)


async def write(
    conn: AnyConnection,
    tenant_key: int,
    after: Bill,
    events: Sequence[EwayEvent],
    look_ms: int | None,
) -> None:
    """How it stands after these; StaleVersionError when somebody else was first."""
    first = after.version - len(events) + 1
    done = await conn.fetchval(
        """
        UPDATE eway_bills SET version = $2, updated_at = $3, status = $4, number = $5,
            vehicle = $6, valid_until = $7, look_at = $8, state = $9,
            tried_at = CASE WHEN $10 THEN tried_at END
        WHERE id = $1 AND version = $11 RETURNING true
        """,
        *(after.id, after.version, moment(events[-1].at_ms), after.status.value, after.number),
        after.vehicle,
        _moment(after.valid_until_ms),
        _moment(look_ms),
        msgspec.json.encode(after),
        # What is pending still may have been tried already; what is newly asked was not.
        after.pending is not None and not any(isinstance(event, Asked) for event in events),
        first - 1,
    )
    if not done:
        found = await load(conn, after.id)
        raise StaleVersionError(BILL, after.id, first - 1, found.version)
    await _append(conn, tenant_key, after.id, first, events)


async def _append(
    conn: AnyConnection, tenant_key: int, bill: str, first: int, events: Sequence[EwayEvent]
) -> None:
    await conn.executemany(
        """
        INSERT INTO eway_log (tenant_key, bill, version, type, at, told_by, event)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        """,
        [
            (
                *(tenant_key, bill, first + nr, str(event.__struct_config__.tag)),
                *(moment(event.at_ms), event.by, msgspec.to_builtins(event)),
            )
            for nr, event in enumerate(events)
        ],
    )


async def load(conn: AnyConnection, bill_id: str, *, is_to_change: bool = False) -> Bill:
    lock = "FOR NO KEY UPDATE" if is_to_change else ""
    state = await conn.fetchval(f"SELECT state FROM eway_bills WHERE id = $1 {lock}", bill_id)
    if state is None:
        raise NotFoundError(BILL, bill_id)
    return _bill(state)


async def log(conn: AnyConnection, bill_id: str, after: int, limit: int) -> list[Logged]:
    """In order, beginning behind a version."""
    rows = await conn.fetch(
        "SELECT version, at, told_by, event::text AS event FROM eway_log "
        "WHERE bill = $1 AND version > $2 ORDER BY version LIMIT $3",
        *(bill_id, after, limit),
    )
    decode = msgspec.json.Decoder(EwayEvent).decode
    return [
        Logged(row["version"], epoch_ms(row["at"]), row["told_by"], decode(row["event"]))
        for row in rows
    ]


async def open_of_booking(conn: AnyConnection, booking: str) -> int:
    """Bills of it that are neither cancelled nor rejected."""
    found: int = await conn.fetchval(
        "SELECT count(*) FROM eway_bills WHERE booking = $1 "
        "AND status NOT IN ('cancelled', 'rejected')",
        booking,
    )
    return found


async def list_page(
    conn: AnyConnection,
    *,
    before: int | None,
    limit: int,
    booking: str | None = None,
    status: str | None = None,
    expiring_before: datetime | None = None,
) -> list[Listed]:
    """The newest first, beginning behind `before`."""
    where, args = ["true"], list[object]()

    def require(condition: str, value: object | None) -> None:
        if value is not None:
            args.append(value)
            where.append(condition.replace("?", f"${len(args)}"))

    require("nr < ?", before)
    require("booking = ?", booking)
    require("status = ?", status)
    require("status IN ('active', 'expired') AND valid_until < ?", expiring_before)
    rows = await conn.fetch(
        f"SELECT nr, state, trouble FROM eway_bills WHERE {' AND '.join(where)} "
        f"ORDER BY nr DESC LIMIT {int(limit)}",
        *args,
    )
    return [Listed(row["nr"], _bill(row["state"]), row["trouble"]) for row in rows]


async def trouble_of(conn: AnyConnection, bill_id: str) -> str | None:
    found: str | None = await conn.fetchval("SELECT trouble FROM eway_bills WHERE id = $1", bill_id)
    return found


# ---------------------------------------------------------------------------------- at work


async def due(conn: AnyConnection, now_ms: int, limit: int) -> list[DueBill]:
    """For SYSTEM: the longest waiting first."""
    rows = await conn.fetch(
        """
        SELECT b.tenant_key, t.id AS tenant, b.id AS bill
        FROM eway_bills b JOIN tenants t ON t.key = b.tenant_key AND t.status = 'active'
        WHERE b.look_at <= $1 ORDER BY b.look_at, b.nr LIMIT $2
        """,
        moment(now_ms),
        limit,
    )
    return [DueBill(**row) for row in rows]


async def look_again(
    conn: AnyConnection, bill_id: str, look_ms: int | None, trouble: str | None
) -> None:
    await conn.execute(
        "UPDATE eway_bills SET look_at = $2, trouble = $3 WHERE id = $1",
        bill_id,
        _moment(look_ms),
        trouble,
    )


async def wake(conn: AnyConnection, booking: str, now_ms: int) -> None:
    """What its truck does has changed: look at its bills now."""
    await conn.execute(
        "UPDATE eway_bills SET look_at = $2 WHERE booking = $1 AND look_at > $2",
        booking,
        moment(now_ms),
    )


async def mark_stale(conn: AnyConnection, bill_id: str, now_ms: int) -> None:
    """Somebody says that the portal knows better."""
    await conn.execute(
        "UPDATE eway_bills SET stale = true, look_at = $2 WHERE id = $1 AND number IS NOT NULL",
        bill_id,
        moment(now_ms),
    )


async def is_stale(conn: AnyConnection, bill_id: str) -> bool:
    found: bool = await conn.fetchval("SELECT stale FROM eway_bills WHERE id = $1", bill_id)
    return found


async def is_fresh(conn: AnyConnection, bill_id: str) -> None:
    await conn.execute("UPDATE eway_bills SET stale = false WHERE id = $1", bill_id)


async def claim(
    conn: AnyConnection, bill_id: str, now_ms: int, again_after_ms: int
) -> Claim | None:
    """The right to ask the portal for what is pending; None: nothing is, or somebody has it."""
    row = await conn.fetchrow(
        """
        SELECT state, tried_at FROM eway_bills WHERE id = $1
            AND (tried_at IS NULL OR tried_at <= $2) FOR NO KEY UPDATE
        """,
        bill_id,
        moment(now_ms - again_after_ms),
    )
    bill = None if row is None else _bill(row["state"])
    if row is None or bill is None or bill.pending is None:
        return None
    await conn.execute("UPDATE eway_bills SET tried_at = $2 WHERE id = $1", bill_id, moment(now_ms))
    return Claim(bill, is_first=row["tried_at"] is None)


def _bill(state: bytes) -> Bill:
    return msgspec.json.decode(state, type=Bill)


def _moment(ms: int | None) -> datetime | None:
    return None if ms is None else moment(ms)
