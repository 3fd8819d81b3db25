"""Fixes that come through a door of our own, HTTP or TCP: their sender waits for the commit."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import time
from collections import deque
from collections.abc import Sequence
from enum import StrEnum

from actors.life import now_ms
from config.policy import policy
from config.sections.doors import Http
from ingest import measures
from ingest.delivery import Delivery, FixKey
from ingest.messages import Parcel
from ingest.windows import Window, WindowReader
from store import fixes
from store.postgres import STORE_FAILURES, AnyPool
from telemetry import tracing, work
from telemetry.spans import Kind
from telemetry.work import Work

log = logging.getLogger(__name__)


class Fate(StrEnum):
    STORED = "stored"
    REPEATED = "repeated"
    REJECTED = "rejected"


@dataclasses.dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one fix; a reason only where it was rejected."""

    fate: Fate
    reason: str | None = None
    detail: str | None = None


class BusyError(Exception):
    """More fixes wait already than we hold: nothing was taken, send it again later."""


class StoreAwayError(Exception):
    """Nobody knows what was stored: send it again later."""


Outcomes = list[list[Outcome]]


@dataclasses.dataclass(slots=True)
class _Job:
    parcels: Sequence[Parcel]
    done: asyncio.Future[Outcomes]
    of: Work | None

    @property
    def fixes(self) -> int:
        """Bad ones, too: they wait and are written as others are."""
        return sum(len(one.decoded.rows) + len(one.decoded.bad) for one in self.parcels)


class DirectDoor:
    """Gathers what comes at the same time into windows, as many under way as configured."""

    def __init__(self, reader: WindowReader, delivery: Delivery, telemetry: AnyPool) -> None:
        self._reader = reader
        self._delivery = delivery
        self._telemetry = telemetry
        self._waiting: deque[_Job] = deque()
        self.waiting_fixes = 0
        self._news = asyncio.Event()
        self._room = asyncio.Semaphore(self._limits.in_flight_max)

    @property
    def _limits(self) -> Http:
        return policy().doors.http

    async def take(self, parcels: Sequence[Parcel]) -> Outcomes:
        """For each parcel and each of its rows what became of it, once that is committed.

        Cancelled meanwhile, it may or may not be stored; sent again it is stored once.
        """
        job = _Job(parcels, asyncio.get_running_loop().create_future(), work.current())
        if self.waiting_fixes + job.fixes > self._limits.pending_fixes_max:
            raise BusyError(f"{self.waiting_fixes} fixes wait here already")
        self._waiting.append(job)
        self.waiting_fixes += job.fixes
        self._news.set()
        return await job.done

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            while True:
                await self._news.wait()
                await asyncio.sleep(self._limits.wait_ms_max / 1000.0)
                await self._room.acquire()
                jobs = self._next_jobs()
                tasks.create_task(self._deliver_seen(jobs))

    def _next_jobs(self) -> list[_Job]:
        jobs: list[_Job] = []
        size = 0
        while self._waiting and size < self._limits.window_fixes_max:
            job = self._waiting.popleft()
            self.waiting_fixes -= job.fixes
            # Who went away sends it again; storing it now would help nobody.
            if not job.done.done():
                jobs.append(job)
                size += job.fixes
        if not self._waiting:
            self._news.clear()
        return jobs

    async def _deliver_seen(self, jobs: list[_Job]) -> None:
        """A window is told as part of the first request in it that is traced, or that has an id."""
        given = [job.of for job in jobs if job.of is not None]
        traced = [one for one in given if one.trace is not None and one.trace.is_sampled]
        links = tuple(one.trace for one in traced[1:] if one.trace is not None)
        of = next(iter(traced or given), Work())
        with work.doing(of), tracing.span("ingest.window", Kind.CONSUMER, links, jobs=len(jobs)):
            await self._deliver(jobs)

    async def _deliver(self, jobs: list[_Job]) -> None:
        begun_s = time.perf_counter()
        try:
            parcels = [parcel for job in jobs for parcel in job.parcels]
            window = self._reader.read_parcels(parcels, now_ms())
            known = await self._known(window)
            read_s = time.perf_counter()
            measures.read_direct.observe(read_s - begun_s)
            hopeless = await self._delivery.store(window)
            measures.store_direct.observe(time.perf_counter() - read_s)
            outcomes = outcomes_of(parcels, window, known, hopeless)
            start = 0
            for job in jobs:
                end = start + len(job.parcels)
                if not job.done.done():
                    job.done.set_result(outcomes[start:end])
                start = end
        except STORE_FAILURES as error:
            log.warning("%d requests are to be sent again: %s", len(jobs), error)
            for job in jobs:
                if not job.done.done():
                    job.done.set_exception(StoreAwayError(str(error)))
        finally:
            self._room.release()

    async def _known(self, window: Window) -> set[FixKey]:
        """Which of the window's fixes were stored before it."""
        trucks: list[int] = []
        times_ms: list[int] = []
        for batch in window.by_shard.values():
            trucks += batch.fixes["truck_key"].tolist()
            times_ms += batch.fixes["ts_ms"].tolist()
        if not trucks:
            return set()
        async with self._telemetry.acquire() as conn:
            return await fixes.known(conn, trucks, times_ms)


def outcomes_of(
    parcels: Sequence[Parcel], window: Window, known: set[FixKey], hopeless: dict[FixKey, str]
) -> Outcomes:
    """Row by row, in the order the parcels came; of two equal fixes the second is a repetition."""
    seen = set(known)
    out: Outcomes = []
    number = 0
    for address, decoded, _ in parcels:
        told: list[Outcome] = []
        for row in decoded.rows:
            key = (address.truck_key, int(row[0]))
            refused = window.refused_rows.get(number)
            number += 1
            if refused is not None:
                told.append(Outcome(Fate.REJECTED, refused.reason, refused.detail))
            elif key in hopeless:
                told.append(Outcome(Fate.REJECTED, "internal", hopeless[key]))
            else:
                told.append(Outcome(Fate.REPEATED if key in seen else Fate.STORED))
                seen.add(key)
        out.append(told)
    return out
