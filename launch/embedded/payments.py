"""Run the payments sandbox: a server that plays the payment provider, with its webhooks to us."""

from __future__ import annotations

import json

from config.installation import Http, PaymentSandbox
from config.policy import Policy
from launch.embedded import local_service
from launch.layout import Layout
from launch.process import ChildPlan

WEBHOOK_PATH = "/v1/webhooks/razorpay"


def plan(sandbox: PaymentSandbox, gateway: Http, layout: Layout, policy: Policy) -> ChildPlan:
    told = layout.payment_sandbox_settings, _settings(sandbox, gateway, layout, policy)
    return local_service.plan(
        "payments", "payment-sandbox", sandbox.http, told, layout, policy.launch
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
