"""/v1/payments and /v1/refunds, through the payments sandbox."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from actors.booking_writing import TenantName
from actors.money.at_provider import advance
from actors.money.payments import receipt_of
from serve.gateway import Gateway
from serve.identity.permissions import Role
from serve.payments.changing import desk_of
from store.tenants import Tenant
from tests.providers.sandbox import SandboxServer
from tests.serve.bound import BoundTokens
from tests.serve.caller import Caller
from tests.serve.conftest import token_for

AMOUNT = {"amount_minor": 1_500_000, "currency": "INR"}
BOOKING = {
    "load": {"material": "cement", "weight_t": 9},
    "stops": [
        {"kind": "pickup", "place": {"lat": 28.6, "lon": 77.2}},
        {"kind": "drop", "place": {"lat": 26.9, "lon": 75.8}},
    ],
}


@pytest.fixture
def bound(monkeypatch: pytest.MonkeyPatch) -> BoundTokens:
    return BoundTokens(monkeypatch)


async def post(caller: Caller, path: str, body: Any = None, **options: Any) -> dict[str, Any]:
    answer = await caller.ask("POST", path, json=body, **options)
    assert answer.is_success, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def demanded(caller: Caller, **changes: Any) -> dict[str, Any]:
    body = {"method": "upi", "amount": AMOUNT, "shipper": "tata", **changes}
    return await post(caller, "/v1/payments", body)


async def test_a_checkout_from_order_to_verified_payment(
    caller: Caller, sandbox: SandboxServer
) -> None:
    payment = await demanded(caller)
    assert payment["status"] == "pending"
    assert payment["checkout"]["order"] == payment["order"]

    paid = sandbox.act(f"orders/{payment['order']}/pay", method="upi")
    brought = paid["checkout"]
    verified = await post(
        caller,
        f"/v1/payments/{payment['id']}/verify",
        {"payment": paid["payment"]["id"], "signature": brought["razorpay_signature"]},
    )

    assert (verified["status"], verified["captured"]) == ("captured", AMOUNT)
    assert verified["attempts"][0]["method"] == "upi"
    assert verified["checkout"] is None
    timeline = await caller.get(f"/v1/payments/{payment['id']}/timeline")
    kinds = [step["type"] for step in timeline.json()["items"]]
    assert kinds == ["demanded", "order_opened", "payment_seen"]


async def test_a_signature_of_another_order_proves_nothing(
    caller: Caller, sandbox: SandboxServer
) -> None:
    mine, other = await demanded(caller), await demanded(caller)
    paid = sandbox.act(f"orders/{other['order']}/pay", method="upi")
    brought = {
        "payment": paid["payment"]["id"],
        "signature": paid["checkout"]["razorpay_signature"],
    }

    answer = await caller.ask("POST", f"/v1/payments/{mine['id']}/verify", json=brought)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/signature"


async def test_a_refund_never_exceeds_what_was_captured(
    caller: Caller, sandbox: SandboxServer
) -> None:
    payment = await demanded(caller)
    paid = sandbox.act(f"orders/{payment['order']}/pay", method="card")
    brought = {
        "payment": paid["payment"]["id"],
        "signature": paid["checkout"]["razorpay_signature"],
    }
    await post(caller, f"/v1/payments/{payment['id']}/verify", brought)

    part = {"amount_minor": 500_000}
    wanted = {"payment": payment["id"], "amount": part, "reason": "a lighter load"}
    key = {"Idempotency-Key": "the-one-refund"}
    refund = await post(caller, "/v1/refunds", wanted, headers=key)
    again = await post(caller, "/v1/refunds", wanted, headers=key)
    assert refund == again
    assert refund["status"] == "pending"
    assert refund["provider_refund"].startswith("rfnd_")
    too_much = {"payment": payment["id"], "amount": {"amount_minor": 1_000_001}}
    answer = await caller.ask("POST", "/v1/refunds", json=too_much)
    assert answer.status_code == 409
    assert answer.json()["errors"][0]["code"] == "more_than_captured"

    (listed,) = (await caller.get(f"/v1/refunds?payment={payment['id']}")).json()["items"]
    assert listed["id"] == refund["id"]
    assert (await caller.get(f"/v1/refunds/{refund['id']}")).json() == listed
    shown = (await caller.get(f"/v1/payments/{payment['id']}")).json()
    assert shown["refunding"]["amount_minor"] == 500_000


async def test_an_order_whose_answer_is_lost_is_found_by_its_receipt(
    caller: Caller, gateway: Gateway, sandbox: SandboxServer
) -> None:
    sandbox.act("faults", path="/orders", status=502, is_done=True, times=5)

    payment = await demanded(caller)

    assert payment["status"] == "created"
    sandbox.act("faults/clear")
    tenant = TenantName(caller.tenant.key, caller.tenant.id)
    found = await advance(desk_of(gateway), tenant, payment["id"])
    provider = await gateway.providers.payments(tenant)
    orders = await provider.orders_by_receipt(receipt_of(tenant, payment["id"]))
    assert [order.id for order in orders] == [found.order]


async def test_a_link_is_cancelled_at_the_provider_too(
    caller: Caller, sandbox: SandboxServer
) -> None:
    payment = await demanded(caller, link=True)
    assert payment["link"]["url"].startswith(sandbox.url)

    ended = await post(caller, f"/v1/payments/{payment['id']}/cancel", {"reason": "a mistake"})

    assert (ended["status"], ended["link"]["status"]) == ("cancelled", "cancelled")
    assert ended["ended"]["reason"] == "a mistake"


async def test_cash_and_transfers_are_recorded(caller: Caller) -> None:
    cash = await demanded(caller, method="cod")
    path = f"/v1/payments/{cash['id']}"
    unproven = await caller.ask("POST", f"{path}/record", json={"amount": AMOUNT})
    assert unproven.json()["errors"][0]["pointer"] == "/proof"
    given = {"amount": AMOUNT, "proof": "slip-1", "holder": "carriers/c1"}
    collected = await post(caller, f"{path}/record", given)
    assert collected["status"] == "captured"
    handed = await post(caller, f"{path}/hand-in", {"reference": "deposit 9"})
    assert handed["receipts"][0]["handed_in_as"] == "deposit 9"

    transfer = await demanded(caller, method="bank_transfer")
    utr = {"amount": AMOUNT, "reference": f"UTR{transfer['id'][-8:]}"}
    await post(caller, f"/v1/payments/{transfer['id']}/record", utr)
    other = await demanded(caller, method="bank_transfer")
    answer = await caller.ask("POST", f"/v1/payments/{other['id']}/record", json=utr)
    assert answer.status_code == 409
    refund = await post(caller, "/v1/refunds", {"payment": transfer["id"]})
    assert refund["to"] == "bank"
    done = await post(caller, f"/v1/refunds/{refund['id']}/record", {"reference": "UTR-OUT-1"})
    assert done["status"] == "processed"


async def test_a_shipper_sees_and_pays_its_own(
    caller: Caller, bound: BoundTokens, gateway: Gateway, tenant: Tenant, sandbox: SandboxServer
) -> None:
    token = bound.token(gateway, tenant, Role.SHIPPER, shipper="tata")
    shipper = dataclasses.replace(caller, token=token)
    booking = await post(caller, "/v1/bookings", {**BOOKING, "shipper": "tata"})
    foreign = await demanded(caller, shipper="birla")

    mine = await post(
        shipper, "/v1/payments", {"method": "upi", "amount": AMOUNT, "booking": booking["id"]}
    )

    assert mine["shipper"] == "tata"
    listed = (await shipper.get("/v1/payments")).json()["items"]
    assert [one["id"] for one in listed] == [mine["id"]]
    assert (await shipper.get(f"/v1/payments/{foreign['id']}")).status_code == 404
    cancel = await shipper.ask("POST", f"/v1/payments/{foreign['id']}/cancel")
    assert cancel.status_code == 404
    record = await shipper.ask("POST", f"/v1/payments/{mine['id']}/record", json={"amount": AMOUNT})
    assert record.status_code == 403
    top_up = await post(
        shipper, "/v1/payments", {"method": "upi", "amount": AMOUNT, "purpose": "top_up"}
    )
    sandbox.act(f"orders/{top_up['order']}/pay", method="upi")
    other = {"method": "upi", "amount": AMOUNT, "shipper": "birla"}
    answer = await shipper.ask("POST", "/v1/payments", json=other)
    assert answer.json()["errors"][0]["pointer"] == "/shipper"


async def test_carriers_see_no_payments(
    caller: Caller, bound: BoundTokens, gateway: Gateway, tenant: Tenant
) -> None:
    token = bound.token(gateway, tenant, Role.ADMIN, carrier="c1")
    carrier = dataclasses.replace(caller, token=token)

    assert (await carrier.get("/v1/payments")).status_code == 403
    viewer = dataclasses.replace(caller, token=token_for(gateway, tenant, Role.VIEWER))
    refused = await viewer.ask("POST", "/v1/payments", json={"method": "upi", "amount": AMOUNT})
    assert refused.status_code == 403


async def test_what_cannot_be_is_refused_with_its_place(caller: Caller) -> None:
    little = await caller.ask(
        "POST", "/v1/payments", json={"method": "upi", "amount": {"amount_minor": 99}}
    )
    assert little.json()["errors"][0]["pointer"] == "/amount"
    nobodys = await caller.ask("POST", "/v1/payments", json={"method": "wallet", "amount": AMOUNT})
    assert nobodys.json()["errors"][0]["pointer"] == "/shipper"
    nowhere = {"method": "upi", "amount": AMOUNT, "booking": "bk-nowhere"}
    answer = await caller.ask("POST", "/v1/payments", json=nowhere)
    assert answer.json()["errors"][0]["pointer"] == "/booking"
    broke = {"method": "wallet", "amount": AMOUNT, "shipper": "tata"}
    answer = await caller.ask("POST", "/v1/payments", json=broke)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (409, "balance_too_small")


async def test_a_booking_of_nobodys_is_paid_by_nobody_in_particular(caller: Caller) -> None:
    """Its papers would never take up a named shipper's money."""
    booking = await post(caller, "/v1/bookings", BOOKING)
    body = {"method": "bank_transfer", "amount": AMOUNT, "booking": booking["id"]}

    named = await caller.ask("POST", "/v1/payments", json={**body, "shipper": "tata"})
    assert named.status_code == 422
    assert named.json()["errors"][0]["pointer"] == "/shipper"

    assert (await post(caller, "/v1/payments", body))["shipper"] is None
