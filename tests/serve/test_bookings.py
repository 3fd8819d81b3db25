"""/v1/bookings: booked, confirmed, given to a truck, moved by it, read by those it concerns."""

from __future__ import annotations

from typing import Any

import pytest

from serve.gateway import Gateway
from serve.identity.permissions import Role
from store.postgres import AnyPool, as_tenant
from tests.serve.bound import BoundTokens
from tests.serve.caller import Caller
from tests.serve.in_process import InProcessActors

PHONE = "+91 98765 43210"
LOAD: dict[str, Any] = {
    "load": {"material": "cement", "weight_t": 9},
    "stops": [
        {
            "kind": "pickup",
            "place": {"lat": 28.6, "lon": 77.2, "name": "Okhla"},
            "contact": {"name": "A clerk", "phone": PHONE},
        },
        {"kind": "drop", "place": {"lat": 26.9, "lon": 75.8, "name": "Jaipur"}},
    ],
}


@pytest.fixture
def bound(monkeypatch: pytest.MonkeyPatch) -> BoundTokens:
    return BoundTokens(monkeypatch)


async def book(who: Caller, **more: Any) -> dict[str, Any]:
    answer = await who.ask("POST", "/v1/bookings", json={**LOAD, **more})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def tell(who: Caller, booking: str, what: str, **body: Any) -> dict[str, Any]:
    answer = await who.ask("POST", f"/v1/bookings/{booking}/{what}", json=body)
    assert answer.is_success, answer.text
    said: dict[str, Any] = answer.json()
    return said


async def test_a_booking_is_made_found_and_read_back(caller: Caller) -> None:
    made = await book(caller, references={"po": "PO_4711"}, shipper="acme-steel")
    await book(caller)
    found = (await caller.get(f"/v1/bookings/{made['id']}")).json()
    listed = (await caller.get("/v1/bookings", params={"q": "po_4711"})).json()["items"]

    assert (made["status"], made["version"], made["needs_quote"]) == ("created", 1, False)
    assert found == made
    assert [one["id"] for one in listed] == [made["id"]]


async def test_bookings_are_listed_newest_first_page_by_page(caller: Caller) -> None:
    made = [(await book(caller))["id"] for _ in range(3)]
    first = (await caller.get("/v1/bookings", params={"limit": "2"})).json()
    asked = {"limit": "2", "cursor": first["next_cursor"]}
    second = (await caller.get("/v1/bookings", params=asked)).json()

    assert [one["id"] for one in first["items"] + second["items"]] == made[::-1]
    assert second["next_cursor"] is None


async def test_the_same_request_again_makes_no_second_booking(caller: Caller) -> None:
    headers = {"Idempotency-Key": "a-key"}
    answers = [
        await caller.ask("POST", "/v1/bookings", json=LOAD, headers=headers) for _ in range(2)
    ]

    assert answers[0].json() == answers[1].json()
    assert len((await caller.get("/v1/bookings")).json()["items"]) == 1


async def test_what_the_state_forbids_is_a_conflict_that_says_why(caller: Caller) -> None:
    booking = (await book(caller))["id"]
    answer = await caller.ask("POST", f"/v1/bookings/{booking}/start-dispatch")

    assert answer.status_code == 409
    assert answer.json()["errors"][0]["code"] == "not_confirmed"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"load": {"material": "cement"}, "stops": LOAD["stops"]}, "/load"),
        ({**LOAD, "stops": LOAD["stops"][:1]}, "/stops"),
        ({"quote": "nobody"}, "/quote"),
    ],
)
async def test_a_wrong_booking_says_where(caller: Caller, body: Any, pointer: str) -> None:
    answer = await caller.ask("POST", "/v1/bookings", json=body)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"].startswith(pointer)


async def test_a_stale_version_changes_nothing(caller: Caller) -> None:
    booking = (await book(caller))["id"]
    changed = await caller.ask("PATCH", f"/v1/bookings/{booking}", json={"references": {"po": "1"}})
    stale = await caller.ask(
        "PATCH",
        f"/v1/bookings/{booking}",
        json={"references": {"po": "2"}},
        headers={"If-Match": '"1"'},
    )

    assert (changed.status_code, stale.status_code) == (200, 412)
    now = (await caller.get(f"/v1/bookings/{booking}")).json()
    assert now["references"] == {"po": "1"}


