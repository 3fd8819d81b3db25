"""A device against a real broker: it keeps fixes until their receipt, whatever dies between."""

from __future__ import annotations

import asyncio
import contextlib
import random
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from config.policy import policy
from config.sections.simulation import Devices
from sim.device_mqtt import ReceiptDevice, at_once
from sim.wire import OutgoingFix
from tests.sim.broker import PASSWORD, Broker, Platform

TRUCKS = ["T1", "T2"]
# Impatient, so that tests wait for milliseconds where devices wait for seconds.
QUICK = policy().simulation.devices.model_copy(
    update={
        "reconnect_wait_s_min": 0.02,
        "reconnect_wait_s_max": 0.1,
        "receipt_wait_s": 0.3,
        "receipt_wait_s_max": 1.0,
    }
)


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[Broker]:
    found = Broker(tmp_path, TRUCKS)
    await found.start()
    try:
        yield found
    finally:
        found.kill()


@contextlib.asynccontextmanager
async def device(
    broker: Broker,
    truck: str = "T1",
    *,
    password: str = PASSWORD,
    policy: Devices = QUICK,
    gate: Callable[[], Awaitable[None]] = at_once,
) -> AsyncIterator[ReceiptDevice]:
    made = ReceiptDevice(
        broker.host,
        broker.port,
        tenant="demo",
        truck=truck,
        password=password,
        policy=policy,
        rng=random.Random(truck),  # noqa: S311
        gate=gate,
    )
    made.start()
    try:
        yield made
    finally:
        await made.close()


def fixes(first_ms: int, count: int) -> list[OutgoingFix]:
    return [
        OutgoingFix(ts, b'{"ts":%d,"lat":19.0,"lon":72.8,"ack":true}' % ts)
        for ts in range(first_ms, first_ms + count)
    ]


async def drained(made: ReceiptDevice, within_s: float = 15.0) -> None:
    async with asyncio.timeout(within_s):
        await made.drain()


async def test_a_fix_is_kept_until_its_receipt(broker: Broker) -> None:
    async with Platform().connected(broker) as platform, device(broker) as made:
        await made.publish(fixes(1000, 1))
        assert made.unconfirmed == 1
        await drained(made)

        assert list(platform.stored) == [("T1", 1000)]
        assert made.counts.confirmed == 1


async def test_without_receipts_fixes_are_sent_again(broker: Broker) -> None:
    async with Platform(gives_receipts=False).connected(broker) as platform:
        async with device(broker) as made:
            await made.publish(fixes(1000, 3))
            await platform.until(lambda: platform.received >= 9)
            assert made.unconfirmed == 3
            platform.gives_receipts = True
            await drained(made)

        assert len(platform.stored) == 3


async def test_what_waits_goes_in_arrays_with_few_messages_in_flight(broker: Broker) -> None:
    async with Platform().connected(broker) as platform, device(broker) as made:
        await made.publish(fixes(1000, 1000))
        await drained(made)

        assert len(platform.stored) == 1000
        assert max(platform.messages) <= QUICK.array_fixes_max
        assert len(platform.messages) <= 1000 / QUICK.array_fixes_max + QUICK.in_flight_messages_max


async def test_killing_the_broker_loses_nothing(broker: Broker) -> None:
    platform = Platform()
    async with device(broker, "T1") as one, device(broker, "T2") as two:
        async with platform.connected(broker):
            await one.publish(fixes(1000, 50))
            await platform.until(lambda: platform.received > 10)
        for made in (one, two):
            await made.publish(fixes(5000, 200))
        broker.kill()
        await one.publish(fixes(9000, 50))
        await broker.start()
        async with platform.connected(broker):
            await asyncio.gather(drained(one), drained(two))

    sent = {*range(1000, 1050), *range(5000, 5200), *range(9000, 9050)}
    assert {ts for truck, ts in platform.stored if truck == "T1"} == sent
    assert {ts for truck, ts in platform.stored if truck == "T2"} == set(range(5000, 5200))
    assert one.counts.connects >= 2


async def test_status_is_online_and_the_will_says_offline(broker: Broker) -> None:
    async with Platform().connected(broker) as platform:
        async with device(broker) as made:
            await platform.until(lambda: platform.statuses.get("T1") == ["online"])
            assert made._link is not None
            made._link.abort()  # the network breaks: the broker speaks for the device
            await platform.until(lambda: platform.statuses["T1"][-2:] == ["offline", "online"])
        await platform.until(lambda: platform.statuses["T1"][-1] == "offline")


async def test_a_wrong_password_is_tried_again_and_never_sends(broker: Broker) -> None:
    tries = asyncio.Semaphore(0)

    async def count_the_try() -> None:
        tries.release()

    async with device(broker, password="wrong", gate=count_the_try) as made:
        await made.publish(fixes(1000, 1))
        async with asyncio.timeout(10):
            for _ in range(4):
                await tries.acquire()

        assert made.counts.failed_connects >= 3
        assert made.counts.messages_sent == 0
        assert made.unconfirmed == 1


async def test_a_full_store_forgets_the_oldest_and_counts_it(broker: Broker) -> None:
    broker.kill(signal.SIGTERM)
    small = QUICK.model_copy(update={"store_fixes_max": 10})
    platform = Platform()
    async with device(broker, policy=small) as made:
        made.offer(fixes(1000, 25))
        assert (made.unconfirmed, made.counts.dropped) == (10, 15)
        await broker.start()
        async with platform.connected(broker):
            await drained(made)

    assert sorted(ts for _, ts in platform.stored) == list(range(1015, 1025))


async def test_publish_waits_for_room_instead_of_forgetting(broker: Broker) -> None:
    small = QUICK.model_copy(update={"store_fixes_max": 10})
    platform = Platform(gives_receipts=False)
    async with platform.connected(broker), device(broker, policy=small) as made:
        publishing = asyncio.create_task(made.publish(fixes(1000, 25)))
        await platform.until(lambda: platform.received >= 10)
        assert not publishing.done()
        platform.gives_receipts = True
        async with asyncio.timeout(15):
            await publishing
        await drained(made)

    assert len(platform.stored) == 25
    assert made.counts.dropped == 0


async def test_a_stalled_broker_does_not_grow_what_is_in_flight(broker: Broker) -> None:
    async with Platform().connected(broker) as platform, device(broker) as made:
        await made.publish(fixes(1000, 1))
        await drained(made)
        broker.pause()
        for start in range(2000, 2400, 4):
            made.offer(fixes(start, 4))
        assert len(made._in_flight) <= QUICK.in_flight_messages_max
        broker.resume()
        await drained(made)

        assert len(platform.stored) == 401
