"""Many trucks, drivers and carriers from a file: tried, reported row by row, stored at once."""

from __future__ import annotations

from typing import Any

import bcrypt
import httpx
import pytest

from config.policy import Policy
from serve.gateway import Gateway
from serve.identity.permissions import Role
from store.directory import TruckDirectory
from store.postgres import AnyConnection, AnyPool
from tests.serve.bound import BoundTokens
from tests.serve.caller import Caller

TRUCKS = """id;registration;class;payload_kg;gvw_kg;carrier;home_lat;home_lon
T1;MH12AB1234;OPEN_10W;16000;28500;ravi;18.52;73.85
T2;;TRL_18W;;;;;
"""
SPOILED = """id,registration,payload_kg,gvw_kg,carrier,home_lat,body
T1,,16000,28500,ravi,,
T1,,,,,,
has space,,,,,,
T3,,many,,nobody,,
T4,,16000,16000,,,
T5,,,,,18.5,
T6,=1+1,,,,,
T7,,,,,,Open Body
T8
T9,ok,,,,,
"""
FAULTS = [
    (3, "id"),
    (4, "id"),
    (5, "payload_kg"),
    (6, "gvw_kg"),
    (7, "home_lon"),
    (8, "registration"),
    (9, "body"),
    (10, None),
]


@pytest.fixture
def quick(quick: Policy) -> Policy:
    few = quick.imports.model_copy(update={"rows_max": 20, "faults_max": 12})
    return quick.model_copy(update={"imports": few})


async def send(caller: Caller, kind: str, text: str, **query: Any) -> httpx.Response:
    return await caller.ask(
        "POST",
        f"/v1/{kind}/import",
        params=query,
        content=text.encode(),
        headers={"Content-Type": "text/csv; charset=utf-8"},
    )


async def ids(caller: Caller, kind: str) -> list[str]:
    return [one["id"] for one in (await caller.get(f"/v1/{kind}")).json()["items"]]


@pytest.fixture
async def ravi(caller: Caller) -> None:
    await caller.ask("POST", "/v1/carriers", json={"id": "ravi", "name": "Ravi"})


async def test_trucks_are_tried_and_then_stored(
    caller: Caller, ravi: None, system: AnyPool
) -> None:
    tried = (await send(caller, "trucks", TRUCKS, dry_run="true")).json()
    before = await ids(caller, "trucks")
    stored = (await send(caller, "trucks", TRUCKS)).json()

    assert (tried["dry_run"], tried["accepted"], tried["created"], before) == (True, 2, [], [])
    assert [(one["row"], one["id"]) for one in stored["created"]] == [(2, "T1"), (3, "T2")]
    first = (await caller.get("/v1/trucks/T1")).json()
    assert (
        first.items()
        >= {
            "registration": "MH12AB1234",
            "class": "OPEN_10W",
            "payload_kg": 16_000,
            "carrier": "ravi",
            "home": {"lat": 18.52, "lon": 73.85, "name": None},
            "version": 1,
        }.items()
    )
    device = stored["created"][1]["device"]
    assert device["username"] == f"{caller.tenant.id}/T2"
    directory = TruckDirectory()
    await directory.refresh(system)
    stored_hash = directory.by_name[caller.tenant.id, "T2"].secret_hash
    assert stored_hash is not None
    assert bcrypt.checkpw(device["secret"].encode(), stored_hash.encode())


async def test_every_wrong_cell_is_named(caller: Caller, ravi: None) -> None:
    tried = (await send(caller, "trucks", SPOILED, dry_run="true")).json()

    assert [(fault["row"], fault["column"]) for fault in tried["faults"]] == FAULTS
    assert (tried["rows"], tried["accepted"], tried["refused"]) == (10, 2, 8)


async def test_all_or_none(caller: Caller, ravi: None) -> None:
    refused = await send(caller, "trucks", SPOILED)

    assert refused.status_code == 422
    assert [error["pointer"] for error in refused.json()["errors"]] == [
        "/".join(["", str(row), *([column] if column else [])]) for row, column in FAULTS
    ]
    assert await ids(caller, "trucks") == []


async def test_the_rows_that_are_right(
    caller: Caller, ravi: None, superuser: AnyConnection
) -> None:
    report = (await send(caller, "trucks", SPOILED, mode="rows")).json()
    again = (await send(caller, "trucks", SPOILED, mode="rows")).json()

    assert await ids(caller, "trucks") == ["T1", "T9"]
    assert [one["row"] for one in report["created"]] == [2, 11]
    assert again["created"] == []
    assert {"row": 11, "column": "id", "detail": "is taken already"} in again["faults"]
    row = await superuser.fetchrow(
        "SELECT * FROM audit_log WHERE tenant_key = $1 AND action = 'trucks.import' "
        "ORDER BY seq LIMIT 1",
        caller.tenant.key,
    )
    assert row is not None
    assert "T9" in str(dict(row))
    assert report["created"][0]["device"]["secret"] not in str(dict(row))


