"""A dispatcher's hour on the real stack: ten incidents come in, and are handled by keyboard."""

from __future__ import annotations

import json
import re
import secrets
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.console.browser import Console
from tests.console.test_stack import admin, device
from tests.launch.instance import Instance

pytestmark = [pytest.mark.browser, pytest.mark.stack]

# Where no other test's truck drives.
LAT, LON = 9.5, 77.2
SLOW_MS = 30_000
DEGREES_A_KM = 1 / 111.2
# What devices say, in the order of the trucks.
ALARMS = ("panic", "crash", "tamper", "power_cut", "tow")
SPEEDERS, FENCED, DRAINED = (5, 6), {7: "no_entry", 8: "restricted"}, 9
INCIDENTS = 10
REFUSED = re.compile(r"status of 4(04|12)")
Fix = dict[str, Any]


def fix(truck: str, seconds_ago: float, **said: Any) -> Fix:
    at = int((time.time() - seconds_ago) * 1000)
    return {"truck": truck, "ts": at, "lat": LAT, "lon": LON, "speed_kmh": 0.0} | said


def speeding(truck: str, nr: int) -> list[Fix]:
    """Three minutes at 110 km/h."""
    way_km = 110 * 10 / 3600
    return [
        fix(truck, 180 - i * 10, lat=LAT + (nr + i * way_km) * DEGREES_A_KM, speed_kmh=110.0)
        for i in range(18)
    ]


def losing_fuel(truck: str) -> list[Fix]:
    """Half of the tank, while it stands: measured at the pace that makes a level."""
    return [fix(truck, (30 - i) * 80, fuel_pct=85.0 if i < 15 else 40.0) for i in range(30)]


def circle(lat: float, nr: int) -> dict[str, Any]:
    return {"center": {"lat": lat, "lon": LON + nr}, "radius_m": 3000}


class Hour:
    """Ten trucks that get into trouble, as their devices and providers tell it."""

    def __init__(self, stack: Instance, http: httpx.Client) -> None:
        self.stack, self.http = stack, http
        self.mark = f"HOUR-{secrets.token_hex(3)}"
        self.trucks = [f"{self.mark}-{nr}" for nr in range(INCIDENTS)]
        # Not into the fences of the hour before.
        self.fences_lat = LAT + 1 + secrets.randbelow(100) / 10
        for nr, kind in FENCED.items():
            shape = circle(self.fences_lat, nr)
            fence = {"name": f"{self.mark} {kind}", "kind": kind, "shape": shape}
            http.post("/v1/fences", json=fence).raise_for_status()
        for truck in self.trucks:
            http.post("/v1/trucks", json={"id": truck}).raise_for_status()

    def press_the_button(self) -> None:
        """The first one over MQTT, by a device of its own."""
        truck, topic = self.trucks[0], f"v1/demo/trucks/{self.trucks[0]}/position"
        client = device(self.stack.mqtt_port, truck)
        try:
            said = {**fix(truck, 0, alarm=ALARMS[0])}
            del said["truck"]
            client.publish(topic, json.dumps(said), qos=1).wait_for_publish(timeout=20)
        finally:
            client.loop_stop()
            client.disconnect()

    def tell_the_rest(self) -> None:
        told = [fix(self.trucks[nr], 5, alarm=ALARMS[nr]) for nr in range(1, len(ALARMS))]
        told += [one for nr in SPEEDERS for one in speeding(self.trucks[nr], nr)]
        self.send(told + losing_fuel(self.trucks[DRAINED]))

    def drive_in(self) -> None:
        """Again for as long as nobody has noticed: fences are known a moment after their making."""
        there = {"lat": self.fences_lat}
        self.send([fix(self.trucks[nr], 0, lon=LON + nr, **there) for nr in FENCED])

    def send(self, fixes: list[Fix]) -> None:
        self.http.post("/v1/ingest/positions", json=fixes).raise_for_status()

    def alerts(self) -> dict[str, Any]:
        """By truck."""
        found = self.http.get("/v1/alerts", params={"limit": 200}).raise_for_status().json()
        return {one["truck"]: one for one in found["items"] if one["truck"] in self.trucks}

    def raised(self) -> int:
        return sum(one["state"] == "raised" for one in self.alerts().values())


