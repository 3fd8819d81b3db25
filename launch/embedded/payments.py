"""Run the payments sandbox: a server that plays the payment provider, with its webhooks to us."""

from __future__ import annotations

import asyncio
import json
import sys
import time

import httpx

from config.installation import Http, PaymentSandbox
from config.policy import Policy
from launch.layout import Layout, write_private
from launch.process import POLL_S, ChildPlan, inherited

WEBHOOK_PATH = "/v1/webhooks/razorpay"


class EmbeddedPaymentsError(RuntimeError):
    """The payments sandbox does not answer."""


def plan(sandbox: PaymentSandbox, gateway: Http, layout: Layout, policy: Policy) -> ChildPlan:
    settings = layout.payment_sandbox_settings
    limits = policy.launch

    async def wait_ready() -> None:
        await _wait_ready(sandbox.http, limits.server_ready_s_max, limits.probe_timeout_s)

    return ChildPlan(
        name="payments",
        log=layout.log_of("payments"),
        command=lambda: [
            *(sys.executable, "-m", "ubertruck", "payment-sandbox", "--settings", str(settings))
        ],
        environment=inherited,
        prepare=lambda: write_private(settings, _settings(sandbox, gateway, layout, policy)),
        wait_ready=wait_ready,
        stop_grace_s=limits.stop_grace_s,
    )


def _settings(sandbox: PaymentSandbox, gateway: Http, layout: Layout, policy: Policy) -> str:
    """All that it is told; it reads neither our configuration nor our store."""
    return json.dumps(
        {
            "host": sandbox.http.host,
            "port": sandbox.http.port,
            "database": str(layout.payment_sandbox_file),
            "key_id": sandbox.key_id,
            "key_secret": sandbox.key_secret.get_secret_value(),
            "webhook_secret": sandbox.webhook_secret.get_secret_value(),
            "payout_account": sandbox.payout_account,
            "webhook_url": f"http://{gateway.host}:{gateway.port}{WEBHOOK_PATH}",
            "habits": policy.payment_sandbox.model_dump(),
        }
    )


async def _wait_ready(at: Http, deadline_s: float, probe_s: float) -> None:
    url = f"http://{at.host}:{at.port}/sandbox/healthz"
    give_up_at = time.monotonic() + deadline_s
    async with httpx.AsyncClient(trust_env=False, timeout=probe_s) as client:
        while True:
            try:
                (await client.get(url)).raise_for_status()
            except httpx.HTTPError as error:
                if time.monotonic() > give_up_at:
                    says = f"the payments sandbox at {url} is not ready: {error}"
                    raise EmbeddedPaymentsError(says) from error
                await asyncio.sleep(POLL_S)
            else:
                return
