"""The Ray actor that hosts the trucks placed on it: one batch at a time, committed, then known."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from typing import NoReturn

from actors import measures
from actors.call_order import CallOrder, Nth
from actors.configured import following_configuration
from actors.errors import StoreAwayError
from actors.journal import Journal
from actors.life import end_process, live
from actors.live_publisher import LivePublisher
from actors.service_tokens import guard_of
from actors.stats import ActorStats, stats_of
from config.installation import DatabaseRole
from config.policy import policy
from config.snapshot import Handed, take_over
from freight.fixes import FixBatch
from freight.tracking.columns import LastArray
from freight.tracking.progress import Progress
from freight.tracking.warming import warm_up
from store.errors import LeaseLostError
from store.installed import installation
from store.live_bus import LiveBus
from store.postgres import open_pool
from telemetry import process, tracing
from telemetry.spans import Kind

log = logging.getLogger(__name__)


class TruckShard:
    """A shell: it takes turns, keeps time and tells the store. The rules are freight's."""

    def __init__(self, number: int, handed: Handed) -> None:
        take_over(handed)
        process.begin(f"truck-shard-{number}", installation())
        self._number = number
        self._guard = guard_of(f"truck-shard-{number}")
        self._order = CallOrder()
        self._turn = asyncio.Lock()
        self._working = asyncio.Event()
        self._trouble: str | None = "starting"
        self._counts = {"fixes_total": 0, "batches_total": 0, "fold_s_total": 0.0}
        self._journal: Journal | None = None
        self._recovered_once = False
        self._live: LivePublisher | None = None
        self._life = live(self._run(), "shard-life")

    async def fold(self, token: str, batch: FixBatch, nth: Nth) -> int:
        """Fold and commit; answers with the commit's time in epoch milliseconds."""
        self._guard.admit(token)
        await self._order.come(nth, policy().tracking.order_wait_s)
        with tracing.span("shard.batch", Kind.SERVER, shard=self._number, fixes=len(batch.fixes)):
            return await self._fold(batch)

    async def _fold(self, batch: FixBatch) -> int:
        asked_s, asked_ns = time.perf_counter(), tracing.clock()
        await self._working.wait()
        async with self._turn:
            tracing.lap("shard.turn", asked_ns)
            journal = self._recovered_journal()
            started_s = time.perf_counter()
            try:
                committed_ms, rows = await journal.commit(batch)
            except LeaseLostError as error:
                self._end(error)
            except StoreAwayError as error:
                self._stumble(str(error))
                raise
            self._counts["fixes_total"] += len(batch.fixes)
            self._counts["batches_total"] += 1
            took_s = time.perf_counter() - started_s
            self._counts["fold_s_total"] += took_s
        measures.wait_s.observe(started_s - asked_s)
        measures.commit_s.observe(took_s)
        measures.batch_fixes.observe(len(batch.fixes))
        measures.tell_lag(batch.fixes, committed_ms)
        if self._live is not None:
            self._live.mark(rows)
        return committed_ms

    async def positions(self, token: str, tenant_key: int) -> LastArray:
        """What is committed; also while the store is away, since that does not make it wrong."""
        self._guard.admit(token)
        if self._journal is None or not self._recovered_once:
            raise StoreAwayError(self._trouble or "starting")
        return self._journal.columns.of_tenant(tenant_key)

    async def progress(self, token: str, truck_key: int) -> Progress | None:
        """How a truck's journey goes, as far as what is committed tells."""
        self._guard.admit(token)
        if self._journal is None or not self._recovered_once:
            raise StoreAwayError(self._trouble or "starting")
        return self._journal.progress_of(truck_key)

    async def drain(self, token: str) -> None:
        """Keeps a snapshot, so that the next start has little to fold again."""
        self._guard.admit(token)
        if self._journal is not None and self._trouble is None:
            await self._snapshot(self._journal)

    async def stats(self, token: str) -> ActorStats:
        self._guard.admit(token)
        values: dict[str, float] = self._counts | self._order.values()
        if self._journal is not None:
            values |= self._journal.values()
        if self._live is not None:
            values |= self._live.values()
        return stats_of("truck_shard", f"truck-shard-{self._number}", values, self._trouble)

    def _recovered_journal(self) -> Journal:
        if self._journal is None or self._trouble is not None:
            raise StoreAwayError(self._trouble or "starting")
        return self._journal

    def _end(self, error: LeaseLostError) -> NoReturn:
        """A zombie: Ray took us for dead and started another. It may write, we may not."""
        log.error("%s: ending", error)
        end_process()

    def _stumble(self, trouble: str) -> None:
        """After a failed commit nobody knows what was stored: recover before going on."""
        log.warning("shard %d stopped folding: %s", self._number, trouble)
        self._trouble = trouble
        self._working.clear()

    async def _run(self) -> None:
        """Recover, work, recover again whenever a commit failed; one path for all of it."""
        limits = policy().tracking
        await asyncio.to_thread(warm_up, policy().tracking_rules)
        async with contextlib.AsyncExitStack() as stack:
            where, storage = installation().postgres, policy().storage
            telemetry = await open_pool(
                where, DatabaseRole.TELEMETRY, storage.telemetry_pool, storage
            )
            stack.push_async_callback(telemetry.close)
            system = await open_pool(where, DatabaseRole.SYSTEM, storage.system_pool, storage)
            stack.push_async_callback(system.close)
            await stack.enter_async_context(following_configuration(system))
            bus = LiveBus(installation().redis, installation().instance)
            stack.push_async_callback(bus.close)
            self._journal = Journal(telemetry, system, self._number, limits)
            self._live = LivePublisher(bus, self._journal.columns, limits.live_publish_ms_min)
            stack.enter_context(self._live.running())
            while True:
                await self._recover(self._journal)
                await self._work(self._journal)

    async def _recover(self, journal: Journal) -> None:
        limits = policy().tracking
        wait_s = limits.retry_wait_s_min
        while True:
            try:
                async with self._turn:
                    await journal.recover()
                break
            except StoreAwayError as error:
                self._trouble = f"recovering: {error}"
                await asyncio.sleep(wait_s)
                wait_s = min(wait_s * 2, limits.retry_wait_s_max)
        self._trouble = None
        self._recovered_once = True
        self._working.set()

    async def _work(self, journal: Journal) -> None:
        """Beside the batches, until a commit fails: late fixes that were put off, trucks that
        fell silent, snapshots."""
        limits = policy().tracking
        look_s = snapshot_s = time.monotonic()
        while self._trouble is None:
            await asyncio.sleep(limits.late_work_s)
            now_s = time.monotonic()
            look = now_s - look_s >= limits.silence_look_s
            if look:
                look_s = now_s
            await self._go_on(journal, look_for_silent=look)
            if self._trouble is None and now_s - snapshot_s >= limits.snapshot_interval_s:
                snapshot_s = now_s
                await self._snapshot(journal)

    async def _go_on(self, journal: Journal, *, look_for_silent: bool) -> None:
        async with self._turn:
            try:
                done = await journal.go_on(look_for_silent=look_for_silent)
            except LeaseLostError as error:
                self._end(error)
            except StoreAwayError as error:
                self._stumble(str(error))
                return
        if done is not None and self._live is not None:
            self._live.mark(done[1])

    async def _snapshot(self, journal: Journal) -> None:
        try:
            await journal.snapshot(self._turn)
        except LeaseLostError as error:
            self._end(error)
        except StoreAwayError as error:
            # Snapshots only shorten a recovery: the fixes are the truth.
            log.warning("shard %d could not keep a snapshot: %s", self._number, error)
