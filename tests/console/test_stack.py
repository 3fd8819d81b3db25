"""The whole thread on the real stack: a device's fix becomes a truck on the dispatcher's map."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterator
from typing import Any

import httpx
import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from playwright.sync_api import Browser

from launch.console_build import build
from tests.console.browser import Console, chromium
from tests.launch.instance import Instance

pytestmark = [pytest.mark.browser, pytest.mark.stack]

# Off the coast, where nobody else's truck drives.
LAT, LON = 15.0, 70.0
MOVING_COLOUR = (0x2F, 0xD0, 0x8C)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    build()
    with chromium() as opened:
        yield opened


def new_truck(http: str) -> str:
    truck = f"MAP-{secrets.token_hex(4)}"
    with httpx.Client(base_url=http, timeout=20) as client:
        form = {"grant_type": "client_credentials", "client_id": "demo-admin"}
        answer = client.post("/v1/oauth/token", data=form | {"client_secret": "demo-admin-secret"})
        headers = {"Authorization": f"Bearer {answer.raise_for_status().json()['access_token']}"}
        client.post("/v1/trucks", json={"id": truck}, headers=headers).raise_for_status()
    return truck


def device(port: int, truck: str) -> mqtt.Client:
    """Connects, again and again for a while: a new truck is let in within two seconds."""
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=truck, protocol=mqtt.MQTTv311)
    client.username_pw_set(f"demo/{truck}", "dev-secret")
    client.reconnect_delay_set(min_delay=1, max_delay=1)
    client.connect("127.0.0.1", port)
    client.loop_start()
    return client


def publish(client: mqtt.Client, truck: str, lat: float, lon: float) -> None:
    fix: dict[str, Any] = {"ts": int(time.time() * 1000), "lat": lat, "lon": lon}
    fix |= {"speed_kmh": 40.0, "heading_deg": 45.0}
    said = client.publish(f"v1/demo/trucks/{truck}/position", json.dumps(fix), qos=1)
    said.wait_for_publish(timeout=20)
    assert said.is_published()


def test_a_fix_from_a_device_is_drawn_on_the_map(stack: Instance, browser: Browser) -> None:
    truck = new_truck(stack.http)
    context = browser.new_context(viewport={"width": 900, "height": 640}, color_scheme="dark")
    console = Console(context.new_page(), stack.http)
    console.open(f"#map=12/{LAT}/{LON}")
    console.sign_in()
    console.wait("window.__ubertruck?.state === 'live'")
    client = device(stack.mqtt_port, truck)
    try:
        publish(client, truck, LAT, LON)
        console.wait(f"window.__ubertruck.truck('{truck}') !== null")
        drawn = console.truck(truck)
        assert (drawn["lat"], drawn["lon"]) == (pytest.approx(LAT), pytest.approx(LON))
        console.wait_until(lambda: console.pixels_like(MOVING_COLOUR) > 40)
        publish(client, truck, LAT + 0.001, LON)
        console.wait(f"window.__ubertruck.truck('{truck}').lat > {LAT + 0.00099}")
        assert console.errors == []
    finally:
        client.loop_stop()
        client.disconnect()
        context.close()
