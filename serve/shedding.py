"""Refuses heavy reads first, then the usual requests, and what devices send last of all.

Two things: a bulkhead for each kind of request, so that one kind cannot take what another needs;
and a look every second at how it goes, by which heavy requests are refused before ingest suffers.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections import Counter, defaultdict, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from enum import IntEnum
from functools import lru_cache
from typing import Protocol

from actors.stats import ActorStats
from config.policy import Settings
from config.sections.shedding import Kind, Pressure, Shedding
from serve.metrics import GatewayMetrics
from serve.problems import UnavailableError

logger = logging.getLogger("ubertruck.shedding")

MS = 1000.0


class Strain(IntEnum):
    CALM = 0
    STRAINED = 1
    OVERLOADED = 2


# From where on each kind is refused; ingest never for strain, only for its own number.
DRAIN = "/internal/drain"
ASKED_TO_THE_END = frozenset({DRAIN, "/livez", "/readyz", "/metrics"})
REFUSED_FROM = {Kind.HEAVY: Strain.STRAINED, Kind.USUAL: Strain.OVERLOADED}


class Shedder:
    """One a replica."""

    def __init__(self, settings: Settings, metrics: GatewayMetrics) -> None:
        self._settings = settings
        self._metrics = metrics
        self._inside: Counter[Kind] = Counter()
        self._waiting: defaultdict[Kind, deque[asyncio.Future[None]]] = defaultdict(deque)
        self.strain = Strain.CALM
        # Before a stop: nobody is let in any more, and those inside are waited for.
        self.is_draining = False
        self._under_way = 0
        self._empty = asyncio.Event()
        self._empty.set()

    @property
    def rules(self) -> Shedding:
        return self._settings.now.shedding

    @asynccontextmanager
    async def place(self, method: str, path: str, query: bytes) -> AsyncIterator[None]:
        """Around one request, until its last byte; raises UnavailableError."""
        rules = self.rules
        kind = kind_of(rules, method, path, query)
        is_counted = not _matches(rules.never_paths, method, path)
        if self.is_draining and path not in ASKED_TO_THE_END:
            raise self._refusal(kind, "draining", "this server stops; another one answers")
        if is_counted:
            if self.strain >= REFUSED_FROM.get(kind, Strain.OVERLOADED + 1):
                raise self._refusal(kind, "strain", "the system is busy with what trucks send")
            await self._wait_for_place(rules, kind)
        self._count(kind, 1, is_counted=is_counted)
        try:
            yield
        finally:
            self._count(kind, -1, is_counted=is_counted)
            self._let_in(kind)

    def _count(self, kind: Kind, change: int, *, is_counted: bool) -> None:
        self._inside[kind] += change
        if is_counted:
            self._under_way += change
            (self._empty.clear if self._under_way else self._empty.set)()

    async def drained(self) -> None:
        """Returns when everybody who was inside has been answered; streams are not waited for."""
        self.is_draining = True
        await self._empty.wait()

    async def _wait_for_place(self, rules: Shedding, kind: Kind) -> None:
        """Heavy ones queue up for a while; of the others so many are too many already."""
        waiting = self._waiting[kind]
        while self._inside[kind] >= at_once_max(rules, kind):
            if kind is not Kind.HEAVY or len(waiting) >= rules.heavy_waiting_max:
                says = f"too many {kind} requests are under way here"
                raise self._refusal(kind, "number", says)
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            waiting.append(turn)
            try:
                await turn
            except asyncio.CancelledError:
                if turn in waiting:
                    waiting.remove(turn)
                else:
                    self._let_in(kind)  # its turn had come: the next one gets it
                raise

    def _let_in(self, kind: Kind) -> None:
        waiting = self._waiting[kind]
        while waiting:
            turn = waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return

    def take_strain(self, strain: Strain) -> None:
        if strain is not self.strain:
            logger.warning("the gateway is %s", strain.name.lower())
        self.strain = strain
        self._metrics.strain.set(strain)

    def _refusal(self, kind: Kind, reason: str, says: str) -> UnavailableError:
        self._metrics.shed.labels(kind.value, reason).inc()
        return UnavailableError(says, retry_after_s=self.rules.retry_s)


def at_once_max(rules: Shedding, kind: Kind) -> int:
    return {
        Kind.INGEST: rules.ingest_at_once_max,
        Kind.USUAL: rules.usual_at_once_max,
        Kind.HEAVY: rules.heavy_at_once_max,
    }[kind]


def kind_of(rules: Shedding, method: str, path: str, query: bytes) -> Kind:
    if _matches(rules.ingest_paths, method, path):
        return Kind.INGEST
    if _matches(rules.heavy_paths, method, path) or _is_export(rules.heavy_forms, query):
        return Kind.HEAVY
    return Kind.USUAL


def _is_export(forms: Sequence[str], query: bytes) -> bool:
    return b"format=" in query and any(b"format=" + form.encode() in query for form in forms)


def _matches(patterns: tuple[str, ...], method: str, path: str) -> bool:
    return _expression(patterns).fullmatch(f"{method} {path}") is not None


@lru_cache(maxsize=64)  # fixed: memory only; forgetting changes nothing
def _expression(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(_as_expression(each) for each in patterns) or r"(?!)")


def _as_expression(pattern: str) -> str:
    verb, _, path = pattern.rpartition(" ")
    inner = re.escape(path).replace(r"\*", "[^/]+")
    if path.endswith("/*"):
        inner = inner.removesuffix("[^/]+") + ".+"
    return f"(?:{verb or '[A-Z]+'} {inner})"


class KnowsShards(Protocol):
    async def shard_stats(self) -> list[ActorStats]: ...


class PressureWatch:
    """Looks how late this process is, how long Postgres takes for a trifle, and how long the
    shards take to commit what trucks sent."""

    def __init__(
        self,
        shedder: Shedder,
        ping: Callable[[], Awaitable[object]],
        stats: Callable[[], Awaitable[Sequence[ActorStats]]],
        clock_s: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._shedder = shedder
        self._ping = ping
        self._stats = stats
        self._clock_s = clock_s
        self._folded: dict[str, tuple[float, float]] = {}
        self._worse = self._better = 0

    async def run(self) -> None:
        while True:
            look_s = self._shedder.rules.look_s
            began_s = self._clock_s()
            await asyncio.sleep(look_s)
            late_ms = (self._clock_s() - began_s - look_s) * MS
            self.take(await self._look(late_ms))

    async def _look(self, late_ms: float) -> Strain:
        rules = self._shedder.rules
        found = {"loop_ms": late_ms, "store_ms": 0.0, "commit_ms": 0.0}
        longest_s = max(rules.overloaded.store_ms, rules.overloaded.commit_ms) / MS
        began_s = self._clock_s()
        try:
            async with asyncio.timeout(longest_s):
                await self._ping()
                found["store_ms"] = (self._clock_s() - began_s) * MS
                found["commit_ms"] = self.commit_ms(await self._stats())
        except Exception as failed:  # noqa: BLE001 - a store that is away is told by others
            # Nothing is slow about a refused connection; a time that is over is another matter.
            if isinstance(failed, TimeoutError):
                found["store_ms"] = longest_s * MS
        return strain_of(rules, **found)

    def commit_ms(self, stats: Sequence[ActorStats]) -> float:
        """Of a batch on average since the last look; the slowest shard counts."""
        slowest = 0.0
        for each in stats:
            now = each.values.get("batches_total", 0.0), each.values.get("fold_s_total", 0.0)
            before = self._folded.get(each.name, now)
            self._folded[each.name] = now
            if now[0] > before[0]:
                slowest = max(slowest, (now[1] - before[1]) / (now[0] - before[0]) * MS)
        return slowest

    def take(self, seen: Strain) -> None:
        """One bad look may be an accident; and better is only what stays better for a while."""
        shedder = self._shedder
        if seen == shedder.strain:
            self._worse = self._better = 0
        elif seen > shedder.strain:
            self._worse, self._better = self._worse + 1, 0
            if self._worse >= shedder.rules.bad_looks:
                self._worse = 0
                shedder.take_strain(seen)
        else:
            self._worse, self._better = 0, self._better + 1
            if self._better >= shedder.rules.calm_looks:
                self._better = 0
                shedder.take_strain(Strain(shedder.strain - 1))


def strain_of(rules: Shedding, *, loop_ms: float, store_ms: float, commit_ms: float) -> Strain:
    def reaches(limit: Pressure) -> bool:
        return (
            loop_ms >= limit.loop_ms or store_ms >= limit.store_ms or commit_ms >= limit.commit_ms
        )

    if reaches(rules.overloaded):
        return Strain.OVERLOADED
    return Strain.STRAINED if reaches(rules.strained) else Strain.CALM
