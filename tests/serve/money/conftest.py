"""A gateway whose tenants are paid through the payments sandbox, over its real HTTP."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from config.installation import Installation
from tests.conftest import free_port
from tests.providers.sandbox import SandboxServer


@pytest.fixture(scope="session")
def webhook_port() -> int:
    """Where the sandbox sends its webhooks, when a test listens there."""
    return free_port()


@pytest.fixture(scope="session")
def payment_server(
    tmp_path_factory: pytest.TempPathFactory, webhook_port: int
) -> Iterator[SandboxServer]:
    url = f"http://127.0.0.1:{webhook_port}/v1/webhooks/razorpay"
    made = SandboxServer(tmp_path_factory.mktemp("payments-of-gateway"), webhook_url=url)
    made.start()
    yield made
    made.kill()


@pytest.fixture
def sandbox(payment_server: SandboxServer) -> Iterator[SandboxServer]:
    """Nothing happens in it by itself, and nothing is sent."""
    payment_server.act("switches", is_automatic=False, is_paused=True)
    yield payment_server
    payment_server.act("faults/clear")


@pytest.fixture
def installation(installation: Installation, payment_server: SandboxServer) -> Installation:
    return installation.model_copy(update={"payment_sandbox": payment_server.installed})
