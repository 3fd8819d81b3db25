"""/v1/eway-bills and /v1/tasks: drafted from request and booking, asked for, seen by whom it is."""

from __future__ import annotations

import secrets
from typing import Any

import pytest

from actors.booking_writing import TenantName
from actors.money.eway import take
from actors.money.eway_counter import Counter
from config.policy import policy
from freight.eway.decide import Did, answered, ask
from freight.eway.state import Generate
from freight.eway.times import ms_from
from freight.tasks import Task
from serve.gateway import Gateway
from serve.identity.permissions import Role
from store import eway, tasks
from store.postgres import as_tenant
from tests.api.eway_makers import A_BOOKING, TODAY, a_bill
from tests.serve.bound import BoundTokens
from tests.serve.caller import Caller
from tests.serve.conftest import token_for

PART_B = {"vehicle": "rj14 ga 1234", "place": "Jaipur", "state": "08", "reason": 2}
EXTENSION = {
    "place": "Jaipur",
    "pin": 302001,
    "state": "08",
    "remaining_km": 20,
    "reason": 99,
    "remark": "Delay",
}


@pytest.fixture
def bound(monkeypatch: pytest.MonkeyPatch) -> BoundTokens:
    return BoundTokens(monkeypatch)


async def post(who: Caller, path: str, body: Any = None, status: int | None = None) -> Any:
    answer = await who.ask("POST", path, json=body)
    assert answer.status_code == status if status else answer.is_success, answer.text
    return answer.json()


async def booking(who: Caller, **changes: Any) -> str:
    return str((await post(who, "/v1/bookings", {**A_BOOKING, **changes}))["id"])


async def test_a_draft_takes_from_the_booking_what_the_request_leaves_out(caller: Caller) -> None:
    references = {"invoice": "INV/7", "invoice_date": TODAY, "consignee": "A mill"}
    made = await post(
        caller,
        "/v1/eway-bills",
        a_bill(
            await booking(caller, references=references),
            document={},
            receiver={"gstin": "05AAACG2140A1ZL", "pin": 302001},
        ),
        201,
    )

    assert (made["status"], made["number"]) == ("draft", None)
    assert made["document"] == {"kind": "INV", "number": "INV/7", "date": TODAY}
    assert made["sender"]["place"] == "Okhla"
    assert (made["receiver"]["name"], made["receiver"]["state"], made["receiver"]["at_state"]) == (
        "A mill",
        "05",
        "08",
    )
    assert made["value"]["amount_minor"] == 9_000_000
    assert made["need"]["is_needed"]


async def test_all_that_is_missing_is_named_at_once(caller: Caller) -> None:
    body = {"booking": await booking(caller)}
    problem = await post(caller, "/v1/eway-bills", body, 422)

    assert sorted(error["pointer"] for error in problem["errors"]) == [
        "/document/date",
        "/document/number",
        "/items",
        "/receiver/gstin",
        "/receiver/name",
        "/receiver/pin",
        "/sender/gstin",
        "/sender/name",
        "/sender/pin",
    ]


async def test_what_the_portal_would_refuse_is_refused_here(caller: Caller) -> None:
    body = a_bill(
        await booking(caller),
        document={"number": "0-1", "date": "2020-01-01"},
        transport={"distance_km": 5_000, "vehicle": "LORRY"},
    )
    problem = await post(caller, "/v1/eway-bills", body, 422)

    assert sorted(error["pointer"] for error in problem["errors"]) == [
        "/document/date",
        "/document/number",
        "/transport/distance_km",
        "/transport/vehicle",
    ]


async def test_a_bill_is_asked_for_once_and_its_history_says_who(caller: Caller) -> None:
    made = await post(caller, "/v1/eway-bills", a_bill(await booking(caller)), 201)
    path = f"/v1/eway-bills/{made['id']}"
    asked = await post(caller, f"{path}/generate", None, 202)
    again = await post(caller, f"{path}/generate", None, 202)
    history = (await caller.get(f"{path}/history")).json()["items"]

    assert asked["pending"]["operation"] == "generate"
    assert asked["version"] == again["version"] == 2
    assert [step["type"] for step in history] == ["drafted", "asked"]
    assert (await caller.get(path)).json()["pending"] == asked["pending"]


async def test_one_document_has_one_bill(caller: Caller) -> None:
    body = a_bill(await booking(caller))
    await post(caller, "/v1/eway-bills", body, 201)

    await post(caller, "/v1/eway-bills", body, 409)


async def test_out_of_turn_is_a_conflict(caller: Caller) -> None:
    made = await post(caller, "/v1/eway-bills", a_bill(await booking(caller)), 201)
    path = f"/v1/eway-bills/{made['id']}"

    assert (await post(caller, f"{path}/extend", EXTENSION, 409))["errors"][0]["code"] == "status"
    assert (await post(caller, f"{path}/part-b", PART_B, 409))["errors"][0]["code"] == "status"
    gone = await post(caller, f"{path}/cancel", {"reason": 2, "remark": "not wanted"}, 202)
    assert gone["status"] == "cancelled"


async def test_lists_by_booking_and_by_end(caller: Caller, gateway: Gateway) -> None:
    first = await post(caller, "/v1/eway-bills", a_bill(await booking(caller)), 201)
    await post(caller, "/v1/eway-bills", a_bill(await booking(caller)), 201)
    await generated(gateway, caller, first["id"])
    listed = (await caller.get("/v1/eway-bills?limit=1")).json()
    of_booking = (await caller.get(f"/v1/eway-bills?booking={first['booking']}")).json()
    expiring = (await caller.get("/v1/eway-bills?expiring_in_minutes=60")).json()

    assert len(listed["items"]) == 1
    assert listed["next_cursor"] is not None
    assert [bill["id"] for bill in of_booking["items"]] == [first["id"]]
    assert [bill["id"] for bill in expiring["items"]] == [first["id"]]
    assert expiring["items"][0]["extendable"]["since"] == "2020-11-22T10:29:00Z"


