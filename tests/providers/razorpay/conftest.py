"""One payments sandbox for all tests of this folder, and adapters that call it over HTTP."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator, Iterator

import pytest

from config.policy import defaults
from config.sections.providers import Patience
from providers.calling import Caller
from providers.razorpay.client import Credentials, RazorpayClient
from providers.razorpay.payments import RazorpayPayments
from providers.razorpay.payouts import RazorpayPayouts
from tests.providers.sandbox import KEY_ID, KEY_SECRET, PAYOUT_ACCOUNT, SandboxServer


@dataclasses.dataclass
class Time:
    """Stands still until somebody waits."""

    now_s: float = 1000.0
    waited_s: list[float] = dataclasses.field(default_factory=list)

    def clock_s(self) -> float:
        return self.now_s

    async def sleep(self, wait_s: float) -> None:
        self.waited_s.append(wait_s)
        self.now_s += wait_s


@dataclasses.dataclass
class Counted:
    """A meter that remembers."""

    calls: list[tuple[str, str, str]] = dataclasses.field(default_factory=list)
    turns: list[tuple[str, bool]] = dataclasses.field(default_factory=list)

    def called(self, provider: str, operation: str, outcome: str, lasted_s: float) -> None:
        assert lasted_s >= 0.0
        self.calls.append((provider, operation, outcome))

    def turned(self, provider: str, *, is_open: bool) -> None:
        self.turns.append((provider, is_open))


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxServer]:
    made = SandboxServer(tmp_path_factory.mktemp("payment-sandbox"))
    made.start()
    yield made
    made.kill()


@pytest.fixture
def sandbox(server: SandboxServer) -> Iterator[SandboxServer]:
    """Nothing happens in it by itself."""
    server.act("switches", is_automatic=False)
    yield server
    server.act("faults/clear")


@pytest.fixture
def patience() -> Patience:
    usual = defaults().providers.patience["usual"]
    return usual.model_copy(update={"attempts": 3, "failures_max": 3, "rest_s": 20.0})


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def meter() -> Counted:
    return Counted()


@pytest.fixture
async def caller(patience: Patience, time: Time, meter: Counted) -> AsyncIterator[Caller]:
    made = Caller(
        "razorpay",
        lambda: patience,
        meter=meter,
        clock_s=time.clock_s,
        sleep=time.sleep,
        draw=lambda: 0.5,
    )
    yield made
    await made.close()


@pytest.fixture
def client(caller: Caller, sandbox: SandboxServer) -> RazorpayClient:
    return RazorpayClient(caller, Credentials(f"{sandbox.url}/v1", KEY_ID, KEY_SECRET))


@pytest.fixture
def payments(client: RazorpayClient) -> RazorpayPayments:
    return RazorpayPayments(client)


@pytest.fixture
def payouts(client: RazorpayClient) -> RazorpayPayouts:
    return RazorpayPayouts(client, PAYOUT_ACCOUNT)
