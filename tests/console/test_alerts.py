"""Alerts in a real browser: who was faster, what nobody saw, a rule tried before it holds."""

from __future__ import annotations

import json
import re
from urllib.parse import unquote

import pytest
from playwright.sync_api import Browser, Route, expect

from freight.alerts.state import AlertState, Resolution
from tests.console.browser import Console, signed_in
from tests.console.fake_inside import HOOK, SECRET
from tests.console.fake_server import FakeServer
from tests.console.fake_watch import Told, incidents

pytestmark = pytest.mark.browser

PHONE_PX = 390
# How Chromium says that an answer was 412, or 422.
REFUSED = "Failed to load resource: the server responded with a status of 4"
SLOW_MS = 20_000


def place_of(fake: FakeServer, truck: str) -> tuple[float, float]:
    at = fake.world.position(truck)
    assert at is not None
    return at["lat"], at["lon"]


def told(fake: FakeServer) -> list[Told]:
    return incidents(lambda truck: place_of(fake, truck), fake.world.ids)


def test_the_inbox_says_who_was_faster_what_nobody_saw_and_that_it_is_cut_off(
    console: Console, fake: FakeServer
) -> None:
    page = signed_in(console).page
    page.keyboard.press("i")
    inbox = page.get_by_role("region", name="Alerts")
    expect(inbox).to_contain_text("Nothing waits for you.")
    inbox.get_by_role("button", name="Sound for critical alerts").click()
    panic, fuel = told(fake)[:2]
    name = fake.watch.raise_alert(panic)
    rows = inbox.get_by_role("list", name="Alerts").get_by_role("button")
    expect(rows).to_have_count(1)
    expect(page).to_have_title("(1) UberTruck · Dispatch")
    # Once when it was turned on, once for the alert.
    console.wait("window.__ubertruck.alerts.sounded === 2")

    # Somebody else has it; what was shown at once is taken back, and said.
    page.keyboard.press("j")
    expect(rows.first).to_have_attribute("aria-current", "true")
    over = {"state": AlertState.RESOLVED, "resolution": Resolution.MANUAL}
    fake.watch.tells = False
    fake.watch.change(name, "resolved", "user:ravi", {}, resolved_by="user:ravi", **over)
    fake.watch.tells = True
    page.keyboard.press("a")
    expect(page.get_by_text("ravi resolved it meanwhile")).to_be_visible()
    expect(rows).to_have_count(0)

    fake.watch.go_blind("the message broker does not answer")
    fake.watch.raise_alert(fuel)
    banner = page.locator(".blind-banner")
    expect(banner).to_contain_text("We do not see your trucks since", timeout=SLOW_MS)
    expect(banner).to_contain_text("the message broker does not answer")
    fake.watch.see_again("TRK-0004", "TRK-0009")
    missed = banner.get_by_role("status", name="What may have been missed")
    expect(missed).to_contain_text("TRK-0004, TRK-0009", timeout=SLOW_MS)
    missed.get_by_role("button").click()
    expect(banner).to_have_text("")

    fake.watch.is_broken = True
    fake.tell("alert.raised", "alerts/other", {})
    expect(banner).to_contain_text("This page is cut off", timeout=SLOW_MS)
    assert [each for each in console.errors if "status of" not in each] == []


