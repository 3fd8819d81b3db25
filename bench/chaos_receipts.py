"""Devices that keep every fix until its receipt, while the broker dies or Postgres stands still."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import random
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial

import httpx
import numpy as np

from bench.chaos_kills import Frozen, until
from bench.evidence import Account
from bench.fleet import Fleet
from bench.load_process import Published
from bench.mqtt_load import LoadResult
from bench.mqtt_wire import fix_json
from config.policy import policy
from launch.layout import Layout
from sim.device_mqtt import ReceiptDevice
from sim.wire import OutgoingFix

DRAIN_S_MAX = 240.0
NO_TIME = b'"ts":0000000000000'
# How often the frozen system is looked at before it may go on.
LOOKS = 30
LOOK_EVERY_S = 0.1


@dataclasses.dataclass(frozen=True)
class FreezeProof:
    """What left our hands while Postgres was stopped, and what came after."""

    fixes: int
    broker_pending: int  # acknowledged to the device, not yet by us to the broker
    pubacks_by_us: int  # while frozen; must be 0
    receipts: int  # while frozen; must be 0
    receipts_after: int
    account: Account


class KeptFleet:
    """Receipt-keeping devices on the benchmark's tracks, and a record of what they were given."""

    def __init__(self, ready: Fleet, devices: list[ReceiptDevice]) -> None:
        self._ready = ready
        self.devices = devices
        self._given: list[list[int]] = [[] for _ in devices]

    async def publish(self, rounds: int, pause_s: float) -> None:
        """So many fixes of every device, one at a time."""
        for _ in range(rounds):
            for number, device in enumerate(self.devices):
                await device.publish([self._next_fix(number)])
            await asyncio.sleep(pause_s)

    def _next_fix(self, number: int) -> OutgoingFix:
        given, ground = self._given[number], self._ready.ground
        point = len(given) % ground.lat.shape[1]
        ts_ms = max(time.time_ns() // 1_000_000, given[-1] + 1 if given else 0)
        body = fix_json(
            ground.lat[number, point],
            ground.lon[number, point],
            ground.heading_deg[number, point],
            point,
        )
        given.append(ts_ms)
        return OutgoingFix(ts_ms, body.replace(NO_TIME, b'"ack":true,"ts":%d' % ts_ms))

    @property
    def confirmed(self) -> int:
        return sum(device.counts.confirmed for device in self.devices)

    def has_confirmed(self, fixes: int) -> bool:
        return self.confirmed >= fixes

    async def drain(self) -> None:
        async with asyncio.timeout(DRAIN_S_MAX):
            await asyncio.gather(*(device.drain() for device in self.devices))

    def published(self) -> Published:
        """Everything counts as accepted: these devices let go of nothing else."""
        truck = np.repeat(np.arange(len(self._given)), [len(times) for times in self._given])
        times = np.array([ts for given in self._given for ts in given], dtype=np.int64)
        count = len(times)
        said = LoadResult(
            sent=count, acked=count, seconds=0.0, cpu_s=0.0, reconnects=0, drained=True
        )
        trucks = self._ready.devices.trucks
        everything = np.ones(count, dtype=bool)
        return Published(trucks, truck, times, np.zeros(count, np.int64), everything, said)


@contextlib.asynccontextmanager
async def kept_fleet(ready: Fleet, count: int) -> AsyncIterator[KeptFleet]:
    devices = [
        ReceiptDevice(
            ready.broker.host,
            ready.broker.port,
            tenant=ready.devices.tenant,
            truck=truck,
            password=ready.devices.secret,
            policy=policy().simulation.devices,
            rng=random.Random(number),
        )
        for number, truck in enumerate(ready.devices.trucks[:count])
    ]
    try:
        for device in devices:
            device.start()
        await until(
            lambda: all(device.connected for device in devices), "the devices were not let in"
        )
        yield KeptFleet(ready, devices)
    finally:
        await asyncio.gather(*(device.close() for device in devices))


async def broker_dies(
    ready: Fleet,
    kill_broker: Callable[[], Awaitable[None]],
    *,
    devices: int,
    fixes_each: int,
    kills: int,
) -> Account:
    """Devices publish while the broker is killed; every fix must be stored once in the end."""
    async with kept_fleet(ready, devices) as kept:
        pause_s = 0.05
        publishing = asyncio.create_task(kept.publish(fixes_each, pause_s))
        for number in range(kills):
            goal = (number + 1) * devices * fixes_each // (kills + 2)
            await until(partial(kept.has_confirmed, goal), "no receipts came")
            await kill_broker()
        await publishing
        await kept.drain()
        published = kept.published()
    return await ready.settled(published)


async def database_stands_still(ready: Fleet, *, devices: int, fixes_each: int) -> FreezeProof:
    """While Postgres is stopped ingest acknowledges nothing and confirms nothing."""
    async with kept_fleet(ready, devices) as kept:
        await kept.publish(1, 0.0)
        await kept.drain()
        await until(lambda: broker_pending(ready) == 0, "the broker's queue stays")
        before, sent_before = kept.confirmed, _messages(kept)
        with Frozen(ready.stack, "postgres"):
            await kept.publish(fixes_each, 0.0)
            sent = _messages(kept) - sent_before
            await until(lambda: broker_pending(ready) >= sent, "the broker did not hand them over")
            fewest = sent
            for _ in range(LOOKS):
                fewest = min(fewest, broker_pending(ready))
                await asyncio.sleep(LOOK_EVERY_S)
            receipts = kept.confirmed - before
        await kept.drain()
        await until(lambda: broker_pending(ready) == 0, "the broker's queue stays")
        published, after = kept.published(), kept.confirmed - before - receipts
    return FreezeProof(
        fixes=devices * fixes_each,
        broker_pending=fewest,
        pubacks_by_us=sent - fewest,
        receipts=receipts,
        receipts_after=after,
        account=await ready.settled(published),
    )


def _messages(kept: KeptFleet) -> int:
    return sum(device.counts.messages_sent for device in kept.devices)


def broker_pending(ready: Fleet) -> int:
    """Messages the embedded broker gave to ingest that ingest has not acknowledged."""
    config = (Layout(ready.stack.data_dir).run / "broker.conf").read_text()
    found = re.search(r'^http: "([^"]+)"', config, re.MULTILINE)
    if found is None:
        raise RuntimeError("the embedded broker has no monitoring address")
    answer = httpx.get(
        f"http://{found.group(1)}/jsz",
        params={"accounts": "true", "streams": "true", "consumers": "true"},
        timeout=10,
    ).json()
    return sum(
        int(consumer["num_ack_pending"])
        for tenant in answer.get("account_details", [])
        for stream in tenant.get("stream_detail", [])
        if stream["name"] == "$MQTT_msgs"
        for consumer in stream.get("consumer_detail", []) or []
    )
