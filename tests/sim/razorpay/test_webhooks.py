"""The sandbox's webhooks: signed, at least once, and in whatever disorder a tester wants."""

from __future__ import annotations

from typing import Any

import httpx

from tests.launch.waiting import until
from tests.providers.sandbox import SandboxServer
from tests.sim.razorpay.shop import Shop

PAID = ["payment.authorized", "payment.captured", "order.paid"]


def order(api: httpx.Client, **more: Any) -> str:
    body = {"amount": 5000, "currency": "INR", **more}
    return str(post(api, "/orders", body)["id"])


def post(api: httpx.Client, path: str, body: object) -> dict[str, Any]:
    found: dict[str, Any] = api.post(path, json=body).json()
    return found


async def test_each_is_signed_and_has_an_id(
    api: httpx.Client, sandbox: SandboxServer, shop: Shop
) -> None:
    made = sandbox.act(f"orders/{order(api)}/pay")["payment"]
    await until(lambda: shop.events == PAID)

    assert shop.are_all_signed()
    assert len({event for event, _, _ in shop.received}) == len(PAID)
    first, _, last = shop.bodies
    assert first["contains"] == ["payment"]
    # A snapshot of that moment: captured only later.
    assert first["payload"]["payment"]["entity"]["status"] == "authorized"
    assert last["payload"]["order"]["entity"]["status"] == "paid"
    assert last["payload"]["payment"]["entity"]["id"] == made["id"]
    assert {hook["state"] for hook in sandbox.webhooks()[:3]} == {"delivered"}


async def test_what_is_refused_is_sent_again_with_the_same_id(
    api: httpx.Client, sandbox: SandboxServer, shop: Shop
) -> None:
    shop.answers.extend([500, 503])
    sandbox.act(f"orders/{order(api)}/pay", outcome="fail")

    await until(lambda: len(shop.received) == 3)

    assert len({event for event, _, _ in shop.received}) == 1
    assert len({body for _, body, _ in shop.received}) == 1
    await until(lambda: sandbox.webhooks()[0]["state"] == "delivered")


async def test_copies(api: httpx.Client, sandbox: SandboxServer, shop: Shop) -> None:
    sandbox.act("switches", copies=3)
    sandbox.act(f"orders/{order(api)}/pay", outcome="fail")

    await until(lambda: shop.events == ["payment.failed"] * 3)

    assert len({event for event, _, _ in shop.received}) == 1


async def test_what_is_dropped_never_comes_unless_it_is_sent_by_hand(
    api: httpx.Client, sandbox: SandboxServer, shop: Shop
) -> None:
    sandbox.act("switches", is_dropping=True)
    sandbox.act(f"orders/{order(api)}/pay")
    dropped = sandbox.webhooks()[:3]
    sandbox.act("switches", is_dropping=False)
    sandbox.act(f"orders/{order(api)}/pay", outcome="fail")
    await until(lambda: shop.events == ["payment.failed"])

    assert [hook["state"] for hook in dropped] == ["dropped"] * 3
    sandbox.act(f"webhooks/{dropped[0]['id']}/send")
    await until(lambda: shop.events == ["payment.failed", "order.paid"])


async def test_what_is_held_back_leaves_together_in_any_order(
    api: httpx.Client, sandbox: SandboxServer, shop: Shop
) -> None:
    sandbox.act("switches", is_paused=True)
    sandbox.act(f"orders/{order(api)}/pay")
    assert [hook["state"] for hook in sandbox.webhooks()[:3]] == ["waiting"] * 3
    sandbox.act(f"webhooks/{sandbox.webhooks()[0]['id']}/drop")

    assert sandbox.act("webhooks/send", is_shuffled=True)["sent"] == 2
    await until(lambda: sorted(shop.events) == sorted(PAID[:2]))


async def test_shuffled_ones_all_come(
    api: httpx.Client, sandbox: SandboxServer, shop: Shop
) -> None:
    sandbox.act("switches", is_shuffling=True)
    sandbox.act(f"orders/{order(api)}/pay")

    await until(lambda: sorted(shop.events) == sorted(PAID))


async def test_a_late_payment_fails_and_is_captured_all_the_same(
    api: httpx.Client, sandbox: SandboxServer, shop: Shop
) -> None:
    sandbox.act(f"orders/{order(api)}/pay", outcome="late")

    await until(lambda: shop.events == ["payment.failed", *PAID])


async def test_refunds_and_payouts_go_through_by_themselves(
    api: httpx.Client, sandbox: SandboxServer, shop: Shop
) -> None:
    sandbox.act("switches", is_automatic=True)
    payment = sandbox.act(f"orders/{order(api)}/pay")["payment"]["id"]
    post(api, f"/payments/{payment}/refund", {"amount": 1000})

    wanted = sorted([*PAID, "refund.created", "refund.processed"])
    await until(lambda: sorted(shop.events) == wanted)


async def test_a_link_tells_of_itself_with_the_bare_order(
    api: httpx.Client, sandbox: SandboxServer, shop: Shop
) -> None:
    """As the real one does: the order inside has lost its prefix."""
    body = {"amount": 5000, "currency": "INR", "reference_id": "webhook link"}
    link = post(api, "/payment_links", body)
    sandbox.act(f"links/{link['id']}/pay")

    await until(lambda: sorted(shop.events) == sorted([*PAID, "payment_link.paid"]))
    [told] = [body for body in shop.bodies if body["event"] == "payment_link.paid"]
    payload = told["payload"]
    assert payload["payment_link"]["entity"]["order_id"] == link["order_id"]
    assert payload["order"]["entity"]["id"] == link["order_id"].removeprefix("order_")
