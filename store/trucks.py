"""A tenant's trucks, for the APP role; deleting keeps the row, so that history keeps its owner."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import asyncpg

from store.errors import AlreadyExistsError, UnknownCarrierError
from store.kept import KeptObjects
from store.postgres import AnyConnection, one

COLUMNS = "key, id, registration, truck_class, capacity_t, carrier, created_at, version"
# Another truck's device may have been given this truck's id.
DEVICE_ID_INDEX = "device_credentials_id"


@dataclass(frozen=True, slots=True)
class Truck:
    key: int
    id: str
    registration: str | None
    truck_class: str | None
    capacity_t: float | None
    carrier: str | None
    created_at: datetime
    version: int


_kept = KeptObjects("truck", "trucks", COLUMNS, Truck)
get, list_page, delete = _kept.get, _kept.list_page, _kept.delete


async def create(
    conn: AnyConnection,
    tenant_key: int,
    *,
    id: str,  # noqa: A002 - its name everywhere
    registration: str | None,
    truck_class: str | None,
    capacity_t: float | None,
    secret_hash: str | None,
    carrier: str | None = None,
    sealed_secret: bytes | None = None,
) -> Truck:
    """Truck and device credential at once: the revision that announces one brings the other."""
    try:
        row = await conn.fetchrow(
            f"""
            WITH truck AS (
                INSERT INTO trucks (tenant_key, id, registration, truck_class, capacity_t, carrier)
                VALUES ($1, $2, $3, $4, $5, $7) RETURNING {COLUMNS}
            ), credential AS (
                INSERT INTO device_credentials
                    (truck_key, tenant_key, id, secret_hash, sealed_secret)
                SELECT key, $1, id, $6, $8 FROM truck WHERE $6::text IS NOT NULL
            )
            SELECT * FROM truck
            """,
            tenant_key,
            id,
            registration,
            truck_class,
            capacity_t,
            secret_hash,
            carrier,
            sealed_secret,
        )
    except asyncpg.UniqueViolationError as taken:
        what = "device" if taken.constraint_name == DEVICE_ID_INDEX else "truck"
        raise AlreadyExistsError(what, id) from None
    except asyncpg.ForeignKeyViolationError:
        raise UnknownCarrierError(carrier) from None
    return Truck(**one(row))


async def update(
    conn: AnyConnection,
    id: str,  # noqa: A002
    *,
    registration: str | None,
    truck_class: str | None,
    capacity_t: float | None,
    carrier: str | None,
    expected_version: int | None,
) -> Truck:
    """Replace what may change; with a version, only if the truck is still at it."""
    try:
        row = await conn.fetchrow(
            f"""
            UPDATE trucks SET registration = $2, truck_class = $3, capacity_t = $4, carrier = $6
            WHERE id = $1 AND deleted_at IS NULL AND version = coalesce($5, version)
            RETURNING {COLUMNS}
            """,
            id,
            registration,
            truck_class,
            capacity_t,
            expected_version,
            carrier,
        )
    except asyncpg.ForeignKeyViolationError:
        raise UnknownCarrierError(carrier) from None
    if row is None:
        raise await _kept.refusal(conn, id, expected_version)
    return Truck(**row)
