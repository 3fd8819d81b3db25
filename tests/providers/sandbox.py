"""The payments sandbox for tests: a process of its own, as `up` runs it, and what is done in it."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr

from config.installation import Http, PaymentSandbox
from config.policy import defaults
from launch.layout import REPOSITORY
from tests.conftest import free_port

READY_WITHIN_S = 30.0
NOBODY_LISTENS = "http://127.0.0.1:9/v1/webhooks/razorpay"
KEY_ID, KEY_SECRET, WEBHOOK_SECRET = "rzp_test_tests", "a key secret", "a webhook secret"
PAYOUT_ACCOUNT = "7878780080316316"


@dataclass
class SandboxServer:
    """`habits` override config/defaults/payment_sandbox.yaml."""

    folder: Path
    webhook_url: str = NOBODY_LISTENS
    habits: dict[str, Any] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    _process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def installed(self) -> PaymentSandbox:
        """As an installation knows it."""
        return PaymentSandbox(
            http=Http(host="127.0.0.1", port=self.port),
            key_id=KEY_ID,
            key_secret=SecretStr(KEY_SECRET),
            webhook_secret=SecretStr(WEBHOOK_SECRET),
            payout_account=PAYOUT_ACCOUNT,
        )

    def start(self) -> None:
        file = self.folder / "payment-sandbox.json"
        file.write_text(json.dumps(self._settings()))
        log = (self.folder / "payment-sandbox.log").open("ab")
        command = [sys.executable, "-m", "ubertruck", "payment-sandbox", "--settings", str(file)]
        self._process = subprocess.Popen(command, cwd=REPOSITORY, stdout=log, stderr=log)
        log.close()
        give_up_at = time.monotonic() + READY_WITHIN_S
        while not self._answers():
            ended = self._process.poll()
            if ended is not None or time.monotonic() > give_up_at:
                raise AssertionError((self.folder / "payment-sandbox.log").read_text())
            time.sleep(0.02)

    def kill(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()

    def act(self, path: str, /, **given: Any) -> dict[str, Any]:
        """What a tester does, for instance `act("orders/order_1/pay", method="upi")`."""
        answer = httpx.post(f"{self.url}/sandbox/{path}", json=given, trust_env=False)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    def webhooks(self) -> list[dict[str, Any]]:
        """The newest first."""
        answer = httpx.get(f"{self.url}/sandbox/webhooks", trust_env=False)
        found: list[dict[str, Any]] = answer.json()["webhooks"]
        return found

    def _answers(self) -> bool:
        with contextlib.suppress(httpx.HTTPError):
            return httpx.get(f"{self.url}/sandbox/healthz", trust_env=False).is_success
        return False

    def _settings(self) -> dict[str, Any]:
        return {
            "host": "127.0.0.1",
            "port": self.port,
            "database": str(self.folder / "payment-sandbox.sqlite"),
            "key_id": KEY_ID,
            "key_secret": KEY_SECRET,
            "webhook_secret": WEBHOOK_SECRET,
            "payout_account": PAYOUT_ACCOUNT,
            "webhook_url": self.webhook_url,
            "habits": {**defaults().payment_sandbox.model_dump(), **self.habits},
        }
