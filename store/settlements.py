"""Settlements of carriers: their log, how each stands, lists of them, and tax deducted by year."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg
import msgspec

from freight.settlements.events import Event
from freight.settlements.state import Settlement
from freight.tax.tds import Deduction, Year
from store.errors import NotFoundError, StaleVersionError
from store.postgres import AnyConnection, moment, one
from store.step_log import rows

SETTLEMENT = "settlement"
VERSION_MAX = 2**31 - 1  # the column's type


@dataclass(frozen=True, slots=True)
class Listed:
    nr: int
    updated_at: datetime
    settlement: Settlement


async def find(
    conn: AnyConnection, settlement_id: str, *, to_change: bool = False
) -> Settlement | None:
    """To change it: nobody else does before the transaction ends."""
    lock = " FOR UPDATE" if to_change else ""
    state = await conn.fetchval(f"SELECT state FROM settlements WHERE id = $1{lock}", settlement_id)
    return None if state is None else msgspec.json.decode(state, type=Settlement)


async def get(conn: AnyConnection, settlement_id: str) -> Settlement:
    found = await find(conn, settlement_id)
    if found is None:
        raise NotFoundError(SETTLEMENT, settlement_id)
    return found


async def of_leg(conn: AnyConnection, booking: str, leg: str) -> list[Settlement]:
    """Of every part, and what was added to it later, in that order."""
    rows = await conn.fetch(
        """
        SELECT state FROM settlements WHERE booking = $1 AND leg = $2 AND kind = 'leg'
        ORDER BY part, supplement
        """,
        *(booking, leg),
    )
    return [msgspec.json.decode(row["state"], type=Settlement) for row in rows]


async def of_booking(conn: AnyConnection, booking: str) -> list[Settlement]:
    """Of its legs."""
    rows = await conn.fetch(
        """
        SELECT state FROM settlements WHERE booking = $1 AND kind = 'leg'
        ORDER BY leg, part, supplement
        """,
        booking,
    )
    return [msgspec.json.decode(row["state"], type=Settlement) for row in rows]


async def append(  # noqa: PLR0917 - all of it is written
    conn: AnyConnection,
    tenant_key: int,
    before: Settlement | None,
    after: Settlement,
    events: Sequence[Event],
    due_ms: int | None,
) -> None:
    """StaleVersionError when somebody else was first."""
    first = 1 if before is None else before.version + 1
    try:
        await _put(conn, tenant_key, before, after, events[-1].at_ms, due_ms)
        await conn.executemany(
            """
            INSERT INTO settlement_log (tenant_key, settlement, version, at, type, event)
            VALUES ($1, $2, $3, $4, $5, $6)
            """,
            rows(tenant_key, after.id, first, events),
        )
    except asyncpg.UniqueViolationError:
        raise StaleVersionError(SETTLEMENT, after.id, first - 1, first) from None


async def _put(  # noqa: PLR0917 - all of it is written
    conn: AnyConnection,
    tenant_key: int,
    before: Settlement | None,
    after: Settlement,
    at_ms: int,
    due_ms: int | None,
) -> None:
    changing = (
        *(tenant_key, after.id, after.version, after.status, after.taken_into),
        *(after.balance_minor, after.gross_minor, moment(at_ms)),
        None if after.ready_ms is None else moment(after.ready_ms),
        None if due_ms is None else moment(due_ms),
        msgspec.json.encode(after),
    )
    if before is None:
        await conn.execute(
            """
            INSERT INTO settlements (tenant_key, id, version, status, taken_into, balance_minor,
                gross_minor, updated_at, ready_at, due_at, state, kind, carrier, booking, leg, part,
                supplement, cycle, opened_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17,
                $18, $19)
            """,
            *changing,
            *(after.kind, after.carrier, after.booking, after.leg, after.part),
            *(after.supplement, after.cycle, moment(after.opened_ms)),
        )
        return
    updated = await conn.execute(
        """
        UPDATE settlements SET version = $3, status = $4, taken_into = $5, balance_minor = $6,
            gross_minor = $7, updated_at = $8, ready_at = $9, due_at = $10, state = $11
        WHERE tenant_key = $1 AND id = $2 AND version = $12
        """,
        *(*changing, before.version),
    )
    if updated != "UPDATE 1":
        raise StaleVersionError(SETTLEMENT, after.id, before.version, before.version + 1)


async def put_off(
    conn: AnyConnection, settlement_id: str, version: int, due_ms: int | None
) -> None:
    """When it is looked at again, if ever by itself; not if it was changed since it was looked at,
    for then whoever changed it has said so."""
    due = None if due_ms is None else moment(due_ms)
    await conn.execute(
        "UPDATE settlements SET due_at = $3 WHERE id = $1 AND version = $2",
        *(settlement_id, version, due),
    )


async def list_page(
    conn: AnyConnection,
    *,
    before: int | None,
    limit: int,
    having: Mapping[str, str | None],
) -> list[Listed]:
    """The newest first; `having`: carrier, status, booking, kind or cycle that it must have."""
    given = {name: value for name, value in having.items() if value is not None}
    where = [f"{name} = ${i}" for i, name in enumerate(given, start=2)]
    rows = await conn.fetch(
        f"SELECT nr, updated_at, state FROM settlements WHERE "
        f"{' AND '.join(['nr < $1', *where])} ORDER BY nr DESC LIMIT {int(limit)}",
        2**62 if before is None else before,
        *given.values(),
    )
    return [
        Listed(row["nr"], row["updated_at"], msgspec.json.decode(row["state"], type=Settlement))
        for row in rows
    ]


@dataclass(frozen=True, slots=True)
class Step:
    version: int
    at: datetime
    type: str
    event: dict[str, Any]


async def steps(
    conn: AnyConnection, settlement_id: str, after: int | None, limit: int
) -> list[Step]:
    """What has happened to it, in its order."""
    rows = await conn.fetch(
        """
        SELECT version, at, type, event FROM settlement_log
        WHERE settlement = $1 AND version > $2 ORDER BY version LIMIT $3
        """,
        *(settlement_id, min(after or 0, VERSION_MAX), limit),
    )
    return [Step(**row) for row in rows]


@dataclass(frozen=True, slots=True)
class Waiting:
    tenant_key: int
    tenant: str
    settlement: str
    version: int


async def due(conn: AnyConnection, at_ms: int, limit: int) -> list[Waiting]:
    """For SYSTEM: what can go on by itself now, the longest waiting first."""
    rows = await conn.fetch(
        """
        SELECT s.tenant_key, t.id AS tenant, s.id AS settlement, s.version
        FROM settlements s JOIN tenants t ON t.key = s.tenant_key
        WHERE s.due_at <= $1 ORDER BY s.due_at LIMIT $2
        """,
        *(moment(at_ms), limit),
    )
    return [Waiting(**row) for row in rows]


async def ready_for_cycle(
    conn: AnyConnection, carrier: str | None, until_ms: int, limit: int
) -> list[Settlement]:
    """Open settlements of legs that were ready before a period's end, the oldest first."""
    rows = await conn.fetch(
        """
        SELECT state FROM settlements
        WHERE kind = 'leg' AND status = 'open' AND ready_at < $1
            AND ($2::text IS NULL OR carrier = $2)
        ORDER BY nr LIMIT $3
        """,
        *(moment(until_ms), carrier, limit),
    )
    return [msgspec.json.decode(row["state"], type=Settlement) for row in rows]


