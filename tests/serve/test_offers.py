"""/v1/offers: carriers are asked, answer for themselves only, and one of them gets the leg."""

from __future__ import annotations

from typing import Any

import pytest

from serve.gateway import Gateway
from serve.identity.permissions import Role
from tests.serve.bound import BoundTokens
from tests.serve.caller import Caller

LOAD: dict[str, Any] = {
    "load": {"material": "cement", "weight_t": 9},
    "stops": [
        {"kind": "pickup", "place": {"lat": 28.6, "lon": 77.2, "name": "Okhla"}},
        {"kind": "drop", "place": {"lat": 26.9, "lon": 75.8, "name": "Jaipur"}},
    ],
}


@pytest.fixture
def bound(monkeypatch: pytest.MonkeyPatch) -> BoundTokens:
    return BoundTokens(monkeypatch)


async def post(who: Caller, path: str, **body: Any) -> dict[str, Any]:
    answer = await who.ask("POST", path, json=body)
    assert answer.is_success, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def waiting(who: Caller) -> str:
    """A booking that looks for a truck, at the price of its quote."""
    quote = await post(who, "/v1/quotes", **LOAD)
    booking = (await post(who, "/v1/bookings", quote=quote["id"]))["id"]
    await post(who, f"/v1/bookings/{booking}/confirm")
    await post(who, f"/v1/bookings/{booking}/start-dispatch")
    return str(booking)


@pytest.fixture
async def ravi(caller: Caller, gateway: Gateway, bound: BoundTokens) -> Caller:
    """Who speaks for a carrier that has a truck."""
    await post(caller, "/v1/carriers", id="ravi", name="Ravi Roadlines")
    await caller.truck("R1", carrier="ravi", payload_kg=16_000)
    token = bound.token(gateway, caller.tenant, Role.CARRIER, carrier="ravi")
    return Caller(caller.http, caller.tenant, token)


async def test_a_booking_takes_over_its_quotes_load_and_price(caller: Caller) -> None:
    quote = await post(caller, "/v1/quotes", **LOAD)
    booking = await post(caller, "/v1/bookings", quote=quote["id"])

    assert booking["price"]["agreed"] == quote["price"]["total"]
    assert booking["load"] == quote["load"]
    assert not booking["needs_quote"]


async def test_another_loads_quote_does_not_price_a_booking(caller: Caller) -> None:
    heavier = {**LOAD, "load": {"material": "cement", "weight_t": 12}}
    booking = await post(caller, "/v1/bookings", **LOAD)
    same, other = [await post(caller, "/v1/quotes", **load) for load in (LOAD, heavier)]
    path = f"/v1/bookings/{booking['id']}/reprice"
    refused = await caller.ask("POST", path, json={"quote": other["id"]})
    priced = await post(caller, path, quote=same["id"])

    assert refused.status_code == 422
    assert priced["price"]["quote"] == same["id"]


async def test_a_carrier_accepts_and_the_leg_is_its_trucks(caller: Caller, ravi: Caller) -> None:
    booking = await waiting(caller)
    made = await post(caller, "/v1/offers", booking=booking, truck="R1")
    seen = (await ravi.get("/v1/offers")).json()["items"]
    accepted = await post(ravi, f"/v1/offers/{made['id']}/accept")
    now = (await caller.get(f"/v1/bookings/{booking}")).json()

    assert [one["id"] for one in seen] == [made["id"]]
    assert (made["carrier"], accepted["state"]) == ("ravi", "accepted")
    assert (now["status"], now["legs"][0]["truck"]) == ("assigned", "R1")
    # Now that it carries it, the carrier sees it too, but not what the shipper pays.
    assert (await ravi.get(f"/v1/bookings/{booking}")).json()["price"] is None


async def test_anothers_offer_is_not_there(caller: Caller, ravi: Caller) -> None:
    await post(caller, "/v1/carriers", id="other", name="Another")
    booking = await waiting(caller)
    made = await post(caller, "/v1/offers", booking=booking, carrier="other")

    assert (await ravi.get(f"/v1/offers/{made['id']}")).status_code == 404
    assert (await ravi.ask("POST", f"/v1/offers/{made['id']}/accept")).status_code == 404
    assert (await ravi.get(f"/v1/bookings/{booking}")).status_code == 404


async def test_it_cannot_accept_with_a_truck_that_is_not_its(caller: Caller, ravi: Caller) -> None:
    await caller.truck("X1")
    booking = await waiting(caller)
    made = await post(caller, "/v1/offers", booking=booking, truck="R1")
    answer = await ravi.ask("POST", f"/v1/offers/{made['id']}/accept", json={"truck": "X1"})

    assert answer.status_code in {409, 422}
    assert (await caller.get(f"/v1/bookings/{booking}")).json()["status"] == "dispatching"


async def test_a_tender_is_bid_on_and_awarded(caller: Caller, ravi: Caller) -> None:
    booking = await waiting(caller)
    made = await post(caller, "/v1/offers", booking=booking, carrier="ravi", bidding=True)
    price = {"amount_minor": 1_234_500}
    bid = await post(ravi, f"/v1/offers/{made['id']}/bid", price=price, truck="R1")
    awarded = await post(caller, f"/v1/offers/{made['id']}/award")

    assert bid["bid"]["amount_minor"] == awarded["price"]["amount_minor"] == 1_234_500
    assert (awarded["state"], awarded["truck"]) == ("accepted", "R1")


async def test_declined_and_withdrawn_say_why(caller: Caller, ravi: Caller) -> None:
    booking = await waiting(caller)
    first = await post(caller, "/v1/offers", booking=booking, truck="R1")
    declined = await post(ravi, f"/v1/offers/{first['id']}/decline", reason="no driver")
    second = await post(caller, "/v1/offers", booking=booking, carrier="ravi")
    withdrawn = await post(caller, f"/v1/offers/{second['id']}/withdraw", reason="changed plans")
    late = await ravi.ask("POST", f"/v1/offers/{second['id']}/accept")

    assert (declined["state"], declined["reason"]) == ("declined", "no driver")
    assert (withdrawn["state"], withdrawn["reason"]) == ("withdrawn", "changed plans")
    assert late.status_code == 409


async def test_the_same_offer_is_made_once(caller: Caller, ravi: Caller) -> None:
    booking = await waiting(caller)
    headers = {"Idempotency-Key": "a-key"}
    body = {"booking": booking, "truck": "R1"}
    answers = [await caller.ask("POST", "/v1/offers", json=body, headers=headers) for _ in range(2)]

    assert answers[0].json() == answers[1].json()
    assert len((await ravi.get("/v1/offers")).json()["items"]) == 1
