"""Devices over TCP with a real store behind: answered when Postgres has it, stored once."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator

import pytest

from config.policy import policy
from ingest.delivery import Delivery
from ingest.direct import DirectDoor
from ingest.tcp_door import TcpDoor
from ingest.tcp_listener import TcpListener
from ingest.topics import AddressBook
from ingest.windows import WindowReader
from store.directory import TruckDirectory
from store.postgres import AnyPool, as_tenant
from store.tenants import Tenant
from tests.ingest.frames import records
from tests.ingest.tcp import ACCEPTED, Device, moment_ms
from tests.ingest.test_direct import Shard, imei_of, make_truck
from tests.launch.waiting import until

pytestmark = pytest.mark.postgres

THREE = b"\x00\x00\x00\x03"


class Yard:
    """A Teltonika port of a tenant whose truck T1 has a device with an IMEI."""

    def __init__(self, app: AnyPool, telemetry: AnyPool, system: AnyPool, tenant: Tenant) -> None:
        self.tenant = tenant
        self.app = app
        self.login = b"\x00\x0f" + imei_of(tenant).encode()
        self.shard = Shard(telemetry)
        self.directory = TruckDirectory()
        self.addresses = AddressBook(1)
        self.counts: Counter[str] = Counter()
        limits = policy().ingest.model_copy(update={"retry_wait_s_min": 1e-6})
        delivery = Delivery(
            shards=[self.shard],
            limits=limits,
            counts=self.counts,
            of_truck=self.addresses.of_truck,
            telemetry=telemetry,
            system=system,
        )
        reader = WindowReader(self.addresses.find, limits.admission)
        self.direct = DirectDoor(reader, delivery, telemetry)
        find, entry_of = self.addresses.find, self.directory.by_key.get
        door = TcpDoor(find, entry_of, self.direct, delivery, self.counts)
        self.listener = TcpListener("teltonika", door)
        self.number = 0

    async def connect(self) -> Device:
        made = Device(*await asyncio.open_connection("127.0.0.1", self.number))
        await made.send(self.login)
        return made

    async def times_ms(self) -> list[int]:
        async with as_tenant(self.app, self.tenant.key) as conn:
            rows = await conn.fetch("SELECT extract(epoch FROM ts) * 1000 AS at FROM fixes")
        return sorted(int(row["at"]) for row in rows)

    async def rejections(self) -> list[tuple[str, bytes]]:
        async with as_tenant(self.app, self.tenant.key) as conn:
            rows = await conn.fetch("SELECT reason, raw FROM rejections ORDER BY id")
        return [(row["reason"], row["raw"]) for row in rows]


@pytest.fixture
async def yard(
    app: AnyPool, telemetry: AnyPool, system: AnyPool, tenant: Tenant
) -> AsyncIterator[Yard]:
    await make_truck(app, tenant, "T1")
    async with as_tenant(app, tenant.key) as conn:
        await conn.execute(
            "UPDATE device_credentials SET unique_id = $1 WHERE id = 'T1'", imei_of(tenant)
        )
    made = Yard(app, telemetry, system, tenant)
    made.addresses.learn(await made.directory.refresh(system))
    running = asyncio.create_task(made.direct.run())
    server = await asyncio.start_server(made.listener.accept, "127.0.0.1", 0)
    made.number = server.sockets[0].getsockname()[1]
    async with server:
        yield made
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


async def test_a_packet_is_answered_when_it_can_be_read_back(yard: Yard) -> None:
    times_ms = [moment_ms(age_s) for age_s in (3, 2, 1)]
    truck = await yard.connect()
    await truck.send(records(*times_ms))

    assert await truck.hear(5) == ACCEPTED + THREE
    assert await yard.times_ms() == times_ms
    truck.hang_up()


async def test_what_is_sent_again_after_a_lost_answer_is_stored_once(yard: Yard) -> None:
    packet = records(*(moment_ms(age_s) for age_s in (3, 2, 1)))
    yard.shard.is_away = True
    cut = await yard.connect()
    await cut.send(packet)
    assert await cut.hear(1) == ACCEPTED
    await until(lambda: yard.counts["tcp_frames_total"] == 2)
    cut.hang_up()

    again = await yard.connect()
    await again.send(packet)
    assert await again.hear(1) == ACCEPTED
    yard.shard.is_away = False

    assert await again.hear(4) == THREE
    assert len(await yard.times_ms()) == 3
    again.hang_up()


async def test_what_cannot_be_taken_is_kept_with_its_reason_and_bytes(yard: Yard) -> None:
    far_ahead = moment_ms(-100_000)
    truck = await yard.connect()
    packet = records(moment_ms(), far_ahead)
    await truck.send(packet)
    assert await truck.hear(5) == ACCEPTED + b"\x00\x00\x00\x02"
    spoilt = packet[:-1] + bytes([packet[-1] ^ 0xFF])
    await truck.send(spoilt)
    assert await truck.hear(4) == b"\x00\x00\x00\x00"

    assert await yard.rejections() == [("future", packet), ("checksum", spoilt)]
    truck.hang_up()
