"""What a truck is, its papers and its absences: kept, shown, and its carrier's to keep."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from serve.gateway import Gateway
from serve.identity.permissions import Role
from tests.serve.bound import BoundTokens
from tests.serve.caller import Caller

RC = {
    "body": "container",
    "payload_kg": 16_000,
    "gvw_kg": 28_500,
    "home": {"lat": 18.52, "lon": 73.85, "name": "Pune"},
}


@pytest.fixture
async def ravi(caller: Caller, gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> Caller:
    """Speaks for the carrier of R1; O1 is another's."""
    for carrier, truck in (("ravi", "R1"), ("other", "O1")):
        await caller.ask("POST", "/v1/carriers", json={"id": carrier, "name": carrier})
        await caller.truck(truck, carrier=carrier)
    token = BoundTokens(monkeypatch).token(gateway, caller.tenant, Role.CARRIER, carrier="ravi")
    return Caller(caller.http, caller.tenant, token)


async def test_a_truck_says_what_its_rc_says(caller: Caller) -> None:
    made = await caller.truck("T1", **RC)
    changed = await caller.ask("PATCH", "/v1/trucks/T1", json={"home": None, "body": "open"})
    moved = await caller.ask("PATCH", "/v1/trucks/T1", json={"home": {"lat": 19, "lon": 73}})

    assert made.items() >= RC.items()
    assert made["service"] == {
        "state": "in_service",
        "reason": None,
        "since": None,
        "until": None,
    }
    assert (changed.json()["home"], changed.json()["body"]) == (None, "open")
    assert changed.json()["payload_kg"] == 16_000
    assert moved.json()["home"] == {"lat": 19.0, "lon": 73.0, "name": None}


async def test_a_load_weighs_less_than_the_truck_with_it(caller: Caller) -> None:
    await caller.truck("T1", payload_kg=16_000)

    for method, path, body in (
        ("PATCH", "/v1/trucks/T1", {"gvw_kg": 16_000}),
        ("POST", "/v1/trucks", {"id": "T2", "payload_kg": 9000, "gvw_kg": 8000}),
    ):
        refused = await caller.ask(method, path, json=body)
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["pointer"] == "/gvw_kg"


async def test_papers_are_put_replaced_and_taken_away(caller: Caller) -> None:
    await caller.truck("T1")
    path = "/v1/trucks/T1/papers"

    first = await caller.ask("PUT", f"{path}/puc", json={"valid_until": "2027-01-01"})
    second = await caller.ask(
        "PUT", f"{path}/puc", json={"number": "P-2"}, headers={"If-Match": first.headers["ETag"]}
    )
    stale = await caller.ask("PUT", f"{path}/puc", json={}, headers={"If-Match": '"1"'})
    permit = {"states": ["27", "24", "27"], "valid_until": "2028-01-01"}
    await caller.ask("PUT", f"{path}/permit_state", json=permit)

    assert (first.status_code, second.headers["ETag"], stale.status_code) == (200, '"2"', 412)
    assert second.json()["valid_until"] is None
    listed = (await caller.get(path)).json()["items"]
    assert [(one["kind"], one["states"]) for one in listed] == [
        ("permit_state", ["24", "27"]),
        ("puc", []),
    ]
    assert (await caller.ask("DELETE", f"{path}/puc")).status_code == 204
    assert (await caller.ask("DELETE", f"{path}/puc")).status_code == 404


async def test_papers_that_cannot_be(caller: Caller) -> None:
    await caller.truck("T1")
    path = "/v1/trucks/T1/papers"

    wrong = [
        ("puc", {"states": ["27"]}, "/states"),
        ("permit_state", {"states": ["MH"]}, "/states/0"),
        ("puc", {"valid_until": "soon"}, "/valid_until"),
        ("puc", {"number": ""}, "/number"),
    ]
    for kind, body, pointer in wrong:
        answer = await caller.ask("PUT", f"{path}/{kind}", json=body)
        assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert (await caller.ask("PUT", f"{path}/birth", json={})).status_code == 404


def hours_from_now(hours: float) -> str:
    return (datetime.now(UTC) + timedelta(hours=hours)).isoformat()


async def test_a_truck_is_out_of_service_for_a_time(caller: Caller) -> None:
    await caller.truck("T1")
    path = "/v1/trucks/T1/absences"

    now = await caller.ask("POST", path, json={"id": "w", "reason": "Clutch"})
    over = await caller.ask("POST", path, json={"reason": "Again", "to": hours_from_now(1)})
    out = (await caller.get("/v1/trucks/T1")).json()["service"]
    ended = await caller.ask("PATCH", f"{path}/w", json={"to": hours_from_now(2)})
    later = await caller.ask("POST", path, json={"reason": "Leave", "from": hours_from_now(3)})
    listed = (await caller.get(path, params={"from": hours_from_now(2.5)})).json()["items"]

    assert (now.status_code, over.status_code, later.status_code) == (201, 409, 201)
    assert (out["state"], out["reason"], out["until"]) == ("out_of_service", "Clutch", None)
    assert ended.json()["reason"] == "Clutch"
    assert [one["reason"] for one in listed] == ["Leave"]
    assert (await caller.ask("DELETE", f"{path}/w")).status_code == 204
    assert (await caller.get("/v1/trucks/T1")).json()["service"]["state"] == "in_service"


async def test_an_absence_ends_after_it_begins(caller: Caller) -> None:
    await caller.truck("T1")
    path = "/v1/trucks/T1/absences"
    await caller.ask("POST", path, json={"id": "w", "reason": "Clutch"})

    wrong: list[tuple[str, str, dict[str, Any]]] = [
        ("POST", path, {"reason": "x", "to": hours_from_now(-1)}),
        ("POST", path, {"reason": "x", "from": hours_from_now(2), "to": hours_from_now(1)}),
        ("PATCH", f"{path}/w", {"to": hours_from_now(-1)}),
        ("POST", path, {"to": hours_from_now(1)}),
    ]
    for method, where, body in wrong:
        assert (await caller.ask(method, where, json=body)).status_code == 422
    stale = await caller.ask("DELETE", f"{path}/w", headers={"If-Match": '"7"'})
    assert stale.status_code == 412


async def test_a_carrier_keeps_its_own_trucks_papers(caller: Caller, ravi: Caller) -> None:
    own = await ravi.ask("PUT", "/v1/trucks/R1/papers/puc", json={"number": "P-1"})
    away = await ravi.ask("POST", "/v1/trucks/R1/absences", json={"id": "w", "reason": "Clutch"})
    await caller.ask("POST", "/v1/trucks/O1/absences", json={"id": "w", "reason": "Clutch"})

    assert (own.status_code, away.status_code) == (200, 201)
    for method, path, body in (
        ("GET", "/v1/trucks/O1/papers", None),
        ("PUT", "/v1/trucks/O1/papers/puc", {}),
        ("DELETE", "/v1/trucks/O1/papers/puc", None),
        ("GET", "/v1/trucks/O1/absences", None),
        ("POST", "/v1/trucks/O1/absences", {"reason": "x"}),
        ("PATCH", "/v1/trucks/O1/absences/w", {"reason": "x"}),
        ("DELETE", "/v1/trucks/O1/absences/w", None),
    ):
        assert (await ravi.ask(method, path, json=body)).status_code == 404
    # What the truck is stays the tenant's to say.
    assert (await ravi.ask("PATCH", "/v1/trucks/R1", json={"body": "open"})).status_code == 403