async def test_more_faults_than_are_told(caller: Caller) -> None:
    text = "id\n" + "not an id\n" * 12

    tried = (await send(caller, "trucks", text, dry_run="true")).json()

    assert (len(tried["faults"]), tried["faults_left_off"], tried["refused"]) == (12, 11, 12)


async def test_files_that_are_refused_whole(caller: Caller) -> None:
    too_many = "id\n" + "".join(f"T{number}\n" for number in range(21))
    for text in (too_many, "nonsense", "id,id\n1,2\n"):
        assert (await send(caller, "trucks", text)).status_code == 422
    as_json = await caller.ask("POST", "/v1/trucks/import", json={})
    assert as_json.json()["errors"][0]["in"] == "header"


async def test_an_import_is_done_once_with_its_key(caller: Caller, ravi: None) -> None:
    headers = {"Content-Type": "text/csv", "Idempotency-Key": "one-file"}

    first, second = [
        await caller.ask("POST", "/v1/trucks/import", content=TRUCKS.encode(), headers=headers)
        for _ in range(2)
    ]

    assert first.json() == second.json()
    assert second.headers["Idempotency-Replayed"] == "true"


CARRIERS = """id,name,phone,gstin,pan,bank_account,ifsc
ravi,"Ravi, sons",+91 98765 43210,27AAPFU0939F1ZV,AAPFU0939F,0123456789,HDFC0000001
"""
BAD_CARRIERS = """id,name,gstin,pan,ifsc
a,A,27AAPFU0939F1ZW,,
b,,,,
c,C,27AAPFU0939F1ZV,ABCPK1234L,
d,D,,,HDFC1000001
"""


async def test_carriers_are_stored_sealed_and_checked(
    caller: Caller, superuser: AnyConnection
) -> None:
    stored = await send(caller, "carriers", CARRIERS)
    tried = (await send(caller, "carriers", BAD_CARRIERS, dry_run="true")).json()

    assert stored.status_code == 200, stored.text
    seen = (await caller.get("/v1/carriers/ravi")).json()
    # A leading zero is part of an account's number.
    assert (seen["name"], seen["bank_account"]) == ("Ravi, sons", "0123456789")
    row = await superuser.fetchrow(
        "SELECT * FROM carriers WHERE tenant_key = $1", caller.tenant.key
    )
    assert "0123456789" not in str(row)
    assert [(fault["row"], fault["column"]) for fault in tried["faults"]] == [
        *[(2, "gstin"), (3, "name"), (4, "pan"), (5, "ifsc")]
    ]


DRIVERS = """id,name,phone,licence_number,licence_valid_until,truck,on_duty
asha,Asha,9876543210,MH12 2011 0012345,2031-05-01,R1,yes
binod,Binod,,,,,no
"""
BAD_DRIVERS = """id,name,truck,carrier,licence_valid_until,on_duty
a,A,R1,,,
b,B,R1,,,
c,C,none,,,
d,D,R1,other,,
e,E,,,1/5/2031,
f,F,,,,perhaps
"""


async def test_drivers_of_a_carrier(
    caller: Caller, gateway: Gateway, ravi: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    await caller.ask("POST", "/v1/carriers", json={"id": "other", "name": "Other"})
    await caller.truck("R1", carrier="ravi")
    token = BoundTokens(monkeypatch).token(gateway, caller.tenant, Role.CARRIER, carrier="ravi")
    own = Caller(caller.http, caller.tenant, token)

    tried = (await send(own, "drivers", BAD_DRIVERS, dry_run="true")).json()
    stored = await send(own, "drivers", DRIVERS)
    taken = (await send(caller, "drivers", BAD_DRIVERS, dry_run="true")).json()

    assert [(fault["row"], fault["column"]) for fault in tried["faults"]] == [
        *[(3, "truck"), (4, "truck"), (5, "carrier"), (5, "truck")],
        *[(6, "licence_valid_until"), (7, "on_duty")],
    ]
    assert stored.status_code == 200, stored.text
    seen = (await caller.get("/v1/drivers/asha")).json()
    assert (seen["carrier"], seen["truck"], seen["on_duty"]) == ("ravi", "R1", True)
    assert (2, "truck") in [(fault["row"], fault["column"]) for fault in taken["faults"]]
    assert (await send(own, "trucks", TRUCKS)).status_code == 403
    assert (await send(own, "carriers", CARRIERS)).status_code == 403
