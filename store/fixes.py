"""Where every fix is kept: written by shards in batches, read back by truck or by batch."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Any

import asyncpg
import msgspec
import numpy as np

from freight.fixes import FixArray, extras_of
from store.fix_codec import (
    COLUMNS,
    COPY_COLUMNS,
    READ_EXPRESSIONS,
    FlawArray,
    copy_payload,
    missing_masks,
    no_flaws,
    read_payload,
)
from store.postgres import AnyConnection, epoch_ms, moment

__all__ = [
    "StoredFix",
    "copy_new",
    "copy_payload",
    "days_of",
    "ensure_partitions",
    "insert_older",
    "known",
    "last_fix_of",
    "note_repeats",
    "replay_after",
    "track",
]

DAY_MS = 86_400_000
# Fixes held at once while a shard replays; about 20 MB on the wire.
REPLAY_FIXES_MAX = 100_000  # fixed: bounds memory; replaying in other portions gives the same


class StoredFix(msgspec.Struct, frozen=True):
    """One row as readers see it; None where the device said nothing."""

    ts_ms: int
    received_ms: int
    lat: float
    lon: float
    speed_kmh: float | None
    heading_deg: float | None
    accuracy_m: float | None
    altitude_m: float | None
    odometer_km: float | None
    hdop: float | None
    battery_v: float | None
    external_v: float | None
    fuel_pct: float | None
    seq: int | None
    satellites: int | None
    ignition: bool | None
    alarm: int | None
    extra: dict[str, Any] | None
    flaw: int | None = None  # freight.tracking.facts.Flaw: why it is not believed


STORED_COLUMNS = ", ".join(
    ["ts", "received_at", *(name for name in StoredFix.__struct_fields__[2:])]
)


# ---------------------------------------------------------------------------------- writing


def days_of(fixes: FixArray) -> list[date]:
    """The UTC days these fixes belong to: the partitions they need."""
    numbers = np.unique(fixes["ts_ms"] // DAY_MS)
    return [datetime.fromtimestamp(int(n) * DAY_MS // 1000, UTC).date() for n in numbers]


async def ensure_partitions(conn: AnyConnection, days: Iterable[date]) -> None:
    """For the TELEMETRY role. Best outside the batch's own transaction; callers remember days."""
    await conn.execute(
        "SELECT ensure_fix_partition(day) FROM unnest($1::date[]) AS day", sorted(set(days))
    )


async def copy_new(
    conn: AnyConnection,
    fixes: FixArray,
    extras: dict[int, bytes],
    shard: int,
    batch: int,
) -> None:
    """Store fixes that are newer than all their trucks have sent, so cannot be there already."""
    if not len(fixes):
        return
    # In the order of the key: neighbours meet the same index pages, which takes a fifth of
    # Postgres' work away (docs/storage.md).
    order = np.lexsort((fixes["ts_ms"], fixes["truck_key"]))
    payload = copy_payload(fixes.take(order), extras_of(order, extras), shard, batch)
    await conn.copy_to_table(
        "fixes",
        source=_in_one_piece(payload),
        columns=COPY_COLUMNS,
        format="binary",
    )


async def _in_one_piece(payload: bytes) -> AsyncIterator[bytes]:
    """Plain bytes would be taken for the name of a file."""
    yield payload


_OLDER_TYPES = {">i8": "int8", ">i4": "int4", ">i2": "int2", ">f8": "float8", ">f4": "float4"}


def _insert_older_sql() -> str:
    values, arrays = [], []
    for number, column in enumerate(COLUMNS, start=1):
        is_time = column.name in {"ts", "received_at"}
        value = (
            f"'epoch'::timestamptz + {column.name} * interval '1 ms'" if is_time else column.name
        )
        values.append(value)
        arrays.append(f"${number}::{_OLDER_TYPES.get(column.wire, 'bool')}[]")
    names = ", ".join(column.name for column in COLUMNS)
    extra, flaw, shard, batch = (len(COLUMNS) + i for i in (1, 2, 3, 4))
    return f"""
        INSERT INTO fixes ({names}, extra, flaw, shard, batch)
        SELECT {", ".join(values)}, extra::json, nullif(flaw, 0), ${shard}, ${batch}
        FROM unnest({", ".join(arrays)}, ${extra}::text[], ${flaw}::smallint[])
            AS given ({names}, extra, flaw)
        ON CONFLICT (truck_key, ts) DO NOTHING RETURNING truck_key, ts
    """


INSERT_OLDER = _insert_older_sql()


async def insert_older(
    conn: AnyConnection,
    fixes: FixArray,
    extras: dict[int, bytes],
    shard: int,
    batch: int,
    *,
    flaws: FlawArray | None = None,
) -> set[int]:
    """Store fixes that may be there already; the row numbers of those that were not."""
    if not len(fixes):
        return set()
    flaws = no_flaws(len(fixes)) if flaws is None else flaws
    missing = missing_masks(fixes)
    arrays: list[list[Any]] = []
    for column in COLUMNS:
        values = fixes[column.source]
        listed = (values != 0).tolist() if column.name == "ignition" else values.tolist()
        if column.nullable:
            for row in np.flatnonzero(missing[column.name]).tolist():
                listed[row] = None
        arrays.append(listed)
    extra = [extras[i].decode() if i in extras else None for i in range(len(fixes))]
    inserted = await conn.fetch(INSERT_OLDER, *arrays, extra, flaws.tolist(), shard, batch)
    # Of two equal fixes in one call the first is the one stored.
    keys = list(zip(fixes["truck_key"].tolist(), fixes["ts_ms"].tolist(), strict=True))
    first_row = {key: row for row, key in reversed(list(enumerate(keys)))}
    return {first_row[record["truck_key"], epoch_ms(record["ts"])] for record in inserted}


