"""Who may not, or alone may, drive for whom (APP role; for dispatch: store/fleet_board.py)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import asyncpg

from freight.fleet.ties import Tie, TieKind
from store.errors import AlreadyExistsError, NotFoundError
from store.postgres import AnyConnection, one

COLUMNS = "id, kind, carrier_id, shipper, reason, created_at, version"
PRIMARY_KEY = "carrier_ties_pkey"


@dataclass(frozen=True, slots=True)
class StoredTie:
    id: str
    tie: Tie
    reason: str | None
    created_at: datetime
    version: int


async def create(
    conn: AnyConnection,
    tenant_key: int,
    id: str,  # noqa: A002
    tie: Tie,
    reason: str | None,
) -> StoredTie:
    try:
        row = await conn.fetchrow(
            f"""
            INSERT INTO carrier_ties (tenant_key, id, kind, carrier_id, shipper, reason)
            VALUES ($1, $2, $3, $4, $5, $6) RETURNING {COLUMNS}
            """,
            *(tenant_key, id, tie.kind, tie.carrier, tie.shipper, reason),
        )
    except asyncpg.UniqueViolationError as taken:
        what = id if taken.constraint_name == PRIMARY_KEY else f"{tie.kind} of {tie.carrier}"
        raise AlreadyExistsError("tie", what) from None
    except asyncpg.ForeignKeyViolationError:
        raise NotFoundError("carrier", tie.carrier) from None
    return _stored(one(row))


async def get(conn: AnyConnection, carrier: str, id: str) -> StoredTie:  # noqa: A002
    row = await conn.fetchrow(
        f"SELECT {COLUMNS} FROM carrier_ties WHERE carrier_id = $1 AND id = $2", carrier, id
    )
    if row is None:
        raise NotFoundError("tie", id)
    return _stored(row)


async def list_page(
    conn: AnyConnection, carrier: str, after: str | None, limit: int
) -> list[StoredTie]:
    rows = await conn.fetch(
        f"SELECT {COLUMNS} FROM carrier_ties WHERE carrier_id = $1 AND id > $2 "
        "ORDER BY id LIMIT $3",
        *(carrier, after or "", limit),
    )
    return [_stored(row) for row in rows]


async def delete(conn: AnyConnection, carrier: str, id: str) -> None:  # noqa: A002
    done = await conn.fetchval(
        "DELETE FROM carrier_ties WHERE carrier_id = $1 AND id = $2 RETURNING true", carrier, id
    )
    if not done:
        raise NotFoundError("tie", id)


def _stored(row: asyncpg.Record) -> StoredTie:
    tie = Tie(TieKind(row["kind"]), row["carrier_id"], row["shipper"])
    return StoredTie(row["id"], tie, row["reason"], row["created_at"], row["version"])
