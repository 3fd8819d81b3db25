"""A fleet in a running stack: trucks and fences in place, and a generator that may drive them."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import time
from collections.abc import AsyncIterator
from pathlib import Path

from bench import load_process, world
from bench.brokers import Broker, Devices
from bench.device import Pace
from bench.evidence import Account, Stored, account, stored_fixes
from bench.load_process import Published
from bench.mqtt_load import LoadSpec
from bench.seeding import (
    TENANT,
    add_fences,
    add_trucks,
    devices_settled,
    reader,
)
from bench.stack import Stack
from bench.world import World
from serve.identity.development import DEVICE_SECRET
from store.postgres import AnyConnection

TRACK_POINTS = 480
SEED = 1
SETTLE_S_MAX = 120.0
WARM_UP_PER_S = 200.0


@dataclasses.dataclass(frozen=True)
class Fleet:
    """Trucks the stack knows, the broker they talk to, and where they drive."""

    folder: Path
    stack: Stack
    broker: Broker
    devices: Devices
    keys: dict[str, int]
    ground: World
    fences_known_at: int  # the revision from which shards know all fences

    async def reader(self) -> AnyConnection:
        return await reader(self.stack)

    @contextlib.asynccontextmanager
    async def reading(self) -> AsyncIterator[AnyConnection]:
        """A connection for the moment: Postgres may be killed between two of them."""
        conn = await self.reader()
        try:
            yield conn
        finally:
            await conn.close()

    def load_spec(
        self,
        *,
        rate: float | None = None,
        window: int = 16,
        per_message: int = 1,
        messages_max: int | None = None,
        pace: Pace | None = None,
    ) -> LoadSpec:
        return load_process.spec_for(
            self.folder,
            self.broker,
            self.devices,
            track_points=self.ground.lat.shape[1],
            seed=SEED,
            rate=rate,
            window=window,
            per_message=per_message,
            messages_max=messages_max,
            pace=pace,
        )

    async def stored(self, conn: AnyConnection, published: Published) -> Stored:
        """This load's fixes: every load's times begin after the last one's."""
        return await stored_fixes(conn, list(self.keys.values()), int(published.ts_ms.min()))

    async def settled(self, published: Published, quiet_s: float = SETTLE_S_MAX) -> Account:
        """Waits until everything acknowledged is stored, or nothing new was for so long."""
        deadline, most = time.monotonic() + quiet_s, -1
        while True:
            async with self.reading() as conn:
                stored = await self.stored(conn, published)
            found = account(published, self.keys, stored)
            if found.stored > most:
                deadline, most = time.monotonic() + quiet_s, found.stored
            if not found.lost or time.monotonic() > deadline:
                return found
            await asyncio.sleep(0.5)


def devices_of(count: int, prefix: str = world.PREFIX) -> Devices:
    return Devices(TENANT, world.truck_ids(count, prefix), DEVICE_SECRET)


async def fleet(
    running: Stack,
    folder: Path,
    trucks: int,
    *,
    fences: int = 0,
    track_points: int = TRACK_POINTS,
    across_per_truck: int = world.ACROSS_PER_TRUCK,
    clear_of_borders: bool = False,
    prefix: str = world.PREFIX,
    broker: Broker | None = None,
    warm: bool = True,
) -> Fleet:
    """Creates what is missing, and waits until the shards fold with every fence."""
    devices = devices_of(trucks, prefix)
    ground = world.build(devices.trucks, track_points, fences, SEED, across_per_truck)
    if clear_of_borders:
        ground = world.without_grazed(ground)
    keys = await add_trucks(running, devices.trucks)
    revision = await add_fences(running, ground.fences)
    await asyncio.to_thread(devices_settled, trucks)
    where = broker or embedded_broker(running)
    made = Fleet(folder, running, where, devices, keys, ground, revision)
    if fences and warm:
        await warm_up(made)
    return made


def embedded_broker(running: Stack) -> Broker:
    host, port = running.mqtt
    pids = running.summary["processes"].get("broker", [0])
    return Broker(kind="nats", host=host, port=port, username="", password="", pid=pids[0])


async def publish_once(ready: Fleet) -> None:
    """One fix of every truck, stored."""
    count = len(ready.devices.trucks)
    with load_process.load(ready.load_spec(rate=2_000.0, messages_max=count)) as load:
        load.go()
        published = load.finish_when_sent()
    await ready.settled(published)


async def warm_up(ready: Fleet) -> None:
    """A trickle of fixes until every shard folds with all fences."""
    with load_process.load(ready.load_spec(rate=WARM_UP_PER_S)) as load:
        load.go()
        deadline = time.monotonic() + SETTLE_S_MAX
        async with ready.reading() as conn:
            while not await all_fences_known(conn, ready.fences_known_at):
                if time.monotonic() > deadline:
                    raise TimeoutError("the shards did not take up the fences")
                await asyncio.sleep(0.2)
        published = load.finish()
    await ready.settled(published)


async def all_fences_known(conn: AnyConnection, revision: int) -> bool:
    known = await conn.fetchval(
        """
        SELECT count(*) > 0 AND bool_and(revision >= $1) FROM (
            SELECT DISTINCT ON (shard) fence_revision AS revision
            FROM shard_batches ORDER BY shard, batch DESC
        ) newest
        """,
        revision,
    )
    return bool(known)
