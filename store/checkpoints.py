"""States of trucks at points of their device time, from which late fixes are folded in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from store.postgres import AnyConnection, epoch_ms, moment


@dataclass(frozen=True, slots=True)
class KeptState:
    """After all fixes of the truck before `ts_ms` and none from it on."""

    truck_key: int
    tenant_key: int
    ts_ms: int
    state: bytes


async def put(conn: AnyConnection, rows: Sequence[KeptState]) -> None:
    if not rows:
        return
    await conn.execute(
        """
        INSERT INTO truck_checkpoints (truck_key, tenant_key, ts, state)
        SELECT truck_key, tenant_key, 'epoch'::timestamptz + ts_ms * interval '1 ms', state
        FROM unnest($1::bigint[], $2::int[], $3::bigint[], $4::bytea[])
            AS g (truck_key, tenant_key, ts_ms, state)
        ON CONFLICT (truck_key, ts) DO UPDATE SET state = excluded.state
        """,
        [row.truck_key for row in rows],
        [row.tenant_key for row in rows],
        [row.ts_ms for row in rows],
        [row.state for row in rows],
    )


async def remove_between(conn: AnyConnection, gone: dict[int, tuple[int, int | None]]) -> None:
    """Of each truck those behind the one device time and before the other, None: all."""
    await conn.execute(
        """
        DELETE FROM truck_checkpoints c
        USING unnest($1::bigint[], $2::timestamptz[], $3::timestamptz[]) AS g (truck, after, upto)
        WHERE c.truck_key = truck AND c.ts > after AND (upto IS NULL OR c.ts < upto)
        """,
        list(gone),
        [moment(after_ms) for after_ms, _ in gone.values()],
        [None if upto_ms is None else moment(upto_ms) for _, upto_ms in gone.values()],
    )


async def nearest(conn: AnyConnection, asked: dict[int, int]) -> dict[int, KeptState]:
    """Truck key -> the last state kept at or before this device time; some have none."""
    rows = await conn.fetch(
        """
        SELECT kept.* FROM unnest($1::bigint[], $2::timestamptz[]) AS g (truck, upto), LATERAL (
            SELECT truck_key, tenant_key, ts, state FROM truck_checkpoints
            WHERE truck_key = truck AND ts <= upto ORDER BY ts DESC LIMIT 1) AS kept
        """,
        list(asked),
        [moment(ms) for ms in asked.values()],
    )
    return {row[0]: KeptState(row[0], row[1], epoch_ms(row[2]), row[3]) for row in rows}


async def between(
    conn: AnyConnection, asked: dict[int, tuple[int, int]]
) -> dict[int, list[KeptState]]:
    """Truck key -> its states kept behind the one device time, up to the other, in order."""
    rows = await conn.fetch(
        """
        SELECT truck_key, tenant_key, ts, state
        FROM unnest($1::bigint[], $2::timestamptz[], $3::timestamptz[]) AS g (truck, after, upto)
            JOIN truck_checkpoints ON truck_key = truck AND ts > after AND ts <= upto
        ORDER BY truck_key, ts
        """,
        list(asked),
        [moment(after_ms) for after_ms, _ in asked.values()],
        [moment(upto_ms) for _, upto_ms in asked.values()],
    )
    found: dict[int, list[KeptState]] = {key: [] for key in asked}
    for row in rows:
        found[row[0]].append(KeptState(row[0], row[1], epoch_ms(row[2]), row[3]))
    return found


async def forget_before(conn: AnyConnection, truck_keys: Sequence[int], ts_ms: int) -> None:
    """Each truck keeps the last one from before, where a fix of this time is folded in from."""
    await conn.execute(
        """
        DELETE FROM truck_checkpoints c
        USING unnest($1::bigint[]) AS g (truck), LATERAL (
            SELECT max(ts) AS last FROM truck_checkpoints WHERE truck_key = truck AND ts <= $2) kept
        WHERE c.truck_key = truck AND c.ts < kept.last
        """,
        truck_keys,
        moment(ts_ms),
    )