async def generated(gateway: Gateway, who: Caller, bill_id: str) -> None:
    """As the portal's answer makes it."""
    name, now = TenantName(who.tenant.key, who.tenant.id), ms_from("20/11/2020 10:00:00 AM")
    number = "3010" + str(secrets.randbelow(10**8)).zfill(8)
    did = Did(now, number, ms_from("22/11/2020 11:59:00 PM"))
    async with as_tenant(gateway.app_pool, who.tenant.key) as conn:
        at = Counter(conn, name, policy(), now)
        law = policy().eway.law
        await take(at, bill_id, lambda b: ask(b, Generate(), law, now, by="users/a"))
        await take(at, bill_id, lambda b: answered(b, did, now))


async def test_who_carries_the_leg_says_which_vehicle_has_it(
    caller: Caller, gateway: Gateway, bound: BoundTokens
) -> None:
    await post(caller, "/v1/carriers", {"id": "ravi", "name": "Ravi Roadlines"})
    await post(caller, "/v1/carriers", {"id": "other", "name": "Another"})
    await caller.truck("R1", carrier="ravi", payload_kg=16_000)
    quote = await post(caller, "/v1/quotes", A_BOOKING)
    taken = (await post(caller, "/v1/bookings", {"quote": quote["id"]}))["id"]
    await post(caller, f"/v1/bookings/{taken}/confirm", {})
    await post(caller, f"/v1/bookings/{taken}/assign", {"truck": "R1"})
    made = await post(caller, "/v1/eway-bills", a_bill(taken), 201)
    await generated(gateway, caller, made["id"])
    ravi, other = [
        Caller(
            caller.http,
            caller.tenant,
            bound.token(gateway, caller.tenant, Role.CARRIER, carrier=name),
        )
        for name in ("ravi", "other")
    ]
    path = f"/v1/eway-bills/{made['id']}"

    assert (await post(ravi, f"{path}/part-b", PART_B, 202))["pending"]["operation"] == "part_b"
    await post(ravi, f"{path}/extend", EXTENSION, 403)
    await post(other, f"{path}/part-b", PART_B, 404)
    assert (await other.get("/v1/eway-bills")).json()["items"] == []
    assert (await ravi.get("/v1/tasks")).status_code == 403


async def test_a_viewer_reads_and_a_neighbour_sees_nothing(
    caller: Caller, gateway: Gateway, neighbour: Caller
) -> None:
    made = await post(caller, "/v1/eway-bills", a_bill(await booking(caller)), 201)
    path = f"/v1/eway-bills/{made['id']}"
    viewer = Caller(caller.http, caller.tenant, token_for(gateway, caller.tenant, Role.VIEWER))

    assert (await viewer.get(path)).status_code == 200
    await post(viewer, f"{path}/generate", None, 403)
    assert (await neighbour.get(path)).status_code == 404


# ----------------------------------------------------------------------------------- tasks


async def opened(gateway: Gateway, who: Caller, **changes: Any) -> str:
    fields = {"id": "task-1", "kind": "eway.extend", "subject": "eway-bills/none", **changes}
    task = Task(title="Extend it", opened_ms=1_790_000_000_000, **fields)
    async with as_tenant(gateway.app_pool, who.tenant.key) as conn:
        assert await tasks.begin(conn, who.tenant.key, task)
        assert not await tasks.begin(conn, who.tenant.key, task)
    return str(task.id)


async def test_a_task_is_given_to_somebody_and_done(caller: Caller, gateway: Gateway) -> None:
    task = await opened(gateway, caller)
    given = await post(caller, f"/v1/tasks/{task}/assign", {"to": "user:asha"})
    mine = (await caller.get("/v1/tasks?state=open&assigned_to=user:asha")).json()["items"]
    done = await post(caller, f"/v1/tasks/{task}/done", {"note": "on the portal"})

    assert (given["assigned_to"], given["version"]) == ("user:asha", 2)
    assert [one["id"] for one in mine] == [task]
    assert (done["state"], done["note"], done["version"]) == ("done", "on the portal", 3)
    await post(caller, f"/v1/tasks/{task}/dismiss", {"note": "late"}, 409)
    events = (await caller.get("/v1/events?type=task.done")).json()["items"]
    assert events[0]["data"]["task"] == task


async def test_what_was_done_on_the_portal_is_looked_for_there(
    caller: Caller, gateway: Gateway
) -> None:
    made = await post(caller, "/v1/eway-bills", a_bill(await booking(caller)), 201)
    await generated(gateway, caller, made["id"])
    task = await opened(gateway, caller, subject=f"eway-bills/{made['id']}")
    await post(caller, f"/v1/tasks/{task}/done")

    async with as_tenant(gateway.app_pool, caller.tenant.key) as conn:
        assert await eway.is_stale(conn, made["id"])


async def test_a_task_that_changed_meanwhile_is_not_settled(
    caller: Caller, gateway: Gateway
) -> None:
    task = await opened(gateway, caller)
    path = f"/v1/tasks/{task}/dismiss"
    headers = {"If-Match": '"7"'}
    answer = await caller.ask("POST", path, json={"note": "no"}, headers=headers)

    assert answer.status_code == 412
