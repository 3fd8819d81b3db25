"""A truck given by hand must be fit for its load, and a load's stops must be served."""

from __future__ import annotations

from typing import Any

import pytest

from serve.gateway import Gateway
from serve.identity.permissions import Role
from tests.serve.bound import BoundTokens
from tests.serve.caller import Caller
from tests.serve.holding import hold

OKHLA, JAIPUR = {"lat": 28.6, "lon": 77.2}, {"lat": 26.9, "lon": 75.8}
LOAD: dict[str, Any] = {
    "load": {"material": "cement", "weight_t": 9},
    "stops": [{"kind": "pickup", "place": OKHLA}, {"kind": "drop", "place": JAIPUR}],
}


@pytest.fixture
def bound(monkeypatch: pytest.MonkeyPatch) -> BoundTokens:
    return BoundTokens(monkeypatch)


async def post(who: Caller, path: str, **body: Any) -> dict[str, Any]:
    answer = await who.ask("POST", path, json=body)
    assert answer.is_success, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def waiting(who: Caller, **more: Any) -> str:
    quote = await post(who, "/v1/quotes", **LOAD)
    booking = (await post(who, "/v1/bookings", quote=quote["id"], **more))["id"]
    await post(who, f"/v1/bookings/{booking}/confirm")
    await post(who, f"/v1/bookings/{booking}/start-dispatch")
    return str(booking)


async def assigned(who: Caller, booking: str, what: str = "assign", **body: Any) -> Any:
    return await who.ask("POST", f"/v1/bookings/{booking}/{what}", json=body)


def codes(answer: Any) -> list[str]:
    return [error["code"] for error in answer.json()["errors"]]


async def closed_city(caller: Caller, **more: Any) -> None:
    circle = {"center": JAIPUR, "radius_m": 3000}
    await post(
        caller, "/v1/fences", id="city", name="Old city", kind="no_entry", shape=circle, **more
    )


async def test_every_reason_is_told_and_nothing_is_given(caller: Caller) -> None:
    await caller.truck("S1", payload_kg=4_000)
    booking = await waiting(caller)
    paper = {"valid_until": "2020-01-31"}
    put = await caller.ask("PUT", "/v1/trucks/S1/papers/insurance", json=paper)
    assert put.is_success, put.text
    await closed_city(caller)
    refused = await assigned(caller, booking, truck="S1")

    assert refused.status_code == 409
    assert codes(refused) == ["zone.no_entry", "weight.over", "papers.expired"]
    assert (await caller.get(f"/v1/bookings/{booking}")).json()["status"] == "dispatching"


async def test_who_may_override_says_why(caller: Caller) -> None:
    await caller.truck("S1", payload_kg=4_000)
    booking = await waiting(caller)
    silent = await assigned(caller, booking, truck="S1", override=True)
    given = await assigned(caller, booking, truck="S1", override=True, reason="two trips")
    steps = (await caller.get(f"/v1/bookings/{booking}/timeline")).json()["items"]

    assert silent.status_code == 422
    assert silent.json()["errors"][0]["pointer"] == "/reason"
    assert (given.status_code, given.json()["status"]) == (200, "assigned")
    assert steps[-1]["cause"]["reason"] == "two trips"


async def test_a_truck_that_takes_over_must_be_fit_too(caller: Caller) -> None:
    await caller.truck("G1", payload_kg=16_000)
    await caller.truck("S1", payload_kg=4_000)
    booking = await waiting(caller)
    assert (await assigned(caller, booking, truck="G1")).is_success
    refused = await assigned(caller, booking, "swap", truck="S1")

    assert (refused.status_code, codes(refused)) == (409, ["weight.over"])


async def test_a_carrier_that_is_blocked_for_the_shipper_gets_nothing(caller: Caller) -> None:
    await post(caller, "/v1/carriers", id="ravi", name="Ravi Roadlines")
    await caller.truck("R1", carrier="ravi", payload_kg=16_000)
    tie = {"id": "no", "kind": "blocked", "shipper": "acme", "reason": "a claim"}
    await post(caller, "/v1/carriers/ravi/ties", **tie)
    ours, theirs = await waiting(caller, shipper="acme"), await waiting(caller, shipper="other")
    refused = await assigned(caller, ours, truck="R1")

    assert (refused.status_code, codes(refused)) == (409, ["carrier.blocked"])
    assert (await assigned(caller, theirs, truck="R1")).is_success


async def test_an_offer_is_not_accepted_with_a_truck_that_may_not_go(
    caller: Caller, gateway: Gateway, bound: BoundTokens
) -> None:
    await post(caller, "/v1/carriers", id="ravi", name="Ravi Roadlines")
    for name, payload_kg in (("R1", 16_000), ("R2", 4_000)):
        await caller.truck(name, carrier="ravi", payload_kg=payload_kg)
    token = bound.token(gateway, caller.tenant, Role.CARRIER, carrier="ravi")
    ravi = Caller(caller.http, caller.tenant, token)
    booking = await waiting(caller)
    offer = (await post(caller, "/v1/offers", booking=booking, truck="R1"))["id"]
    refused = await ravi.ask("POST", f"/v1/offers/{offer}/accept", json={"truck": "R2"})
    accepted = await ravi.ask("POST", f"/v1/offers/{offer}/accept")

    assert (refused.status_code, codes(refused)) == (409, ["not_serviceable"])
    assert "weight.over" in refused.json()["detail"]
    assert accepted.is_success


async def test_what_is_not_served_is_not_confirmed(caller: Caller, gateway: Gateway) -> None:
    zones = gateway.settings.of(caller.tenant.id).fleet.zones
    only = zones.model_copy(update={"pickup_kinds": frozenset({"yard"})})
    hold(gateway.settings, "fleet", for_tenant=caller.tenant.id, zones=only)
    quote = await post(caller, "/v1/quotes", **LOAD)
    booking = (await post(caller, "/v1/bookings", quote=quote["id"]))["id"]
    refused = await caller.ask("POST", f"/v1/bookings/{booking}/confirm")
    circle = {"center": OKHLA, "radius_m": 500}
    await post(caller, "/v1/fences", id="y", name="Yard", kind="yard", shape=circle)
    confirmed = await caller.ask("POST", f"/v1/bookings/{booking}/confirm")

    assert (refused.status_code, codes(refused)) == (409, ["zone.no_pickup"])
    assert refused.json()["errors"][0]["about"] == "S1"
    assert confirmed.is_success