def test_a_rule_is_edited_tried_on_what_has_happened_and_saved(
    console: Console, fake: FakeServer
) -> None:
    page = signed_in(console, "#alerts=rules").page
    rules = page.get_by_role("region", name="Alerts")
    row = rules.get_by_role("list", name="Alert rules").get_by_role("button", name="fuel lost")
    row.press("Enter")
    rule = rules.get_by_role("region", name="Rule: fuel lost")
    rule.get_by_label("Counts from").fill("ten")
    expect(rule).to_contain_text("this is no number")
    rule.get_by_label("Counts from").fill("12.5")
    rule.get_by_label("Is over at").fill("20")
    rule.get_by_label("Minutes to level 1").fill("45")
    changes = rules.locator(".rule-changes")
    expect(changes).to_contain_text("fuel lost: counts from 10 12.50")
    changes.get_by_label("Reason").fill("Sensors drift in the heat")
    save = changes.get_by_role("button", name="Save as a new version")
    save.press("Enter")
    # What the server says is wrong stands at the field that it is about.
    expect(rule.get_by_label("Is over at")).to_be_focused()
    expect(rule).to_contain_text("must not be larger")
    rule.get_by_label("Is over at").fill("")
    changes.get_by_role("button", name="Back-test").press("Enter")
    test = rules.get_by_role("region", name="Back-test", exact=True)
    expect(test).to_contain_text("12 alerts with these rules, 20 fewer than now (32).")
    expect(test.get_by_role("row", name="too fast Mumbai - Pune")).to_contain_text("194")
    assert fake.watch.rules.tried[-1]["kinds"]["fuel_drop"]["trigger"] == 12.5
    save.press("Enter")
    expect(rules).to_contain_text("Saved. The new rules hold within seconds.")
    history = rules.get_by_role("region", name="Versions")
    expect(history).to_contain_text("asha · “Sensors drift in the heat”")
    expect(history).to_contain_text("fuel lost: counts from 10 → 12.50")
    assert fake.watch.rules.value["kinds"]["fuel_drop"]["escalation"][0]["after_s"] == 2700
    assert [each for each in console.errors if not each.startswith(REFUSED)] == []


def test_an_override_is_made_refused_at_its_field_tried_saved_and_taken_away(
    console: Console, fake: FakeServer
) -> None:
    page = signed_in(console, "#alerts=rules").page
    rules = page.get_by_role("region", name="Alerts")
    overrides = rules.get_by_role("region", name="Overrides", exact=True)
    rows = overrides.get_by_role("list", name="Overrides").get_by_role("button")
    expect(rows).to_contain_text(["nights"])
    rows.first.press("Enter")
    nights = overrides.get_by_role("region", name="Override: nights")
    # It holds for all tenants: it is laid over, and not taken away.
    expect(nights.get_by_role("button", name="Remove")).to_be_hidden()

    overrides.get_by_role("button", name="New override").press("Enter")
    overrides.get_by_label("Name").fill("nights")
    expect(overrides).to_contain_text("there is one of this name")
    overrides.get_by_label("Name").fill("steel-nights")
    mine = overrides.get_by_role("region", name="Override: steel-nights")
    mine.get_by_text("For all kinds").click()
    mine.get_by_label("long stop").check()
    expect(mine.get_by_text("For long stop")).to_be_visible()
    mine.get_by_label("Rank").fill("5")
    mine.get_by_label("Lanes").fill("delhi-hub>jaipur, Uttar Pradesh>Goa")
    mine.get_by_label(re.compile("^From$")).fill("22:00")
    expect(mine).to_contain_text("from and until belong together")
    mine.get_by_label("Until").fill("05:00")
    mine.get_by_label("Severity").select_option("critical")
    mine.get_by_label("Must last, s").fill("1800")
    mine.get_by_label("Ends by itself after, s").fill("0")
    expect(rows).to_contain_text(["steel-nights", "nights"])

    changes = rules.locator(".rule-changes")
    expect(changes).to_contain_text("steel-nights: when Lanes: delhi-hub>jaipur, Uttar Pradesh>Goa")
    expect(changes).to_contain_text("severity: critical · must last: 30 min")
    changes.get_by_label("Reason").fill("Steel is stolen at night")
    save = changes.get_by_role("button", name="Save as a new version")
    mine.get_by_role("button", name="Done").click()
    save.press("Enter")
    # The override that is refused is opened, at the field that it is about.
    expect(mine.get_by_label("Ends by itself after, s")).to_be_focused()
    expect(mine).to_contain_text("Input should be greater than 0")
    mine.get_by_label("Ends by itself after, s").fill("")
    changes.get_by_role("button", name="Back-test").press("Enter")
    test = rules.get_by_role("region", name="Back-test", exact=True)
    expect(test).to_contain_text("12 alerts with these rules")
    # Laid over what holds, nothing of that is left where this says nothing.
    tried = fake.watch.rules.tried[-1]["overrides"]["steel-nights"]
    assert (tried["when"]["from_time"], tried["when"]["customers"]) == ("22:00", [])
    assert (tried["then"]["trigger_s"], tried["then"]["expires_s"]) == (1800, None)
    save.press("Enter")
    history = rules.get_by_role("region", name="Versions")
    expect(history).to_contain_text("override steel-nights, new: rank 5")
    assert fake.watch.rules.value["overrides"]["steel-nights"]["kinds"] == ["long_stoppage"]

    rows.first.press("Enter")
    mine.get_by_role("button", name="Remove").press("Enter")
    expect(changes).to_contain_text("steel-nights is taken away")
    changes.get_by_role("button", name="Back-test").click()
    console.wait_until(lambda: fake.watch.rules.tried[-1]["overrides"] == {"steel-nights": None})
    changes.get_by_label("Reason").fill("It is found again")
    save.click()
    expect(history).to_contain_text("override steel-nights: gone")
    assert list(fake.watch.rules.value["overrides"]) == ["nights"]
    assert [each for each in console.errors if not each.startswith(REFUSED)] == []


