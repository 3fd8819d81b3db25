"""The actors' part of the product inside a test's own process: real fold, real store, no Ray."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import time
from collections import Counter
from collections.abc import AsyncIterator

import numpy as np

from actors.booking_writing import TenantName
from actors.bookings import Answer, Bookings, Refused
from actors.doors import HttpFixes, HttpTaken
from actors.handles import ActorAwayError
from actors.journal import Journal
from actors.offering import OfferTaken, OfferWish
from actors.stats import ActorStats, stats_of
from config.policy import policy
from freight.booking.commands import Command
from freight.fixes import FIX_DTYPE, MISSING_INT8, MISSING_INT16, MISSING_INT64, FixBatch
from freight.tracking.columns import LastArray
from freight.tracking.names import TruckName
from freight.tracking.progress import Progress
from ingest.delivery import Delivery
from ingest.direct import DirectDoor
from ingest.http_door import HttpDoor
from ingest.topics import AddressBook
from ingest.windows import WindowReader
from store import outbox
from store.directory import TruckDirectory
from store.live_bus import LiveBus
from store.postgres import AnyPool


def now_ms() -> int:
    return time.time_ns() // 1_000_000


class JournalShard:
    """A shard of one journal, a batch at a time."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._turn = asyncio.Lock()

    async def fold(self, batch: FixBatch) -> int:
        async with self._turn:
            return (await self._journal.commit(batch))[0]


@dataclasses.dataclass
class Door:
    """The ingest worker's part of HTTP; it knows each truck at once."""

    http: HttpDoor
    reader: WindowReader
    directory: TruckDirectory
    addresses: AddressBook
    system: AnyPool

    async def take(self, asked: HttpFixes) -> HttpTaken:
        self.addresses.learn(await self.directory.refresh(self.system))
        return await self.http.take(asked)


@contextlib.asynccontextmanager
async def open_door(journal: Journal, telemetry: AnyPool, system: AnyPool) -> AsyncIterator[Door]:
    directory, addresses = TruckDirectory(), AddressBook(1)
    limits = policy().ingest
    delivery = Delivery(
        shards=[JournalShard(journal)],
        limits=limits,
        counts=Counter(),
        of_truck=addresses.of_truck,
        telemetry=telemetry,
        system=system,
    )
    reader = WindowReader(addresses.find, limits.admission)
    direct = DirectDoor(reader, delivery, telemetry)
    running = asyncio.create_task(direct.run())
    try:
        yield Door(HttpDoor(directory, addresses, direct), reader, directory, addresses, system)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@dataclasses.dataclass
class InProcessActors:
    """One shard and one relay; `report` returns when all is committed and published."""

    journal: Journal
    system: AnyPool
    bus: LiveBus
    door: Door
    bookings: Bookings
    is_away: bool = False

    async def positions(self, tenant_key: int) -> LastArray:
        return self.journal.columns.of_tenant(tenant_key)

    async def progress(self, truck: TruckName, truck_key: int) -> Progress | None:  # noqa: ARG002 - one shard has all
        if self.is_away:
            raise ActorAwayError("killed by this test")
        return self.journal.progress_of(truck_key)

    async def drain(self, deadline_s: float) -> list[str]:  # noqa: ARG002 - it holds nothing
        return []

    async def stats(self) -> list[ActorStats]:
        trouble = "killed by this test" if self.is_away else None
        return [
            stats_of("truck_shard", "truck-shard-0", {"fixes_total": 1.0}, trouble),
            stats_of("ingest_worker", "ingest-worker-0", {}),
            stats_of("outbox_relay", "outbox-relay", {"outbox_rows": 0.0}),
            stats_of("booking_shard", "booking-shard-0", {}),
            *(
                stats_of(name, name, {})
                for name in ("dispatcher", "bookkeeper", "watch", "messenger")
            ),
        ]

    async def shard_stats(self) -> list[ActorStats]:
        return (await self.stats())[:1]

    async def take_fixes(self, asked: HttpFixes) -> HttpTaken:
        if self.is_away:
            raise ActorAwayError("killed by this test")
        return await self.door.take(asked)

    async def command(
        self, tenant: TenantName, booking_id: str, command: Command, expected: int | None = None
    ) -> Answer:
        if self.is_away:
            raise ActorAwayError("killed by this test")
        return await self.bookings.take(tenant, booking_id, command, expected)

    async def offer(
        self, tenant: TenantName, booking_id: str, wish: OfferWish
    ) -> OfferTaken | Refused:
        if self.is_away:
            raise ActorAwayError("killed by this test")
        return await self.bookings.take_offer(tenant, booking_id, wish)

    async def report(
        self, tenant_key: int, fixes: list[dict[str, float]], *, publish: bool = True
    ) -> None:
        """Each fix: truck_key, lat, lon and what else of a fix is known; ts_ms is now if not."""
        batch = np.zeros(len(fixes), FIX_DTYPE)
        for name in FIX_DTYPE.names or ():
            if FIX_DTYPE[name].kind == "f":
                batch[name] = np.nan
        batch["seq"], batch["satellites"] = MISSING_INT64, MISSING_INT16
        batch["ignition"] = batch["alarm"] = MISSING_INT8
        batch["tenant_key"] = tenant_key
        batch["ts_ms"] = batch["received_ms"] = now_ms()
        for row, fix in enumerate(fixes):
            for name, value in fix.items():
                batch[name][row] = value
        _, rows = await self.journal.commit(FixBatch(batch, {}))
        if publish:
            await self.bus.publish_positions(tenant_key, self.journal.columns.last[rows])
            await self.relay()

    async def relay(self) -> None:
        async with self.system.acquire() as conn, conn.transaction():
            rows = await outbox.take(conn, 1000)
            for row in rows:
                await self.bus.publish_event(row.tenant_key, row.event_seq, row.body)
            await outbox.delete(conn, [row.id for row in rows])
