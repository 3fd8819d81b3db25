"""A dispatcher's booking on the real stack: priced, booked, and given to a truck by keyboard."""

from __future__ import annotations

import re
import secrets
import time
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.console.browser import Console
from tests.console.test_stack import admin, device, publish
from tests.launch.instance import Instance

pytestmark = [pytest.mark.browser, pytest.mark.stack]

# Where no other test's truck drives.
LAT, LON = 23.25, 69.67
PAPERS = ("rc", "insurance", "fitness", "permit_national", "puc", "road_tax")
SLOW_MS = 30_000


def dispatchable_truck(http: str) -> str:
    """With papers that last, so that it may be given a load; nobody answers for its carrier."""
    truck = f"LOAD-{secrets.token_hex(4)}"
    until = (datetime.now(UTC) + timedelta(days=365)).date().isoformat()
    with admin(http) as client:
        client.post("/v1/carriers", json={"id": truck, "name": "Slow"}).raise_for_status()
        fields = {"id": truck, "class": "MCV_22", "payload_kg": 9000, "body": "open"}
        fields["carrier"] = truck
        client.post("/v1/trucks", json=fields).raise_for_status()
        for kind in PAPERS:
            path = f"/v1/trucks/{truck}/papers/{kind}"
            client.put(path, json={"valid_until": until}).raise_for_status()
    return truck


def price(desk: Locator, reference: str) -> None:
    desk.get_by_role("button", name="New booking").click()
    desk.get_by_role("button", name="Show the price").click()
    expect(desk.get_by_label("Material")).to_have_attribute("aria-invalid", "true")
    expect(desk.get_by_label("Material")).to_be_focused()
    desk.get_by_label("Material").fill("steel")
    desk.get_by_label("Tons").first.fill("8")
    desk.get_by_label("Truck class").fill("NOT_ONE")
    for i, lat in enumerate((LAT + 0.02, LAT - 0.5)):
        desk.get_by_label("Place").nth(i).fill(f"{lat}, {LON}")
    desk.get_by_label("Your reference").fill(reference)
    desk.get_by_role("button", name="Show the price").click()
    # What the server says is wrong stands at the field that it is about.
    expect(desk.get_by_text("'NOT_ONE' is not one of")).to_be_visible(timeout=SLOW_MS)
    desk.get_by_label("Truck class").fill("")
    desk.get_by_role("button", name="Show the price").click()
    lines = desk.get_by_role("region", name="Price")
    expect(lines).to_contain_text(re.compile(r"t·km . ₹3\.50"), timeout=SLOW_MS)
    expect(lines).to_contain_text("cards/standard · as delivered")
    expect(lines).to_contain_text("Total")


def walked_to(row: Locator) -> bool:
    """A step further down the list, unless this is it."""
    is_there = bool(row.evaluate("e => e === document.activeElement"))
    if not is_there:
        row.page.keyboard.press("ArrowDown")
    return is_there


def test_a_booking_is_priced_dispatched_and_given_by_keyboard(
    stack: Instance, browser: Browser
) -> None:
    truck, reference = dispatchable_truck(stack.http), f"PO-{secrets.token_hex(4)}"
    client = device(stack.mqtt_port, truck)
    context = browser.new_context(viewport={"width": 1200, "height": 760}, color_scheme="dark")
    console = Console(context.new_page(), stack.http)
    page = console.page
    try:
        publish(client, truck, LAT, LON)
        console.open(f"#map=9/{LAT}/{LON}")
        console.sign_in()
        console.wait(f"window.__ubertruck?.truck('{truck}') != null")
        page.keyboard.press("b")
        desk = page.get_by_role("region", name="Bookings")
        price(desk, reference)
        desk.get_by_role("button", name="Keep as a draft").press("Enter")
        state = desk.locator(".booking-head .badge")
        expect(state).to_have_text("draft", timeout=SLOW_MS)
        desk.get_by_role("tab", name="Dispatch").click()
        expect(desk).to_contain_text("It is a draft: confirm it")
        publish(client, truck, LAT, LON, int(time.time() * 1000))
        # From then on trucks are looked for, as the demo's settings are.
        desk.get_by_role("button", name="Confirm").press("Enter")
        expect(state).to_have_text("needs a truck", timeout=SLOW_MS)
        give = desk.get_by_role("button", name=f"Give L1 to {truck}")
        expect(give).to_be_visible(timeout=SLOW_MS)
        expect(desk.get_by_role("region", name="Offers")).to_contain_text(
            re.compile(r"waits for an answer · \d:\d\d left"), timeout=SLOW_MS
        )
        expect(desk).to_contain_text(re.compile(r"\d+ of \d+ trucks in range can take it"))
        desk.get_by_role("list", name="Candidates for L1").get_by_role("button").first.focus()
        console.wait_until(lambda: walked_to(give))
        page.keyboard.press("Enter")
        expect(state).to_have_text("has a truck", timeout=SLOW_MS)
        # Its way, two stops, the truck and where that goes to.
        console.wait("window.__ubertruck.bookings.chosen === 5")
        desk.get_by_role("tab", name="Timeline").click()
        expect(desk).to_contain_text(f"Given to {truck}")
        expect(desk).to_contain_text("client demo-dispatcher (assign)")
        page.keyboard.press("Escape")
        desk.get_by_label("Search bookings").fill(reference)
        row = desk.get_by_role("list", name="Bookings").get_by_role("button")
        expect(row).to_have_count(1, timeout=SLOW_MS)
        expect(row).to_contain_text(reference)
        expect(row).to_contain_text("has a truck")
        assert [error for error in console.errors if "422" not in error] == []
    finally:
        client.loop_stop()
        client.disconnect()
        context.close()
