"""One shard's way into Postgres: fold and commit in one transaction, recover from what is there.

The stored fixes are the log. Recovery is the normal start: take the lease, load the trucks'
snapshots, fold again what was committed after them, with the fences of that time.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import date

import asyncpg
import numpy as np

from actors.errors import StoreAwayError
from actors.in_force import InForce
from actors.life import now_ms
from actors.rules_in_force import PinnedRules, RulesLog
from actors.silence import Silence, Silent
from actors.storing import fold_while_storing
from actors.writing import Writing
from config.policy import policy, policy_of
from config.sections.tracking import Tracking
from freight.fixes import FIX_DTYPE, FixArray, FixBatch
from freight.tracking import kept_states
from freight.tracking.columns import IntArray, TruckColumns
from freight.tracking.fold import fold
from freight.tracking.folding import Folding, Looked, World
from freight.tracking.machines import signal
from freight.tracking.names import TruckName
from freight.tracking.progress import Progress, progress_of
from freight.tracking.refold import Refolded
from freight.tracking.rules import TrackingRules
from store import checkpoints, fixes, late_work, leases, snapshots, spans, tenants
from store.directory import TruckDirectory
from store.errors import BatchExistsError
from store.late_work import LateWork
from store.postgres import STORE_FAILURES, AnyConnection, AnyPool
from store.tenants import TenantStatus
from telemetry import tracing
from telemetry.spans import Kind

log = logging.getLogger(__name__)


@contextmanager
def _store_errors() -> Iterator[None]:
    """Whatever goes wrong between us and Postgres is one error with one meaning to the caller."""
    try:
        yield
    except (BatchExistsError, *STORE_FAILURES) as error:
        raise StoreAwayError(f"{type(error).__name__}: {error}") from error


COUNTED = ("events_total", "late_total", "beyond_horizon_total", "flawed_total", "repeated_total")
NOTHING = FixBatch(np.empty(0, dtype=FIX_DTYPE), {})


class Journal:
    """The trucks of one shard and the batches that made their state."""

    def __init__(self, telemetry: AnyPool, system: AnyPool, shard: int, limits: Tracking) -> None:
        self.columns = TruckColumns()
        self.counts: Counter[str] = Counter(dict.fromkeys(COUNTED, 0))
        self._telemetry = telemetry
        self._system = system
        self._shard = shard
        self._limits = limits
        self._lease: leases.Lease | None = None
        # The last batch that `columns` holds; 0 before the first recovery.
        self._batch = 0
        self._in_force = InForce(system, limits.late_horizon_s)
        self._directory = TruckDirectory()
        self._names: dict[int, TruckName] = {}
        self._named_ms = 0  # when they were last asked for
        self._days: set[date] = set()
        # After a conflict: these fixes were stored although our state does not know them.
        self._distrust = False
        # Late fixes that are stored and still to be folded in.
        self._late_work: dict[int, LateWork] = {}
        self._rules = RulesLog()
        self._silence = Silence(limits)

    @property
    def lease(self) -> leases.Lease:
        if self._lease is None:
            raise StoreAwayError("not recovered yet")
        return self._lease

    def values(self) -> dict[str, float]:
        return {
            **{name: float(count) for name, count in self.counts.items()},
            "trucks": float(len(self.columns)),
            "fences": float(len(self._in_force.fences)),
            "journeys": float(len(self._in_force.journeys)),
            "batch": float(self._batch),
            "late_trucks": float(len(self._late_work)),
        }

    def progress_of(self, truck_key: int) -> Progress | None:
        """How the truck's journey goes, as far as what is committed tells."""
        state = self.columns.find(truck_key)
        if state is None or truck_key not in self._names:
            return None
        return progress_of(state, self._world().around(state.tenant_key, truck_key))

    # ------------------------------------------------------------------------- committing

    async def commit(self, batch: FixBatch) -> tuple[int, IntArray]:
        """Store a batch and everything that follows from it, or nothing.

        Gives the commit's time and the rows whose last position changed.
        """
        return await self._commit(batch, [])

    async def go_on(self, *, look_for_silent: bool) -> tuple[int, IntArray] | None:
        """What is due without a fix: late work that was put off, and trucks that fell silent."""
        silent: list[Silent] = []
        if look_for_silent:
            silent = self._silence.look(self.columns, self._world(), self._late_work)
        if not silent and not self._late_work:
            return None
        return await self._commit(NOTHING, silent)

    async def _commit(self, batch: FixBatch, silent: list[Silent]) -> tuple[int, IntArray]:
        begun_ns = tracing.clock()
        with _store_errors():
            await self._make_partitions(batch.fixes)
            await self._in_force.learn(None)
            await self._learn_names(np.unique(batch.fixes["truck_key"]).tolist())
            world = self._world()
            tracing.lap("shard.prepare", begun_ns)
            try:
                async with self._writing_to() as conn:
                    folding = await self._fold(conn, batch, world)
                    stored = await self._writing(folding, batch, silent, world).write(conn)
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
        shown = np.concatenate([shown, self._put(stored.late.done.values(), world, committed_ms)])
        self._late_work = stored.late.work
        self._silence.committed(self.columns, folding, silent, stored.late.done)
        self._rules.committed(stored.rules)
        self.counts.update(stored.counts)
        return committed_ms, np.unique(shown)

    async def _fold(self, conn: AnyConnection, batch: FixBatch, world: World) -> Folding:
        """With its new fixes on their way to Postgres, unless some of them may be there already:
        then they are stored afterwards, in a way that is slow and gets past that."""
        if not self._distrust:
            at = self.lease.shard, self._batch + 1
            return await fold_while_storing(conn, self.columns, batch, world, *at)
        begun_ns = tracing.clock()
        folding = fold(self.columns, batch.fixes, world)
        tracing.lap("shard.fold", begun_ns)
        return folding

    @asynccontextmanager
    async def _writing_to(self) -> AsyncIterator[AnyConnection]:
        with tracing.span("shard.transaction", Kind.CLIENT):
            async with self._telemetry.acquire() as conn, conn.transaction():
                yield conn

    def _writing(
        self, folding: Folding, batch: FixBatch, silent: list[Silent], world: World
    ) -> Writing:
        return Writing(
            lease=self.lease,
            number=self._batch + 1,
            world=world,
            limits=self._limits,
            folding=folding,
            extras=batch.extras,
            silent=silent,
            spoke_before_due=self._silence.spoke_before_due(folding),
            late_work=self._late_work,
            rules_log=self._rules,
            system=self._system,
            is_stored=not self._distrust,
        )

    def _put(self, again: Iterable[Refolded], world: World, committed_ms: int) -> IntArray:
        """Trucks that were folded again up to their newest fix; the rows whose position changed."""
        shown = []
        for each in again:
            if each.upto_ms is None:
                state = each.state
                row = int(self.columns.rows_of(np.array([state.truck_key]))[0])
                rules = world.around(state.tenant_key, state.truck_key).rules
                if self.columns.put(Looked(row, state, each.outlook, rules), committed_ms):
                    shown.append(row)
        return np.array(shown, dtype=np.int64)

    def _world(self) -> World:
        fences, journeys = self._in_force.fences, self._in_force.journeys
        return World(fences, self._names, PinnedRules(_rules_of), now_ms(), journeys)

    async def _make_partitions(self, given: FixArray) -> None:
        missing = set(fixes.days_of(given)) - self._days
        if missing:
            async with self._telemetry.acquire() as conn:
                await fixes.ensure_partitions(conn, missing)
            self._days |= missing

    async def _learn_names(self, keys: Iterable[int]) -> None:
        """A truck that ingest knows is in the directory, deleted or not; what it is may change."""
        fresh_ms = self._named_ms + round(policy().ingest.directory_poll_s * 1000)
        if now_ms() < fresh_ms and all(key in self._names for key in keys):
            return
        self._named_ms = now_ms()
        for entry in await self._directory.refresh(self._system):
            # Names of deleted trucks stay: their last fixes may still be on the way.
            name = TruckName(entry.tenant, entry.truck, entry.truck_class)
            self._names[entry.truck_key] = name

    # ------------------------------------------------------------------------- recovering

    async def recover(self) -> None:
        """Take the lease and bring the trucks' state to the last committed batch."""
        with _store_errors():
            self._lease = await leases.acquire(self._telemetry, self._shard, f"pid {os.getpid()}")
            start = self._lease.snapshot_batch if self._batch == 0 else self._batch
            async with self._telemetry.acquire() as conn:
                log_rows = await leases.batches_from(conn, self._shard, start)
                await self._restore(conn, log_rows, start)
                revisions = {row.batch: row.fence_revision for row in log_rows}
                async for number, stored in fixes.replay_after(conn, self._shard, self._batch):
                    await self._replay(number, stored, revisions[number])
                await self._in_force.learn(None)
                await self._pick_up(conn)

    async def _restore(
        self, conn: AnyConnection, log_rows: list[leases.ShardBatch], start: int
    ) -> None:
        """Trucks as of the snapshot, under the fences as of the snapshot.

        While we live that is only what commits saved whose answers were lost.
        """
        if self._batch == 0:
            await self._in_force.learn(log_rows[0].fence_revision if log_rows else None)
        for row in await snapshots.load_since(conn, self._shard, self._batch):
            self.columns.restore(kept_states.decoded(row.state))
        self._batch = start

    async def _replay(self, number: int, stored: FixArray, fence_revision: int) -> None:
        """The same fold as in life. What it tells is stored already, and what late fixes made of
        their trucks was saved with them."""
        await self._in_force.learn(fence_revision)
        await self._learn_names(np.unique(stored["truck_key"]).tolist())
        folding = fold(self.columns, stored, self._world())
        self.columns.apply(folding, now_ms())
        self._batch = number
        self.counts["replayed_total"] += len(stored)

    async def _pick_up(self, conn: AnyConnection) -> None:
        """What was put off, and who was told to be silent."""
        known = {int(key) for key in self.columns.last["truck_key"][: len(self.columns)]}
        await self._learn_names(known)
        waiting = await late_work.load_all(conn)
        self._late_work = {each.truck_key: each for each in waiting if each.truck_key in known}
        self._silence.restore(await spans.going_on(conn, signal.SPAN, sorted(known)))

    # ------------------------------------------------------------------------- remembering

    async def snapshot(self, turn: asyncio.Lock) -> None:
        """Save the trucks that changed, in chunks between the batches.

        A chunk taken later holds later fixes, which is harmless: a replay skips what a truck has.
        """
        await self._forget_leaving(turn)
        async with turn:
            self._in_force.forget()
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
                        await self._forget_checkpoints(conn, states)
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
            gone_keys = set(keys)
            self._late_work = {
                key: each
                for key, each in self._late_work.items()
                if each.tenant_key not in gone_keys
            }
            # Not earlier: fixes that came before the end may still be on the way.
            gone = {tenant.id for tenant, status in leaving if status is TenantStatus.ERASED}
            self._names = {k: name for k, name in self._names.items() if name.tenant not in gone}

    async def _forget_checkpoints(
        self, conn: AnyConnection, states: list[snapshots.TruckState]
    ) -> None:
        kept_s = self._limits.late_horizon_s + self._limits.checkpoints_kept_s
        before_ms = now_ms() - int(kept_s * 1000)
        await checkpoints.forget_before(conn, [state.truck_key for state in states], before_ms)

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
