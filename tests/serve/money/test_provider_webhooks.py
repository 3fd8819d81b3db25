"""/v1/webhooks: what providers send is stored, believed or refused, and worked on."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import secrets
import time
from typing import Any

import httpx
import pytest

from actors.booking_writing import TenantName
from actors.money.letters import letters_round, letters_sweep
from actors.money.payments import Till, take
from config.installation import Installation
from config.policy import Policy
from freight.payments import commands as asked
from freight.payments.seen import SeenOrder
from providers.razorpay.signatures import signed
from serve import bare
from serve.gateway import Gateway
from serve.identity.permissions import Role
from serve.payments.changing import desk_of
from tests.launch.waiting import until
from tests.providers.sandbox import WEBHOOK_SECRET, SandboxServer
from tests.serve.caller import Caller
from tests.serve.conftest import token_for
from tests.serve.in_process import InProcessActors
from tests.serve.money.test_payments import AMOUNT, demanded

PATH = "/v1/webhooks/razorpay"


def named(kind: str) -> str:
    return f"{kind}_{secrets.token_hex(7)}"


def entity(order: str, **changes: Any) -> dict[str, Any]:
    """A payment as Razorpay tells it, with what we must not keep."""
    return {
        "id": named("pay"),
        "entity": "payment",
        "amount": AMOUNT["amount_minor"],
        "currency": "INR",
        "status": "captured",
        "order_id": order,
        "method": "card",
        "captured": True,
        "amount_refunded": 0,
        "refund_status": None,
        "card": {"id": "card_1", "name": "Asha Rao", "last4": "1111", "network": "Visa"},
        "email": "asha@example.in",
        "contact": "+919876543210",
        "notes": [],
        "fee": 30000,
        "tax": 4576,
        "created_at": int(time.time()),
        **changes,
    }


def letter(kind: str, *, created_s: int | None = None, **entities: Any) -> bytes:
    return json.dumps(
        {
            "entity": "event",
            "account_id": "acc_1",
            "event": kind,
            "contains": list(entities),
            "payload": {name: {"entity": one} for name, one in entities.items()},
            "created_at": int(time.time()) if created_s is None else created_s,
        }
    ).encode()


async def send(
    http: httpx.AsyncClient,
    body: bytes,
    *,
    event: str | None = None,
    secret: str = WEBHOOK_SECRET,
    path: str = PATH,
) -> httpx.Response:
    headers = {
        "content-type": "application/json",
        "x-razorpay-signature": signed(body, secret),
        "x-razorpay-event-id": event or named("evt"),
    }
    return await http.post(path, content=body, headers=headers)


async def inbox(caller: Caller, **query: str) -> list[dict[str, Any]]:
    answer = await caller.get("/v1/provider-webhooks", params=query)
    assert answer.is_success, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def shown(caller: Caller, payment: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = (await caller.get(f"/v1/payments/{payment['id']}")).json()
    return found


async def test_a_genuine_webhook_is_stored_and_worked_on(
    caller: Caller, http: httpx.AsyncClient, sandbox: SandboxServer
) -> None:
    payment = await demanded(caller, method="card")
    made = entity(payment["order"])

    answer = await send(http, letter("payment.captured", payment=made), event="evt_1")

    assert (answer.status_code, answer.json()) == (200, {"result": "kept"})
    assert (await shown(caller, payment))["status"] == "captured"
    (kept,) = await inbox(caller)
    assert (kept["state"], kept["event"], kept["type"]) == ("done", "evt_1", "payment.captured")
    for private in ("Asha", "asha@", "9876543210"):
        assert private not in kept["body"]
    assert '"network":"Visa"' in kept["body"]


async def test_the_same_again_is_known_and_done_once(
    caller: Caller, http: httpx.AsyncClient, sandbox: SandboxServer
) -> None:
    payment = await demanded(caller)
    body = letter("payment.captured", payment=entity(payment["order"]))

    answers = [await send(http, body, event="evt_2") for _ in range(3)]

    assert [one.json()["result"] for one in answers] == ["kept", "known", "known"]
    (kept,) = await inbox(caller)
    assert (kept["repeats"], kept["tries"]) == (2, 1)
    assert len((await shown(caller, payment))["attempts"]) == 1


async def test_forged_stale_and_replayed_are_refused_and_recorded(
    caller: Caller, http: httpx.AsyncClient, sandbox: SandboxServer
) -> None:
    payment = await demanded(caller)
    path = f"{PATH}/{caller.tenant.id}"
    made = entity(payment["order"])
    genuine = letter("payment.authorized", payment={**made, "status": "authorized"})
    await send(http, genuine, event="evt_3", path=path)

    old = letter("payment.captured", payment=made, created_s=int(time.time()) - 100_000)
    refused = [
        await send(http, letter("payment.captured", payment=made), secret="guessed", path=path),
        await send(http, old, path=path),
        await send(http, genuine, event="evt_another", path=path),
        await send(http, letter("payment.captured", payment=made), event="evt_3", path=path),
        await send(http, b"4111 1111 1111 1111", path=path),
        await send(http, b"x" * 300_000, path=path),
    ]

    assert [one.status_code for one in refused] == [401, 422, 409, 409, 400, 413]
    kept = await inbox(caller, state="refused")
    assert len(kept) == 6
    assert all(one["why"] for one in kept)
    assert "4111" not in kept[1]["body"]
    assert (await shown(caller, payment))["status"] == "authorized"
    replay = await caller.ask("POST", f"/v1/provider-webhooks/{kept[0]['id']}/replay")
    assert replay.status_code == 409


async def test_one_about_an_unknown_payment_waits_until_it_is_known(
    caller: Caller, http: httpx.AsyncClient, gateway: Gateway, sandbox: SandboxServer
) -> None:
    payment = await demanded(caller)
    late = named("order")
    body = letter("payment.captured", payment=entity(late))
    path = f"{PATH}/{caller.tenant.id}"
    assert (await send(http, body, path=path)).status_code == 200
    (kept,) = await inbox(caller, about=late)
    assert kept["state"] == "waiting"

    tenant = TenantName(caller.tenant.key, caller.tenant.id)
    desk = desk_of(gateway)
    async with desk.writing(tenant) as conn:
        till = Till(conn, tenant, desk.policy_of(tenant), desk.now_ms())
        told = asked.Observe(SeenOrder(id=late, receipt=None), "a test")
        await take(till, payment["id"], told)
    await letters_round(desk)

    assert (await shown(caller, payment))["status"] == "captured"
    (kept,) = await inbox(caller, about=late)
    assert kept["state"] == "done"


async def test_of_a_shared_account_it_waits_for_whose_it_is(
    caller: Caller, http: httpx.AsyncClient, gateway: Gateway, sandbox: SandboxServer
) -> None:
    payment = await demanded(caller)
    late = named("order")
    answer = await send(http, letter("payment.captured", payment=entity(late)))
    assert answer.json() == {"result": "kept"}
    assert await inbox(caller) == []
    operator = await _operator(caller, gateway)
    listed = (await operator.get("/v1/provider-webhooks/unclaimed")).json()["items"]
    assert late in listed[0]["refs"]
    assert (await caller.get("/v1/provider-webhooks/unclaimed")).status_code == 403

    tenant = TenantName(caller.tenant.key, caller.tenant.id)
    desk = desk_of(gateway)
    async with desk.writing(tenant) as conn:
        till = Till(conn, tenant, desk.policy_of(tenant), desk.now_ms())
        told = asked.Observe(SeenOrder(id=late, receipt=None), "a test")
        await take(till, payment["id"], told)
    await letters_round(desk)

    assert (await shown(caller, payment))["status"] == "captured"


async def _operator(caller: Caller, gateway: Gateway) -> Caller:
    return dataclasses.replace(caller, token=token_for(gateway, caller.tenant, Role.OPERATOR))


async def test_what_nobody_follows_is_kept_and_a_replay_does_no_harm(
    caller: Caller, http: httpx.AsyncClient, gateway: Gateway, sandbox: SandboxServer
) -> None:
    body = letter("payment.downtime.started", downtime={"id": "down_1"})
    await send(http, body, path=f"{PATH}/{caller.tenant.id}")
    (kept,) = await inbox(caller, state="ignored")

    again = await caller.ask("POST", f"/v1/provider-webhooks/{kept['id']}/replay")

    assert (again.json()["state"], again.json()["tries"]) == ("ignored", 3)
    viewer = dataclasses.replace(caller, token=token_for(gateway, caller.tenant, Role.VIEWER))
    assert (await viewer.get("/v1/provider-webhooks")).status_code == 403
    assert (await caller.get("/v1/provider-webhooks/pw-999999999999")).status_code == 404


async def test_nobody_else_is_listened_to(
    http: httpx.AsyncClient, caller: Caller, sandbox: SandboxServer
) -> None:
    body = letter("payment.captured", payment=entity("order_1"))
    for path in ("/v1/webhooks/paypal", f"{PATH}/no-such-tenant", f"{PATH}/Not%20one"):
        answer = await send(http, body, path=path)
        assert answer.status_code in (404, 422)


async def test_the_inbox_keeps_its_bounds(
    caller: Caller, http: httpx.AsyncClient, gateway: Gateway, sandbox: SandboxServer
) -> None:
    path = f"{PATH}/{caller.tenant.id}"
    for _ in range(3):
        await send(http, letter("x", payment=entity("order_1")), secret="guessed", path=path)
    desk = desk_of(gateway)
    work = desk.settings.now.payment_work.model_copy(update={"letters_refused_max": 1})
    base = gateway.settings.now.model_copy(update={"payment_work": work})
    settings = type(gateway.settings)(base)

    await letters_sweep(dataclasses.replace(desk, settings=settings))

    assert len(await inbox(caller, state="refused")) <= 1


async def test_the_sandbox_tells_over_real_http(  # noqa: PLR0917 - fixtures
    installation: Installation,
    quick: Policy,
    actors: InProcessActors,
    caller: Caller,
    payment_server: SandboxServer,
    webhook_port: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Twice each, in any order: the payment, and a refund of it, end as they should."""
    monkeypatch.setenv("ENVIRONMENT", "development")
    running = bare.server(installation, quick, actors, port=webhook_port)
    serving = asyncio.create_task(running.serve())
    try:
        payment_server.act(
            "switches", is_automatic=True, is_paused=False, copies=2, is_shuffling=True
        )
        payment = await demanded(caller)
        payment_server.act(f"orders/{payment['order']}/pay", method="upi")

        async def is_captured() -> bool:
            return bool((await shown(caller, payment))["status"] == "captured")

        await until(is_captured)
        refund = await caller.ask("POST", "/v1/refunds", json={"payment": payment["id"]})
        assert refund.is_success, refund.text

        async def is_refunded() -> bool:
            return bool((await shown(caller, payment))["status"] == "refunded")

        await until(is_refunded)
    finally:
        running.should_exit = True
        await serving
