"""Who may write for a shard: a lease whose epoch every commit of the shard checks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg

from store.errors import BatchExistsError, LeaseLostError
from store.postgres import AnyConnection, AnyPool, epoch_ms, one


@dataclass(frozen=True, slots=True)
class Lease:
    shard: int
    epoch: int
    # Every truck of the shard is in truck_snapshots as of this batch or a later one; 0: none is.
    snapshot_batch: int


@dataclass(frozen=True, slots=True)
class ShardBatch:
    batch: int
    epoch: int
    fence_revision: int
    fixes: int
    committed_ms: int


async def acquire(pool: AnyPool, shard: int, holder: str) -> Lease:
    """Take the shard over, from whoever holds it.

    Waits for a commit of the old holder that is under way; once this returns, no other can succeed.
    """
    async with pool.acquire() as conn:
        row = await conn.fetchrow(
            """
            INSERT INTO shard_leases AS l (shard, epoch, holder, acquired_at)
            VALUES ($1, 1, $2, clock_timestamp())
            ON CONFLICT (shard) DO UPDATE SET epoch = l.epoch + 1, holder = excluded.holder,
                acquired_at = excluded.acquired_at, retired = false
            RETURNING shard, epoch, snapshot_batch
            """,
            shard,
            holder,
        )
    return Lease(**one(row))


async def in_use(conn: AnyConnection) -> list[int]:
    """The shards that hold trucks, by number."""
    rows = await conn.fetch("SELECT shard FROM shard_leases WHERE NOT retired ORDER BY shard")
    return [row["shard"] for row in rows]


async def retire(conn: AnyConnection, shards: Sequence[int]) -> None:
    """These hold no trucks any more."""
    await conn.execute(
        "UPDATE shard_leases SET retired = true WHERE shard = ANY ($1::int[])", shards
    )


async def open_batch(
    conn: AnyConnection, lease: Lease, batch: int, fence_revision: int, fixes: int
) -> None:
    """First statement of a shard's transaction; holds the lease until the transaction ends."""
    try:
        status = await conn.execute(
            """
            WITH lease AS (
                SELECT shard, epoch FROM shard_leases WHERE shard = $1 AND epoch = $2 FOR SHARE
            )
            INSERT INTO shard_batches (shard, batch, epoch, fence_revision, fixes)
            SELECT shard, $3, epoch, $4, $5 FROM lease
            """,
            lease.shard,
            lease.epoch,
            batch,
            fence_revision,
            fixes,
        )
    except asyncpg.UniqueViolationError:
        raise BatchExistsError(lease.shard, batch) from None
    if status != "INSERT 0 1":
        raise LeaseLostError(lease.shard, lease.epoch)


async def batches_from(conn: AnyConnection, shard: int, batch: int) -> list[ShardBatch]:
    """The committed batches of a shard from this one (inclusive), in order.

    From the lease's snapshot_batch the first one names the fences as of the snapshot, the others
    the fences each batch was folded against, and the last one the number to go on from.
    """
    rows = await conn.fetch(
        """
        SELECT batch, epoch, fence_revision, fixes, committed_at FROM shard_batches
        WHERE shard = $1 AND batch >= $2 ORDER BY batch
        """,
        shard,
        batch,
    )
    found = []
    for row in rows:
        fields = dict(row)
        found.append(ShardBatch(committed_ms=epoch_ms(fields.pop("committed_at")), **fields))
    return found
