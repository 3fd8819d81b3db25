"""Forgetting what is older than it is kept: whole days of fixes at a time."""

from __future__ import annotations

from datetime import date

from store.postgres import AnyPool


async def drop_fixes_before(system: AnyPool, day: date) -> list[str]:
    """The partitions that are gone, the oldest first; each in a transaction of its own, so that
    the lock on all fixes is held for moments only."""
    dropped: list[str] = []
    async with system.acquire() as conn:
        while True:
            name = await conn.fetchval("SELECT drop_oldest_fix_partition($1)", day)
            if name is None:
                return dropped
            dropped.append(name)
