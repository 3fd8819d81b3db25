"""The live feed end to end: a fix committed by a shard, published, and drawn by a viewer."""

from __future__ import annotations

import asyncio
import json

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from config.policy import Policy
from serve.gateway import Gateway
from serve.identity.permissions import Role
from store import fences, trucks
from store.postgres import AnyPool, as_tenant
from store.tenants import Tenant
from tests.launch.waiting import until
from tests.serve.conftest import token_for
from tests.serve.in_process import InProcessActors, now_ms
from tests.serve.watching import INDIA, WAIT_S, watching

DELHI = {"lat": 28.6139, "lon": 77.209}
MUMBAI = {"lat": 19.076, "lon": 72.8777}
AROUND_DELHI = [76.0, 27.0, 79.0, 30.0]
SQUARE = {
    "type": "Polygon",
    "coordinates": [[[77, 28], [78, 28], [78, 29], [77, 29], [77, 28]]],
}

Live = tuple[str, Gateway]


async def make_trucks(app: AnyPool, tenant: Tenant, *ids: str) -> list[int]:
    async with as_tenant(app, tenant.key) as conn:
        return [
            (
                await trucks.create(
                    conn,
                    tenant.key,
                    id=truck_id,
                    registration=None,
                    truck_class=None,
                    capacity_t=None,
                    secret_hash=None,
                )
            ).key
            for truck_id in ids
        ]


async def draw_fence(app: AnyPool, tenant: Tenant) -> None:
    async with as_tenant(app, tenant.key) as conn:
        await fences.create(conn, tenant.key, id="yard", name="Yard", kind=None, shape=SQUARE)


async def test_a_fix_is_drawn_where_the_viewer_looks(
    live_url: Live, actors: InProcessActors, app: AnyPool, tenant: Tenant
) -> None:
    url, gateway = live_url
    delhi, mumbai = await make_trucks(app, tenant, "DEL-1", "BOM-1")
    async with watching(url, token_for(gateway, tenant)) as watcher:
        hello = await watcher.hear()
        await watcher.subscribe(AROUND_DELHI)

        await actors.report(
            tenant.key,
            [
                {"truck_key": delhi, **DELHI, "speed_kmh": 43.2, "heading_deg": 91.5},
                {"truck_key": mumbai, **MUMBAI},
            ],
        )
        await watcher.until(lambda: bool(watcher.map))

        assert hello == {
            "type": "hello",
            "tenant": tenant.id,
            "interval_ms": gateway.policy.live.interval_ms,
        }
        assert list(watcher.map) == ["DEL-1"]
        row = watcher.map["DEL-1"]
        assert (row["lat_e7"], row["lon_e7"]) == (286139000, 772090000)
        assert (row["speed_dkmh"], row["heading_ddeg"], row["status"]) == (432, 915, 1)
        assert 0 <= row["age_ms"] < 10_000


async def test_who_comes_later_sees_what_is_there(
    live_url: Live, actors: InProcessActors, app: AnyPool, tenant: Tenant
) -> None:
    url, gateway = live_url
    (key,) = await make_trucks(app, tenant, "DEL-1")
    await actors.report(tenant.key, [{"truck_key": key, **DELHI}], publish=False)

    async with watching(url, token_for(gateway, tenant)) as watcher:
        await watcher.subscribe(None)
        await watcher.until(lambda: bool(watcher.map))

        assert watcher.frames[0].is_snapshot
        assert watcher.map["DEL-1"]["speed_dkmh"] == 0xFFFF


async def test_a_truck_that_leaves_the_viewport_is_taken_off(
    live_url: Live, actors: InProcessActors, app: AnyPool, tenant: Tenant
) -> None:
    url, gateway = live_url
    (key,) = await make_trucks(app, tenant, "DEL-1")
    start_ms = now_ms()
    async with watching(url, token_for(gateway, tenant)) as watcher:
        await watcher.subscribe(AROUND_DELHI)
        await actors.report(tenant.key, [{"truck_key": key, "ts_ms": start_ms, **DELHI}])
        await watcher.until(lambda: bool(watcher.map))

        await actors.report(tenant.key, [{"truck_key": key, "ts_ms": start_ms + 1, **MUMBAI}])
        await watcher.until(lambda: not watcher.map)

        await watcher.subscribe(INDIA)
        await watcher.until(lambda: bool(watcher.map))
        assert watcher.frames[-1].is_snapshot
        assert [frame.seq for frame in watcher.frames] == list(range(1, len(watcher.frames) + 1))


async def test_a_deleted_truck_disappears(
    live_url: Live, actors: InProcessActors, app: AnyPool, tenant: Tenant
) -> None:
    url, gateway = live_url
    (key,) = await make_trucks(app, tenant, "DEL-1")
    async with watching(url, token_for(gateway, tenant)) as watcher:
        await watcher.subscribe(INDIA)
        await actors.report(tenant.key, [{"truck_key": key, **DELHI}])
        await watcher.until(lambda: bool(watcher.map))

        async with as_tenant(app, tenant.key) as conn:
            await trucks.delete(conn, "DEL-1")

        await watcher.until(lambda: not watcher.map)


