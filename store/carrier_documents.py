"""The documents of carriers, one of a kind each (APP role)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import asyncpg

from freight.fleet.kyc import CarrierDocument
from store.errors import NotFoundError, StaleVersionError
from store.postgres import AnyConnection, one

COLUMNS = "kind, number, valid_until, updated_at, version"


@dataclass(frozen=True, slots=True)
class StoredDocument:
    document: CarrierDocument
    updated_at: datetime
    version: int


async def of_carrier(conn: AnyConnection, carrier: str) -> list[StoredDocument]:
    rows = await conn.fetch(
        f"SELECT {COLUMNS} FROM carrier_documents WHERE carrier_id = $1 ORDER BY kind", carrier
    )
    return [_stored(row) for row in rows]


async def find(conn: AnyConnection, carrier: str, kind: str) -> StoredDocument | None:
    row = await conn.fetchrow(
        f"SELECT {COLUMNS} FROM carrier_documents WHERE carrier_id = $1 AND kind = $2",
        *(carrier, kind),
    )
    return None if row is None else _stored(row)


async def count(conn: AnyConnection, carrier: str) -> int:
    held: int = await conn.fetchval(
        "SELECT count(*) FROM carrier_documents WHERE carrier_id = $1", carrier
    )
    return held


async def put(
    conn: AnyConnection,
    tenant_key: int,
    carrier: str,
    document: CarrierDocument,
    expected_version: int | None,
) -> StoredDocument:
    """The new one in place of the old; with a version, only of the one at it."""
    row = await conn.fetchrow(
        f"""
        INSERT INTO carrier_documents AS d (tenant_key, carrier_id, kind, number, valid_until)
        VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (tenant_key, carrier_id, kind) DO UPDATE SET number = excluded.number,
            valid_until = excluded.valid_until, updated_at = now(), version = d.version + 1
        WHERE d.version = coalesce($6, d.version)
        RETURNING {COLUMNS}
        """,
        *(tenant_key, carrier, document.kind, document.number, document.valid_until),
        expected_version,
    )
    if row is None:
        found = await find(conn, carrier, document.kind)
        version = 0 if found is None else found.version
        raise StaleVersionError("document", document.kind, expected_version or 0, version)
    return _stored(one(row))


async def delete(
    conn: AnyConnection, carrier: str, kind: str, expected_version: int | None
) -> None:
    done = await conn.fetchval(
        "DELETE FROM carrier_documents WHERE carrier_id = $1 AND kind = $2 "
        "AND version = coalesce($3, version) RETURNING true",
        *(carrier, kind, expected_version),
    )
    if done:
        return
    found = await find(conn, carrier, kind)
    if found is None:
        raise NotFoundError("document", kind)
    raise StaleVersionError("document", kind, expected_version or 0, found.version)


def _stored(row: asyncpg.Record) -> StoredDocument:
    document = CarrierDocument(row["kind"], row["number"], row["valid_until"])
    return StoredDocument(document, row["updated_at"], row["version"])
