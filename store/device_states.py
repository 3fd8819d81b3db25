"""Whether devices are connected, as they or their broker said last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from store.postgres import AnyConnection


@dataclass(frozen=True, slots=True)
class Told:
    truck_key: int
    tenant_key: int
    is_online: bool
    at_ms: int


@dataclass(frozen=True, slots=True)
class DeviceState:
    is_online: bool
    changed_at: datetime
    told_at: datetime


async def note(conn: AnyConnection, told: Sequence[Told]) -> list[int]:
    """For SYSTEM; the trucks whose devices came online by it. An older word changes nothing."""
    if not told:
        return []
    rows = await conn.fetch(
        """
        WITH given AS (
            SELECT truck, tenant, is_online,
                'epoch'::timestamptz + at_ms * interval '1 ms' AS told_at
            FROM unnest($1::bigint[], $2::int[], $3::boolean[], $4::bigint[])
                AS g (truck, tenant, is_online, at_ms)
            WHERE EXISTS (SELECT FROM trucks WHERE key = truck)
            ORDER BY truck
        ), before AS (SELECT truck_key, is_online FROM device_states WHERE truck_key = ANY ($1))
        INSERT INTO device_states AS s (truck_key, tenant_key, is_online, changed_at, told_at)
        SELECT truck, tenant, is_online, told_at, told_at FROM given
        ON CONFLICT (truck_key) DO UPDATE SET is_online = excluded.is_online,
            told_at = excluded.told_at, changed_at = CASE
                WHEN s.is_online = excluded.is_online THEN s.changed_at ELSE excluded.told_at END
            WHERE s.told_at <= excluded.told_at
        RETURNING truck_key, is_online AND NOT coalesce((SELECT is_online FROM before
            WHERE before.truck_key = s.truck_key), false) AS came
        """,
        [one.truck_key for one in told],
        [one.tenant_key for one in told],
        [one.is_online for one in told],
        [one.at_ms for one in told],
    )
    return [row["truck_key"] for row in rows if row["came"]]


async def find(conn: AnyConnection, truck_key: int) -> DeviceState | None:
    row = await conn.fetchrow(
        "SELECT is_online, changed_at, told_at FROM device_states WHERE truck_key = $1", truck_key
    )
    return None if row is None else DeviceState(**row)
