"""The console in a real browser, against a server of our own that can be made to misbehave."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from tests.conftest import free_port
from tests.console.browser import Console, signed_in
from tests.console.fake_server import FakeServer
from tests.console.fake_world import FakeWorld

pytestmark = pytest.mark.browser

TRUCK = "TRK-0003"
# Of the dark theme, console/src/theme.ts.
MOVING_COLOUR, STOPPED_COLOUR = (0x2F, 0xD0, 0x8C), (0xFF, 0xB5, 0x47)
NEAR_PUNE = "#map=12/18.52/73.86"


def test_a_wrong_secret_is_said_plainly_and_kept_out(console: Console) -> None:
    console.open()
    console.sign_in(secret="nonsense")
    expect(console.page.get_by_role("alert")).to_contain_text("wrong")
    assert console.hook("state") is None


def test_a_server_that_is_away_at_sign_in_is_said_plainly(
    console: Console, fake: FakeServer
) -> None:
    console.open()
    fake.stop()
    console.sign_in()
    expect(console.page.get_by_role("alert")).to_contain_text("does not answer")


def test_the_fleet_is_drawn_counted_and_nothing_is_asked_of_strangers(
    console: Console, fake: FakeServer
) -> None:
    signed_in(console)
    drawn = console.hook("drawn")
    assert drawn["trucks"] + drawn["clusters"] > 0
    assert console.hook("first_drawn_ms") is not None
    moving = console.page.locator(".chip.moving")
    expect(moving).to_have_attribute("data-count", str(int((fake.world.status == 1).sum())))
    expect(console.page.locator(".link-state")).to_contain_text("Live")
    console.page.wait_for_load_state("networkidle")
    strange = [url for url in console.requests if not url.startswith((fake.url, "blob:"))]
    assert strange == []
    assert console.errors == []


def test_the_page_runs_no_code_but_its_own_files(console: Console) -> None:
    console.open()
    # Later, on the page's own account: what the driver runs itself is exempt.
    attempt = """() => new Promise((told) => setTimeout(() => {
      try { told(window.eval('1')); } catch (error) { told(error.name); }
    }))"""
    assert console.page.evaluate(attempt) == "EvalError"


def test_a_signed_in_page_survives_a_reload_and_signs_out(console: Console) -> None:
    signed_in(console)
    console.page.reload()
    console.wait_live()
    console.page.get_by_role("button", name="Sign out").click()
    expect(console.page.get_by_label("Client id")).to_be_visible()
    assert console.page.evaluate("sessionStorage.length") == 0


def test_a_truck_is_found_by_id_and_its_card_tells_what_it_said(console: Console) -> None:
    signed_in(console)
    console.page.keyboard.press("/")
    console.page.keyboard.type(TRUCK)
    console.page.keyboard.press("Enter")
    card = console.page.get_by_role("region", name="Truck")
    expect(card.get_by_role("heading")).to_have_text(TRUCK)
    expect(card).to_contain_text("MH12 AB 4821")
    expect(card).to_contain_text("km/h")
    expect(card).to_contain_text("48,211.4 km")
    expect(card).to_contain_text("fixes")
    console.page.keyboard.press("Escape")
    expect(card).to_be_hidden()


def test_a_truck_that_is_not_ours_is_explained(console: Console) -> None:
    signed_in(console)
    console.page.get_by_label("Find a truck by id").fill("NOBODY-1")
    console.page.keyboard.press("Enter")
    card = console.page.get_by_role("region", name="Truck")
    expect(card.get_by_role("alert")).to_contain_text("no truck")


def test_a_click_on_a_truck_opens_its_card(console: Console, fake: FakeServer) -> None:
    fake.frozen = True
    fake.world.lat[:] = 10.0
    fake.world.put(TRUCK, 18.52, 73.86)
    signed_in(console, NEAR_PUNE)
    console.page.locator(".map canvas").click()
    card = console.page.get_by_role("region", name="Truck")
    expect(card.get_by_role("heading")).to_have_text(TRUCK)


def test_a_truck_glides_to_its_fix_and_never_beyond_or_back(
    console: Console, fake: FakeServer
) -> None:
    fake.frozen = True
    fake.world.put(TRUCK, 18.52, 73.86)
    signed_in(console, NEAR_PUNE)
    start_ms = console.truck(TRUCK)["fix"]["ts_ms"]
    console.page.evaluate(
        "id => { window.seen = []; setInterval(() => seen.push(__ubertruck.truck(id).lat), 20); }",
        TRUCK,
    )
    fake.world.put(TRUCK, 18.53, 73.86, ts_ms=start_ms + 4_000)
    console.wait("window.seen.at(-1) > 18.53 - 1e-9")
    seen = console.page.evaluate("window.seen")
    assert seen == sorted(seen)
    assert max(seen) <= 18.53 + 1e-9
    assert sum(18.5201 < lat < 18.5299 for lat in seen) > 3
    fake.world.put(TRUCK, 18.522, 73.86, ts_ms=start_ms + 1_000)
    fake.world.put("TRK-0001", 18.521, 73.861)
    console.wait("window.__ubertruck.truck('TRK-0001')?.fix.lat > 18.5")
    assert console.truck(TRUCK)["lat"] == pytest.approx(18.53)


def test_trucks_are_really_painted_and_survive_a_lost_graphics_context(
    console: Console, fake: FakeServer
) -> None:
    fake.frozen = True
    row = fake.world.ids.index(TRUCK)
    fake.world.status[row] = 2
    fake.world.put(TRUCK, 18.52, 73.86)
    signed_in(console, NEAR_PUNE)
    console.wait_until(lambda: console.pixels_like(STOPPED_COLOUR) > 60)
    console.page.evaluate(
        """() => {
          const gl = document.querySelector('.map canvas').getContext('webgl2');
          const loss = gl.getExtension('WEBGL_lose_context');
          loss.loseContext();
          setTimeout(() => loss.restoreContext(), 50);
        }"""
    )
    fake.world.status[row] = 1
    fake.world.put(TRUCK, 18.52, 73.86)
    console.wait_until(lambda: console.pixels_like(MOVING_COLOUR) > 60)


def test_the_subscription_follows_the_map(console: Console, fake: FakeServer) -> None:
    signed_in(console)
    whole = fake.subscriptions[0]["bbox"]
    assert whole[0] < 68
    assert whole[2] > 97
    # The map may still be settling on its first view, whose address it then writes over ours.
    console.wait(
        "window.__ubertruck.zoom === 12 || (location.hash = '#map=12/18.52/73.86') === null"
    )
    console.wait("window.__ubertruck.trucks < 60")
    latest = fake.subscriptions[-1]["bbox"]
    assert 73.4 < latest[0] < 73.86 < latest[2] < 74.3


def test_a_dropped_connection_comes_back_by_itself(console: Console, fake: FakeServer) -> None:
    signed_in(console)
    trucks = console.hook("trucks")
    fake.drop_viewers()
    console.wait("window.__ubertruck.state === 'reconnecting'")
    assert console.hook("trucks") == trucks
    console.wait_live()
    assert console.hook("trucks") == trucks


def test_while_the_server_is_away_the_age_of_the_picture_is_shown(
    console: Console, fake: FakeServer
) -> None:
    signed_in(console)
    fake.stop()
    link = console.page.locator(".link-state")
    expect(link).to_contain_text("Reconnecting", timeout=15_000)
    expect(link).to_contain_text("old")
    assert console.hook("trucks") == 60
    fake.start()
    expect(link).to_have_text("Live", timeout=30_000)


def test_without_a_network_it_says_offline_at_once(console: Console) -> None:
    signed_in(console)
    console.page.context.set_offline(True)
    expect(console.page.locator(".link-state")).to_contain_text("Offline")
    console.page.context.set_offline(False)
    console.wait_live()


def test_an_expired_token_is_renewed_while_the_page_remembers_the_secret(
    console: Console, fake: FakeServer
) -> None:
    signed_in(console)
    before = console.page.evaluate("sessionStorage.getItem('ubertruck.session')")
    fake.drop_viewers(code=4401)
    console.wait("window.__ubertruck.state === 'reconnecting'")
    console.wait_live()
    assert console.page.evaluate("sessionStorage.getItem('ubertruck.session')") != before


def test_a_session_that_cannot_go_on_ends_with_a_reason(console: Console, fake: FakeServer) -> None:
    signed_in(console)
    fake.tokens_valid = False
    fake.drop_viewers(code=4401)
    expect(console.page.get_by_role("alert")).to_contain_text("Sign in again", timeout=15_000)
    expect(console.page.get_by_label("Client id")).to_be_visible()


def test_a_session_that_ran_out_while_away_says_so(console: Console, fake: FakeServer) -> None:
    signed_in(console)
    console.page.evaluate(
        """() => {
          const kept = JSON.parse(sessionStorage.getItem('ubertruck.session'));
          sessionStorage.setItem('ubertruck.session', JSON.stringify({...kept, expiresAtMs: 1}));
        }"""
    )
    console.page.reload()
    expect(console.page.get_by_role("alert")).to_contain_text("expired")


def test_events_arrive_live_once_and_lead_to_their_truck(
    console: Console, fake: FakeServer
) -> None:
    signed_in(console)
    events = console.page.get_by_role("region", name="Events")
    expect(events).to_contain_text("Nothing yet")
    fence = {"fence": "f1", "fence_name": "Pune yard"}
    fake.raise_event("truck.fence.entered", TRUCK, fence, 1)
    row = events.get_by_role("button", name=TRUCK)
    expect(row).to_contain_text("entered Pune yard")
    fake.drop_viewers()
    console.wait("window.__ubertruck.state === 'reconnecting'")
    console.wait_live()
    expect(row).to_have_count(1)
    row.click()
    card = console.page.get_by_role("region", name="Truck")
    expect(card.get_by_role("heading")).to_have_text(TRUCK)


def test_a_slow_api_does_not_hold_up_the_map(console: Console, fake: FakeServer) -> None:
    fake.raise_event("truck.stopped", TRUCK, {}, 1)
    fake.delay_s = 3600.0
    signed_in(console)
    expect(console.page.get_by_role("region", name="Events")).to_contain_text("Loading")


def test_an_empty_view_says_what_to_do(console: Console) -> None:
    console.open("#map=9/5/60")
    console.sign_in()
    note = console.page.locator(".map-note")
    expect(note).to_contain_text("No trucks here")
    note.get_by_role("button", name="Show all of India").click()
    console.wait_live()
    expect(note).to_be_hidden()


def test_a_base_map_that_does_not_load_gives_way_to_the_built_in_one(console: Console) -> None:
    signed_in(console)
    page = console.page
    page.get_by_role("button", name="Map settings").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Style or tile address").fill("http://elsewhere.example/style.json")
    dialog.get_by_role("button", name="Use this address").click()
    expect(dialog.get_by_role("alert")).to_contain_text("https://")
    dialog.get_by_label("Style or tile address").fill("/no-such-style.json")
    dialog.get_by_role("button", name="Use this address").click()
    expect(page.locator(".toast")).to_contain_text("Showing the built-in map")
    console.wait("window.__ubertruck.drawn.trucks + window.__ubertruck.drawn.clusters > 0")


def test_dark_and_light_are_chosen_and_remembered(console: Console) -> None:
    signed_in(console)
    root = console.page.locator("html")
    expect(root).to_have_attribute("data-theme", "dark")
    console.page.get_by_role("button", name="Switch between dark and light").click()
    expect(root).to_have_attribute("data-theme", "light")
    console.page.reload()
    console.wait_live()
    expect(root).to_have_attribute("data-theme", "light")


def test_a_phone_shows_it_all_without_scrolling_sideways(
    browser: Browser, fake: FakeServer
) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 740}, has_touch=True)
    console = signed_in(Console(context.new_page(), fake.url))
    assert console.right_edge() <= 360
    console.page.get_by_role("button", name="Show or hide events").click()
    expect(console.page.get_by_role("region", name="Events")).to_be_visible()
    assert console.right_edge() <= 360
    context.close()


def test_ten_thousand_trucks_are_laid_out_within_a_frame_or_two(browser: Browser) -> None:
    fake = FakeServer(FakeWorld(10_000), free_port())
    fake.start()
    context = browser.new_context(viewport={"width": 1200, "height": 760})
    console = signed_in(Console(context.new_page(), fake.url))
    console.wait("window.__ubertruck.trucks === 10000")
    console.wait("window.__ubertruck.drawn.clusters > 10")
    console.wait("window.__ubertruck.drawn.layoutMs < 50")
    context.close()
    fake.stop()