async def note_repeats(conn: AnyConnection, repeated: FixArray) -> None:
    """For TELEMETRY: these were stored already; told of in the device's conformance report."""
    if not len(repeated):
        return
    trucks, first, counts = np.unique(repeated["truck_key"], return_index=True, return_counts=True)
    await conn.execute(
        """
        INSERT INTO fix_repeats AS r (truck_key, tenant_key, day, repeated)
        SELECT truck, tenant, ('epoch'::timestamptz + ms * interval '1 ms')::date, count
        FROM unnest($1::bigint[], $2::int[], $3::bigint[], $4::bigint[])
            AS g (truck, tenant, ms, count)
        ORDER BY truck
        ON CONFLICT (truck_key, day) DO UPDATE SET repeated = r.repeated + excluded.repeated
        """,
        trucks.tolist(),
        repeated["tenant_key"][first].tolist(),
        repeated["received_ms"][first].tolist(),
        counts.tolist(),
    )


# ---------------------------------------------------------------------------------- reading


def _stored(row: asyncpg.Record) -> StoredFix:
    return StoredFix(epoch_ms(row[0]), epoch_ms(row[1]), *row[2:])


async def last_fix_of(
    conn: AnyConnection, tenant_key: int, truck_id: str, carrier: str | None = None
) -> StoredFix | None:
    """For APP, outside a transaction: it speaks for the tenant by itself, in one round trip."""
    row = await conn.fetchrow(
        f"SELECT {STORED_COLUMNS} FROM last_fix_of($1, $2, $3)", tenant_key, truck_id, carrier
    )
    return None if row is None else _stored(row)


async def newest_of(
    conn: AnyConnection, tenant_key: int, truck_ids: Sequence[str]
) -> dict[str, tuple[int, int]]:
    """By truck: when its newest fix was made, by the device's clock, and when it came in."""
    rows = await conn.fetch(
        """
        SELECT t.id, f.ts, f.received_at FROM unnest($2::text[]) AS t (id)
        CROSS JOIN LATERAL last_fix_of($1, t.id, NULL) AS f
        """,
        tenant_key,
        list(truck_ids),
    )
    return {row["id"]: (epoch_ms(row["ts"]), epoch_ms(row["received_at"])) for row in rows}


async def known(
    conn: AnyConnection, truck_keys: Sequence[int], times_ms: Sequence[int]
) -> set[tuple[int, int]]:
    """For TELEMETRY: which of these fixes, by truck and device time, are stored."""
    rows = await conn.fetch(
        """
        SELECT truck, ms FROM unnest($1::bigint[], $2::bigint[]) AS g (truck, ms)
        WHERE EXISTS (SELECT FROM fixes WHERE truck_key = truck
            AND ts = 'epoch'::timestamptz + ms * interval '1 ms')
        """,
        list(truck_keys),
        list(times_ms),
    )
    return {(row["truck"], row["ms"]) for row in rows}


async def track(  # noqa: PLR0917 - from, to, limit read well in this order
    conn: AnyConnection,
    truck_key: int,
    from_ms: int,
    to_ms: int,
    limit: int,
    after_ms: int | None = None,
) -> list[StoredFix]:
    """Fixes of [from, to) in device time, oldest first, beginning behind `after_ms`."""
    start_ms = from_ms if after_ms is None else max(from_ms, after_ms + 1)
    rows = await conn.fetch(
        f"""
        SELECT {STORED_COLUMNS} FROM fixes
        WHERE truck_key = $1 AND ts >= $2 AND ts < $3 ORDER BY ts LIMIT $4
        """,
        truck_key,
        moment(start_ms),
        moment(to_ms),
        limit,
    )
    return [_stored(row) for row in rows]


async def replay_after(
    conn: AnyConnection, shard: int, batch: int
) -> AsyncIterator[tuple[int, FixArray]]:
    """Each committed batch of the shard after this one, in order, with the fixes it stored.

    Within a batch the fixes come by truck and device time, whatever the order they arrived in.
    """
    sizes = await conn.fetch(
        "SELECT batch, fixes FROM shard_batches WHERE shard = $1 AND batch > $2 ORDER BY batch",
        shard,
        batch,
    )
    for group in _groups([(row["batch"], row["fixes"]) for row in sizes]):
        batches, fixes = await read_numbered(
            conn,
            f"""
            SELECT batch, {READ_EXPRESSIONS} FROM fixes
            WHERE shard = $1 AND batch BETWEEN $2 AND $3 ORDER BY batch, truck_key, ts
            """,
            shard,
            group[0],
            group[-1],
        )
        starts = np.searchsorted(batches, group, side="left")
        ends = np.searchsorted(batches, group, side="right")
        for number, start, end in zip(group, starts, ends, strict=True):
            yield number, fixes[start:end]


def _groups(sizes: list[tuple[int, int]]) -> list[list[int]]:
    """Consecutive batches, together within REPLAY_FIXES_MAX where one alone is not above it."""
    groups: list[list[int]] = []
    held = 0
    for batch, fixes in sizes:
        if not groups or held + fixes > REPLAY_FIXES_MAX:
            groups.append([])
            held = 0
        groups[-1].append(batch)
        held += fixes
    return groups


async def read_numbered(
    conn: AnyConnection, query: str, *args: object
) -> tuple[np.ndarray[Any, np.dtype[np.int64]], FixArray]:
    """What a query gives as a number and READ_EXPRESSIONS, by binary COPY."""
    payload = bytearray()

    async def collect(data: bytes) -> None:
        payload.extend(data)

    await conn.copy_from_query(query, *args, output=collect, format="binary")
    return read_payload(payload)
