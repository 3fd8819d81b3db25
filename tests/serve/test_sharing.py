"""Links to bookings: what they show at which time, to whom, and how they end."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest

from serve.gateway import Gateway
from serve.identity.permissions import Role
from tests.serve.bound import BoundTokens
from tests.serve.caller import Caller
from tests.serve.in_process import InProcessActors
from tests.serve.test_bookings import LOAD, book, tell

PLATE = "MH12AB1234"
HERE = {"lat": 27.81234, "lon": 76.43219}
JSON = {"Accept": "application/json"}


async def on_its_way(caller: Caller, **more: Any) -> str:
    """Given to a truck, and not loaded yet."""
    await caller.ask("POST", "/v1/trucks", json={"id": "R1", "registration": PLATE, **more})
    booking: str = (await book(caller))["id"]
    await tell(caller, booking, "confirm")
    await tell(caller, booking, "assign", truck="R1", override=True, reason="a test")
    return booking


async def reach(caller: Caller, booking: str, stop: str, *milestones: str) -> None:
    for milestone in milestones:
        await tell(caller, booking, "milestones", milestone=milestone, stop=stop, reason="rang")


async def drive(gateway: Gateway, actors: InProcessActors, caller: Caller) -> None:
    """The truck is heard of."""
    await gateway.directory.refresh(gateway.system_pool)
    key = gateway.directory.by_name[caller.tenant.id, "R1"].truck_key
    await actors.report(caller.tenant.key, [{"truck_key": key, **HERE}])


async def shared(caller: Caller, booking: str, **more: Any) -> dict[str, Any]:
    answer = await caller.ask("POST", f"/v1/bookings/{booking}/shares", json=more)
    assert answer.status_code == 201, answer.text
    link: dict[str, Any] = answer.json()
    return link


async def opened(http: httpx.AsyncClient, link: dict[str, Any], **query: str) -> dict[str, Any]:
    answer = await http.get(link["path"], headers=JSON, params=query)
    assert answer.status_code == 200, answer.text
    seen: dict[str, Any] = answer.json()
    return seen


async def test_the_truck_is_shown_while_it_has_the_goods_and_at_no_other_time(
    caller: Caller, gateway: Gateway, actors: InProcessActors, http: httpx.AsyncClient
) -> None:
    booking = await on_its_way(caller)
    link = await shared(caller, booking)
    await drive(gateway, actors, caller)
    before = await opened(http, link)
    await reach(caller, booking, "S1", "arrived", "done")
    just_loaded = await opened(http, link)
    await drive(gateway, actors, caller)
    aboard = await opened(http, link)
    await reach(caller, booking, "S2", "arrived", "done")
    await tell(caller, booking, "proofs", stop="S2", kind="signature", receiver="A person")
    after = await opened(http, link)

    assert (before["phase"], before["title"]) == ("not_loaded", "Not yet loaded")
    assert before["trucks"] == []
    assert just_loaded["trucks"][0]["point"] is None, "where it was before is not told"
    [truck] = aboard["trucks"]
    assert (aboard["phase"], truck["registration"], truck["point"]) == ("aboard", PLATE, HERE)
    assert aboard["stops"][0]["done_at"] is not None
    assert (after["phase"], after["trucks"], after["route"]) == ("delivered", [], [])
    assert after["delivered_at"] is not None
    assert PLATE not in str(after)


async def test_the_page_is_for_people_and_asks_nobody_else(
    caller: Caller, gateway: Gateway, actors: InProcessActors, http: httpx.AsyncClient
) -> None:
    booking = await on_its_way(caller)
    await reach(caller, booking, "S1", "arrived", "done")
    await drive(gateway, actors, caller)
    link = await shared(caller, booking)
    answer = await http.get(link["path"], headers={"Accept": "text/html,*/*"})
    hindi = await http.get(link["path"], params={"lang": "hi"})

    assert answer.headers["content-type"].startswith("text/html")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-robots-tag"] == "noindex, nofollow"
    assert answer.headers["cache-control"] == "private, no-store"
    assert "On the way" in answer.text
    assert PLATE in answer.text
    assert "Okhla" in answer.text
    assert "रास्ते में" in hindi.text
    assert re.findall(r"""(?:src|href)=["']([^"']*)""", answer.text) == ["?lang=hi"]


async def test_what_stands_in_a_booking_cannot_act_on_the_page(
    caller: Caller, http: httpx.AsyncClient
) -> None:
    stops = [{**stop, "place": {**stop["place"], "name": "<b>x"}} for stop in LOAD["stops"]]
    link = await shared(caller, (await book(caller, stops=stops))["id"])
    text = (await http.get(link["path"])).text

    assert "<b>x" not in text
    assert text.count("&lt;b&gt;x") == 4


async def test_coarse_means_a_neighbourhood_and_no_plate(
    caller: Caller, gateway: Gateway, actors: InProcessActors, http: httpx.AsyncClient
) -> None:
    booking = await on_its_way(caller)
    await reach(caller, booking, "S1", "arrived", "done")
    await drive(gateway, actors, caller)
    link = await shared(caller, booking, coarse=True)
    seen = await opened(http, link)
    [truck] = seen["trucks"]

    assert truck["registration"] is None
    assert truck["radius_m"] > 5000
    off = abs(truck["point"]["lat"] - HERE["lat"]) + abs(truck["point"]["lon"] - HERE["lon"])
    assert 0 < off < 0.2
    assert seen["stops"][0]["point"] != {"lat": 28.6, "lon": 77.2}
    assert PLATE not in (await http.get(link["path"])).text


async def test_links_end_and_every_opening_is_on_record(
    caller: Caller, neighbour: Caller, gateway: Gateway, http: httpx.AsyncClient
) -> None:
    booking = (await book(caller))["id"]
    place = f"/v1/bookings/{booking}/shares"
    link, other = await shared(caller, booking, label="the mill"), await shared(caller, booking)
    await opened(http, link)
    await http.get(link["path"])
    [_, listed] = (await caller.get(place)).json()["items"]
    accesses = (await caller.get(f"{place}/{link['id']}/accesses")).json()["items"]

    assert (listed["views"], listed["label"]) == (2, "the mill")
    assert "path" not in listed
    assert [one["form"] for one in accesses] == ["page", "json"]
    assert (await neighbour.get(place)).status_code == 404
    assert (await caller.ask("DELETE", f"{place}/{link['id']}")).json()["revoked_at"]
    async with gateway.system_pool.acquire() as conn:
        kept = await conn.fetchval("SELECT token_digest FROM booking_shares LIMIT 1")
    assert link["path"].encode() not in kept
    for path in (link["path"], "/s/" + "A" * 32, "/s/short"):
        gone = await http.get(path, headers=JSON)
        assert (gone.status_code, gone.headers["content-type"]) == (404, "application/problem+json")
        assert (await http.get(path)).status_code == 404
    assert (await http.get(other["path"])).status_code == 200


@pytest.mark.parametrize("body", [{"valid_s": 0}, {"valid_s": 10**8}, {"language": "fr"}])
async def test_what_cannot_be_a_link(caller: Caller, body: dict[str, Any]) -> None:
    booking = (await book(caller))["id"]
    answer = await caller.ask("POST", f"/v1/bookings/{booking}/shares", json=body)

    assert answer.status_code == 422


async def test_there_is_an_end_to_how_many(caller: Caller, gateway: Gateway) -> None:
    booking = (await book(caller))["id"]
    for _ in range(gateway.policy.sharing.of_booking_max):
        await shared(caller, booking)

    answer = await caller.ask("POST", f"/v1/bookings/{booking}/shares", json={})
    assert answer.status_code == 409


async def test_who_agrees_no_more_is_not_shown_from_then_on(
    caller: Caller, gateway: Gateway, actors: InProcessActors, http: httpx.AsyncClient
) -> None:
    await caller.ask("POST", "/v1/carriers", json={"id": "C1", "name": "A carrier"})
    booking = await on_its_way(caller, carrier="C1")
    await reach(caller, booking, "S1", "arrived", "done")
    await drive(gateway, actors, caller)
    link = await shared(caller, booking)
    assert len((await opened(http, link))["trucks"]) == 1

    async def say(**said: Any) -> httpx.Response:
        return await caller.ask("POST", "/v1/tracking-consents", json={"how": "a call", **said})

    assert (await say(carrier="C1", agreed=False)).status_code == 201
    withheld = await opened(http, link)
    assert (withheld["trucks"], withheld["withheld"]) == ([], True)
    assert "consent was withdrawn" in (await http.get(link["path"])).text
    assert (await say(carrier="C1", agreed=True)).status_code == 201
    assert len((await opened(http, link))["trucks"]) == 1
    ledger = (await caller.get("/v1/tracking-consents", params={"carrier": "C1"})).json()["items"]
    assert [one["agreed"] for one in ledger] == [True, False]
    for wrong in ({"agreed": True}, {"carrier": "C1", "driver": "D1", "agreed": True}):
        assert (await say(**wrong)).status_code == 422
    assert (await say(driver="nobody", agreed=True)).status_code == 404
    assert (await say(carrier="nobody", agreed=True)).status_code == 422


async def test_a_shipper_shares_its_own_bookings_and_a_carrier_none(
    caller: Caller, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, others = await book(caller, shipper="us"), await book(caller, shipper="them")
    bound = BoundTokens(monkeypatch)
    us = Caller(
        caller.http,
        caller.tenant,
        bound.token(gateway, caller.tenant, Role.SHIPPER, shipper="us"),
    )
    carrier = Caller(
        caller.http, caller.tenant, bound.token(gateway, caller.tenant, Role.ADMIN, carrier="C1")
    )

    async def status(who: Caller, booking: dict[str, Any]) -> int:
        answer = await who.ask("POST", f"/v1/bookings/{booking['id']}/shares", json={})
        return answer.status_code

    assert await status(us, own) == 201
    assert await status(us, others) == 404
    assert await status(carrier, own) == 403
