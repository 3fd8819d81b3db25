"""Payouts: their log, how each stands, and by what the provider's news find them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg
import msgspec

from freight.payouts.messages import Event
from freight.payouts.state import Payout
from store.errors import NotFoundError, StaleVersionError
from store.postgres import AnyConnection, moment
from store.step_log import rows

PAYOUT = "payout"


@dataclass(frozen=True, slots=True)
class Listed:
    nr: int
    updated_at: datetime
    trouble: str | None
    payout: Payout


async def find(conn: AnyConnection, payout_id: str, *, to_change: bool = False) -> Payout | None:
    """To change it: nobody else does before the transaction ends."""
    lock = " FOR UPDATE" if to_change else ""
    state = await conn.fetchval(f"SELECT state FROM payouts WHERE id = $1{lock}", payout_id)
    return None if state is None else msgspec.json.decode(state, type=Payout)


async def get(conn: AnyConnection, payout_id: str) -> Payout:
    found = await find(conn, payout_id)
    if found is None:
        raise NotFoundError(PAYOUT, payout_id)
    return found


async def id_of(conn: AnyConnection, provider_id: str, reference: str | None) -> str | None:
    """Which of ours the provider speaks of; None: none that we know."""
    found: str | None = await conn.fetchval(
        """
        SELECT payout FROM payout_attempts WHERE provider_id = $1 OR reference = $2
        ORDER BY (provider_id = $1) IS TRUE DESC LIMIT 1
        """,
        *(provider_id, reference),
    )
    return found


async def by_utr(conn: AnyConnection, utrs: Sequence[str]) -> dict[str, Payout]:
    rows = await conn.fetch("SELECT utr, state FROM payouts WHERE utr = ANY ($1)", list(utrs))
    return {row["utr"]: msgspec.json.decode(row["state"], type=Payout) for row in rows}


async def append(  # noqa: PLR0917 - all of it is written
    conn: AnyConnection,
    tenant_key: int,
    before: Payout | None,
    after: Payout,
    events: Sequence[Event],
    look_ms: int | None,
) -> None:
    """StaleVersionError when somebody else was first."""
    first = 1 if before is None else before.version + 1
    try:
        await _put(conn, tenant_key, before, after, events[-1].at_ms, look_ms)
        await conn.executemany(
            """
            INSERT INTO payout_log (tenant_key, payout, version, at, type, event)
            VALUES ($1, $2, $3, $4, $5, $6)
            """,
            rows(tenant_key, after.id, first, events),
        )
    except asyncpg.UniqueViolationError:
        raise StaleVersionError(PAYOUT, after.id, first - 1, first) from None
    await _put_attempts(conn, tenant_key, before, after)


async def _put(  # noqa: PLR0917 - all of it is written
    conn: AnyConnection,
    tenant_key: int,
    before: Payout | None,
    after: Payout,
    at_ms: int,
    look_ms: int | None,
) -> None:
    utr = None if after.attempt is None else after.attempt.utr
    changing = (
        *(tenant_key, after.id, after.version, after.status, utr, moment(at_ms)),
        None if look_ms is None else moment(look_ms),
        msgspec.json.encode(after),
    )
    if before is None:
        await conn.execute(
            """
            INSERT INTO payouts (tenant_key, id, version, status, utr, updated_at, look_at, state,
                created_at, purpose, settlement, carrier, amount_minor)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
            """,
            *changing,
            *(moment(after.created_ms), after.purpose, after.settlement, after.carrier),
            after.amount_minor,
        )
        return
    updated = await conn.execute(
        """
        UPDATE payouts SET version = $3, status = $4, utr = $5, updated_at = $6, look_at = $7,
            state = $8, looks = 0, trouble = NULL
        WHERE tenant_key = $1 AND id = $2 AND version = $9
        """,
        *(*changing, before.version),
    )
    if updated != "UPDATE 1":
        raise StaleVersionError(PAYOUT, after.id, before.version, before.version + 1)


async def _put_attempts(
    conn: AnyConnection, tenant_key: int, before: Payout | None, after: Payout
) -> None:
    known = () if before is None else before.attempts
    changed = [attempt for attempt in after.attempts if attempt not in known]
    await conn.executemany(
        """
        INSERT INTO payout_attempts (tenant_key, payout, nr, reference, provider_id)
        VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (tenant_key, payout, nr) DO UPDATE SET provider_id = excluded.provider_id
        """,
        [
            (tenant_key, after.id, attempt.nr, attempt.reference, attempt.provider_id)
            for attempt in changed
        ],
    )


@dataclass(frozen=True, slots=True)
class Waiting:
    tenant_key: int
    tenant: str
    payout: str
    looks: int


async def due(conn: AnyConnection, at_ms: int, limit: int) -> list[Waiting]:
    """For SYSTEM: payouts to be sent or asked about now, the longest waiting first."""
    rows = await conn.fetch(
        """
        SELECT p.tenant_key, t.id AS tenant, p.id AS payout, p.looks
        FROM payouts p JOIN tenants t ON t.key = p.tenant_key
        WHERE p.look_at <= $1 ORDER BY p.look_at LIMIT $2
        """,
        *(moment(at_ms), limit),
    )
    return [Waiting(**row) for row in rows]


async def put_off(
    conn: AnyConnection, payout_id: str, look_ms: int | None, trouble: str | None
) -> None:
    """Asked in vain, or it stands as before: when to ask again."""
    await conn.execute(
        "UPDATE payouts SET look_at = $2, looks = looks + 1, trouble = $3 "
        "WHERE id = $1 AND look_at IS NOT NULL",
        *(payout_id, None if look_ms is None else moment(look_ms), trouble),
    )


async def look_up(conn: AnyConnection, payout_id: str) -> Listed:
    row = await conn.fetchrow(
        "SELECT nr, updated_at, trouble, state FROM payouts WHERE id = $1", payout_id
    )
    if row is None:
        raise NotFoundError(PAYOUT, payout_id)
    return _listed(row)


async def list_page(
    conn: AnyConnection,
    *,
    before: int | None,
    limit: int,
    having: Mapping[str, str | None],
) -> list[Listed]:
    """The newest first; `having`: carrier, settlement or status that it must have."""
    given = {name: value for name, value in having.items() if value is not None}
    where = [f"{name} = ${i}" for i, name in enumerate(given, start=2)]
    rows = await conn.fetch(
        f"SELECT nr, updated_at, trouble, state FROM payouts WHERE "
        f"{' AND '.join(['nr < $1', *where])} ORDER BY nr DESC LIMIT {int(limit)}",
        2**62 if before is None else before,
        *given.values(),
    )
    return [_listed(row) for row in rows]


def _listed(row: asyncpg.Record) -> Listed:
    payout = msgspec.json.decode(row["state"], type=Payout)
    return Listed(row["nr"], row["updated_at"], row["trouble"], payout)
