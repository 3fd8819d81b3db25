"""Late fixes that are stored but not folded in yet, since there were too many at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from store.postgres import AnyConnection, epoch_ms, moment


@dataclass(frozen=True, slots=True)
class LateWork:
    """The truck's fixes from `from_ms` on are to be folded again; `last_late_ms` came late."""

    truck_key: int
    tenant_key: int
    from_ms: int
    last_late_ms: int


async def put(conn: AnyConnection, rows: Sequence[LateWork]) -> None:
    """In place of what was noted of these trucks before."""
    if not rows:
        return
    await conn.execute(
        """
        INSERT INTO late_work (truck_key, tenant_key, from_ts, last_late_ts)
        SELECT * FROM unnest($1::bigint[], $2::int[], $3::timestamptz[], $4::timestamptz[])
        ON CONFLICT (truck_key) DO UPDATE SET from_ts = excluded.from_ts,
            last_late_ts = excluded.last_late_ts
        """,
        [row.truck_key for row in rows],
        [row.tenant_key for row in rows],
        [moment(row.from_ms) for row in rows],
        [moment(row.last_late_ms) for row in rows],
    )


async def remove(conn: AnyConnection, truck_keys: Sequence[int]) -> None:
    if truck_keys:
        await conn.execute("DELETE FROM late_work WHERE truck_key = ANY ($1)", truck_keys)


async def load_all(conn: AnyConnection) -> list[LateWork]:
    """Of every shard: hardly ever any."""
    rows = await conn.fetch("SELECT truck_key, tenant_key, from_ts, last_late_ts FROM late_work")
    return [LateWork(row[0], row[1], epoch_ms(row[2]), epoch_ms(row[3])) for row in rows]
