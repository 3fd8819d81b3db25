"""/v1/drivers: made, put on trucks, shown masked, and a carrier's own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from freight.tracking.facts import Span
from serve.gateway import Gateway
from serve.identity.permissions import Role
from store import spans
from store.postgres import AnyPool, epoch_ms
from store.spans import TruckSpan
from tests.serve.bound import BoundTokens
from tests.serve.caller import Caller
from tests.serve.conftest import token_for

ASHA = {
    "id": "asha",
    "name": "Asha Patil",
    "phone": "+91 98765 43210",
    "licence_number": "MH12 20110012345",
    "licence_valid_until": "2031-05-01",
    "hazardous_valid_until": None,
}


async def make(caller: Caller, path: str, **body: Any) -> dict[str, Any]:
    answer = await caller.ask("POST", path, json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


@pytest.fixture
async def ravi(caller: Caller, gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> Caller:
    """Speaks for one of two carriers, each with a truck."""
    for carrier, truck in (("ravi", "R1"), ("other", "O1")):
        await make(caller, "/v1/carriers", id=carrier, name=carrier)
        await caller.truck(truck, carrier=carrier)
    token = BoundTokens(monkeypatch).token(gateway, caller.tenant, Role.CARRIER, carrier="ravi")
    return Caller(caller.http, caller.tenant, token)


async def test_a_driver_is_made_changed_and_deleted(caller: Caller) -> None:
    await caller.truck("T1")
    made = await make(caller, "/v1/drivers", **ASHA)
    path = "/v1/drivers/asha"
    assert made.items() >= ASHA.items()
    assert (made["truck"], made["on_duty"], made["duty_since"]) == (None, False, None)

    put = await caller.ask("PATCH", path, json={"truck": "T1", "on_duty": True})
    again = await caller.ask("PATCH", path, json={"on_duty": True, "phone": None})
    stale = await caller.ask("DELETE", path, headers={"If-Match": '"1"'})
    off = await caller.ask("PATCH", path, json={"on_duty": False, "truck": None, "name": None})

    assert put.headers["ETag"] == '"2"'
    assert (put.json()["truck"], put.json()["on_duty"]) == ("T1", True)
    assert again.json()["duty_since"] == put.json()["duty_since"]
    assert (again.json()["phone"], stale.status_code) == (None, 412)
    assert (off.json()["truck"], off.json()["duty_since"]) == (None, None)
    assert off.json()["name"] == ASHA["name"]
    assert (await caller.ask("DELETE", path)).status_code == 204
    assert (await caller.get(path)).status_code == 404
    assert (await caller.get("/v1/drivers")).json()["items"] == []
    await make(caller, "/v1/drivers", **ASHA)


async def test_phone_and_licence_are_masked_and_found(caller: Caller, gateway: Gateway) -> None:
    await make(caller, "/v1/drivers", **ASHA)
    await make(caller, "/v1/drivers", id="binod", name="Binod")
    viewer = Caller(caller.http, caller.tenant, token_for(gateway, caller.tenant, Role.VIEWER))

    seen = (await viewer.get("/v1/drivers/asha")).json()
    by_phone = await viewer.get("/v1/drivers", params={"phone": "9876543210"})
    by_licence = await viewer.get("/v1/drivers", params={"licence_number": "mh12-20110012345"})

    assert (seen["name"], seen["phone"], seen["licence_number"]) == (
        *("Asha Patil", "***3210"),
        "***2345",
    )
    for found in (by_phone, by_licence):
        assert [driver["id"] for driver in found.json()["items"]] == ["asha"]


WRONG = [
    ({"id": "x"}, "/name"),
    ({"id": "x", "name": "X", "phone": "call me"}, "/phone"),
    ({"id": "x", "name": "X", "licence_valid_until": "01/02/2030"}, "/licence_valid_until"),
    ({"id": "x", "name": "X", "licence_valid_until": "3030-01-01"}, "/licence_valid_until"),
    ({"id": "x", "name": "X", "truck": "nobody"}, "/truck"),
    ({"id": "x", "name": "X", "carrier": "nobody"}, "/carrier"),
    ({"id": "x", "name": "X", "carrier": "ravi", "truck": "O1"}, "/truck"),
    ({"id": "x", "name": "X", "age": 40}, "/age"),
]


async def test_what_is_wrong_is_pointed_at(caller: Caller, ravi: Caller) -> None:
    for body, pointer in WRONG:
        answer = await caller.ask("POST", "/v1/drivers", json=body)

        assert answer.status_code == 422, body
        assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


async def test_a_truck_has_one_driver_at_a_time(caller: Caller) -> None:
    await caller.truck("T1")
    await make(caller, "/v1/drivers", id="asha", name="Asha", truck="T1")

    taken = await caller.ask("POST", "/v1/drivers", json={"id": "b", "name": "B", "truck": "T1"})
    found = await caller.get("/v1/drivers", params={"truck": "T1"})

    assert taken.status_code == 409
    assert [driver["id"] for driver in found.json()["items"]] == ["asha"]


async def test_a_driver_who_changes_carrier_leaves_its_truck_first(
    caller: Caller, ravi: Caller
) -> None:
    await make(caller, "/v1/drivers", id="asha", name="Asha", carrier="ravi", truck="R1")

    refused = await caller.ask("PATCH", "/v1/drivers/asha", json={"carrier": "other"})
    moved = await caller.ask("PATCH", "/v1/drivers/asha", json={"carrier": "other", "truck": "O1"})

    assert refused.json()["errors"][0]["pointer"] == "/truck"
    assert (moved.json()["carrier"], moved.json()["truck"]) == ("other", "O1")


async def test_a_carrier_has_drivers_of_its_own(caller: Caller, ravi: Caller) -> None:
    await make(caller, "/v1/drivers", id="foreign", name="Foreign", carrier="other")
    own = await make(ravi, "/v1/drivers", id="asha", name="Asha", truck="R1", phone="9876543210")

    given_away = await ravi.ask("PATCH", "/v1/drivers/asha", json={"carrier": "other"})
    strange_truck = await ravi.ask("PATCH", "/v1/drivers/asha", json={"truck": "O1"})

    assert (own["carrier"], own["phone"]) == ("ravi", "***3210")
    assert [one["id"] for one in (await ravi.get("/v1/drivers")).json()["items"]] == ["asha"]
    for path in ("", "/hours"):
        assert (await ravi.get(f"/v1/drivers/foreign{path}")).status_code == 404
    for method, body in (("PATCH", {"name": "X"}), ("DELETE", None)):
        answer = await ravi.ask(method, "/v1/drivers/foreign", json=body)
        assert answer.status_code == 404
    assert given_away.json()["errors"][0]["pointer"] == "/carrier"
    assert strange_truck.json()["errors"][0]["pointer"] == "/truck"


async def test_hours_come_from_trips_at_the_wheel(
    caller: Caller, telemetry: AnyPool, gateway: Gateway
) -> None:
    await caller.truck("T1")
    await make(caller, "/v1/drivers", id="asha", name="Asha", truck="T1")
    fresh = (await caller.get("/v1/drivers/asha/hours")).json()
    async with gateway.as_tenant(await _of(caller, gateway)) as conn:
        key = await conn.fetchval("SELECT key FROM trucks WHERE id = 'T1'")
    begun_ms = epoch_ms(datetime.now(UTC) - timedelta(hours=3))
    trip = Span("trip", "", begun_ms, None, {}, begun_ms, None, None)
    async with telemetry.acquire() as conn:
        await spans.put(conn, [TruckSpan(caller.tenant.key, key, trip)], begun_ms)

    seen = (await caller.get("/v1/drivers/asha/hours")).json()

    assert (fresh["driven_day_s"], fresh["left_s"]) == (0, 10 * 3600)
    # Only what was driven since it took the truck, which is a moment.
    assert seen["driven_day_s"] < 600
    assert seen["left_s"] + seen["driven_day_s"] >= 10 * 3600 - 1


async def _of(caller: Caller, gateway: Gateway) -> Any:
    return await gateway.authority.verify_token(caller.token)
