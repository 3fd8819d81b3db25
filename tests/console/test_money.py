"""Money in a real browser: a booking's story, what is owed, a settlement approved by keyboard."""

from __future__ import annotations

from urllib.parse import unquote

import pytest
from playwright.sync_api import Browser, Page, expect

from freight.settlements.state import Status
from tests.console.browser import Console, signed_in
from tests.console.fake_books import LINK
from tests.console.fake_server import FakeServer
from tests.console.fake_settlement import BOOKING, SETTLEMENT

pytestmark = pytest.mark.browser

PHONE_PX = 390
# How Chromium says that an answer was 422.
REFUSED = "Failed to load resource: the server responded with a status of 422"


def test_a_bookings_money_is_told_and_its_balance_asked_for(
    console: Console, fake: FakeServer
) -> None:
    page = signed_in(console).page
    page.evaluate(f"location.hash = '#booking={BOOKING}'")  # a link pasted over the open page's
    page.get_by_role("tab", name="Money").click()
    story = page.get_by_role("region", name="Money").get_by_role("list")
    dues, payments = story.and_(page.get_by_label("Dues")), page.get_by_label("Payments")
    expect(dues.get_by_role("listitem").first).to_contain_text("Advance")
    expect(dues.get_by_role("listitem").first).to_contain_text("9,87,653.60")
    expect(dues.get_by_role("listitem").nth(1)).to_contain_text("overdue")

    # From what the books say to the payment that made it, and from there to what it was for.
    page.get_by_label("Entries").get_by_role("button", name="UPI payment").click()
    paid = payments.get_by_role("listitem").first
    expect(paid).to_be_focused()
    paid.get_by_role("button", name="advance").click()
    expect(dues.get_by_role("listitem").first).to_be_focused()

    page.get_by_role("button", name="Open PDF").last.click()
    paper = page.get_by_role("dialog", name="Tax invoice INV/26-27/000412")
    expect(paper.locator("iframe")).to_have_attribute("src", f"{paper_address(page)}")
    page.keyboard.press("Escape")

    page.get_by_role("button", name="Ask for it").press("Enter")
    asking = page.get_by_role("dialog", name="Ask for the balance")
    expect(asking.get_by_label("Rupees")).to_have_value("246913.40")
    page.keyboard.press("Enter")
    expect(asking.get_by_label("Payment link")).to_have_value(LINK)
    asking.get_by_role("button", name="Done").press("Enter")
    expect(payments.get_by_role("listitem").nth(1)).to_contain_text("asked for")
    wish = {"method": "upi", "amount": {"amount_minor": 24_691_340}, "link": True}
    assert fake.books.asked == [("payments", wish | {"booking": BOOKING, "due": "balance-1"})]
    assert console.errors == []


def paper_address(page: Page) -> str:
    shown = page.locator(".viewer iframe")
    shown.wait_for()
    return str(shown.get_attribute("src"))


def test_a_settlement_is_approved_by_keyboard_alone(console: Console, fake: FakeServer) -> None:
    page = signed_in(console).page
    page.keyboard.press("m")
    money = page.get_by_role("region", name="Money")
    expect(money.get_by_role("list", name="Dues")).to_contain_text("2,46,913.40")
    expect(money).to_contain_text("1 due: ₹2,46,913.40 open of ₹2,46,913.40")
    page.keyboard.press("ArrowRight")
    expect(money.get_by_role("row", name="konkan-cement")).to_contain_text("5,31,180.50")
    page.keyboard.press("ArrowRight")
    row = money.get_by_role("list", name="Settlements").get_by_role("button")
    expect(row).to_contain_text("1 of 2 persons")
    row.focus()
    page.keyboard.press("Enter")
    one = money.get_by_role("region", name="Settlement")
    expect(one).to_contain_text("user:asha has; a second person is needed")
    expect(one).to_contain_text("To be paid")
    one.get_by_role("button", name="Approve").focus()
    page.keyboard.press("Enter")
    state = one.locator(".badge").first
    expect(state).to_have_text("approved")
    assert fake.books.asked == [("approve", {"version": '"5"'})]

    # What the feed tells is seen without being asked for.
    fake.books.status = Status.PAID
    fake.raise_event("settlement.paid", "x", {"booking": BOOKING}, 1)
    expect(state).to_have_text("paid")
    assert f"money=settlements/{SETTLEMENT}" in unquote(page.url)
    page.keyboard.press("Escape")
    expect(row).to_be_focused()
    assert console.errors == []


def test_the_watch_says_what_can_be_extended_and_what_was_wrong_on_a_phone(
    browser: Browser, fake: FakeServer
) -> None:
    context = browser.new_context(viewport={"width": PHONE_PX, "height": 844}, color_scheme="light")
    console = signed_in(Console(context.new_page(), fake.url), "#money=e-way-bills")
    page = console.page
    bills = page.get_by_role("list", name="E-way bills by nearest end").get_by_role("listitem")
    expect(bills.first).to_contain_text("331009887761")
    expect(bills.first).to_contain_text("may be extended for 10 h")
    expect(bills.nth(1).get_by_role("button", name="Extend")).to_have_count(0)
    bills.first.get_by_role("button", name="Extend").click()
    form = page.get_by_role("dialog", name="Extend 331009887761")
    for label, value in (("Place", "Khopoli"), ("PIN code", "999999"), ("Remark", "jam")):
        form.get_by_label(label).fill(value)
    form.get_by_role("button", name="Extend it").click()
    expect(form.get_by_label("State")).to_be_focused()
    form.get_by_label("State").select_option("27")
    form.get_by_label("Kilometres").fill("60")
    form.get_by_role("button", name="Extend it").click()
    # What the portal's rules say stands at the field that it is about.
    expect(form.get_by_label("PIN code")).to_have_attribute("aria-invalid", "true")
    expect(form).to_contain_text("no such PIN code in Maharashtra")
    assert console.right_edge() <= PHONE_PX
    assert [error for error in console.errors if not error.startswith(REFUSED)] == []
    context.close()
