"""Devices of other makes against the whole product: each way in, and commands on their way out."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from serve.identity.development import DEVICE_SECRET
from tests.launch.device import Device, may_connect
from tests.launch.instance import Instance
from tests.launch.waiting import until

pytestmark = pytest.mark.stack

TENANT = "demo"


@pytest.fixture
async def http(stack: Instance) -> AsyncIterator[httpx.AsyncClient]:
    """An administrator of the tenant."""
    form = {"grant_type": "client_credentials"}
    async with httpx.AsyncClient(base_url=stack.http, timeout=30) as client:
        admin = (f"{TENANT}-admin", f"{TENANT}-admin-secret")
        told = (await client.post("/v1/oauth/token", data=form, auth=admin)).json()
        client.headers["Authorization"] = f"Bearer {told['access_token']}"
        yield client


@pytest.fixture
async def anybody() -> AsyncIterator[httpx.AsyncClient]:
    """Without a token."""
    async with httpx.AsyncClient(timeout=30) as client:
        yield client


@pytest.fixture
async def truck(http: httpx.AsyncClient) -> str:
    name = f"DOOR-{secrets.token_hex(4)}"
    made = await http.post("/v1/trucks", json={"id": name})
    assert made.status_code == httpx.codes.CREATED
    return name


async def answers(client: httpx.AsyncClient, url: str, **options: Any) -> dict[str, Any]:
    """What it says as soon as it says that all is well."""
    said: list[dict[str, Any]] = []

    async def is_well() -> bool:
        answer = await client.get(url, **options)
        if answer.status_code == httpx.codes.OK:
            said.append(answer.json())
        return bool(said)

    await until(is_well)
    return said[-1]


async def signed_in(stack: Instance, truck: str) -> Device:
    """Once the broker knows it."""
    user = f"{TENANT}/{truck}"
    await until(lambda: may_connect(stack.mqtt_port, user, DEVICE_SECRET))
    made = Device(stack.mqtt_port, user, DEVICE_SECRET, f"door-{truck}", clean=True)
    assert made.connect() == 0
    return made


async def test_traccar_client_at_its_own_port(
    stack: Instance, http: httpx.AsyncClient, anybody: httpx.AsyncClient, truck: str
) -> None:
    url = stack.summary["osmand"]
    query = {"id": f"{TENANT}/{truck}", "lat": "19.25", "lon": "72.8", "speed": "10"}

    told = await answers(anybody, url, params=query)
    found = (await http.get(f"/v1/trucks/{truck}/position")).json()
    nobody = await anybody.get(url, params=query | {"id": "nobody"})

    assert told["results"][0]["result"] == "stored"
    assert (found["lat"], round(found["speed_kmh"], 1)) == (19.25, 18.5)
    assert nobody.status_code == httpx.codes.NOT_FOUND


async def test_a_device_over_http_is_answered_after_the_commit(
    stack: Instance, http: httpx.AsyncClient, anybody: httpx.AsyncClient, truck: str
) -> None:
    auth = httpx.BasicAuth(f"{TENANT}/{truck}", DEVICE_SECRET)
    fix = {"ts": int(time.time() * 1000), "lat": 19.5, "lon": 72.8}
    url = f"{stack.http}/v1/ingest/positions"
    told: list[dict[str, Any]] = []

    async def is_taken() -> bool:
        answer = await anybody.post(url, json=fix, auth=auth)
        if answer.status_code == httpx.codes.OK:
            told.append(answer.json())
        return bool(told)

    await until(is_taken)
    found = (await http.get(f"/v1/trucks/{truck}/position")).json()
    again = (await anybody.post(url, json=fix, auth=auth)).json()

    assert (told[0]["stored"], found["lat"], again["repeated"]) == (1, 19.5, 1)


async def test_owntracks_over_mqtt(stack: Instance, http: httpx.AsyncClient, truck: str) -> None:
    made = await signed_in(stack, truck)
    told = {"_type": "location", "tst": int(time.time()), "lat": 20.5, "lon": 73.5, "vel": 61}
    topic = f"owntracks/{TENANT}/{truck}"
    made.publish(topic, b'{"_type":"lwt","tst":1}')
    made.publish(topic, json.dumps(told).encode())

    found = await answers(http, f"/v1/trucks/{truck}/position")
    made.close()

    assert (found["lat"], found["speed_kmh"]) == (20.5, 61)


async def test_teltonika_over_mqtt_by_its_imei(
    stack: Instance, http: httpx.AsyncClient, truck: str
) -> None:
    imei = f"86{secrets.randbelow(10**13):013d}"
    bound = await http.patch(
        f"/v1/devices/{truck}", json={"unique_id": imei}, headers={"If-Match": "*"}
    )
    assert bound.status_code == httpx.codes.OK, bound.text
    told = {"ts": int(time.time() * 1000), "latlng": "21.5,74.5", "sat": 9, "sp": 47, "239": 1}
    body = json.dumps({"state": {"reported": told}}).encode()
    made = await signed_in(stack, truck)

    async def arrives() -> bool:
        # The broker may learn of the binding a moment later, and drops what it does not allow.
        made.publish(f"teltonika/{imei}/data", body)
        answer = await http.get(f"/v1/trucks/{truck}/position")
        return answer.status_code == httpx.codes.OK

    await until(arrives)
    made.close()

    found = (await http.get(f"/v1/trucks/{truck}/position")).json()
    assert (found["lat"], found["ignition"]) == (21.5, True)


async def test_a_command_reaches_its_device_and_the_answer_us(
    stack: Instance, http: httpx.AsyncClient, truck: str
) -> None:
    made = (await http.post(f"/v1/trucks/{truck}/commands", json={"kind": "reboot"})).json()
    path, own = f"/v1/trucks/{truck}/commands/{made['id']}", f"v1/{TENANT}/trucks/{truck}"
    there = await signed_in(stack, truck)
    assert there.subscribe(f"{own}/commands") == 1
    there.publish(f"{own}/status", b"online", retain=True)
    # Whether it was sent before the device came or not.
    await until(lambda: bool(there.received))
    topic, payload = there.received[0]
    assert (topic, json.loads(payload)["id"]) == (f"{own}/commands", made["id"])

    there.publish(f"{own}/status", json.dumps({"command": made["id"], "result": "done"}).encode())

    async def is_acknowledged() -> bool:
        return bool((await http.get(path)).json()["state"] == "acknowledged")

    await until(is_acknowledged)
    there.close()
    assert (await http.get(f"/v1/devices/{truck}")).json()["is_online"] is True
