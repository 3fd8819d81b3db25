"""Gives trucks and bookings to their new shards when their number has changed; before any shard."""

from __future__ import annotations

import asyncio
import logging

from actors.journal import Journal
from actors.placement import shard_of
from config.installation import DatabaseRole, Postgres
from config.policy import Policy
from config.sections.tracking import Tracking
from store import bookings, leases, snapshots
from store.directory import TruckDirectory
from store.postgres import AnyPool, open_pool

log = logging.getLogger(__name__)


async def rehome_installation(where: Postgres, limits: Policy) -> int:
    """The same with connections of its own, for whoever is about to start the shards."""
    storage = limits.storage
    async with (
        await open_pool(
            where, DatabaseRole.TELEMETRY, storage.telemetry_pool, storage
        ) as telemetry,
        await open_pool(where, DatabaseRole.SYSTEM, storage.system_pool, storage) as system,
    ):
        await rehome_bookings(system, limits.bookings.shards)
        return await rehome(telemetry, system, limits.tracking)


async def rehome_bookings(system: AnyPool, shards: int) -> int:
    """How many legs moved. What trucks do and offers that run out are followed by shard; any shard
    may follow any booking, so those of shards that are no more go to one that is."""
    async with system.acquire() as conn, conn.transaction():
        return await bookings.rehome(conn, shards)


async def rehome(telemetry: AnyPool, system: AnyPool, limits: Tracking) -> int:
    """How many trucks moved; none when the shards are the same as last time.

    Each old shard is recovered to its last batch here, under a new lease, and its trucks' states
    are saved; then they change hands in one transaction. A death in between starts over.
    """
    async with telemetry.acquire() as conn:
        before = await leases.in_use(conn)
    if not before or before == list(range(limits.shards)):
        return 0
    log.warning("the shards were %s and are now %d: moving trucks", before, limits.shards)
    for shard in before:
        journal = Journal(telemetry, system, shard, limits)
        await journal.recover()
        await journal.snapshot(asyncio.Lock())
    directory = TruckDirectory()
    await directory.refresh(system)
    async with telemetry.acquire() as conn, conn.transaction():
        placed = await snapshots.placed(conn)
        moves: dict[int, int] = {}
        for key, entry in directory.by_key.items():
            home = shard_of(entry.tenant, entry.truck, limits.shards)
            if key in placed and placed[key] != home:
                moves[key] = home
        await snapshots.move(conn, moves)
        await leases.retire(conn, [shard for shard in before if shard >= limits.shards])
    return len(moves)
