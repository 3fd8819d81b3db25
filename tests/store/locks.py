"""Wait until Postgres itself says that somebody waits for a lock."""

from __future__ import annotations

import asyncio

from store.postgres import AnyPool


async def until_someone_waits(pool: AnyPool) -> None:
    async with pool.acquire() as conn:
        # Postgres has no event for this: look again until it is so.
        while not await conn.fetchval("SELECT true FROM pg_locks WHERE NOT granted LIMIT 1"):
            await asyncio.sleep(0.005)
