"""What a truck does and did, in a real browser: its journey, its recent track, a day again."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, expect

from freight.cloudevents import rfc3339
from tests.console.browser import Console, chosen, signed_in, where_it_is_afternoon
from tests.console.fake_server import FakeServer

pytestmark = pytest.mark.browser

TRUCK = "TRK-0003"
# How Chromium says that an answer was 404.
NOT_FOUND = "Failed to load resource: the server responded with a status of 404 (Not Found)"


def test_a_day_is_played_again_with_what_late_fixes_changed(
    console: Console, fake: FakeServer
) -> None:
    fake.world.send(TRUCK, "Mumbai", "Nashik", "Dhule")
    signed_in(console)
    chosen(console, TRUCK)
    console.page.get_by_role("button", name="Replay a day of this truck").click()
    replay = console.page.get_by_role("region", name="Replay of a day")
    expect(replay).to_contain_text("2 trips · 1 stop · 1 time off its route · 141.5 km")
    assert replay.locator(".ticks .withdrawn").count() == 1
    assert replay.locator(".ticks .corrected").count() == 1
    slider = replay.get_by_label("Time of day")
    stop = replay.locator(".ticks .stop")
    expect(stop).to_have_attribute("title", re.compile("stood 30 min for fuel"))

    # The day's route is drawn with it.
    assert console.hook("shapes.replay") > 9
    before = float(slider.input_value())
    replay.get_by_role("button", name="Play", exact=True).click()
    console.wait_until(lambda: float(slider.input_value()) > before)
    replay.get_by_role("button", name="Pause").click()
    console.page.keyboard.press("Escape")
    expect(replay).to_be_hidden()
    expect(console.page.get_by_role("region", name="Truck")).to_be_visible()
    assert console.errors == []


def test_a_journey_is_drawn_with_its_progress_and_when_it_will_be_there(
    console: Console, fake: FakeServer
) -> None:
    fake.world.send(TRUCK, "Mumbai", "Nashik", "Dhule")
    signed_in(console)
    journey = chosen(console, TRUCK).get_by_role("region", name="Journey")
    expect(journey).to_contain_text(re.compile(r"13\d\.\d of 287\.9 km · 4\d %"))
    expect(journey.get_by_role("progressbar")).to_have_attribute("value", re.compile("4\\d"))
    expect(journey).to_contain_text("on it")
    # With the day in front where it is not today any more.
    expect(journey).to_contain_text(
        re.compile(r"between [\w ]*\d+:\d+ \(80 %\) and [\w ]*\d+:\d+ \(95 %\)")
    )
    expect(journey).to_contain_text("kept with 86 %")
    assert console.hook("shapes.route") == 5  # done, remaining, end, two stops
    zoom = console.hook("zoom")
    journey.get_by_role("button", name="Show the whole route").press("Enter")
    console.wait(f"window.__ubertruck.zoom !== {zoom}")

    away = {"since": rfc3339(0), "farthest_m": 2345.0, "is_deviation": True}
    fake.progress = {"away": away, "off_m": 1800.0, "expected": None}
    expect(journey).to_contain_text("1.8 km off it since", timeout=15_000)
    expect(journey).not_to_contain_text("Expected")
    fake.world.drives.clear()
    expect(journey).to_be_hidden(timeout=15_000)
    assert console.hook("shapes.route") == 0
    assert set(console.errors) == {NOT_FOUND}


def test_what_a_truck_did_lately_is_on_the_map_and_listed_for_the_keyboard(
    console: Console, fake: FakeServer
) -> None:
    fake.world.send(TRUCK, "Mumbai", "Nashik", "Dhule")
    signed_in(console)
    card = chosen(console, TRUCK)
    six = card.get_by_role("button", name="6 h")
    six.press("Enter")
    recent = card.locator(".recent")
    expect(recent).to_contain_text("2 trips · 1 stop · 1 time off its route · 141.5 km")
    expect(six).to_be_focused()
    # Track in pieces round the gap, trips, the deviation, the stop, three events.
    console.wait("window.__ubertruck.shapes.recent >= 9")
    recent.locator("summary").press("Enter")
    strayed = recent.get_by_role("button", name="off its route for 30 min")
    expect(strayed).to_contain_text("2.3 km at the farthest, 4.2 km extra, ₹512")
    strayed.press("Enter")
    console.wait("window.__ubertruck.zoom >= 10")
    card.get_by_role("button", name="Close truck card").press("Enter")
    console.wait("window.__ubertruck.shapes.recent === 0")


def test_what_lies_on_the_map_says_what_it_is(console: Console, fake: FakeServer) -> None:
    fake.world.send(TRUCK, "Mumbai", "Nashik", "Dhule")
    fake.frozen = True
    signed_in(console)
    card = chosen(console, TRUCK)
    card.get_by_role("button", name="6 h").click()
    card.locator(".recent summary").click()
    card.get_by_role("button", name="stood 30 min for fuel").click()
    tip = console.page.locator(".hover-tip")
    box = console.page.locator(".map canvas").bounding_box()
    assert box is not None

    def says_it() -> bool:
        for x in (1, 2):  # a pointer that does not move tells nothing
            console.page.mouse.move(box["x"] + box["width"] / 2 + x, box["y"] + box["height"] / 2)
        return "stood 30 min for fuel" in (tip.text_content() or "")

    console.wait_until(says_it)


def test_on_a_phone_the_replay_takes_the_place_of_the_card(
    browser: Browser, fake: FakeServer
) -> None:
    fake.world.send(TRUCK, "Mumbai", "Nashik", "Dhule")
    context = browser.new_context(
        viewport={"width": 360, "height": 740},
        has_touch=True,
        timezone_id=where_it_is_afternoon(),
    )
    console = signed_in(Console(context.new_page(), fake.url))
    card = chosen(console, TRUCK)
    expect(card.get_by_role("region", name="Journey")).to_be_visible()
    assert console.right_edge() <= 360
    card.get_by_role("button", name="Replay a day of this truck").click()
    replay = console.page.get_by_role("region", name="Replay of a day")
    expect(replay).to_contain_text("2 trips")
    expect(card).to_be_hidden()
    assert console.right_edge() <= 360
    replay.get_by_role("button", name="Close replay").click()
    expect(card).to_be_visible()
    context.close()
