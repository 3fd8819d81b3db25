"""The sandbox is killed and started again: it knows what it knew, and goes on with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx

from tests.launch.waiting import until
from tests.providers.sandbox import KEY_ID, KEY_SECRET, SandboxServer
from tests.sim.razorpay.conftest import HASTY
from tests.sim.razorpay.shop import Shop

AUTH = (KEY_ID, KEY_SECRET)


def post(api: httpx.Client, path: str, body: object) -> dict[str, Any]:
    """With a key, by which it is known again."""
    headers = {"X-Refund-Idempotency": "refunds-0001"}
    found: dict[str, Any] = api.post(path, json=body, headers=headers).json()
    return found


def state(api: httpx.Client, path: str) -> dict[str, Any]:
    found: dict[str, Any] = api.get(path).json()
    return found


async def test_nothing_is_lost_when_it_is_killed(tmp_path: Path) -> None:
    shop = Shop()
    server = SandboxServer(tmp_path, shop.url, HASTY)
    server.start()
    try:
        server.act("switches", is_paused=True, is_automatic=False, copies=2)
        with httpx.Client(base_url=f"{server.url}/v1", auth=AUTH, trust_env=False) as api:
            body = {"amount": 5000, "currency": "INR", "receipt": "dues/1"}
            order = post(api, "/orders", body)
            payment = server.act(f"orders/{order['id']}/pay")["payment"]["id"]
            refund = post(api, f"/payments/{payment}/refund", {"amount": 700})
            server.kill()
            server.start()

            assert post(api, f"/payments/{payment}/refund", {"amount": 700}) == refund
            assert state(api, f"/payments/{payment}")["amount_refunded"] == 700
            assert state(api, f"/orders/{order['id']}")["status"] == "paid"
        assert shop.received == []
        assert server.act("webhooks/send")["sent"] == 4
        await until(lambda: len(shop.received) == 8)
        told = ["payment.authorized", "payment.captured", "order.paid", "refund.created"]
        assert sorted(shop.events) == sorted(told * 2)
    finally:
        server.kill()
        shop.close()
