"""Wait until Postgres itself says that somebody waits for a lock."""

from __future__ import annotations

import asyncio

from store.postgres import AnyPool


async def until_someone_waits(pool: AnyPool) -> None:
    async with pool.acquire() as conn:
        waits = False
        while not waits:
            waits = await conn.fetchval("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")
            await asyncio.sleep(0.005)