async def test_the_same_in_json(
    live_url: Live, actors: InProcessActors, app: AnyPool, tenant: Tenant
) -> None:
    url, gateway = live_url
    (key,) = await make_trucks(app, tenant, "DEL-1")
    ts_ms = now_ms() // 1000 * 1000 + 7
    async with watching(url, token_for(gateway, tenant), "?format=json") as watcher:
        await watcher.subscribe(INDIA)
        await actors.report(
            tenant.key, [{"truck_key": key, **DELHI, "ts_ms": ts_ms, "speed_kmh": 43.2}]
        )
        await watcher.until(lambda: any(m["trucks"] for m in watcher.of_type("positions")))

        (truck,) = watcher.of_type("positions")[-1]["trucks"]
        assert truck.pop("ts").endswith(".007Z")
        assert truck == {
            "id": "DEL-1",
            **DELHI,
            "speed_kmh": 43.2,
            "heading_deg": None,
            "status": "moving",
        }


async def test_events_are_told_and_missed_ones_come_on_resuming(
    live_url: Live, actors: InProcessActors, app: AnyPool, tenant: Tenant
) -> None:
    url, gateway = live_url
    token = token_for(gateway, tenant)
    (key,) = await make_trucks(app, tenant, "DEL-1")
    await draw_fence(app, tenant)
    start_ms = now_ms() - 60_000
    async with watching(url, token) as first:
        await first.subscribe(INDIA)
        await actors.report(tenant.key, [{"truck_key": key, "ts_ms": start_ms, **DELHI}])
        await first.until(lambda: first.events() == ["truck.fence.entered"])
        told = len(first.of_type("resume"))
        await first.until(lambda: len(first.of_type("resume")) > told)
        place = first.of_type("resume")[-1]["token"]
    for second, where in enumerate([MUMBAI, DELHI], start=1):
        moved = {"truck_key": key, "ts_ms": start_ms + second * 1000, **where}
        await actors.report(tenant.key, [moved])

    async with watching(url, token) as again:
        await again.subscribe(INDIA, resume=place)
        await again.until(lambda: bool(again.frames))

        assert again.events() == ["truck.fence.exited", "truck.fence.entered"]
        (frame_event,) = [m for m in first.told if m["type"] == "event"]
        assert frame_event["subject"] == "trucks/DEL-1"
        assert frame_event["data"]["fence"]
        assert again.map["DEL-1"]["lat_e7"] == 286139000


async def test_events_lost_by_redis_come_from_the_log(
    live_url: Live, actors: InProcessActors, app: AnyPool, tenant: Tenant
) -> None:
    url, gateway = live_url
    (key,) = await make_trucks(app, tenant, "DEL-1")
    await draw_fence(app, tenant)
    async with watching(url, token_for(gateway, tenant)) as watcher:
        await watcher.subscribe(INDIA)
        await watcher.until(lambda: bool(watcher.frames))
        await actors.report(tenant.key, [{"truck_key": key, **DELHI}], publish=False)

        await cut_redis_connections(actors)
        await watcher.until(lambda: bool(watcher.events() and watcher.map))

        assert watcher.events() == ["truck.fence.entered"]


async def test_the_feed_goes_on_while_redis_says_nothing(
    live_url: Live, actors: InProcessActors, app: AnyPool, tenant: Tenant, quick: Policy
) -> None:
    url, gateway = live_url
    object.__setattr__(quick.live, "silence_s", 0.1)
    (key,) = await make_trucks(app, tenant, "DEL-1")
    await draw_fence(app, tenant)
    async with watching(url, token_for(gateway, tenant)) as watcher:
        await watcher.subscribe(INDIA)
        await watcher.until(lambda: bool(watcher.frames))

        await actors.report(tenant.key, [{"truck_key": key, **DELHI}], publish=False)

        await watcher.until(lambda: bool(watcher.map and watcher.events()))


async def cut_redis_connections(actors: InProcessActors) -> None:
    await actors.bus._redis.client_kill_filter(_type="pubsub")


async def test_a_replica_listens_only_while_somebody_looks(
    live_url: Live, actors: InProcessActors, app: AnyPool, tenant: Tenant
) -> None:
    url, gateway = live_url
    (key,) = await make_trucks(app, tenant, "DEL-1")

    async def listens() -> bool:
        return bool(await actors.bus._redis.pubsub_numpat())

    async def report() -> None:
        await actors.report(tenant.key, [{"truck_key": key, "ts_ms": now_ms(), **DELHI}])

    async def is_silent() -> bool:
        return not await listens()

    await until(is_silent)  # who listened for the test before may still be leaving
    for _ in range(2):
        async with watching(url, token_for(gateway, tenant)) as watcher:
            await watcher.subscribe(INDIA)
            await until(listens)
            await report()
            await watcher.until(lambda: bool(watcher.map))
        async with asyncio.timeout(WAIT_S):
            while await listens():
                await report()


