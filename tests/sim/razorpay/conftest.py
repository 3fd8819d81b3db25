"""A payments sandbox whose webhooks go to a shop, and a client of its API."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.providers.sandbox import KEY_ID, KEY_SECRET, SandboxServer
from tests.sim.razorpay.shop import Shop

HASTY = {"webhook_wait_s_min": 0.05, "shuffle_s": 0.05, "late_after_s": 0.05}
QUIET = {
    "is_automatic": False,
    "is_paused": False,
    "is_dropping": False,
    "is_shuffling": False,
    "copies": 1,
    "delay_s": 0,
}


@pytest.fixture(scope="module")
def _shop() -> Iterator[Shop]:
    made = Shop()
    yield made
    made.close()


@pytest.fixture(scope="module")
def _server(tmp_path_factory: pytest.TempPathFactory, _shop: Shop) -> Iterator[SandboxServer]:
    habits = {**HASTY, "refund_after_s": 0.05, "payout_after_s": 0.05}
    made = SandboxServer(tmp_path_factory.mktemp("sandbox"), _shop.url, habits)
    made.start()
    yield made
    made.kill()


@pytest.fixture
def sandbox(_server: SandboxServer) -> SandboxServer:
    _server.act("switches", **QUIET)
    return _server


@pytest.fixture
def shop(_shop: Shop) -> Iterator[Shop]:
    _shop.received.clear()
    yield _shop
    _shop.answers.clear()


@pytest.fixture
def api(sandbox: SandboxServer) -> Iterator[httpx.Client]:
    auth = (KEY_ID, KEY_SECRET)
    with httpx.Client(base_url=f"{sandbox.url}/v1", auth=auth, trust_env=False) as client:
        yield client
