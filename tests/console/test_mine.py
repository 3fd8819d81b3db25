"""What is for whoever is signed in, in a real browser: their messages, counted at the bell."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from freight.notifying.channels import Channel
from serve.notifications.people_wire import HoursIn
from tests.console.browser import Console, signed_in
from tests.console.fake_mine import ONE_TIME
from tests.console.fake_server import FakeServer
from tests.console.fake_watch import incidents

pytestmark = pytest.mark.browser

SLOW_MS = 20_000


def place_of(fake: FakeServer, truck: str) -> tuple[float, float]:
    at = fake.world.position(truck)
    assert at is not None
    return at["lat"], at["lon"]


def told(fake: FakeServer) -> str:
    """A panic that somebody was told of, and two that matter less; the alert's title."""
    panic = incidents(lambda truck: place_of(fake, truck), fake.world.ids)[0]
    alert = fake.watch.raise_alert(panic)
    fake.mine.write("info", "Yard closed", "The Pune yard is closed on Sunday.", minutes=400)
    fake.mine.write(
        "warning", "Cancelled: bk-5521", "The shipper has cancelled it.",
        kind="booking.cancelled", subject="bookings/bk-5521", booking="bk-5521", minutes=12,
    )  # fmt: skip
    fake.mine.write(
        "critical", panic.title, panic.text,
        kind="alert.raised", subject=f"alerts/{alert}", truck=panic.truck,
    )  # fmt: skip
    return panic.title


def test_messages_are_counted_at_the_bell_read_and_gone_on_from_by_key(
    console: Console, fake: FakeServer
) -> None:
    page = signed_in(console).page
    page.keyboard.press("n")
    mine = page.get_by_role("region", name="For you")
    expect(mine).to_contain_text("You are signed in as a client")
    # The alert that is told in the feed has the count looked at, and the list.
    title = told(fake)
    bell = page.get_by_role("button", name="For you, 3 unread")
    expect(bell).to_contain_text("3", timeout=SLOW_MS)
    expect(bell).to_have_attribute("aria-pressed", "true")
    rows = mine.get_by_role("list", name="Messages to me").locator("button[data-key]")
    expect(rows).to_have_count(3)
    expect(rows.first).to_have_accessible_name(
        re.compile(f"^unread, critical, {title}, .*the alert$")
    )

    mine.get_by_role("button", name="Mark as read: Cancelled: bk-5521").press("Enter")
    expect(page.get_by_role("button", name="For you, 2 unread")).to_be_visible()
    # The button is gone, the keyboard goes on where it was.
    expect(rows.nth(1)).to_be_focused()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    why = page.get_by_role("region", name="Why this alert")
    expect(why).to_contain_text("kinds/panic")
    expect(mine).to_be_hidden()
    console.wait_until(lambda: fake.mine.unread == ["in-1"])

    page.keyboard.press("n")
    mine.get_by_role("button", name="Unread", exact=True).click()
    expect(rows).to_have_count(1)
    mine.get_by_role("button", name="Mark all as read").click()
    expect(mine).to_contain_text("You have read everything.")
    expect(page.get_by_role("button", name="For you", exact=True)).to_be_visible()
    fake.mine.is_broken = True
    mine.get_by_role("button", name="All", exact=True).click()
    expect(mine.get_by_role("alert")).to_contain_text("the database does not answer")
    fake.mine.is_broken = False
    mine.get_by_role("button", name="Try again").click()
    expect(rows).to_have_count(3)
    assert [each for each in console.errors if "status of 503" not in each] == []


def choose_what_is_told(page: Page, mine: Locator, fake: FakeServer) -> None:
    """Own hours, no bookings at all, alerts without calls; and a phone less."""
    mine.get_by_role("tab", name="My preferences").click()
    mine.get_by_role("button", name="Remove an old phone").click()
    expect(mine.get_by_role("region", name="My phones")).to_contain_text("Galaxy A15")
    expect(mine.get_by_label("From")).to_have_value("22:00")
    mine.get_by_label("From").fill("")
    mine.get_by_label("Time zone").fill("Asia/Nowhere")
    mine.get_by_role("button", name="Save").click()
    expect(mine.get_by_label("From")).to_be_focused()
    page.keyboard.type("0900PM")
    mine.get_by_role("button", name="Save").click()
    expect(mine.get_by_label("Time zone")).to_be_focused()
    mine.get_by_label("Time zone").fill("")
    bookings = mine.locator("details", has_text="Bookings")
    expect(bookings).to_contain_text("not by SMS, call · together in a digest")
    bookings.locator("summary").press("Enter")
    bookings.get_by_label("Not at all").check()
    alerts = mine.locator("details", has_text="Alerts")
    alerts.locator("summary").press("Enter")
    alerts.get_by_label("call").uncheck()
    expect(alerts).to_contain_text("not by call")
    mine.get_by_role("button", name="Save").click()
    expect(mine).to_contain_text("Saved. It counts from the next message on.")
    chosen = fake.mine.preferences
    assert chosen.quiet == HoursIn(from_clock="21:00", to_clock="06:30")
    assert chosen.kinds["booking"].muted
    assert chosen.kinds["alert"].without == [Channel.VOICE]
    assert len(chosen.kinds) == 2
    assert [one.app for one in fake.mine.phones] == ["Galaxy A15"]


def test_a_person_signs_in_with_a_code_and_chooses_what_to_be_told(
    console: Console, fake: FakeServer
) -> None:
    page = console.page
    console.open()
    page.get_by_role("button", name="Use your e-mail address instead").click()
    page.get_by_label("Organisation").fill("demo")
    page.get_by_label("E-mail address").fill("asha@demo.example")
    page.get_by_label("Password", exact=True).fill("wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("password or code is wrong")
    page.get_by_label("Password", exact=True).fill(ONE_TIME)
    page.keyboard.press("Enter")
    expect(page.get_by_label("One-time code")).to_be_focused()
    page.keyboard.type("123456")
    page.keyboard.press("Enter")
    own = page.get_by_label("A password of your own")
    expect(own).to_be_focused()
    own.fill("short")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("at least 12 characters")
    own.fill("a-truck-on-highway-48")
    page.keyboard.press("Enter")
    console.wait_live()
    page.keyboard.press("n")
    mine = page.get_by_role("region", name="For you")
    expect(mine).to_contain_text("Nobody has written to you.")
    choose_what_is_told(page, mine, fake)
    # What a tab keeps is no more than its token: a copy of the tab cannot renew it.
    assert '"r"' not in page.evaluate("JSON.stringify(sessionStorage)")

    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("Organisation")).to_be_visible()
    console.wait_until(lambda: fake.mine.has_signed_out)
    assert [each for each in console.errors if "status of 4" not in each] == []