def test_an_override_cannot_be_typed_before_it_is_known_what_holds(console: Console) -> None:
    asked: list[Route] = []

    def hold(route: Route) -> None:
        asked.append(route)

    console.page.route("**/v1/config/services/alerts/*/business", hold)
    page = signed_in(console, "#alerts=rules").page
    rules = page.get_by_role("region", name="Alerts")
    console.wait_until(lambda: len(asked) == 1)
    expect(rules.get_by_role("button", name="New override")).to_be_hidden()
    # Looked at anew while the first answer is on its way, as every few seconds.
    rules.get_by_role("tab", name="On call").click()
    expect(rules.get_by_role("button", name="New calendar")).to_be_visible()
    rules.get_by_role("tab", name="Rules").click()
    asked[0].continue_()
    rules.get_by_role("button", name="New override").click()
    rules.get_by_label("Ends by itself after, s").fill("600")
    expect(rules.locator(".rule-changes")).to_contain_text("ends by itself after: 10 min")
    assert len(asked) == 1


def test_who_is_on_call_is_changed_made_and_taken_away(
    console: Console, fake: FakeServer
) -> None:
    page = signed_in(console, "#alerts=on-call").page
    on_call = page.get_by_role("region", name="On call", exact=True)
    room = on_call.get_by_role("region", name="Control room")
    room.get_by_role("button", name="Change").press("Enter")
    form = page.get_by_role("dialog", name="Change Control room")
    first = form.get_by_role("group", name="Rotation").first
    expect(first.get_by_label("Who")).to_have_value("asha, ravi, meena")
    begins = fake.inside.on_call.calendars["control-room"].rotations[0].begins_at
    first.get_by_label("Add somebody").select_option("Joseph Kurian")
    expect(first.get_by_label("Who")).to_have_value("asha, ravi, meena, joseph")
    first.get_by_label("A turn lasts, h").fill("0")
    form.get_by_role("button", name="Save").click()
    expect(first.get_by_label("A turn lasts, h")).to_be_focused()
    expect(first).to_contain_text("greater than or equal to 1")
    first.get_by_label("A turn lasts, h").fill("12")
    form.get_by_role("button", name="Remove this rotation").last.click()
    form.get_by_role("button", name="Save").click()
    expect(form).to_be_hidden()
    console.wait_until(lambda: fake.inside.on_call.calendars["control-room"].version == 5)
    [rotation] = fake.inside.on_call.calendars["control-room"].rotations
    assert (rotation.turn_hours, rotation.people[-1]) == (12, "joseph")
    assert rotation.begins_at == begins

    on_call.get_by_role("button", name="New calendar").click()
    form = page.get_by_role("dialog", name="New calendar")
    form.get_by_label("Name").fill("Yard")
    form.get_by_label("Id control-room").fill("yard")
    form.get_by_role("button", name="Add a rotation").click()
    page.keyboard.type("nobody")
    form.get_by_role("button", name="Make it").click()
    expect(form).to_contain_text("there is no user 'nobody'")
    form.get_by_label("Who").fill("meena")
    form.get_by_role("button", name="Make it").click()
    yard = on_call.get_by_role("region", name="Yard")
    expect(yard.get_by_role("list", name="Level 1")).to_contain_text("meena")
    yard.get_by_role("button", name="Remove").click()
    page.get_by_role("dialog", name="Remove Yard").get_by_role("button", name="Remove it").click()
    expect(yard).to_have_count(0)
    assert [each for each in console.errors if not each.startswith(REFUSED)] == []


