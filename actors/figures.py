"""Counts what the installation stands at, now and then, by one process for all that ask."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import Counter
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from typing import TypeVar

import asyncpg
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from config.policy import Settings, process_settings
from freight.booking.state import Status
from store import figures
from store.figures import OfTenant
from store.postgres import STORE_FAILURES, AnyConnection, AnyPool
from telemetry.figures import PREFIX, REGISTRY

log = logging.getLogger(__name__)
T = TypeVar("T")

OVER = frozenset({Status.CLOSED, Status.CANCELLED})
OPEN = tuple(status.value for status in Status if status not in OVER)
OTHERS = "(others)"
# Labels of a series, and its value.
Series = Sequence[tuple[tuple[str, ...], float]]
_TEXTS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "bookings": ("Bookings that are not over, by tenant and state", ("tenant", "state")),
    "legs_waiting": ("Legs that wait for a truck", ()),
    "legs_waiting_oldest_seconds": ("Since when the first of them waits", ()),
    "payments": ("How the newest payments stand", ("state",)),
    "payouts": ("How the newest payouts stand", ("state",)),
    "notifications": ("How the newest notifications stand", ("state", "channel")),
    "webhook_deliveries": ("How the newest deliveries stand", ("state",)),
    "alerts_open": ("Alerts that are not over", ("kind", "severity", "state")),
    "alerts_judged": ("Alerts by what people said of them", ("kind", "judged")),
    "follower_dead_facts": ("Facts that a follower could not take up", ("follower",)),
    "books_waiting": ("Bookings that the books have not looked at since they changed", ()),
}
# Their label is what the table calls a channel; the others have none.
_WITH_CHANNEL = frozenset({"notifications"})


class Standing(Collector):
    """The last count; what could not be counted keeps its last value, and says how old it is."""

    def __init__(self) -> None:
        self._series: dict[str, Series] = {}
        self._at_s: dict[str, float] = {}

    def put(self, name: str, series: Series) -> None:
        self._series[name] = series
        self._at_s[name] = time.time()

    def collect(self) -> Iterator[Metric]:
        for name, (text, labels) in _TEXTS.items():
            family = GaugeMetricFamily(PREFIX + name, text, labels=labels)
            for values, value in self._series.get(name, ()):
                family.add_metric(values, value)
            yield family
        age = GaugeMetricFamily(
            PREFIX + "figures_age_seconds", "Since this was counted", labels=("figure",)
        )
        for name, at_s in self._at_s.items():
            age.add_metric((name,), time.time() - at_s)
        yield age


class Counting:
    """One look asks one question after another, each for so long and no longer."""

    def __init__(self, system: AnyPool, settings: Settings, standing: Standing) -> None:
        self._system = system
        self._settings = settings
        self._standing = standing

    async def look(self) -> None:
        put = self._standing.put
        found = await self._asked("bookings", lambda conn: figures.bookings(conn, OPEN))
        if found is not None:
            put("bookings", self._by_tenant(found))
        legs = await self._asked("legs_waiting", figures.legs_waiting)
        if legs is not None:
            put("legs_waiting", [((), float(legs.count))])
            put("legs_waiting_oldest_seconds", [((), legs.oldest_s)])
        for table in figures.TABLES:
            await self._newest(table)
        alerts = await self._asked("alerts_open", figures.alerts_open)
        if alerts is not None:
            series = [((a.kind, a.severity, a.status), float(a.count)) for a in alerts]
            put("alerts_open", series)
        judged = await self._asked("alerts_judged", figures.alerts_judged)
        if judged is not None:
            put("alerts_judged", [((j.kind, j.judged), float(j.count)) for j in judged])
        dead = await self._asked("follower_dead_facts", figures.followers)
        if dead is not None:
            put("follower_dead_facts", [((name,), float(count)) for name, count in dead.items()])
        books = await self._asked("books_waiting", figures.books_waiting)
        if books is not None:
            put("books_waiting", [((), float(books))])

    async def _newest(self, table: str) -> None:
        rows_max = self._settings.now.telemetry.figures.rows_max
        found = await self._asked(table, lambda conn: figures.newest(conn, table, rows_max))
        if found is not None:
            has_channel = table in _WITH_CHANNEL
            series = [
                ((one.state, one.kind) if has_channel else (one.state,), float(one.count))
                for one in found
            ]
            self._standing.put(table, series)

    def _by_tenant(self, found: Iterable[OfTenant]) -> Series:
        """Every label is kept for ever by whoever collects it: the largest get their own."""
        totals: Counter[str] = Counter()
        by_label: Counter[tuple[str, str]] = Counter()
        rows = list(found)
        for row in rows:
            totals[row.tenant] += row.count
        named = {
            tenant for tenant, _ in totals.most_common(self._settings.now.tenancy.metric_labels_max)
        }
        for row in rows:
            by_label[row.tenant if row.tenant in named else OTHERS, row.state] += row.count
        return [(labels, float(count)) for labels, count in by_label.items()]

    async def _asked(self, name: str, ask: Callable[[AnyConnection], Awaitable[T]]) -> T | None:
        deadline_s = self._settings.now.telemetry.figures.deadline_s
        try:
            async with self._system.acquire() as conn, conn.transaction(readonly=True):
                await figures.hurry(conn, deadline_s)
                return await ask(conn)
        except (asyncpg.PostgresError, *STORE_FAILURES) as error:
            log.warning("%s is not counted: %s: %s", name, type(error).__name__, error)
            return None


@contextlib.asynccontextmanager
async def keep_counting(system: AnyPool) -> AsyncIterator[None]:
    """Beside whatever else the process does."""
    standing = Standing()
    REGISTRY.register(standing)
    settings = process_settings()
    counting = Counting(system, settings, standing)
    task = asyncio.create_task(_count_for_ever(counting, settings), name="figures")
    try:
        yield
    finally:
        task.cancel()
        REGISTRY.unregister(standing)


async def _count_for_ever(counting: Counting, settings: Settings) -> None:
    while True:
        await counting.look()
        await asyncio.sleep(settings.now.telemetry.figures.every_s)
