"""Last positions on their way to the live feed: conflated, and never a queue that grows."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import numpy as np
import pytest

from actors.live_publisher import LivePublisher
from freight.tracking.columns import LastArray, TruckColumns, TruckState
from freight.tracking.sample import Sample
from freight.tracking.tracked import Tracked
from store.live_bus import LiveBus

TRUCKS = 5


class StuckBus(LiveBus):
    """A Redis that answers only when told to."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.sent: list[LastArray] = []
        self.answer = True

    async def publish_positions(self, _tenant_key: int, rows: LastArray) -> bool:
        await self.gate.wait()
        self.sent.append(rows)
        return self.answer


@pytest.fixture
def columns() -> TruckColumns:
    found = TruckColumns()
    for key in range(TRUCKS):
        good = Sample(1000, 1000, 10.0 + key, 70.0)
        found.restore(TruckState(1000, Tracked(1 + key % 2, key, seen_ms=1000, good=good)))
    return found


async def until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110 - the publisher gives no sign of its own
        await asyncio.sleep(0)


async def test_while_redis_hangs_each_truck_waits_once_with_its_newest_position(
    columns: TruckColumns,
) -> None:
    bus = StuckBus()
    publisher = LivePublisher(bus, columns, 0.001)
    with publisher.running():
        for second in range(1000):
            columns.last["ts_ms"][:TRUCKS] = 1000 + second
            publisher.mark(np.arange(TRUCKS))
            await asyncio.sleep(0)
        bus.gate.set()
        await until(lambda: publisher.values()["live_rows_sent_total"] >= 2 * TRUCKS)

    # What hung, and one more round for all that was marked meanwhile; a message per tenant.
    assert sum(map(len, bus.sent)) == 2 * TRUCKS
    assert {int(ts) for ts in np.concatenate(bus.sent[-2:])["ts_ms"]} == {1999}


async def test_each_message_holds_one_tenants_trucks(columns: TruckColumns) -> None:
    bus = StuckBus()
    bus.gate.set()
    publisher = LivePublisher(bus, columns, 0.001)
    with publisher.running():
        publisher.mark(np.arange(TRUCKS))
        await until(lambda: len(bus.sent) == 2)

    assert [set(rows["tenant_key"].tolist()) for rows in bus.sent] == [{1}, {2}]


async def test_what_redis_does_not_take_is_counted(columns: TruckColumns) -> None:
    bus = StuckBus()
    bus.gate.set()
    bus.answer = False
    publisher = LivePublisher(bus, columns, 0.001)
    with publisher.running():
        publisher.mark(np.arange(1))
        await until(lambda: publisher.values()["live_publish_failures_total"] == 1)

    assert publisher.values()["live_rows_sent_total"] == 0
