"""Devices of a tenant's trucks: their credentials, of which this role never reads a hash."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from store.errors import AlreadyExistsError, NotFoundError, StaleVersionError
from store.postgres import AnyConnection

ID_INDEX = "device_credentials_id"
UNIQUE_ID_INDEX = "device_credentials_unique_id"

# The newest fix tells when a device was last heard of; nothing is written for it.
_SELECT = """
    SELECT c.truck_key, c.id, t.id AS truck, c.unique_id, c.created_at, c.rotated_at,
        c.revoked_at, c.version,
        CASE WHEN c.previous_until > now() THEN c.previous_until END AS previous_until,
        (SELECT received_at FROM fixes WHERE fixes.truck_key = c.truck_key
            ORDER BY ts DESC LIMIT 1) AS last_seen_at,
        (SELECT max(last_at) FROM device_refusals r WHERE r.truck_key = c.truck_key)
            AS last_refused_at, s.is_online, s.changed_at AS connection_changed_at
    FROM device_credentials c JOIN trucks t ON t.key = c.truck_key
        LEFT JOIN device_states s ON s.truck_key = c.truck_key
"""


@dataclass(frozen=True, slots=True)
class Device:
    truck_key: int
    id: str
    truck: str
    unique_id: str | None
    created_at: datetime
    rotated_at: datetime | None
    revoked_at: datetime | None
    version: int
    previous_until: datetime | None
    last_seen_at: datetime | None
    last_refused_at: datetime | None
    # As it, or the broker in its place, said last; None: nothing was ever said.
    is_online: bool | None
    connection_changed_at: datetime | None


class BoundElsewhereError(AlreadyExistsError):
    """Somebody's device has this number; whose is nobody's business."""

    def __init__(self, unique_id: str) -> None:
        super().__init__("a device with the unique id", unique_id)


async def create(
    conn: AnyConnection,
    tenant_key: int,
    *,
    truck: str,
    id: str,  # noqa: A002 - its name everywhere
    unique_id: str | None,
    secret_hash: str,
    sealed_secret: bytes | None = None,
) -> Device:
    """For a truck that has no device yet."""
    truck_key = await conn.fetchval(
        "SELECT key FROM trucks WHERE id = $1 AND deleted_at IS NULL", truck
    )
    if truck_key is None:
        raise NotFoundError("truck", truck)
    try:
        await conn.execute(
            """
            INSERT INTO device_credentials
                (truck_key, tenant_key, id, unique_id, secret_hash, sealed_secret)
            VALUES ($1, $2, $3, $4, $5, $6)
            """,
            truck_key,
            tenant_key,
            id,
            unique_id,
            secret_hash,
            sealed_secret,
        )
    except asyncpg.UniqueViolationError as taken:
        if taken.constraint_name == UNIQUE_ID_INDEX:
            raise BoundElsewhereError(str(unique_id)) from None
        if taken.constraint_name == ID_INDEX:
            raise AlreadyExistsError("device", id) from None
        raise AlreadyExistsError("device of the truck", truck) from None
    return await get(conn, id)


async def get(conn: AnyConnection, id: str) -> Device:  # noqa: A002
    row = await conn.fetchrow(f"{_SELECT} WHERE c.id = $1", id)
    if row is None:
        raise NotFoundError("device", id)
    return Device(**row)


async def list_page(
    conn: AnyConnection, after: str | None, limit: int, truck: str | None = None
) -> list[Device]:
    """In the order of their ids, beginning behind `after`."""
    rows = await conn.fetch(
        f"""
        {_SELECT} WHERE c.id > $1 AND t.id = coalesce($3, t.id) ORDER BY c.id LIMIT $2
        """,
        after or "",
        limit,
        truck,
    )
    return [Device(**row) for row in rows]


async def rotate(
    conn: AnyConnection,
    device: Device,
    secret_hash: str,
    overlap_s: float,
    sealed_secret: bytes | None = None,
) -> Device:
    """A new secret; the one before is good for the overlap longer, unless it was revoked."""
    await conn.execute(
        """
        UPDATE device_credentials SET secret_hash = $2, sealed_secret = $4, rotated_at = now(),
            revoked_at = NULL, previous_until = CASE WHEN revoked_at IS NULL AND $3::float8 > 0
                THEN now() + make_interval(secs => $3::float8) END
        WHERE truck_key = $1
        """,
        device.truck_key,
        secret_hash,
        overlap_s,
        sealed_secret,
    )
    return await get(conn, device.id)


async def revoke(conn: AnyConnection, device: Device) -> Device:
    """At once and for every secret; the time of the first revocation stays."""
    await conn.execute(
        """
        UPDATE device_credentials SET revoked_at = now(), previous_until = NULL
        WHERE truck_key = $1 AND revoked_at IS NULL
        """,
        device.truck_key,
    )
    return await get(conn, device.id)


async def bind(conn: AnyConnection, device: Device, unique_id: str | None) -> Device:
    """To what it calls itself by; None takes the binding away."""
    try:
        await conn.execute(
            "UPDATE device_credentials SET unique_id = $2 WHERE truck_key = $1",
            device.truck_key,
            unique_id,
        )
    except asyncpg.UniqueViolationError:
        raise BoundElsewhereError(str(unique_id)) from None
    return await get(conn, device.id)


async def locked(conn: AnyConnection, id: str, expected: int | None) -> Device:  # noqa: A002
    """To be changed in this transaction, by nobody else meanwhile; with a version, only at it."""
    held = await conn.fetchval(
        "SELECT version FROM device_credentials WHERE id = $1 FOR NO KEY UPDATE", id
    )
    if held is None:
        raise NotFoundError("device", id)
    device = await get(conn, id)
    if expected is not None and expected != device.version:
        raise StaleVersionError("device", id, expected, device.version)
    return device


async def heard_since(conn: AnyConnection, truck_keys: Sequence[int], seconds: float) -> set[int]:
    """Which of these trucks have sent a fix since; for the TELEMETRY role."""
    rows = await conn.fetch(
        """
        SELECT key FROM unnest($1::bigint[]) AS key WHERE EXISTS (
            SELECT FROM fixes WHERE truck_key = key AND ts > now() - interval '1 day'
                AND received_at > now() - make_interval(secs => $2))
        """,
        list(truck_keys),
        seconds,
    )
    return {row["key"] for row in rows}
