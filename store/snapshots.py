"""State of trucks as of a batch, so that a shard replays only what came after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from store.errors import LeaseLostError
from store.leases import Lease
from store.postgres import AnyConnection


@dataclass(frozen=True, slots=True)
class TruckState:
    truck_key: int
    tenant_key: int
    batch: int  # every fix of the truck up to this batch of its shard is in `state`
    state: bytes


async def save_many(conn: AnyConnection, lease: Lease, rows: Sequence[TruckState]) -> None:
    """Replace the snapshots of these trucks, if the shard is still ours."""
    async with conn.transaction():
        await _hold(conn, lease)
        await conn.execute(
            """
            INSERT INTO truck_snapshots AS s (truck_key, tenant_key, batch, state, shard)
            SELECT g.truck_key, g.tenant_key, g.batch, g.state, $5
            FROM unnest($1::bigint[], $2::int[], $3::bigint[], $4::bytea[])
                AS g (truck_key, tenant_key, batch, state)
            ON CONFLICT (truck_key) DO UPDATE SET tenant_key = excluded.tenant_key,
                batch = excluded.batch, state = excluded.state, shard = excluded.shard
            """,
            [row.truck_key for row in rows],
            [row.tenant_key for row in rows],
            [row.batch for row in rows],
            [row.state for row in rows],
            lease.shard,
        )


async def complete(conn: AnyConnection, lease: Lease, batch: int, log_kept_s: float) -> None:
    """Every truck is saved as of `batch` or later: recovery starts there from now on.

    Forgets the shard's older batches once they are no use for measuring either; `batch` itself
    stays, for its number and fence revision.
    """
    async with conn.transaction():
        await _hold(conn, lease)
        await conn.execute(
            "UPDATE shard_leases SET snapshot_batch = $2 WHERE shard = $1", lease.shard, batch
        )
        await conn.execute(
            "DELETE FROM shard_batches WHERE shard = $1 AND batch < $2 "
            "AND committed_at < now() - $3 * interval '1 s'",
            lease.shard,
            batch,
            log_kept_s,
        )


async def load_since(conn: AnyConnection, shard: int, batch: int) -> list[TruckState]:
    """Those saved with a later batch; from 0 all."""
    rows = await conn.fetch(
        "SELECT truck_key, tenant_key, batch, state FROM truck_snapshots "
        "WHERE shard = $1 AND batch > $2",
        shard,
        batch,
    )
    return [TruckState(**row) for row in rows]


async def placed(conn: AnyConnection) -> dict[int, int]:
    """Truck key -> the shard that keeps its state."""
    rows = await conn.fetch("SELECT truck_key, shard FROM truck_snapshots")
    return {row["truck_key"]: row["shard"] for row in rows}


async def move(conn: AnyConnection, shard_of: Mapping[int, int]) -> None:
    """Give trucks to other shards; only while no shard runs."""
    await conn.execute(
        """
        UPDATE truck_snapshots s SET shard = g.shard
        FROM unnest($1::bigint[], $2::int[]) AS g (truck_key, shard)
        WHERE s.truck_key = g.truck_key
        """,
        list(shard_of.keys()),
        list(shard_of.values()),
    )


async def _hold(conn: AnyConnection, lease: Lease) -> None:
    held = await conn.fetchval(
        "SELECT true FROM shard_leases WHERE shard = $1 AND epoch = $2 FOR SHARE",
        lease.shard,
        lease.epoch,
    )
    if not held:
        raise LeaseLostError(lease.shard, lease.epoch)
