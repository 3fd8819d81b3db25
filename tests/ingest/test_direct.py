"""Doors of our own: every fix is answered for after its commit, and a full house says so."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from actors.doors import Form, HttpFixes, HttpTaken, Trouble
from actors.handles import ActorAwayError, BatchRefusedError
from actors.life import now_ms
from config.policy import Snapshot, policy, process_settings
from freight.fixes import FixBatch
from ingest.decode import native
from ingest.delivery import Delivery
from ingest.direct import BusyError, DirectDoor, Fate
from ingest.http_door import HttpDoor
from ingest.messages import Message, Parcel
from ingest.topics import AddressBook
from ingest.windows import WindowReader
from serve.fleet.device_secrets import hash_secret
from store import fixes, trucks
from store.directory import TruckDirectory
from store.postgres import AnyPool, as_tenant
from store.tenants import Tenant
from tests.launch.waiting import until

pytestmark = pytest.mark.postgres

SHARD = 9_100
SECRET = "its-secret"


class Shard:
    """Stores as the real one does, as far as a door can see."""

    def __init__(self, telemetry: AnyPool) -> None:
        self._telemetry = telemetry
        self.is_away = False
        self.trips_over: set[int] = set()
        self.batches = 0

    async def fold(self, batch: FixBatch) -> int:
        if self.is_away:
            raise ActorAwayError("killed by this test")
        if self.trips_over & set(batch.fixes["seq"].tolist()):
            raise BatchRefusedError("KeyError: 17")
        self.batches += 1
        async with self._telemetry.acquire() as conn:
            await fixes.ensure_partitions(conn, fixes.days_of(batch.fixes))
            await fixes.insert_older(conn, batch.fixes, batch.extras, SHARD, self.batches)
        return now_ms()


class House:
    """The door with a tenant's truck T1, bound to an IMEI, and a neighbour's T1 and T2."""

    def __init__(self, telemetry: AnyPool, system: AnyPool, tenant: Tenant) -> None:
        self.shard = Shard(telemetry)
        self.tenant = tenant
        self.directory = TruckDirectory()
        self.addresses = AddressBook(1)
        self._system = system
        limits = policy().ingest.model_copy(update={"retry_wait_s_min": 1e-6})
        self.reader = WindowReader(self.addresses.find, limits.admission)
        self.delivery = Delivery(
            shards=[self.shard],
            limits=limits,
            counts=Counter(),
            of_truck=self.addresses.of_truck,
            telemetry=telemetry,
            system=system,
        )
        self.direct = DirectDoor(self.reader, self.delivery, telemetry)
        self.http = HttpDoor(self.directory, self.addresses, self.direct)

    async def learn(self) -> None:
        self.addresses.learn(await self.directory.refresh(self._system))

    async def post(self, body: object, **more: Any) -> HttpTaken:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        asked = HttpFixes(Form.POSITIONS, now_ms(), raw, tenant=self.tenant.id, **more)
        return await self.http.take(asked)

    async def osmand(self, query: str, **more: Any) -> HttpTaken:
        return await self.http.take(HttpFixes(Form.OSMAND, now_ms(), b"", query.encode(), **more))


async def make_truck(app: AnyPool, tenant: Tenant, name: str) -> None:
    async with as_tenant(app, tenant.key) as conn:
        await trucks.create(
            conn,
            tenant.key,
            id=name,
            registration=None,
            truck_class=None,
            capacity_t=None,
            secret_hash=hash_secret(SECRET),
        )


@pytest.fixture
async def house(
    app: AnyPool, telemetry: AnyPool, system: AnyPool, tenant: Tenant, other_tenant: Tenant
) -> AsyncIterator[House]:
    ours, theirs = ("T1", "T3", alone(tenant)), ("T1", "T2")
    for owner, name in [*((tenant, t) for t in ours), *((other_tenant, t) for t in theirs)]:
        await make_truck(app, owner, name)
    async with as_tenant(app, tenant.key) as conn:
        await conn.execute(
            "UPDATE device_credentials SET unique_id = $1 WHERE id = 'T1'", imei_of(tenant)
        )
    made = House(telemetry, system, tenant)
    await made.learn()
    running = asyncio.create_task(made.direct.run())
    yield made
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


def alone(tenant: Tenant) -> str:
    """A truck that no other tenant has one of the name of."""
    return f"ONLY{tenant.key}"


def imei_of(tenant: Tenant) -> str:
    return f"86{tenant.key:013d}"


def fix(age_ms: int = 0, **more: object) -> dict[str, object]:
    return {"ts": now_ms() - age_ms, "lat": 19.0, "lon": 72.8} | more


def fates(taken: HttpTaken) -> list[str]:
    assert taken.trouble is None, taken
    return [one.result for one in taken.results]


@pytest.fixture
def with_rules() -> Iterator[Callable[..., None]]:
    """Other values of doors.http or doors.osmand for this test."""
    settings = process_settings()
    before = settings.snapshot

    def change(section: str, **values: object) -> None:
        doors = settings.now.doors
        changed = getattr(doors, section).model_copy(update=values)
        now = settings.now.model_copy(update={"doors": doors.model_copy(update={section: changed})})
        settings.swap(Snapshot(now))

    yield change
    settings.swap(before)


# ------------------------------------------------------------------------- our own form


async def test_each_fix_of_a_device_is_answered_for_in_its_place(house: House) -> None:
    sent = [fix(3000), fix(2000, lat=91), fix(1000), fix(-(10**9)), "nonsense"]

    first = await house.post(sent, truck="T1")
    again = await house.post(sent[:3], truck="T1")

    assert fates(first) == ["stored", "rejected", "stored", "rejected", "rejected"]
    assert [one.reason for one in first.results] == [None, "malformed", None, "future", "malformed"]
    assert "$.lat" in str(first.results[1].detail)
    assert fates(again) == ["repeated", "rejected", "repeated"]


async def test_a_fix_twice_in_one_request_is_stored_once(house: House) -> None:
    one = fix(500)

    assert fates(await house.post([one, one, fix()], truck="T1")) == [
        "stored",
        "repeated",
        "stored",
    ]


async def test_what_comes_at_the_same_time_is_stored_together(house: House) -> None:
    newest_ms = now_ms()
    sent = [fix() | {"ts": newest_ms - i} for i in range(200)]

    answers = await asyncio.gather(*(house.post(one, truck="T1") for one in sent))

    assert [fates(taken) for taken in answers] == [["stored"]] * 200
    assert house.shard.batches < 20


async def test_a_provider_names_the_truck_of_each_fix(
    house: House, telemetry: AnyPool, app: AnyPool
) -> None:
    sent = [fix(truck="T1", cargo="rice"), fix(truck="T3"), fix(truck="T2"), fix()]

    taken = await house.post(sent)

    assert fates(taken) == ["stored", "stored", "rejected", "rejected"], "T2 is a neighbour's"
    assert [one.truck for one in taken.results[:3]] == ["T1", "T3", "T2"]
    assert [one.reason for one in taken.results[2:]] == ["unknown_truck", "unknown_truck"]
    async with as_tenant(app, house.tenant.key) as conn:
        extras = await conn.fetch("SELECT extra FROM fixes ORDER BY truck_key")
        kept = await conn.fetch("SELECT truck, reason FROM rejections ORDER BY id")
    assert [row["extra"] for row in extras] == [{"cargo": "rice"}, None]
    assert [tuple(row) for row in kept] == [("T2", "unknown_truck"), ("", "unknown_truck")]


@pytest.mark.parametrize("body", [b"", b"nonsense", b"17", b'"text"', b"[" * 100_000, b"\xff"])
async def test_what_is_no_position_at_all_is_told(house: House, body: bytes) -> None:
    assert (await house.post(body, truck="T1")).trouble is Trouble.MALFORMED


async def test_more_fixes_than_allowed_and_none_are_refused(
    house: House, with_rules: Callable[..., None]
) -> None:
    with_rules("http", fixes_max=2)

    for body in ([], [fix(), fix(), fix()]):
        assert (await house.post(body, truck="T1")).trouble is Trouble.TOO_MANY_FIXES


async def test_what_no_shard_can_take_is_rejected_and_the_rest_stored(house: House) -> None:
    house.shard.trips_over = {7}

    taken = await house.post([fix(2, seq=6), fix(1, seq=7), fix(0, seq=8)], truck="T1")

    assert fates(taken) == ["stored", "rejected", "stored"]
    assert taken.results[1].reason == "internal"


async def test_while_the_store_is_away_nothing_is_said_to_be_stored(
    house: House, with_rules: Callable[..., None]
) -> None:
    with_rules("http", deadline_s=0.05)
    house.shard.is_away = True
    one = fix()

    assert (await house.post(one, truck="T1")).trouble is Trouble.AWAY

    house.shard.is_away = False
    with_rules("http", deadline_s=10.0)
    await until(lambda: house.shard.batches > 0)
    assert fates(await house.post(one, truck="T1")) == ["repeated"], "it was stored once"


async def test_beyond_what_may_wait_a_request_is_sent_away(
    house: House, with_rules: Callable[..., None]
) -> None:
    with_rules("http", pending_fixes_max=3)

    assert (await house.post([fix(4 - i) for i in range(4)], truck="T1")).trouble is Trouble.BUSY
    assert fates(await house.post([fix(3 - i) for i in range(3)], truck="T1")) == ["stored"] * 3


async def test_a_shard_that_is_away_holds_no_more_than_configured(
    house: House, with_rules: Callable[..., None]
) -> None:
    with_rules("http", pending_fixes_max=2000, window_fixes_max=1000)
    house.shard.is_away = True
    (address,) = house.addresses.named("T3", house.tenant.id)
    raw = json.dumps(fix()).encode()
    parcel = Parcel(address, native.decode(raw, 1), Message(0, "tcp", raw, now_ms()))
    under_way_max = policy().doors.http.in_flight_max * 1000

    waiting: list[asyncio.Task[Any]] = []
    while not any(one.done() for one in waiting):
        waiting.append(asyncio.create_task(house.direct.take([parcel] * 1000)))
        await asyncio.sleep(0)
        assert len(waiting) * 1000 <= under_way_max + 2000 + 1000

    (refused,) = [one for one in waiting if one.done()]
    assert isinstance(refused.exception(), BusyError)
    house.shard.is_away = False
    waiting.remove(refused)
    await asyncio.gather(*waiting)
    assert house.direct.waiting_fixes == 0


# ------------------------------------------------------------------------- OsmAnd's form


async def test_a_device_is_named_by_its_number_its_truck_or_both(house: House) -> None:
    for number, name in enumerate(
        (imei_of(house.tenant), f"{house.tenant.id}/T1", alone(house.tenant))
    ):
        stamp = now_ms() - number
        query = f"id={name}&lat=19&lon=72.8&timestamp={stamp}"
        assert fates(await house.osmand(query)) == ["stored"], name
        assert fates(await house.osmand(query)) == ["repeated"], name


@pytest.mark.parametrize(
    ("query", "trouble"),
    [
        ("lat=19&lon=72.8", Trouble.MALFORMED),
        ("id=NOBODY&lat=19&lon=72.8", Trouble.UNKNOWN),
        ("id=T1&lat=19&lon=72.8", Trouble.UNKNOWN),  # two tenants have one
        ("id=ALONE&lat=19&lon=72.8&key=wrong", Trouble.KEY),
    ],
)
async def test_who_cannot_be_told_is_refused(house: House, query: str, trouble: Trouble) -> None:
    query = query.replace("ALONE", alone(house.tenant))

    assert (await house.osmand(query)).trouble is trouble


async def test_a_bad_fix_of_osmand_is_stored_as_a_rejection(house: House, app: AnyPool) -> None:
    taken = await house.osmand(f"id={alone(house.tenant)}&lat=919&lon=72.8")

    assert fates(taken) == ["rejected"]
    async with as_tenant(app, house.tenant.key) as conn:
        (row,) = await conn.fetch("SELECT truck, topic, reason FROM rejections")
    assert tuple(row) == (alone(house.tenant), "http/osmand", "malformed")


async def test_a_tenant_may_ask_for_the_devices_key(
    house: House, with_rules: Callable[..., None]
) -> None:
    with_rules("osmand", key_required=True)
    query = f"id={alone(house.tenant)}&lat=19&lon=72.8"

    assert (await house.osmand(query)).trouble is Trouble.KEY
    assert fates(await house.osmand(f"{query}&key={SECRET}")) == ["stored"]
    assert fates(await house.osmand(query, tenant=house.tenant.id, truck=alone(house.tenant))) == [
        "stored"
    ]


async def test_guessing_a_key_is_soon_refused_unheard_but_not_what_was_good(
    house: House, with_rules: Callable[..., None]
) -> None:
    with_rules("osmand", failures_per_minute_max=2)
    query = f"id={house.tenant.id}/T1&lat=19&lon=72.8&key="
    assert fates(await house.osmand(query + SECRET)) == ["stored"]

    for _ in range(3):
        assert (await house.osmand(query + "guess")).trouble is Trouble.KEY
    assert fates(await house.osmand(query + SECRET))[0] in {Fate.STORED, Fate.REPEATED}
    for _ in range(2):
        await house.osmand(f"id={alone(house.tenant)}&lat=19&lon=72.8&key=guess")
    query = f"id={alone(house.tenant)}&lat=19&lon=72.8&key={SECRET}"
    assert (await house.osmand(query)).trouble is Trouble.KEY


async def test_a_revoked_device_is_unknown(house: House, app: AnyPool) -> None:
    async with as_tenant(app, house.tenant.key) as conn:
        await conn.execute(
            "UPDATE device_credentials SET revoked_at = now() WHERE id = $1", alone(house.tenant)
        )
    await house.learn()

    assert (
        await house.osmand(f"id={alone(house.tenant)}&lat=19&lon=72.8")
    ).trouble is Trouble.UNKNOWN
