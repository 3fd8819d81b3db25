"""/v1/parties: what papers need of shippers, carriers and the tenant itself."""

from __future__ import annotations

from typing import Any

import pytest

from serve.gateway import Gateway
from serve.identity.permissions import Role
from store.tenants import Tenant
from tests.serve.bound import BoundTokens
from tests.serve.caller import Caller
from tests.serve.conftest import token_for

MILL: dict[str, Any] = {
    "name": "Mill Limited",
    "address": "2 Mill Street\nBengaluru",
    "state": "29",
    "pin": "560001",
    "gstin": "29AAGCB7383J1Z4",
    "pan": "AAGCB7383J",
    "phone": "+91 98765 43210",
    "bank_account": "HDFC0001234/50100012345678",
}
OWN: dict[str, Any] = {
    "name": "Deccan Roadlines",
    "address": "1 Station Road\nPune",
    "pin": "411001",
    "gstin": "27AAPFU0939F1ZV",
}


@pytest.fixture
def bound(monkeypatch: pytest.MonkeyPatch) -> BoundTokens:
    return BoundTokens(monkeypatch)


async def put(caller: Caller, path: str, **body: Any) -> dict[str, Any]:
    answer = await caller.ask("PUT", f"/v1/parties/{path}", json=body)
    assert answer.is_success, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def test_a_shipper_is_kept_sealed_and_shown_masked(
    caller: Caller, gateway: Gateway, neighbour: Caller
) -> None:
    made = await put(caller, "shippers/mill", **MILL)
    reader = Caller(caller.http, caller.tenant, token_for(gateway, caller.tenant, Role.DISPATCHER))

    seen = (await reader.get("/v1/parties/shippers/mill")).json()
    found = (await caller.get("/v1/parties/shippers", params={"pan": "AAGCB7383J"})).json()

    assert (made["is_registered"], made["gstin"], made["version"]) == (True, MILL["gstin"], 1)
    assert (seen["gstin"], seen["pan"], seen["phone"]) == ("29***1Z4", "***383J", "***3210")
    assert seen["bank_account"] == "***5678"
    assert [one["party"] for one in found["items"]] == ["shippers/mill"]
    assert (await neighbour.get("/v1/parties/shippers/mill")).status_code == 404
    assert (await neighbour.get("/v1/parties/shippers")).json()["items"] == []


async def test_a_change_replaces_all_and_wants_the_version_if_one_is_named(caller: Caller) -> None:
    await put(caller, "shippers/mill", **MILL)
    stale = await caller.ask(
        "PUT",
        "/v1/parties/shippers/mill",
        json={"name": "Mill"},
        headers={"If-Match": '"7"'},
    )
    changed = await put(caller, "shippers/mill", name="Mill", state="29")

    assert stale.status_code == 412
    assert (changed["version"], changed["gstin"], changed["is_registered"]) == (2, None, False)


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"gstin": "29AAGCB7383J1Z5"}, "/gstin"),
        ({"gstin": "27AAPFU0939F1ZV", "pan": None}, "/state"),
        ({"pan": "AAPFU0939F"}, "/pan"),
        ({"pan": "AAPXU0939F"}, "/pan"),
        ({"state": "00", "gstin": None, "pan": None}, "/state"),
        ({"pin": "060001"}, "/pin"),
        ({"gst_mode": "no-mode"}, "/gst_mode"),
        ({"address": "a\x00b"}, "/address"),
        ({"nmae": "x"}, "/nmae"),
    ],
)
async def test_what_cannot_be_is_refused(
    caller: Caller, changes: dict[str, Any], pointer: str
) -> None:
    answer = await caller.ask("PUT", "/v1/parties/shippers/mill", json=MILL | changes)

    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


async def test_a_shipper_sees_itself_and_nobody_else(
    caller: Caller, gateway: Gateway, tenant: Tenant, bound: BoundTokens
) -> None:
    await put(caller, "shippers/mill", **MILL)
    await put(caller, "shippers/other", name="Other")
    await caller.ask("POST", "/v1/carriers", json={"id": "k1", "name": "Carrier"})
    token = bound.token(gateway, tenant, Role.SHIPPER, shipper="mill")
    mill = Caller(caller.http, tenant, token)

    assert (await mill.get("/v1/parties/shippers/mill")).json()["gstin"] == MILL["gstin"]
    assert (await mill.get("/v1/parties/shippers/other")).status_code == 404
    assert (await mill.get("/v1/parties/carriers/k1")).status_code == 404
    assert len((await mill.get("/v1/parties/shippers")).json()["items"]) == 1
    refused = await mill.ask("PUT", "/v1/parties/shippers/mill", json={"name": "Mill"})
    assert refused.status_code == 403


async def test_a_carriers_declaration_only_goes_up(caller: Caller) -> None:
    await caller.ask("POST", "/v1/carriers", json={"id": "k1", "name": "Carrier"})
    path = "carriers/k1/declarations/2026"
    first = {"declared_on": "2026-04-05", "trucks_owned": 3}
    await put(caller, path, **first)
    more = {"declared_on": "2026-09-01", "trucks_owned": 11, "exceeded_on": "2026-09-01"}
    await put(caller, path, **more)
    await put(caller, path, declared_on="2026-12-01", trucks_owned=8)

    seen = (await caller.get("/v1/parties/carriers/k1")).json()
    assert seen["declarations"] == [
        {
            "year": 2026,
            "declared_on": "2026-04-05",
            "trucks_owned": 11,
            "exceeded_on": "2026-09-01",
        }
    ]


async def test_what_taxes_want_of_a_carrier_stands_beside_its_numbers(caller: Caller) -> None:
    await caller.ask(
        "POST", "/v1/carriers", json={"id": "k1", "name": "Carrier", "pan": "ABCPK1234L"}
    )
    made = await put(caller, "carriers/k1", address="3 Camp", state="27", is_individual=True)
    wrong = await caller.ask("PUT", "/v1/parties/carriers/k1", json={"transin": "1"})

    assert (made["name"], made["pan"], made["address"]) == ("Carrier", "ABCPK1234L", "3 Camp")
    assert (made["is_individual"], made["is_registered"]) == (True, False)
    assert wrong.status_code == 422
    assert (await caller.ask("PUT", "/v1/parties/carriers/k2", json={})).status_code == 404


async def test_the_tenant_is_registered_state_by_state(caller: Caller) -> None:
    await put(caller, "registrations/27", **OWN)
    wrong = await caller.ask("PUT", "/v1/parties/registrations/29", json=OWN)

    listed = (await caller.get("/v1/parties/registrations")).json()["items"]
    assert [(one["party"], one["state"], one["gstin"]) for one in listed] == [
        ("platform", "27", OWN["gstin"])
    ]
    assert wrong.json()["errors"][0]["pointer"] == "/state"
    for nowhere in ("registrations/2x", "carriers/k1/declarations/x"):
        assert (await caller.ask("PUT", f"/v1/parties/{nowhere}", json=OWN)).status_code in {
            404,
            422,
        }
