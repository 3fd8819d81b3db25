"""The whole thread on the real stack: a device's fix becomes a truck on the dispatcher's map."""

from __future__ import annotations

import contextlib
import json
import re
import secrets
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from playwright.sync_api import Browser, expect

from freight.cloudevents import rfc3339
from tests.console.browser import Console
from tests.launch.instance import Instance

pytestmark = [pytest.mark.browser, pytest.mark.stack]

# Off the coast, where nobody else's truck drives.
LAT, LON = 15.0, 70.0
MOVING_COLOUR = (0x2F, 0xD0, 0x8C)


@contextlib.contextmanager
def admin(http: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=http, timeout=20) as client:
        form = {"grant_type": "client_credentials", "client_id": "demo-admin"}
        answer = client.post("/v1/oauth/token", data=form | {"client_secret": "demo-admin-secret"})
        token = answer.raise_for_status().json()["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        yield client


def new_truck(http: str) -> str:
    truck = f"MAP-{secrets.token_hex(4)}"
    with admin(http) as client:
        client.post("/v1/trucks", json={"id": truck}).raise_for_status()
    return truck


def send_along(http: str, truck: str, since_ms: int) -> None:
    """Gives it a route of about 53 km to the east."""
    line = {"type": "LineString", "coordinates": [[LON, LAT], [LON + 0.25, LAT], [LON + 0.5, LAT]]}
    with admin(http) as client:
        route = {"id": truck, "name": "By sea", "shape": line}
        client.post("/v1/routes", json=route).raise_for_status()
        journey = {"route": {"id": truck}, "from": rfc3339(since_ms)}
        client.put(f"/v1/trucks/{truck}/journey", json=journey).raise_for_status()


def device(port: int, truck: str) -> mqtt.Client:
    """Connects, again and again for a while: a new truck is let in within two seconds."""
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=truck, protocol=mqtt.MQTTv311)
    client.username_pw_set(f"demo/{truck}", "dev-secret")
    client.reconnect_delay_set(min_delay=1, max_delay=1)
    let_in = threading.Event()

    def on_connect(_client: Any, _data: Any, _flags: Any, answer: Any, _more: Any) -> None:
        if not answer.is_failure:
            let_in.set()

    client.on_connect = on_connect
    client.connect("127.0.0.1", port)
    client.loop_start()
    assert let_in.wait(20), "the broker does not know the truck"
    return client


def publish(
    client: mqtt.Client, truck: str, lat: float, lon: float, ts_ms: int | None = None
) -> None:
    fix: dict[str, Any] = {"ts": ts_ms or int(time.time() * 1000), "lat": lat, "lon": lon}
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


def test_a_person_reads_what_was_sent_to_them(stack: Instance, browser: Browser) -> None:
    email, password = f"{secrets.token_hex(4)}@demo.example", f"on-highway-{secrets.token_hex(6)}"
    with admin(stack.http) as http:
        person = {"email": email, "password": password, "roles": ["viewer"]}
        user = http.post("/v1/users", json=person).raise_for_status().json()["id"]
        notice = {"to": [f"user:{user}"], "title": "Yard closed", "text": "On Sunday."}
        http.post("/v1/notifications", json=notice | {"routes": ["screen"]}).raise_for_status()
    context = browser.new_context(viewport={"width": 1200, "height": 760}, color_scheme="dark")
    console = Console(context.new_page(), stack.http)
    page = console.page
    try:
        console.open()
        page.get_by_role("button", name="Use your e-mail address instead").click()
        for label, typed in (("Organisation", "demo"), ("E-mail address", email)):
            page.get_by_label(label).fill(typed)
        page.get_by_label("Password", exact=True).fill(password)
        page.keyboard.press("Enter")
        # What an administrator has chosen is for one time.
        page.get_by_label("A password of your own").fill(f"{password}-mine")
        page.keyboard.press("Enter")
        bell = page.get_by_role("button", name="For you, 1 unread")
        expect(bell).to_be_visible(timeout=30_000)
        bell.click()
        mine = page.get_by_role("region", name="For you")
        mine.get_by_role("button", name="Mark as read: Yard closed").click()
        expect(page.get_by_role("button", name="For you", exact=True)).to_be_visible()
        with page.expect_request("**/v1/sessions/current") as signed_out:
            page.get_by_role("button", name="Sign out").click()
        assert signed_out.value.method == "DELETE"
        expect(page.get_by_label("Organisation")).to_be_visible()
        assert console.errors == []
    finally:
        context.close()