@pytest.fixture
def hour(stack: Instance) -> Iterator[Hour]:
    with admin(stack.http) as http:
        yield Hour(stack, http)


def why_the_first(console: Console, inbox: Locator) -> None:
    page = console.page
    page.keyboard.press("j")
    why = inbox.get_by_role("region", name="Why this alert")
    expect(why).to_contain_text("kinds/", timeout=SLOW_MS)
    page.keyboard.press("o")
    console.wait("window.__ubertruck.alerts.drawn > 0")
    expect(why).to_contain_text("On the map:")


def take_on_two(page: Page, inbox: Locator) -> None:
    """One is judged true, one gets a word to the others."""
    for key in "atjamc":
        page.keyboard.press(key)
    page.keyboard.type("The driver is fine, the police is on its way.")
    page.keyboard.press("Enter")
    said = inbox.get_by_role("list", name="Comments")
    expect(said).to_contain_text("police", timeout=SLOW_MS)
    page.keyboard.press("j")


def end_the_rest(page: Page, rows: Locator) -> None:
    """Whoever is looked at next has come into the place of the one that left."""
    for left in (9, 8):
        page.keyboard.press("z")
        expect(page.get_by_role("dialog", name="Snooze")).to_be_visible()
        page.keyboard.press("2")
        expect(rows).to_have_count(left)
    page.keyboard.press("f")
    for left in (7, 6, 5, 4, 3, 2):
        page.keyboard.press("r")
        expect(page.get_by_role("dialog", name="Resolve").get_by_label("Note")).to_be_focused()
        page.keyboard.type("The driver was called.")
        page.keyboard.press("Enter")
        expect(rows).to_have_count(left)


def assert_handled(found: list[dict[str, Any]]) -> None:
    """As the server has it."""
    states = sorted(one["state"] for one in found)
    assert states == ["acknowledged"] * 2 + ["raised"] * 2 + ["resolved"] * 6
    assert all(one["snoozed_until"] for one in found if one["state"] == "raised")
    judged = sorted(one["judged"] for one in found if one["judged"])
    assert judged == ["false_alert", "true_alert"]
    assigned = [one["assigned_to"] for one in found if one["assigned_to"]]
    assert assigned == ["client:demo-dispatcher"]


def test_ten_incidents_of_an_hour_are_handled_by_keyboard(
    stack: Instance, browser: Browser, hour: Hour
) -> None:
    context = browser.new_context(viewport={"width": 1400, "height": 860}, color_scheme="dark")
    console = Console(context.new_page(), stack.http)
    page = console.page
    try:
        console.open(f"#map=8/{LAT}/{LON}")
        console.sign_in()
        console.wait("window.__ubertruck?.state === 'live'")
        page.keyboard.press("i")
        inbox = page.get_by_role("region", name="Alerts", exact=True)
        page.keyboard.press("/")
        page.keyboard.type(hour.mark)
        page.keyboard.press("Enter")
        hour.press_the_button()
        hour.tell_the_rest()
        rows = inbox.get_by_role("list", name="Alerts").get_by_role("button")

        def all_are_in() -> bool:
            if rows.count() < INCIDENTS:
                hour.drive_in()
            return rows.count() == INCIDENTS

        console.wait_until(all_are_in)
        assert page.title().startswith("(")
        why_the_first(console, inbox)
        take_on_two(page, inbox)
        end_the_rest(page, rows)
        # What was shown at once is true a little later.
        console.wait_until(lambda: hour.raised() == 2)
        expect(inbox.locator('[data-state="acknowledged"]')).to_have_count(2)
        assert_handled(list(hour.alerts().values()))
        # The truck that was looked at has no journey; of the last ones the watch noted more.
        assert [each for each in console.errors if not REFUSED.search(each)] == []
    finally:
        context.close()
