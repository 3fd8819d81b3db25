"""Fault drills: what degrades while something is wrong, what recovers, and that nothing is lost."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from typing import Any

import httpx
import numpy as np

from bench import faults, load_process
from bench.acknowledged import Acknowledged, Clients
from bench.api import token
from bench.chaos_kills import until
from bench.evidence import Account, CommitWatch
from bench.fleet import Fleet
from bench.load_process import LoadProcess
from bench.seeding import TENANT, add_trucks, open_tenant, tenant_key
from bench.stack import Stack
from serve.identity.development import DEVICE_SECRET

RATE = 300.0
CALM_S = 8.0
FAULT_S = 20.0
LOOK_EVERY_S = 0.25
READ_S_MAX = 5.0
HTTP_TRUCK, CLOCK_TRUCK = "drill-http", "drill-clock"
AMOUNT_MINOR = 500_00
DAY_MS = 86_400_000
PAYMENTS_EACH_S = 1.0
ORDERED_S_MAX = 120.0

Hurt = Callable[[], AbstractAsyncContextManager[None]]


@dataclasses.dataclass(frozen=True)
class Fault:
    name: str
    hurt: Hurt


@dataclasses.dataclass(frozen=True)
class Drilled:
    """One fault: rates before and while it was there, and how long until all was well again."""

    name: str
    taken_before: float  # fixes a second that the broker acknowledged
    taken: float
    committed_before: float
    committed: float
    reads_ok: float  # share of the answers to a dispatcher's reads
    read_ms_p95: float
    said: str  # by /readyz, while it was there
    recovered_s: float
    blind: str  # why alerts were "unknown" and not "quiet", while it was there
    sees_after_s: float  # until the watch said that it sees again


@dataclasses.dataclass(frozen=True)
class FaultResult:
    drilled: list[Drilled]
    account: Account
    said: Acknowledged
    http_lost: int
    entries_lost: int


class Looks:
    """A dispatcher's reads and a load balancer's question, a few times a second."""

    def __init__(self, running: Stack) -> None:
        self.reads_ms: list[float] = []
        self.reads_ok = 0
        self.said: Counter[str] = Counter()
        self.blind: Counter[str] = Counter()
        self.is_well = self.sees = False
        self._headers = {"Authorization": f"Bearer {token(running)}"}
        self._http = httpx.AsyncClient(base_url=running.http, timeout=READ_S_MAX, trust_env=False)

    @asynccontextmanager
    async def going_on(self) -> AsyncIterator[Looks]:
        tasks = [asyncio.create_task(look()) for look in (self._read, self._ask, self._watch)]
        try:
            yield self
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._http.aclose()

    def begin(self) -> None:
        self.reads_ms, self.reads_ok = [], 0
        self.said, self.blind = Counter(), Counter()

    async def _read(self) -> None:
        while True:
            began_s, is_ok = time.monotonic(), False
            with contextlib.suppress(httpx.HTTPError):
                answer = await self._http.get("/v1/trucks?limit=20", headers=self._headers)
                is_ok = answer.is_success
            self.reads_ms.append((time.monotonic() - began_s) * 1000.0)
            self.reads_ok += is_ok
            await asyncio.sleep(LOOK_EVERY_S)

    async def _ask(self) -> None:
        while True:
            self.is_well = False
            try:
                said: dict[str, Any] = (await self._http.get("/readyz")).json()
                bad = sorted(n for n, found in said["dependencies"].items() if not found["ok"])
                self.said.update(bad)
                self.is_well = not bad
            except (httpx.HTTPError, ValueError, KeyError):
                self.said["no answer"] += 1
            await asyncio.sleep(LOOK_EVERY_S)

    async def _watch(self) -> None:
        while True:
            self.sees = False
            try:
                answer = await self._http.get("/v1/alerts/summary", headers=self._headers)
                blind: dict[str, Any] = answer.json()["blind"]
                self.sees = blind["watching"] == "ok"
                self.blind.update(why.partition(":")[0] for why in blind["why"])
            except (httpx.HTTPError, ValueError, KeyError):
                self.blind["no answer"] += 1
            await asyncio.sleep(LOOK_EVERY_S)


async def drill(
    ready: Fleet, wanted: list[Fault], say: Callable[[str], None], fault_s: float = FAULT_S
) -> FaultResult:
    """One stream of fixes, reads and entries through all of it; the account at the end."""
    drilled = []
    # A truck of its own: what came over HTTP is no part of the stream's account.
    keys = await add_trucks(ready.stack, [HTTP_TRUCK])
    clients = Clients(ready.stack, HTTP_TRUCK)
    looks = Looks(ready.stack)
    with load_process.load(ready.load_spec(rate=RATE)) as load:
        async with (
            CommitWatch(ready.reader) as watch,
            clients.at_work() as said,
            looks.going_on(),
        ):
            load.go()
            await until(lambda: load.acked > 0 and looks.is_well, "the stack is not well")
            for fault in wanted:
                drilled.append(await _one(fault, Seen(ready, load, watch, looks), fault_s))
                say(_line(drilled[-1]))
        published = await asyncio.to_thread(load.finish)
    account = await ready.settled(published)
    http_lost, entries_lost = await _missing(ready, keys, said)
    return FaultResult(drilled, account, said, http_lost, entries_lost)


@dataclasses.dataclass(frozen=True)
class Seen:
    """From where a drill sees what becomes of the work."""

    ready: Fleet
    load: LoadProcess
    watch: CommitWatch
    looks: Looks


async def _one(fault: Fault, seen: Seen, fault_s: float) -> Drilled:
    ready, load, watch, looks = seen.ready, seen.load, seen.watch, seen.looks
    before = await _rates(load, watch, CALM_S)
    looks.begin()
    async with fault.hurt():
        during = await _rates(load, watch, fault_s)
        ok, reads, said = looks.reads_ok, list(looks.reads_ms), dict(looks.said)
        blind = ", ".join(sorted(looks.blind))
    ended_s = time.monotonic()
    shards = range(len(ready.stack.pids()["truck_shard"]))
    batches = [watch.newest(shard) for shard in shards]
    looks.is_well = False
    await until(
        lambda: looks.is_well and all(watch.newest(s) > batches[s] for s in shards),
        f"not well again after {fault.name}: {dict(looks.said)}",
        ended_s,
    )
    recovered_s = time.monotonic() - ended_s
    await until(lambda: looks.sees, f"the watch is still blind after {fault.name}")
    return Drilled(
        fault.name,
        *(before[0], during[0], before[1], during[1]),
        reads_ok=ok / max(1, len(reads)),
        read_ms_p95=float(np.percentile(reads, 95)) if reads else READ_S_MAX * 1000.0,
        said=", ".join(sorted(said)) or "ok",
        recovered_s=recovered_s,
        blind=blind or "ok",
        sees_after_s=time.monotonic() - ended_s,
    )


async def _rates(load: LoadProcess, watch: CommitWatch, seconds: float) -> tuple[float, float]:
    """Acknowledged by the broker and committed, a second."""
    began_s, acked, fixes = time.monotonic(), load.acked, watch.fixes
    await asyncio.sleep(seconds)
    took_s = time.monotonic() - began_s
    return (load.acked - acked) / took_s, (watch.fixes - fixes) / took_s


async def _missing(ready: Fleet, of: dict[str, int], said: Acknowledged) -> tuple[int, int]:
    """What clients over HTTP were told is done, and is not there."""
    keys = {(of[truck], ts) for truck, ts in said.fixes}
    async with ready.reading() as conn:
        rows = await conn.fetch(
            "SELECT truck_key, round(extract(epoch FROM ts) * 1000)::bigint AS ts_ms FROM fixes "
            "WHERE truck_key = any($1)",
            sorted({key for key, _ in keys}),
        )
    stored = {(row["truck_key"], row["ts_ms"]) for row in rows}
    conn = await open_tenant(ready.stack, await tenant_key(ready.stack))
    try:
        there = await conn.fetch(
            "SELECT id FROM ledger_entries WHERE id = any($1)", list(said.entries)
        )
    finally:
        await conn.close()
    return len(keys - stored), len(said.entries.keys() - {row["id"] for row in there})


def _line(done: Drilled) -> str:
    return (
        f"{done.name}: broker took {done.taken:.0f}/s (before {done.taken_before:.0f}), committed "
        f"{done.committed:.0f}/s (before {done.committed_before:.0f}), reads {done.reads_ok:.0%} "
        f"ok, p95 {done.read_ms_p95:.0f} ms, readyz said {done.said}, the watch {done.blind}; well "
        f"again after {done.recovered_s:.1f} s, seen again after {done.sees_after_s:.1f} s"
    )


class Payers:
    """Shippers who begin to pay while the provider is away."""

    def __init__(self, running: Stack) -> None:
        self._running = running
        self._headers = {"Authorization": f"Bearer {token(running, f'{TENANT}-admin')}"}
        self.asked: list[str] = []
        self.refused = 0

    @asynccontextmanager
    async def without_provider(self) -> AsyncIterator[None]:
        paying = asyncio.create_task(self._pay(), name="paying")
        try:
            async with faults.gone(self._running, "payments"):
                yield
        finally:
            paying.cancel()
            await asyncio.gather(paying, return_exceptions=True)

    async def _pay(self) -> None:
        amount = {"amount_minor": AMOUNT_MINOR, "currency": "INR"}
        wanted = {"method": "upi", "amount": amount, "purpose": "top_up", "shipper": "drill"}
        async with self._client() as http:
            while True:
                key = {"Idempotency-Key": f"drill-{time.time_ns():x}"}
                with contextlib.suppress(httpx.HTTPError):
                    answer = await http.post("/v1/payments", json=wanted, headers=key)
                    if answer.is_success:
                        self.asked.append(answer.json()["id"])
                    else:
                        self.refused += 1
                await asyncio.sleep(PAYMENTS_EACH_S)

    async def ordered_in_time(self) -> list[str]:
        """Those that have no order when there was time enough for all."""
        give_up_at = time.monotonic() + ORDERED_S_MAX
        while left := await self.without_order():
            if time.monotonic() > give_up_at:
                break
            await asyncio.sleep(PAYMENTS_EACH_S)
        return left

    async def without_order(self) -> list[str]:
        """Of those that were taken: which have no order at the provider by now."""
        async with self._client() as http:
            left = []
            for payment in self.asked:
                answer = await http.get(f"/v1/payments/{payment}")
                if not answer.is_success or answer.json()["order"] is None:
                    left.append(payment)
        return left

    def _client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            base_url=self._running.http, headers=self._headers, timeout=30, trust_env=False
        )


class WrongClocks:
    """One truck's clock jumps a day ahead, then years back, and is right again afterwards."""

    def __init__(self, running: Stack, truck: str) -> None:
        self._running = running
        self._auth = (f"{TENANT}/{truck}", DEVICE_SECRET)
        self.taken: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()

    @asynccontextmanager
    async def jumping(self) -> AsyncIterator[None]:
        async with httpx.AsyncClient(base_url=self._running.http, trust_env=False) as http:
            for name, by_ms in (("ahead", DAY_MS), ("back", -1000 * DAY_MS)):
                for number in range(5):
                    await self._send(http, name, by_ms + number)
            yield
            await self._send(http, "right", 0)

    async def _send(self, http: httpx.AsyncClient, name: str, by_ms: int) -> None:
        fix = {"ts": time.time_ns() // 1_000_000 + by_ms, "lat": 19.0, "lon": 72.9}
        answer = await http.post("/v1/ingest/positions", json=fix, auth=self._auth)
        if answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY:
            self.refused[name] += 1
            return
        answer.raise_for_status()
        self.taken[name] += answer.json()["stored"]


def usual(running: Stack, payers: Payers, clocks: WrongClocks) -> list[Fault]:
    return [
        Fault("postgres slow", partial(faults.slow_postgres, running)),
        Fault("redis gone", partial(faults.gone, running, "redis")),
        Fault("broker restarting", partial(faults.restarting, running, "broker")),
        Fault("provider down", payers.without_provider),
        Fault("clock jump", clocks.jumping),
    ]
