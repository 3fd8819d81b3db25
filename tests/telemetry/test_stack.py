"""On a running stack: a fix is seen all its way, and a booking's lines in every process."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from launch import logs
from telemetry.process import log_folder
from tests.launch.device import Device
from tests.launch.instance import Instance
from tests.launch.waiting import until
from tests.telemetry.collector import Collected, Collector

pytestmark = pytest.mark.stack

LOAD: dict[str, Any] = {
    "load": {"material": "cement", "weight_t": 9},
    "stops": [
        {"kind": "pickup", "place": {"lat": 11.6, "lon": 92.7}},
        {"kind": "drop", "place": {"lat": 12.6, "lon": 92.8}},
    ],
}
PHONE = "9876543210"
# Each step of a fix's way, and in which process.
WAY = {
    "ingest.window": "ingest-worker-0",
    "ingest.read": "ingest-worker-0",
    "ingest.shard": "ingest-worker-0",
    "ingest.confirm": "ingest-worker-0",
    "shard.batch": "truck-shard",
    "shard.fold": "truck-shard",
    "shard.transaction": "truck-shard",
    "store.fixes": "truck-shard",
    "live.publish": "truck-shard",
    "feed.frame": "gateway",
}


@pytest.fixture
async def admin(stack: Instance) -> AsyncIterator[httpx.AsyncClient]:
    form = {"grant_type": "client_credentials", "client_id": "demo-admin"}
    form |= {"client_secret": "demo-admin-secret"}
    async with httpx.AsyncClient(base_url=stack.http, timeout=60, trust_env=False) as client:
        answer = await client.post("/v1/oauth/token", data=form)
        token = answer.raise_for_status().json()["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        yield client


def traceparent() -> tuple[str, str]:
    trace_id = secrets.token_hex(16)
    return trace_id, f"00-{trace_id}-{secrets.token_hex(8)}-01"


async def device_of(stack: Instance, truck: str) -> Device:
    """A new truck is let in within two seconds."""
    device = Device(stack.mqtt_port, f"demo/{truck}", "dev-secret", truck, clean=True)
    await until(lambda: device.connect() == 0, poll_s=0.2)
    return device


@contextlib.asynccontextmanager
async def looking_on(admin: httpx.AsyncClient) -> AsyncIterator[None]:
    """A viewer who was shown all trucks, and reads on."""
    shown = asyncio.Event()

    async def read() -> None:
        async with admin.stream("GET", "/v1/live/events") as feed:
            async for line in feed.aiter_lines():
                if line.startswith("event: positions"):
                    shown.set()

    reading = asyncio.create_task(read())
    await asyncio.wait_for(shown.wait(), 20)
    yield
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)


async def test_one_trace_shows_a_fixs_whole_way(
    stack: Instance, admin: httpx.AsyncClient, collector: Collector
) -> None:
    truck = f"SEEN-{secrets.token_hex(3)}"
    (await admin.post("/v1/trucks", json={"id": truck})).raise_for_status()
    device = await device_of(stack, truck)
    trace_id, header = traceparent()
    fix = {"lat": 11.5, "lon": 92.5, "ts": int(time.time() * 1000), "traceparent": header}

    # Somebody looks on, so that the fix has somewhere to arrive.
    async with looking_on(admin):
        device.publish(f"v1/demo/trucks/{truck}/position", json.dumps(fix).encode())
        await until(lambda: WAY.keys() <= {one.name for one in collector.of(trace_id)})
    device.close()

    seen = {one.name: one for one in collector.of(trace_id)}
    for name, service in WAY.items():
        assert seen[name].service.startswith(service), name
        assert seen[name].span.end_time_unix_nano >= seen[name].span.start_time_unix_nano
    by_id = {one.span.span_id: one for one in collector.of(trace_id)}
    assert [one.name for one in _ancestors(seen["store.fixes"], by_id)] == [
        *("shard.transaction", "shard.batch", "actor.call", "ingest.shard", "ingest.window")
    ]
    assert seen["ingest.window"].span.parent_span_id.hex() == header.split("-")[2]


def _ancestors(one: Collected, by_id: dict[bytes, Collected]) -> list[Collected]:
    found = []
    parent = by_id.get(one.span.parent_span_id)
    while parent is not None:
        found.append(parent)
        parent = by_id.get(parent.span.parent_span_id)
    return found


async def test_one_id_finds_every_line_of_a_booking_in_every_process(
    stack: Instance, admin: httpx.AsyncClient, collector: Collector
) -> None:
    correlation, (trace_id, header) = f"order-{secrets.token_hex(4)}", traceparent()
    contact = {"name": "A clerk", "phone": f"+91 {PHONE}"}
    stops = [{**LOAD["stops"][0], "contact": contact}, LOAD["stops"][1]]
    given = {"X-Correlation-ID": correlation, "traceparent": header}

    made = await admin.post("/v1/bookings", json={**LOAD, "stops": stops}, headers=given)
    booking = made.raise_for_status().json()["id"]
    ended = f"/v1/bookings/{booking}/cancel"
    answer = await admin.post(ended, json={"reason": "no load"}, headers=given)
    answer.raise_for_status()
    folder = log_folder(stack.data_dir)

    def lines() -> list[dict[str, Any]]:
        return logs.lines(folder, {"correlation_id": correlation})

    services = {"gateway", "booking-shard", "outbox-relay", "watch", "messenger"}
    await until(lambda: services <= {line["service"].removesuffix("-0") for line in lines()})
    found = lines()

    assert {line.get("booking") for line in found} <= {booking, None}
    assert {line["tenant"] for line in found} == {"demo"}
    assert {line["trace_id"] for line in found} == {trace_id}
    assert [line["time"] for line in found] == sorted(line["time"] for line in found)
    assert PHONE not in "".join(path.read_text() for path in folder.iterdir())
    # What it came to is told in the facts, too, without changing them.
    events = await admin.get("/v1/events", params={"booking": booking})
    assert {event["correlationid"] for event in events.json()["items"]} == {correlation}
    await until(lambda: "relay.announce" in {one.name for one in collector.of(trace_id)})
