"""/v1/dues and a booking's money over the API: who sees what of it, and in which order."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from actors.life import now_ms
from actors.money.booking_round import booking_round
from actors.money.desk import Desk
from config.policy import Snapshot
from serve.gateway import Gateway
from serve.identity.permissions import Role
from store.postgres import AnyPool
from tests.actors.money.fake_provider import FakeProvider, FakeProviders
from tests.serve.bound import BoundTokens
from tests.serve.caller import Caller

pytestmark = pytest.mark.usefixtures("fresh_books")

LOAD: dict[str, Any] = {
    "load": {"material": "cement", "weight_t": 9},
    "stops": [
        {"kind": "pickup", "place": {"lat": 28.6, "lon": 77.2, "name": "Okhla", "state": "07"}},
        {"kind": "drop", "place": {"lat": 26.9, "lon": 75.8, "name": "Jaipur", "state": "08"}},
    ],
    "terms": [{"kind": "advance", "share_percent": 80}, {"kind": "balance", "share_percent": 20}],
}


async def booked(caller: Caller, shipper: str) -> dict[str, Any]:
    made = (await caller.ask("POST", "/v1/bookings", json=LOAD | {"shipper": shipper})).json()
    answer = await caller.ask("POST", f"/v1/bookings/{made['id']}/confirm")
    assert answer.status_code == 200, answer.text
    booking: dict[str, Any] = answer.json()
    return booking


@pytest.fixture
def desk(gateway: Gateway, app: AnyPool, system: AnyPool) -> Desk:
    providers = FakeProviders(FakeProvider())
    return Desk(app, system, gateway.settings, now_ms, providers, gateway.personal)


async def test_dues_come_in_the_order_in_which_they_are_due(caller: Caller, desk: Desk) -> None:
    first, second = [await booked(caller, "acme") for _ in range(2)]
    await booking_round(desk)

    found = (await caller.get("/v1/dues?limit=3")).json()
    rest = (await caller.get(f"/v1/dues?limit=3&cursor={found['next_cursor']}")).json()
    items = found["items"] + rest["items"]

    assert [(one["booking"], one["due"], one["state"]) for one in items[:2]] == [
        (first["id"], "advance-1", "open"),
        (second["id"], "advance-1", "open"),
    ]
    assert [(one["due"], one["state"], one["due_at"]) for one in items[2:]] == [
        ("balance-1", "awaited", None)
    ] * 2
    assert rest["next_cursor"] is None
    total = sum(one["amount"]["amount_minor"] for one in items if one["booking"] == first["id"])
    assert total == first["price"]["agreed"]["amount_minor"]
    overdue = (await caller.get("/v1/dues?state=overdue&booking=" + first["id"])).json()["items"]
    assert [one["due"] for one in overdue] == ["advance-1"]
    assert (await caller.get("/v1/dues?cursor=abc")).status_code == 422


async def test_the_money_of_a_booking_is_one_story(caller: Caller, desk: Desk) -> None:
    booking = await booked(caller, "acme")
    before = (await caller.get(f"/v1/bookings/{booking['id']}/money")).json()
    assert (before["pending"], before["dues"]) == (True, [])
    await booking_round(desk)
    due = (await caller.get(f"/v1/bookings/{booking['id']}/money")).json()["dues"][0]
    asked = {
        "method": "bank_transfer",
        "amount": {"amount_minor": due["amount"]["amount_minor"]},
        "booking": booking["id"],
        "due": due["due"],
    }
    payment = (await caller.ask("POST", "/v1/payments", json=asked)).json()
    came = {"amount": asked["amount"], "reference": "UTR123456789"}
    recorded = await caller.ask("POST", f"/v1/payments/{payment['id']}/record", json=came)
    assert recorded.is_success, recorded.text
    await booking_round(desk)

    story = (await caller.get(f"/v1/bookings/{booking['id']}/money")).json()

    assert story["quote"]["total"] == booking["price"]["agreed"]
    assert [(one["due"], one["state"]) for one in story["dues"]] == [
        ("advance-1", "paid"),
        ("balance-1", "awaited"),
    ]
    assert [one["status"] for one in story["payments"]] == ["captured"]
    assert [one["kind"] for one in story["documents"]] == ["receipt_voucher"]
    assert story["documents"][0]["cause"].startswith(f"payments/{payment['id']}/")
    causes = [one["cause"] for one in story["entries"]]
    assert causes == [f"payments/{payment['id']}"]
    shown = (await caller.get(story["entries"][0]["href"])).json()
    assert shown["id"] == story["entries"][0]["id"]
    assert (story["pending"], story["trouble"]) == (False, None)


async def test_no_more_is_confirmed_on_credit_than_a_shipper_has(
    caller: Caller, desk: Desk, gateway: Gateway
) -> None:
    """However many are confirmed at once."""
    terms = {"terms": [{"kind": "credit", "share_percent": 100, "credit_days": 30}]}
    made = [
        (await caller.ask("POST", "/v1/bookings", json={**LOAD, **terms, "shipper": "acme"})).json()
        for _ in range(5)
    ]
    each = made[0]["price"]["agreed"]["amount_minor"]
    now = gateway.settings.base
    usual = now.payments.credit.usual.model_copy(update={"limit_minor": 3 * each})
    credit = now.payments.credit.model_copy(update={"usual": usual})
    policy = now.model_copy(update={"payments": now.payments.model_copy(update={"credit": credit})})
    gateway.settings.swap(Snapshot(policy))

    async def confirm(one: dict[str, Any]) -> Any:
        return await caller.ask("POST", f"/v1/bookings/{one['id']}/confirm")

    answers = await asyncio.gather(*(confirm(one) for one in made[:4]))
    refused = [one for one in answers if one.status_code == 409]
    assert [one.json()["errors"][0]["code"] for one in refused] == ["credit_limit"]
    await booking_round(desk)

    assert (await confirm(made[4])).status_code == 409
    cancelled = next(one for one, told in zip(made, answers, strict=False) if told.is_success)
    gone = await caller.ask("POST", f"/v1/bookings/{cancelled['id']}/cancel", json={})
    assert gone.is_success, gone.text
    await booking_round(desk)
    assert (await confirm(made[4])).status_code == 200


async def test_a_shipper_sees_its_own_and_no_books(
    caller: Caller, desk: Desk, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, theirs = await booked(caller, "acme"), await booked(caller, "other")
    await booking_round(desk)
    bound = BoundTokens(monkeypatch)
    token = bound.token(gateway, caller.tenant, Role.SHIPPER, shipper="acme")
    shipper = Caller(caller.http, caller.tenant, token)

    dues = (await shipper.get("/v1/dues")).json()["items"]
    story = (await shipper.get(f"/v1/bookings/{mine['id']}/money")).json()

    assert {one["booking"] for one in dues} == {mine["id"]}
    assert (story["settlements"], story["entries"]) == (None, None)
    assert (await shipper.get(f"/v1/bookings/{theirs['id']}/money")).status_code == 404
