"""Devices over TCP against the whole product: their fixes are read back, whoever dies meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import signal
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tests.ingest.frames import AIS140_NORMAL, QUECLINK_FRI, records
from tests.ingest.tcp import ACCEPTED, Device, moment_ms
from tests.launch.instance import Instance
from tests.launch.waiting import until

HOUR = timedelta(hours=1)
pytestmark = pytest.mark.stack


class Api:
    def __init__(self, stack: Instance) -> None:
        self.http = httpx.Client(base_url=stack.http, timeout=20)
        form = {
            "grant_type": "client_credentials",
            "client_id": "demo-admin",
            "client_secret": "demo-admin-secret",
        }
        token = self.http.post("/v1/oauth/token", data=form).raise_for_status().json()
        self.http.headers["Authorization"] = f"Bearer {token['access_token']}"

    def new_truck(self) -> tuple[str, str]:
        """Its id, and the IMEI that its device is bound to."""
        truck, imei = f"TCP-{secrets.token_hex(4)}", f"99{secrets.randbelow(10**13):013d}"
        self.http.post("/v1/trucks", json={"id": truck}).raise_for_status()
        bound = self.http.patch(f"/v1/devices/{truck}", json={"unique_id": imei})
        bound.raise_for_status()
        return truck, imei

    def position(self, truck: str) -> tuple[float, float, int] | None:
        found = self.http.get(f"/v1/trucks/{truck}/position")
        if found.status_code == httpx.codes.NOT_FOUND:
            return None
        told = found.raise_for_status().json()
        at = datetime.fromisoformat(told["ts"])
        return told["lat"], told["lon"], round(at.timestamp() * 1000)

    def track(self, truck: str) -> list[int]:
        now = datetime.now(UTC)
        span = {"from": (now - HOUR).isoformat(), "to": (now + HOUR).isoformat()}
        told = self.http.get(f"/v1/trucks/{truck}/track", params=span).raise_for_status().json()
        return [
            round(datetime.fromisoformat(one["ts"]).timestamp() * 1000) for one in told["items"]
        ]


@pytest.fixture
def api(stack: Instance) -> Api:
    return Api(stack)


async def connect(stack: Instance, dialect: str) -> Device:
    at = stack.summary["tcp"][dialect]
    return Device(*await asyncio.open_connection(at["host"], at["port"]))


async def signed_in(stack: Instance, imei: str) -> Device:
    """Again and again for a while: a device may be newer than ingest's copy of the directory."""
    found: list[Device] = []

    async def is_in() -> bool:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            made = await connect(stack, "teltonika")
            await made.send(b"\x00\x0f" + imei.encode())
            if await made.hear(1) == ACCEPTED:
                found.append(made)
        return bool(found)

    await until(is_in, within_s=60)
    return found[0]


async def test_a_teltonika_packet_can_be_read_back_when_it_is_answered(
    stack: Instance, api: Api
) -> None:
    truck, imei = api.new_truck()
    times_ms = [moment_ms(age_s) for age_s in (20, 10)]
    device = await signed_in(stack, imei)

    await device.send(records(*times_ms))

    assert await device.hear(4) == b"\x00\x00\x00\x02"
    assert api.position(truck) == (18.5204, 73.8567, times_ms[-1])
    device.hang_up()


async def test_ais_140_and_queclink_arrive(stack: Instance, api: Api) -> None:
    now = datetime.now(UTC)
    ais, queclink = api.new_truck(), api.new_truck()
    packet = AIS140_NORMAL.replace(b"869867036345389", ais[1].encode())
    packet = packet.replace(b"25022019,051716", now.strftime("%d%m%Y,%H%M%S").encode())
    report = QUECLINK_FRI.replace(b"868487004353181", queclink[1].encode())
    report = report.replace(b"20210608064328", now.strftime("%Y%m%d%H%M%S").encode())

    async def arrive() -> bool:
        for dialect, frame in (("ais140", packet + b"\r\n"), ("queclink", report)):
            device = await connect(stack, dialect)
            await device.send(frame)
            device.finish()
            await device.hears_end()
        return api.position(ais[0]) is not None and api.position(queclink[0]) is not None

    await until(arrive, within_s=60)
    assert (api.position(ais[0]) or ())[:2] == (25.12891, 75.85587833)
    assert (api.position(queclink[0]) or ())[:2] == (22.537178, 114.015515)


async def test_a_killed_worker_loses_nothing_that_it_did_not_answer(
    stack: Instance, api: Api
) -> None:
    truck, imei = api.new_truck()
    device = await signed_in(stack, imei)
    packet = records(*(moment_ms(age_s) for age_s in (30, 20, 10)))
    (worker,) = stack.processes()["ingest_worker"]
    await device.send(packet)
    os.kill(worker, signal.SIGKILL)
    await device.hears_end()
    device.hang_up()

    again = await signed_in(stack, imei)
    await again.send(packet)

    assert await again.hear(4) == b"\x00\x00\x00\x03"
    assert len(api.track(truck)) == 3
    again.hang_up()
