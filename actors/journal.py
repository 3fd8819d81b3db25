"""One shard's way into Postgres: fold and commit in one transaction, recover from what is there.

The stored fixes are the log. Recovery is the normal start: take the lease, load the trucks'
snapshots, fold again what was committed after them, with the fences of that time.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

import asyncpg
import numpy as np

from actors.errors import StoreAwayError
from actors.life import now_ms
from config.policy import policy_of
from config.sections.tracking import Tracking
from freight.fixes import FixArray, FixBatch
from freight.tracking import kept_states
from freight.tracking.columns import IntArray, TruckColumns
from freight.tracking.fences import FenceBook
from freight.tracking.fold import fold
from freight.tracking.folding import Folding, World
from freight.tracking.names import TruckName
from freight.tracking.rules import TrackingRules
from store import events, fences, fixes, leases, snapshots, tenants
from store.directory import TruckDirectory
from store.errors import BatchExistsError
from store.postgres import STORE_FAILURES, AnyConnection, AnyPool
from store.tenants import TenantStatus

log = logging.getLogger(__name__)


@contextmanager
def _store_errors() -> Iterator[None]:
    """Whatever goes wrong between us and Postgres is one error with one meaning to the caller."""
    try:
        yield
    except (BatchExistsError, *STORE_FAILURES) as error:
        raise StoreAwayError(f"{type(error).__name__}: {error}") from error


class Journal:
    """The trucks of one shard and the batches that made their state."""

    def __init__(self, telemetry: AnyPool, system: AnyPool, shard: int, limits: Tracking) -> None:
        self.columns = TruckColumns()
        self.counts: Counter[str] = Counter()
        self._telemetry = telemetry
        self._system = system
        self._shard = shard
        self._limits = limits
        self._lease: leases.Lease | None = None
        # The last batch that `columns` holds; 0 before the first recovery.
        self._batch = 0
        self._book = FenceBook()
        self._directory = TruckDirectory()
        self._names: dict[int, TruckName] = {}
        self._days: set[date] = set()
        # After a conflict: these fixes were stored although our state does not know them.
        self._distrust = False

    @property
    def lease(self) -> leases.Lease:
        if self._lease is None:
            raise StoreAwayError("not recovered yet")
        return self._lease

    def values(self) -> dict[str, float]:
        return {
            **{name: float(count) for name, count in self.counts.items()},
            "trucks": float(len(self.columns)),
            "fences": float(len(self._book)),
            "batch": float(self._batch),
        }

    # ------------------------------------------------------------------------- committing

    async def commit(self, batch: FixBatch) -> tuple[int, IntArray]:
        """Store a batch and everything that follows from it, or nothing.

        Gives the commit's time and the rows whose last position changed.
        """
        with _store_errors():
            await self._make_partitions(batch.fixes)
            await self._learn_fences(None)
            await self._learn_names(batch.fixes)
            world = self._world()
            folding = fold(self.columns, batch.fixes, world)
            try:
                async with self._telemetry.acquire() as conn, conn.transaction():
                    seen = await self._store(conn, folding, batch.extras, world)
            except asyncpg.UniqueViolationError:
                self._distrust = True
                raise
            except asyncpg.CheckViolationError:
                # A day that was there is gone: retention removed it since. The next try makes it
                # again, and retention removes it again.
                self._days.clear()
                raise
        self._distrust = False
        committed_ms = now_ms()
        self._batch += 1
        shown = self.columns.apply(folding, committed_ms)
        self.counts.update(seen)
        return committed_ms, shown

    async def _store(
        self, conn: AnyConnection, folding: Folding, extras: dict[int, bytes], world: World
    ) -> dict[str, int]:
        number = self._batch + 1
        # The slow way stores the same rows, and gets past whatever the fast way ran into.
        store_news = fixes.insert_older if self._distrust else fixes.copy_new
        await store_news(
            conn, folding.fixes, _pick(extras, folding.given_index), self._shard, number
        )
        told = await events.insert(conn, folding.events)
        older = folding.given[folding.older_index]
        inserted = await fixes.insert_older(
            conn, older, _pick(extras, folding.older_index), self._shard, number
        )
        if len(inserted) < len(older):
            await fixes.note_repeats(conn, np.delete(older, sorted(inserted)))
        stored = len(folding.fixes) + len(inserted)
        # Last, so that its time is the commit's; it also proves that the shard is still ours.
        await leases.open_batch(
            conn, self.lease, number, fence_revision=self._book.revision, fixes=stored
        )
        return {
            "events_total": told,
            "late_total": len(inserted),
            "repeated_total": len(folding.given) - stored,
        }

    def _world(self) -> World:
        return World(self._book, self._names, _rules_of, now_ms())

    async def _make_partitions(self, given: FixArray) -> None:
        missing = set(fixes.days_of(given)) - self._days
        if missing:
            async with self._telemetry.acquire() as conn:
                await fixes.ensure_partitions(conn, missing)
            self._days |= missing

    async def _learn_fences(self, upto: int | None) -> None:
        """Fences committed before this call are in force for whatever is folded after it."""
        async with self._system.acquire() as conn:
            head = await fences.head_revision(conn) if upto is None else upto
            if head > self._book.revision:
                self._book.apply(await fences.changes_between(conn, self._book.revision, head))

    async def _learn_names(self, given: FixArray) -> None:
        """A truck that ingest knows is in the directory, deleted or not."""
        keys = np.unique(given["truck_key"]).tolist()
        if all(key in self._names for key in keys):
            return
        for entry in await self._directory.refresh(self._system):
            # Names of deleted trucks stay: their last fixes may still be on the way.
            self._names[entry.truck_key] = TruckName(entry.tenant, entry.truck)

    # ------------------------------------------------------------------------- recovering

    async def recover(self) -> None:
        """Take the lease and bring the trucks' state to the last committed batch."""
        with _store_errors():
            self._lease = await leases.acquire(self._telemetry, self._shard, f"pid {os.getpid()}")
            first_start = self._batch == 0
            start = self._lease.snapshot_batch if first_start else self._batch
            async with self._telemetry.acquire() as conn:
                log_rows = await leases.batches_from(conn, self._shard, start)
                if first_start:
                    await self._restore(conn, log_rows)
                revisions = {row.batch: row.fence_revision for row in log_rows}
                async for number, stored in fixes.replay_after(conn, self._shard, self._batch):
                    await self._replay(number, stored, revisions[number])
            await self._learn_fences(None)

    async def _restore(self, conn: AnyConnection, log_rows: list[leases.ShardBatch]) -> None:
        """Trucks as of the snapshot, under the fences as of the snapshot."""
        await self._learn_fences(log_rows[0].fence_revision if log_rows else None)
        for row in await snapshots.load_all(conn, self._shard):
            self.columns.restore(kept_states.decoded(row.state))
        self._batch = self.lease.snapshot_batch

    async def _replay(self, number: int, stored: FixArray, fence_revision: int) -> None:
        """The same fold as in life. Its events are stored already, and so are late fixes'."""
        await self._learn_fences(fence_revision)
        await self._learn_names(stored)
        folding = fold(self.columns, stored, self._world())
        self.columns.apply(folding, now_ms())
        self._batch = number
        self.counts["replayed_total"] += len(stored)

    # ------------------------------------------------------------------------- remembering

    async def snapshot(self, turn: asyncio.Lock) -> None:
        """Save the trucks that changed, in chunks between the batches.

        A chunk taken later holds later fixes, which is harmless: a replay skips what a truck has.
        """
        await self._forget_leaving(turn)
        async with turn:
            floor = self._batch
            rows = self.columns.take_dirty()
        try:
            for start in range(0, len(rows), self._limits.snapshot_rows_per_chunk):
                chunk = rows[start : start + self._limits.snapshot_rows_per_chunk]
                async with turn:
                    states = self._states(chunk)
                with _store_errors():
                    async with self._telemetry.acquire() as conn:
                        await snapshots.save_many(conn, self.lease, states)
            if floor > self.lease.snapshot_batch:
                with _store_errors():
                    async with self._telemetry.acquire() as conn:
                        await snapshots.complete(
                            conn, self.lease, floor, self._limits.batch_log_kept_s
                        )
        except BaseException:
            self.columns.give_back(rows)
            raise

    async def _forget_leaving(self, turn: asyncio.Lock) -> None:
        """Tenants that are offboarded leave no state behind, and no later snapshot of it."""
        with _store_errors():
            async with self._system.acquire() as conn:
                leaving = await tenants.leaving(conn)
        if not leaving:
            return
        async with turn:
            keys = [tenant.key for tenant, _ in leaving]
            self.counts["forgotten_total"] += self.columns.forget(keys)
            # Not earlier: fixes that came before the end may still be on the way.
            gone = {tenant.id for tenant, status in leaving if status is TenantStatus.ERASED}
            self._names = {k: name for k, name in self._names.items() if name.tenant not in gone}

    def _states(self, rows: IntArray) -> list[snapshots.TruckState]:
        out = []
        for row in rows.tolist():
            state = self.columns.state_of(row)
            if state is None:
                continue  # forgotten since the row was taken
            keys = state.tracked.truck_key, state.tracked.tenant_key
            out.append(snapshots.TruckState(*keys, self._batch, kept_states.encoded(state)))
        return out


def _rules_of(tenant: str) -> TrackingRules:
    return policy_of(tenant).tracking_rules


def _pick(extras: dict[int, bytes], index: IntArray) -> dict[int, bytes]:
    """The unknown keys of the chosen fixes, numbered as they were chosen."""
    if not extras:
        return {}
    return {i: extras[row] for i, row in enumerate(index.tolist()) if row in extras}