def test_messages_webhooks_and_health_are_seen_inside_on_a_phone(
    browser: Browser, fake: FakeServer
) -> None:
    context = browser.new_context(viewport={"width": PHONE_PX, "height": 844}, color_scheme="light")
    console = signed_in(Console(context.new_page(), fake.url), "#system=health")
    page = console.page
    system = page.get_by_role("region", name="System", exact=True)
    expect(system.get_by_role("row", name="postgres")).to_contain_text("answers")
    followers = system.get_by_role("region", name="Followers of the log")
    expect(followers.get_by_role("row", name="webhooks")).to_contain_text("412 waiting")
    expect(system.get_by_role("row", name="fcm")).to_contain_text("open: not called")
    fake.inside.is_redis_up = False
    expect(system.get_by_role("row", name="redis")).to_contain_text("nobody", timeout=SLOW_MS)
    assert console.right_edge() <= PHONE_PX

    system.get_by_role("tab", name="Messages").click()
    system.get_by_role("list", name="Messages").get_by_role("button").first.click()
    expect(system).to_contain_text("SMS by msg91, failed (the number is not in use, 311)")
    system.get_by_role("button", name="Send it again").click()

    system.get_by_role("tab", name="Templates").click()
    system.get_by_role("list", name="Message templates").get_by_role("button").first.click()
    expect(system.locator(".preview")).to_contain_text("Fuel dropped: TRK-0002. 31 %")
    expect(system.locator(".preview")).to_contain_text("GSM-7, 1 part")
    system.get_by_label("Text").fill("{{who}}")
    expect(system).to_contain_text("there is no such value")

    system.get_by_role("tab", name="Webhooks").click()
    system.get_by_role("button", name="New endpoint").click()
    form = page.get_by_role("dialog", name="New endpoint")
    form.get_by_label("Address").fill(HOOK)
    page.keyboard.press("Enter")
    expect(form.get_by_label("Secret")).to_have_value(SECRET)
    form.get_by_role("button", name="Done").click()
    console.wait_until(lambda: SECRET not in page.content())

    system.get_by_role("button", name="Deliveries").click()
    deliveries = system.get_by_role("list", name="Deliveries")
    deliveries.get_by_role("button").first.click()
    expect(deliveries).to_contain_text("3: HTTP 500 after 87 ms, tried again later")
    expect(deliveries).to_contain_text("webhook-signature: v1,")
    deliveries.get_by_role("button", name="Send it now").click()
    console.wait_until(lambda: ("retry", "wd-2") in fake.inside.asked)
    assert ("replay", "ntf-2") in fake.inside.asked
    assert console.right_edge() <= PHONE_PX
    assert "system=deliveries" in unquote(page.url)
    assert console.errors == [], json.dumps(console.errors)
    context.close()
