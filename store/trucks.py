"""A tenant's trucks, for the APP role; deleting keeps the row, so that history keeps its owner."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypedDict, Unpack

import asyncpg

from store.errors import AlreadyExistsError, UnknownCarrierError
from store.kept import KeptObjects
from store.postgres import AnyConnection, one

# Why it is not to be had now, if it is not.
ABSENCE = """(
    SELECT json_build_object('reason', a.reason, 'since', a.from_ts, 'until', a.to_ts)
    FROM truck_absences a WHERE a.truck_key = trucks.key AND a.from_ts <= now()
        AND (a.to_ts IS NULL OR a.to_ts > now())
) AS absence"""
SETTABLE = (
    *("registration", "truck_class", "capacity_t", "carrier"),
    *("body", "payload_kg", "gvw_kg", "home_lat", "home_lon", "home_name"),
)
_KINDS = ("text", "text", "float8", "text", "text", "int", "int", "float8", "float8", "text")
COLUMNS = f"key, id, {', '.join(SETTABLE)}, created_at, version, {ABSENCE}"
# Another truck's device may have been given this truck's id.
DEVICE_ID_INDEX = "device_credentials_id"


class TruckFields(TypedDict, total=False):
    registration: str | None
    truck_class: str | None
    capacity_t: float | None
    carrier: str | None
    body: str | None
    payload_kg: int | None
    gvw_kg: int | None
    home_lat: float | None
    home_lon: float | None
    home_name: str | None


@dataclass(frozen=True, slots=True)
class Truck:
    key: int
    id: str
    registration: str | None
    truck_class: str | None
    capacity_t: float | None
    carrier: str | None
    body: str | None
    payload_kg: int | None  # as its RC says
    gvw_kg: int | None
    home_lat: float | None
    home_lon: float | None
    home_name: str | None
    created_at: datetime
    version: int
    absence: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class NewTruckRow:
    id: str
    fields: TruckFields
    secret_hash: str
    sealed_secret: bytes | None


_kept = KeptObjects("truck", "trucks", COLUMNS, Truck)
get, list_page, delete = _kept.get, _kept.list_page, _kept.delete


async def create(
    conn: AnyConnection,
    tenant_key: int,
    *,
    id: str,  # noqa: A002 - its name everywhere
    secret_hash: str | None,
    sealed_secret: bytes | None = None,
    **fields: Unpack[TruckFields],
) -> Truck:
    """Truck and device credential at once: the revision that announces one brings the other."""
    places = ", ".join(f"${number}" for number in range(5, len(SETTABLE) + 5))
    try:
        row = await conn.fetchrow(
            f"""
            WITH truck AS (
                INSERT INTO trucks (tenant_key, id, {", ".join(SETTABLE)})
                VALUES ($1, $2, {places}) RETURNING {COLUMNS}
            ), credential AS (
                INSERT INTO device_credentials
                    (truck_key, tenant_key, id, secret_hash, sealed_secret)
                SELECT key, $1, id, $3, $4 FROM truck WHERE $3::text IS NOT NULL
            )
            SELECT * FROM truck
            """,
            *(tenant_key, id, secret_hash, sealed_secret),
            *(fields.get(name) for name in SETTABLE),
        )
    except asyncpg.UniqueViolationError as taken:
        what = "device" if taken.constraint_name == DEVICE_ID_INDEX else "truck"
        raise AlreadyExistsError(what, id) from None
    except asyncpg.ForeignKeyViolationError:
        raise UnknownCarrierError(fields.get("carrier")) from None
    return Truck(**one(row))


async def update(
    conn: AnyConnection,
    id: str,  # noqa: A002
    *,
    expected_version: int | None,
    **fields: Unpack[TruckFields],
) -> Truck:
    """Sets what is given; with a version, only if the truck is still at it."""
    named = [name for name in SETTABLE if name in fields]
    sets = ", ".join(f"{name} = ${number}" for number, name in enumerate(named, start=3))
    try:
        row = await conn.fetchrow(
            f"""
            UPDATE trucks SET {sets or "registration = registration"}
            WHERE id = $1 AND deleted_at IS NULL AND version = coalesce($2, version)
            RETURNING {COLUMNS}
            """,
            id,
            expected_version,
            *(fields.get(name) for name in named),
        )
    except asyncpg.ForeignKeyViolationError:
        raise UnknownCarrierError(fields.get("carrier")) from None
    if row is None:
        raise await _kept.refusal(conn, id, expected_version)
    return Truck(**row)


async def known(conn: AnyConnection, ids: Sequence[str]) -> set[str]:
    """Those of these ids that trucks or devices of the tenant have already."""
    rows = await conn.fetch(
        """
        SELECT id FROM trucks WHERE id = ANY ($1) AND deleted_at IS NULL
        UNION SELECT id FROM device_credentials WHERE id = ANY ($1)
        """,
        list(ids),
    )
    return {row["id"] for row in rows}


async def placed(conn: AnyConnection, ids: Sequence[str]) -> dict[str, tuple[int, str | None]]:
    """Of those of these trucks that are there: their keys, and whose they are."""
    rows = await conn.fetch(
        "SELECT id, key, carrier FROM trucks WHERE id = ANY ($1) AND deleted_at IS NULL", list(ids)
    )
    return {row["id"]: (row["key"], row["carrier"]) for row in rows}


async def registrations(conn: AnyConnection, ids: Sequence[str]) -> dict[str, str | None]:
    """By id, of those in use."""
    rows = await conn.fetch(
        "SELECT id, registration FROM trucks WHERE id = ANY ($1) AND deleted_at IS NULL", list(ids)
    )
    return {row["id"]: row["registration"] for row in rows}


async def create_many(conn: AnyConnection, tenant_key: int, given: Sequence[NewTruckRow]) -> None:
    """All or none, in one statement: the lock that orders revisions is held but shortly."""
    columns = ", ".join(SETTABLE)
    arrays = ", ".join(f"${place}::{kind}[]" for place, kind in enumerate(_KINDS, start=5))
    try:
        await conn.execute(
            f"""
            WITH given AS (
                SELECT * FROM unnest($2::text[], $3::text[], $4::bytea[], {arrays})
                    AS g (id, secret_hash, sealed_secret, {columns})
            ), truck AS (
                INSERT INTO trucks (tenant_key, id, {columns})
                SELECT $1, id, {columns} FROM given RETURNING key, id
            )
            INSERT INTO device_credentials (truck_key, tenant_key, id, secret_hash, sealed_secret)
            SELECT key, $1, id, secret_hash, sealed_secret FROM truck JOIN given USING (id)
            """,
            tenant_key,
            [row.id for row in given],
            [row.secret_hash for row in given],
            [row.sealed_secret for row in given],
            *([row.fields.get(name) for row in given] for name in SETTABLE),
        )
    except asyncpg.UniqueViolationError:
        raise AlreadyExistsError("truck", "of the file") from None
    except asyncpg.ForeignKeyViolationError:
        raise UnknownCarrierError("of the file") from None