def test_an_override_of_the_alert_rules_is_saved_and_taken_away(
    stack: Instance, browser: Browser
) -> None:
    name, truck = f"stack-{secrets.token_hex(4)}", f"NONE-{secrets.token_hex(4)}"
    context = browser.new_context(viewport={"width": 1200, "height": 760}, color_scheme="dark")
    console = Console(context.new_page(), stack.http)
    page = console.page
    try:
        console.open("#alerts=rules")
        console.sign_in("demo-admin")
        rules = page.get_by_role("region", name="Alerts", exact=True)
        rules.get_by_role("button", name="New override").click()
        rules.get_by_label("Name").fill(name)
        mine = rules.get_by_role("region", name=f"Override: {name}")
        mine.get_by_label("Trucks ids").fill(truck)
        late = mine.get_by_label("Ends by itself after, s")
        late.fill("0")
        changes = rules.locator(".rule-changes")
        reason, save = changes.get_by_label("Reason"), changes.get_by_role("button", name="Save")
        reason.fill("Only a trial")
        save.click()
        expect(late).to_be_focused()
        late.fill("600")
        save.click()
        history = rules.get_by_role("region", name="Versions")
        expect(history).to_contain_text(f"override {name}, new: when Trucks: {truck}")
        row = rules.get_by_role("list", name="Overrides").get_by_role("button", name=name)
        row.click()
        mine.get_by_role("button", name="Remove").click()
        changes.get_by_role("button", name="Back-test").click()
        test = rules.get_by_role("region", name="Back-test", exact=True)
        expect(test).to_contain_text("with these rules", timeout=30_000)
        reason.fill("It was one")
        save.click()
        expect(history).to_contain_text(f"override {name}: gone")
        expect(row).to_have_count(0)
        assert [each for each in console.errors if "status of 422" not in each] == []
    finally:
        context.close()


def test_a_truck_on_a_journey_is_drawn_with_its_route_and_its_day(
    stack: Instance, browser: Browser
) -> None:
    truck, now_ms = new_truck(stack.http), int(time.time() * 1000)
    send_along(stack.http, truck, now_ms - 900_000)
    context = browser.new_context(viewport={"width": 1200, "height": 760}, color_scheme="dark")
    console = Console(context.new_page(), stack.http)
    client = device(stack.mqtt_port, truck)
    try:
        # Ten minutes at 64 km/h.
        for i in range(21):
            publish(client, truck, LAT, LON + i * 0.005, now_ms - (20 - i) * 30_000)
        console.open(f"#map=10/{LAT}/{LON}")
        console.sign_in()
        console.wait("window.__ubertruck?.state === 'live'")
        console.page.get_by_label("Find a truck by id").fill(truck)
        console.page.keyboard.press("Enter")
        journey = console.page.get_by_role("region", name="Journey")
        expect(journey).to_contain_text("By sea", timeout=20_000)
        expect(journey).to_contain_text("of 53.7 km", timeout=20_000)
        expect(journey).to_contain_text("Expected")
        console.wait("window.__ubertruck.shapes.route === 3")
        console.page.get_by_role("button", name="Replay a day of this truck").click()
        replay = console.page.get_by_role("region", name="Replay of a day")
        # Around midnight the day of the browser has only some of them.
        expect(replay).to_contain_text(re.compile(r"\d+ fix"))
        console.wait("window.__ubertruck.shapes.replay >= 1")
        assert console.errors == []
    finally:
        client.loop_stop()
        client.disconnect()
        context.close()
