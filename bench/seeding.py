"""Fills a stack with the trucks and fences of a benchmark, in bulk and before the clock starts."""

from __future__ import annotations

import time

import msgspec

from bench.stack import Stack
from bench.world import Fence
from config.installation import DatabaseRole
from serve.fleet.device_secrets import hash_secret
from serve.identity.development import DEVICE_SECRET
from store.postgres import AnyConnection, connect

TENANT = "demo"


async def reader(stack: Stack) -> AnyConnection:
    """Sees the telemetry of all tenants."""
    return await connect(stack.installation.postgres, DatabaseRole.TELEMETRY)


async def tenant_key(stack: Stack, tenant: str = TENANT) -> int:
    conn = await connect(stack.installation.postgres, DatabaseRole.SYSTEM)
    try:
        key: int = await conn.fetchval("SELECT key FROM tenants WHERE id = $1", tenant)
        return key
    finally:
        await conn.close()


async def open_tenant(stack: Stack, key: int) -> AnyConnection:
    """Sees and changes what is one tenant's."""
    conn = await connect(stack.installation.postgres, DatabaseRole.APP)
    await conn.execute(f"SET ubertruck.tenant_key = {int(key)}")
    return conn


async def add_trucks(
    stack: Stack, trucks: list[str], classes: dict[str, str] | None = None
) -> dict[str, int]:
    """Creates those that are missing; returns truck id -> truck key."""
    key = await tenant_key(stack)
    conn = await open_tenant(stack, key)
    try:
        await conn.execute(
            """
            WITH made AS (
                INSERT INTO trucks (tenant_key, id, truck_class)
                SELECT $1, wanted, class
                FROM unnest($2::text[], $4::text[]) AS w (wanted, class)
                WHERE NOT EXISTS (SELECT FROM trucks WHERE id = wanted AND deleted_at IS NULL)
                RETURNING key, id
            )
            INSERT INTO device_credentials (truck_key, tenant_key, id, secret_hash)
            SELECT key, $1, id, $3 FROM made
            """,
            key,
            trucks,
            hash_secret(DEVICE_SECRET),
            [(classes or {}).get(truck, "bench") for truck in trucks],
        )
        rows = await conn.fetch(
            "SELECT id, key FROM trucks WHERE id = any($1) AND deleted_at IS NULL", trucks
        )
    finally:
        await conn.close()
    return {row["id"]: row["key"] for row in rows}


async def add_fences(stack: Stack, fences: list[Fence]) -> int:
    """Creates them; returns the revision from which every shard knows them."""
    key = await tenant_key(stack)
    conn = await open_tenant(stack, key)
    try:
        await conn.execute(
            """
            INSERT INTO fences (tenant_key, id, name, kind, shape)
            SELECT $1, id, id, 'bench', shape::jsonb
            FROM unnest($2::text[], $3::text[]) AS wanted (id, shape)
            ON CONFLICT (tenant_key, id) DO NOTHING
            """,
            key,
            [fence.id for fence in fences],
            [msgspec.json.encode(fence.shape()).decode() for fence in fences],
        )
        return int(await conn.fetchval("SELECT coalesce(max(revision), 0) FROM fences"))
    finally:
        await conn.close()


def devices_settled(count: int) -> None:
    """Device users reach the broker within two seconds; a large number is one file re-read."""
    time.sleep(2.0 + count / 5000)