async def of_cycle(conn: AnyConnection, carrier: str, cycle: str) -> list[Settlement]:
    """A period has another settlement when more came after one was approved, or it was full."""
    rows = await conn.fetch(
        """
        SELECT state FROM settlements WHERE carrier = $1 AND cycle = $2 AND kind = 'cycle'
        ORDER BY supplement
        """,
        *(carrier, cycle),
    )
    return [msgspec.json.decode(row["state"], type=Settlement) for row in rows]


# ------------------------------------------------------------------------------ tax deducted


async def hold_carrier(conn: AnyConnection, tenant_key: int, carrier: str) -> None:
    """Until the transaction ends nobody else credits this carrier: the year's sum stays."""
    await conn.execute(
        "SELECT pg_advisory_xact_lock($1, hashtext($2))", tenant_key, f"tds/{carrier}"
    )


async def hold_periods(conn: AnyConnection, tenant_key: int, carrier: str) -> None:
    """Until the transaction ends nobody else gathers a period of this carrier. Another lock than
    that of the tax, which is taken by who has a settlement: this one is taken before any."""
    await conn.execute(
        "SELECT pg_advisory_xact_lock($1, hashtext($2))", tenant_key, f"periods/{carrier}"
    )


async def year_of(conn: AnyConnection, carrier: str, year: int) -> Year:
    row = await conn.fetchrow(
        """
        SELECT coalesce(sum(credited_minor), 0)::bigint AS paid_minor,
            coalesce(sum(exempt_minor), 0)::bigint AS exempt_minor,
            coalesce(sum(taxed_minor), 0)::bigint AS taxed_minor,
            coalesce(sum(deducted_minor), 0)::bigint AS deducted_minor
        FROM tds_deductions WHERE carrier = $1 AND year = $2
        """,
        *(carrier, year),
    )
    return Year(**one(row))


@dataclass(frozen=True, slots=True)
class Credited:
    """That a settlement credits a carrier, and what is deducted from it."""

    settlement: Settlement
    year: int
    at_ms: int
    deduction: Deduction
    before: Year


async def put_deduction(conn: AnyConnection, tenant_key: int, of: Credited) -> None:
    deduction, before, after = of.deduction, of.before, of.deduction.after
    await conn.execute(
        """
        INSERT INTO tds_deductions (tenant_key, settlement, version, carrier, year, at, code, why,
            rate_bp, credited_minor, exempt_minor, taxed_minor, deducted_minor)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
        """,
        *(tenant_key, of.settlement.id, of.settlement.version, of.settlement.carrier, of.year),
        *(moment(of.at_ms), deduction.code, deduction.why, deduction.rate_bp),
        after.paid_minor - before.paid_minor,
        after.exempt_minor - before.exempt_minor,
        after.taxed_minor - before.taxed_minor,
        after.deducted_minor - before.deducted_minor,
    )


async def take_deduction_back(
    conn: AnyConnection, tenant_key: int, settlement: Settlement, at_ms: int
) -> None:
    """All that it has credited so far counts no more."""
    await conn.execute(
        """
        INSERT INTO tds_deductions (tenant_key, settlement, version, carrier, year, at, code, why,
            rate_bp, credited_minor, exempt_minor, taxed_minor, deducted_minor)
        SELECT $1, $2, $3, carrier, year, $4, code, 'reopened', rate_bp, -sum(credited_minor),
            -sum(exempt_minor), -sum(taxed_minor), -sum(deducted_minor)
        FROM tds_deductions WHERE settlement = $2
        GROUP BY carrier, year, code, rate_bp HAVING sum(credited_minor) <> 0
        """,
        *(tenant_key, settlement.id, settlement.version, moment(at_ms)),
    )