async def test_the_timeline_says_who_did_what(caller: Caller) -> None:
    booking = (await book(caller))["id"]
    await caller.ask("PATCH", f"/v1/bookings/{booking}", json={"references": {"po": "1"}})
    steps = (await caller.get(f"/v1/bookings/{booking}/timeline")).json()["items"]

    assert [step["type"] for step in steps] == ["created", "references_amended"]
    assert steps[1]["data"]["after"] == {"po": "1"}
    assert [step["status"] for step in steps] == ["created", "created"]
    assert steps[1]["by"]["name"] == f"{caller.tenant.id}-admin"


async def test_events_of_bookings_are_in_the_feed(caller: Caller) -> None:
    booking = (await book(caller))["id"]
    found = (await caller.get("/v1/events", params={"booking": booking})).json()["items"]

    assert [event["type"] for event in found] == ["booking.created"]
    assert found[0]["subject"] == f"bookings/{booking}"


async def test_a_phone_number_is_sealed_and_masked(
    caller: Caller, gateway: Gateway, app: AnyPool, bound: BoundTokens
) -> None:
    booking = (await book(caller))["id"]
    dispatcher = Caller(
        caller.http, caller.tenant, bound.token(gateway, caller.tenant, Role.DISPATCHER)
    )
    seen = (await dispatcher.get(f"/v1/bookings/{booking}")).json()
    async with as_tenant(app, caller.tenant.key) as conn:
        kept = await conn.fetchval("SELECT state FROM bookings WHERE id = $1", booking)
        logged = await conn.fetchval("SELECT event::text FROM booking_log")

    assert (await caller.get(f"/v1/bookings/{booking}")).json()["stops"][0]["contact"] == {
        "name": "A clerk",
        "phone": PHONE,
    }
    assert seen["stops"][0]["contact"]["phone"].endswith("10")
    assert "98765" not in seen["stops"][0]["contact"]["phone"]
    assert b"98765" not in kept
    assert "98765" not in logged


async def test_a_shipper_sees_its_own_bookings_only(
    caller: Caller, gateway: Gateway, bound: BoundTokens
) -> None:
    token = bound.token(gateway, caller.tenant, Role.SHIPPER, shipper="steel")
    shipper = Caller(caller.http, caller.tenant, token)
    foreign = (await book(caller, shipper="cement-co"))["id"]
    own = (await book(shipper))["id"]

    assert [one["id"] for one in (await shipper.get("/v1/bookings")).json()["items"]] == [own]
    assert (await shipper.get(f"/v1/bookings/{foreign}")).status_code == 404
    assert (await shipper.get(f"/v1/bookings/{foreign}/timeline")).status_code == 404
    cancelled = await shipper.ask("POST", f"/v1/bookings/{foreign}/cancel")
    assert cancelled.status_code == 404
    posed = await shipper.ask("POST", "/v1/bookings", json={**LOAD, "shipper": "cement-co"})
    assert posed.status_code == 422


async def test_while_the_actors_are_away_nothing_is_changed(
    caller: Caller, actors: InProcessActors
) -> None:
    booking = (await book(caller))["id"]
    actors.is_away = True
    answer = await caller.ask("POST", f"/v1/bookings/{booking}/cancel")

    assert answer.status_code == 503
    assert "Retry-After" in answer.headers
    assert (await caller.get(f"/v1/bookings/{booking}")).json()["status"] == "created"


async def test_a_load_that_is_too_heavy_is_split_over_as_few_trucks_as_can_be(
    caller: Caller,
) -> None:
    heavy = {**LOAD, "load": {"material": "cement", "weight_t": 40, "truck_class": "OPEN_10W"}}
    booking = (await book(caller, **heavy))["id"]
    shared = await tell(caller, booking, "split")
    refused = await caller.ask("POST", f"/v1/bookings/{booking}/merge", json={"legs": ["L1", "L2"]})

    assert sum(leg["weight_kg"] for leg in shared["legs"]) == 40_000
    assert len(shared["legs"]) == 3
    assert refused.status_code == 409


async def test_nobody_waits_before_a_truck_has_come(caller: Caller) -> None:
    booking = (await book(caller))["id"]

    assert (await caller.get(f"/v1/bookings/{booking}/detention")).json()["clocks"] == []


async def test_a_load_that_is_booked_without_a_quote_is_quoted_as_it_is_booked(
    caller: Caller,
) -> None:
    made = await book(caller)
    quote = (await caller.get(f"/v1/quotes/{made['price']['quote']}")).json()

    assert made["price"]["agreed"] == quote["price"]["total"]


async def test_trucks_are_looked_for_once_it_is_confirmed(caller: Caller) -> None:
    booking = (await book(caller))["id"]
    confirmed = await tell(caller, booking, "confirm")
    again = await tell(caller, booking, "start-dispatch")

    assert confirmed["status"] == again["status"] == "dispatching"
    assert again["version"] == confirmed["version"]
