"""What Postgres says about a run: what is stored, how often, and when it became visible."""

from __future__ import annotations

import asyncio
import dataclasses
import io
import time
from collections.abc import Awaitable, Callable

import numpy as np

from bench.load_process import Integers, Published
from store.postgres import STORE_FAILURES, AnyConnection, moment

# The binary COPY format: a header, then each tuple as a field count and (length, value) pairs.
COPY_HEADER_BYTES = 19
FIX_TUPLE = np.dtype(
    [("fields", ">i2")]
    + [
        pair
        for name in ("truck_key", "ts_ms", "batch", "shard")
        for pair in ((f"{name}_length", ">i4"), (name, ">i8"))
    ]
)
WATCH_EVERY_S = 0.02


@dataclasses.dataclass(frozen=True)
class Stored:
    """Fixes of the benchmark's trucks, in the order of truck and device time."""

    truck_key: Integers
    ts_ms: Integers
    batch: Integers
    shard: Integers


async def stored_fixes(conn: AnyConnection, keys: list[int], from_ms: int) -> Stored:
    out = io.BytesIO()
    await conn.copy_from_query(
        """
        SELECT truck_key, round(extract(epoch FROM ts) * 1000)::bigint, batch, shard::bigint
        FROM fixes WHERE truck_key = any($1) AND ts >= $2
        """,
        keys,
        moment(from_ms),
        output=out,
        format="binary",
    )
    raw = out.getbuffer()
    count = (len(raw) - COPY_HEADER_BYTES - 2) // FIX_TUPLE.itemsize
    rows = np.frombuffer(raw, FIX_TUPLE, count, COPY_HEADER_BYTES)
    order = np.lexsort((rows["ts_ms"], rows["truck_key"]))
    columns = {
        name: rows[name][order].astype(np.int64)
        for name in ("truck_key", "ts_ms", "batch", "shard")
    }
    return Stored(**columns)


@dataclasses.dataclass(frozen=True)
class Account:
    """Published against stored."""

    published: int
    acked: int
    stored: int
    lost: int  # acknowledged by the broker, not stored
    doubled: int  # stored more than once
    foreign: int  # stored, never published
    unacked_stored: int


def account(published: Published, keys: dict[str, int], stored: Stored) -> Account:
    key_of = np.array([keys[truck] for truck in published.trucks], dtype=np.int64)
    sent = _identities(key_of[published.truck], published.ts_ms)
    held = _identities(stored.truck_key, stored.ts_ms)
    unique = np.unique(held)
    is_stored = np.isin(sent, unique)
    return Account(
        published=len(sent),
        acked=int(published.acked.sum()),
        stored=len(held),
        lost=int((published.acked & ~is_stored).sum()),
        doubled=len(held) - len(unique),
        foreign=int((~np.isin(unique, sent)).sum()),
        unacked_stored=int((~published.acked & is_stored).sum()),
    )


def _identities(truck_key: Integers, ts_ms: Integers) -> Integers:
    """One integer for truck and time: it sorts many times faster than a pair."""
    return np.asarray(truck_key * (1 << 40) + ts_ms % (1 << 40))


class CommitWatch:
    """Another connection that looks for new batches: what it sees is committed, and when at latest.

    `shard_batches.committed_at` is taken inside the transaction; this is what a reader observes.
    """

    def __init__(
        self, connect: Callable[[], Awaitable[AnyConnection]], every_s: float = WATCH_EVERY_S
    ) -> None:
        self._connect = connect
        self._every_s = every_s
        self._conn: AnyConnection | None = None
        self._last: dict[int, int] = {}
        self.fixes = 0
        self.batches: list[tuple[int, int, int, int]] = []  # shard, batch, seen_ms, fixes
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> CommitWatch:
        self._conn = await self._connect()
        rows = await self._conn.fetch(
            "SELECT shard, max(batch) AS batch FROM shard_batches GROUP BY 1"
        )
        self._last = {row["shard"]: row["batch"] for row in rows}
        self._task = asyncio.create_task(self._watch(), name="commit-watch")
        return self

    async def __aexit__(self, *_error: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._conn is not None and not self._conn.is_closed():
            await self._look(self._conn)
            await self._conn.close()

    async def _watch(self) -> None:
        """For ever; while Postgres is away there is nothing to see."""
        while True:
            try:
                if self._conn is None or self._conn.is_closed():
                    self._conn = await self._connect()
                await self._look(self._conn)
            except STORE_FAILURES:
                self._conn = None
            await asyncio.sleep(self._every_s)

    def newest(self, shard: int) -> int:
        return self._last.get(shard, 0)

    async def _look(self, conn: AnyConnection) -> None:
        rows = await conn.fetch(
            """
            SELECT b.shard, b.batch, b.fixes FROM shard_batches b
            LEFT JOIN unnest($1::int[], $2::bigint[]) AS seen (shard, batch) USING (shard)
            WHERE b.batch > coalesce(seen.batch, 0) ORDER BY b.batch
            """,
            list(self._last),
            list(self._last.values()),
        )
        seen_ms = time.time_ns() // 1_000_000
        for row in rows:
            self._last[row["shard"]] = row["batch"]
            self.fixes += row["fixes"]
            self.batches.append((row["shard"], row["batch"], seen_ms, row["fixes"]))

    def latencies_ms(self, stored: Stored) -> Integers:
        """From publishing to seen committed, fix by fix."""
        times = np.array(self.batches, dtype=np.int64).reshape(-1, 4)
        codes = times[:, 0] * (1 << 48) + times[:, 1]
        order = np.argsort(codes)
        wanted = stored.shard * (1 << 48) + stored.batch
        at = np.searchsorted(codes[order], wanted)
        found = (at < len(codes)) & (codes[order][np.minimum(at, len(codes) - 1)] == wanted)
        seen = times[:, 2][order][at[found]]
        return np.asarray(seen - stored.ts_ms[found])
