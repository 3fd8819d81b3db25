"""How many loads wait for a truck, and which trucks are taken (SYSTEM role: whoever asks)."""

from __future__ import annotations

from store.postgres import AnyConnection


async def waiting_pickups(
    conn: AnyConnection, tenant_key: int, limit: int
) -> list[tuple[float, float]]:
    """Where legs without a truck are to be picked up; latitude and longitude."""
    rows = await conn.fetch(
        "SELECT pickup_lat, pickup_lon FROM booking_legs "
        "WHERE tenant_key = $1 AND waiting_since IS NOT NULL ORDER BY waiting_since DESC LIMIT $2",
        tenant_key,
        limit,
    )
    return [(row["pickup_lat"], row["pickup_lon"]) for row in rows]


async def taken_trucks(conn: AnyConnection, tenant_key: int) -> set[int]:
    """Keys of trucks that are promised to a leg that is not done."""
    rows = await conn.fetch(
        "SELECT truck_key FROM booking_legs "
        "WHERE tenant_key = $1 AND truck_key IS NOT NULL AND drives",
        tenant_key,
    )
    return {row["truck_key"] for row in rows}
