"""Chromium for the console's browser tests: found, installed where that is allowed, driven."""

from __future__ import annotations

import base64
import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGS = [
    "--headless",
    "--no-sandbox",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
]
WAIT_S = 30.0
AFTERNOON_H = 15
POLL_MS = 25
MIDDLE_PX = 60
COUNT_PIXELS = """async ([png, wanted]) => {
  const image = new Image();
  image.src = "data:image/png;base64," + png;
  await image.decode();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [image.width, image.height];
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0);
  const { data } = context.getImageData(0, 0, image.width, image.height);
  let count = 0;
  for (let i = 0; i < data.length; i += 4)
    if (wanted.every((value, c) => Math.abs(data[i + c] - value) < 12)) count += 1;
  return count;
}"""


def find_chromium() -> str:
    """The path of a Chromium; Debian's own is installed when we are root on Debian."""
    for name in NAMES:
        if found := shutil.which(name):
            return found
    apt = shutil.which("apt-get")
    if os.geteuid() == 0 and apt is not None and Path("/etc/debian_version").is_file():
        for step in (["update", "-qq"], ["install", "-y", "-qq", "chromium"]):
            subprocess.run([apt, *step], check=False, capture_output=True)
        if found := shutil.which("chromium"):
            return found
    pytest.skip("no Chromium here and no right to install it: `apt-get install chromium` as root")


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    path = find_chromium()
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=ARGS)
        yield browser
        browser.close()


def where_it_is_afternoon() -> str:
    """So that the hours of a truck's drive are of one day, whenever the tests run."""
    ahead_h = min(14, AFTERNOON_H - datetime.now(UTC).hour)
    # That is how these zones are named: behind is plus.
    return f"Etc/GMT{-ahead_h:+d}" if ahead_h else "Etc/GMT"


class Console:
    """One page of the console, spoken of in a dispatcher's terms."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self.errors: list[str] = []
        self.requests: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", self._heard)
        page.on("request", lambda request: self.requests.append(request.url))

    def _heard(self, message: Any) -> None:
        if message.type == "error":
            self.errors.append(message.text)

    def open(self, fragment: str = "") -> None:
        self.page.goto(f"{self.url}/{fragment}")

    def sign_in(self, client: str = "demo-dispatcher", secret: str | None = None) -> None:
        self.page.get_by_label("Client id").fill(client)
        self.page.get_by_label("Secret").fill(f"{client}-secret" if secret is None else secret)
        self.page.get_by_role("button", name="Sign in").click()

    def hook(self, expression: str) -> Any:
        """A value of window.__ubertruck, or None while there is none."""
        return self.page.evaluate(f"window.__ubertruck && window.__ubertruck.{expression}")

    def wait(self, expression: str, seconds: float = WAIT_S) -> Any:
        """Until a JavaScript expression is true. (Playwright's own wait needs eval, which our
        content security policy forbids the page.)"""
        deadline = time.monotonic() + seconds
        while not (value := self.page.evaluate(expression)):
            if time.monotonic() > deadline:
                state = self.page.evaluate("JSON.stringify(window.__ubertruck ?? null)")
                raise AssertionError(f"{expression} never came true; {state}; {self.errors}")
            self.page.wait_for_timeout(POLL_MS)
        return value

    def wait_until(self, is_true: Callable[[], bool], seconds: float = WAIT_S) -> None:
        deadline = time.monotonic() + seconds
        while not is_true():
            assert time.monotonic() < deadline, f"it never came true; {self.errors}"
            self.page.wait_for_timeout(POLL_MS)

    def wait_live(self) -> None:
        self.wait("window.__ubertruck?.state === 'live' && window.__ubertruck.trucks > 0")

    def pixels_like(self, colour: tuple[int, int, int]) -> int:
        """How many pixels of the map's middle, as really painted, have about this colour."""
        canvas = self.page.locator(".map canvas").bounding_box()
        assert canvas is not None
        x, y = canvas["x"] + canvas["width"] / 2, canvas["y"] + canvas["height"] / 2
        half = MIDDLE_PX / 2
        shot = self.page.screenshot(
            clip={"x": x - half, "y": y - half, "width": MIDDLE_PX, "height": MIDDLE_PX}
        )
        encoded = base64.b64encode(shot).decode()
        return int(self.page.evaluate(COUNT_PIXELS, [encoded, list(colour)]))

    def right_edge(self) -> float:
        """How far to the right anything but the map reaches, in pixels."""
        parts = "[...document.querySelectorAll('.workspace *')].filter(e => !e.closest('.map'))"
        edges = f"{parts}.map(e => e.getBoundingClientRect().right)"
        return float(self.page.evaluate(f"Math.max(...{edges})"))

    def truck(self, truck: str) -> Any:
        return self.page.evaluate("id => window.__ubertruck.truck(id)", truck)


def signed_in(console: Console, fragment: str = "") -> Console:
    console.open(fragment)
    console.sign_in()
    console.wait_live()
    return console


def chosen(console: Console, truck: str) -> Locator:
    """The card of a truck that was searched for."""
    console.page.get_by_label("Find a truck by id").fill(truck)
    console.page.keyboard.press("Enter")
    card = console.page.get_by_role("region", name="Truck")
    expect(card.get_by_role("heading", level=2)).to_have_text(truck)
    return card