async def test_a_neighbour_sees_and_hears_nothing(
    live_url: Live, actors: InProcessActors, app: AnyPool, tenant: Tenant, other_tenant: Tenant
) -> None:
    url, gateway = live_url
    (mine,) = await make_trucks(app, tenant, "MINE")
    (theirs,) = await make_trucks(app, other_tenant, "THEIRS")
    await draw_fence(app, tenant)
    async with (
        watching(url, token_for(gateway, tenant)) as here,
        watching(url, token_for(gateway, other_tenant)) as there,
    ):
        await here.subscribe(None)
        await there.subscribe(None)
        await actors.report(tenant.key, [{"truck_key": mine, **DELHI}])
        await here.until(lambda: bool(here.map and here.events()))
        await actors.report(other_tenant.key, [{"truck_key": theirs, **DELHI}])
        await there.until(lambda: bool(there.map))

        place = here.of_type("resume")
        await here.until(lambda: bool(here.of_type("resume")))
        place = here.of_type("resume")[-1]["token"]
        await there.subscribe(None, resume=place)
        frames_before = len(there.frames)
        await there.until(lambda: len(there.frames) > frames_before)

        assert set(there.names.values()) == {"THEIRS"}
        assert there.events() == []
        assert set(here.names.values()) == {"MINE"}


async def test_a_browsers_token_comes_as_a_subprotocol(live_url: Live, tenant: Tenant) -> None:
    url, gateway = live_url
    protocol = "ubertruck.bearer." + token_for(gateway, tenant)

    async with connect(f"ws://{url}/v1/live", subprotocols=[protocol]) as socket:  # type: ignore[list-item]
        assert socket.subprotocol == protocol
        assert json.loads(await socket.recv())["type"] == "hello"


@pytest.mark.parametrize("kind", ["none", "bad", "expired", "without permission"])
async def test_who_may_not_look_is_refused_before_the_upgrade(
    live_url: Live, tenant: Tenant, kind: str
) -> None:
    url, gateway = live_url
    token = {
        "none": "",
        "bad": "x.y.z",
        "expired": token_for(gateway, tenant, now_s=1_000_000_000),
        "without permission": token_for(gateway, tenant, Role.SHIPPER),
    }[kind]

    with pytest.raises(InvalidStatus) as refused:
        async with watching(url, token):
            pass

    response = refused.value.response
    assert response.status_code == (403 if kind == "without permission" else 401)
    assert response.headers["content-type"] == "application/problem+json"


async def test_an_odd_message_is_answered_and_forgiven(live_url: Live, tenant: Tenant) -> None:
    url, gateway = live_url
    odd = ["", "null", "[]", '{"type":"dance"}', '{"type":"subscribe","bbox":[1,2]}']
    odd += ['{"type":"subscribe","bbox":[1,2,3,null]}', '{"type":"subscribe","resume":"x"}']
    async with watching(url, token_for(gateway, tenant)) as watcher:
        await watcher.hear()
        for text in odd:
            await watcher.socket.send(text)
            answer = await watcher.hear()
            assert isinstance(answer, dict)
            assert answer["type"] == "error", text
        await watcher.say(type="ping")
        assert await watcher.hear() == {"type": "pong"}


async def test_a_message_too_long_closes(live_url: Live, tenant: Tenant) -> None:
    url, gateway = live_url
    async with watching(url, token_for(gateway, tenant)) as watcher:
        await watcher.socket.send("x" * (gateway.policy.live.message_bytes_max + 1))
        with pytest.raises(ConnectionClosed) as closed:
            await watcher.until(lambda: False)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1009


async def test_a_token_that_expires_closes(live_url: Live, tenant: Tenant) -> None:
    url, gateway = live_url
    almost = now_ms() // 1000 - gateway.policy.api.token_ttl_s + 2
    async with watching(url, token_for(gateway, tenant, now_s=almost)) as watcher:
        await watcher.subscribe(None)
        with pytest.raises(ConnectionClosed) as closed:
            await watcher.until(lambda: False)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4401


async def test_nothing_is_compressed(live_url: Live, tenant: Tenant) -> None:
    url, gateway = live_url
    async with watching(url, token_for(gateway, tenant)) as watcher:
        assert watcher.socket.protocol.extensions == []


async def test_server_sent_events_say_the_same(
    live_url: Live, actors: InProcessActors, app: AnyPool, tenant: Tenant
) -> None:
    url, gateway = live_url
    (key,) = await make_trucks(app, tenant, "DEL-1")
    await draw_fence(app, tenant)
    headers = {"Authorization": f"Bearer {token_for(gateway, tenant)}"}
    query = {"bbox": "68,6,98,37"}
    async with (
        httpx.AsyncClient() as client,
        client.stream(
            "GET", f"http://{url}/v1/live/events", params=query, headers=headers
        ) as answer,
    ):
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = answer.aiter_lines()
        assert await anext(lines) == "event: hello"
        await actors.report(tenant.key, [{"truck_key": key, **DELHI}])
        seen: set[str] = set()
        named = False
        async for line in lines:
            if line.startswith("event: "):
                seen.add(line.removeprefix("event: "))
            named |= line.startswith("id: ")
            if line.startswith("data: ") and '"DEL-1"' in line:
                assert json.loads(line.removeprefix("data: "))["trucks"]
            if {"positions", "event", "resume"} <= seen:
                break
        assert named
