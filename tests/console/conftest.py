"""A Chromium for a module's tests, a server that can be made to misbehave, and a page of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from launch.console_build import build
from tests.conftest import free_port
from tests.console.browser import Console, chromium, where_it_is_afternoon
from tests.console.fake_server import FakeServer, demo_fences
from tests.console.fake_world import FakeWorld


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    build()
    with chromium() as opened:
        yield opened


@pytest.fixture
def fake() -> Iterator[FakeServer]:
    made = FakeServer(FakeWorld(60), free_port())
    made.fences = demo_fences()
    made.start()
    yield made
    made.stop()


@pytest.fixture
def console(browser: Browser, fake: FakeServer) -> Iterator[Console]:
    context = browser.new_context(
        viewport={"width": 1200, "height": 760},
        color_scheme="dark",
        timezone_id=where_it_is_afternoon(),
    )
    yield Console(context.new_page(), fake.url)
    context.close()
