"""/v1/trucks: made, listed, changed by version, deleted, and nobody else's."""

from __future__ import annotations

import bcrypt
import pytest

from store.directory import TruckDirectory
from store.postgres import AnyPool
from tests.serve.caller import Caller


async def test_a_truck_is_made_with_its_device(caller: Caller, system: AnyPool) -> None:
    fields = {"registration": "MH 12 AB 1234", "class": "32ft-mxl", "capacity_t": 15}

    answer = await caller.ask("POST", "/v1/trucks", json={"id": "TRK-1", **fields})

    assert answer.status_code == 201
    made = answer.json()
    assert made.items() >= {"id": "TRK-1", **fields}.items()
    assert answer.headers["ETag"] == '"1"'
    assert made["device"]["username"] == f"{caller.tenant.id}/TRK-1"
    directory = TruckDirectory()
    await directory.refresh(system)
    stored = directory.by_name[caller.tenant.id, "TRK-1"].secret_hash
    assert stored is not None
    assert bcrypt.checkpw(made["device"]["secret"].encode(), stored.encode())
    assert "device" not in (await caller.get("/v1/trucks/TRK-1")).json()


async def test_an_id_is_given_once(caller: Caller) -> None:
    await caller.truck("TRK-1")

    again = await caller.ask("POST", "/v1/trucks", json={"id": "TRK-1"})

    assert again.status_code == 409
    assert again.headers["content-type"] == "application/problem+json"


WRONG = [
    ({}, "/id"),
    ({"id": "no spaces"}, "/id"),
    ({"id": "x" * 65}, "/id"),
    ({"id": "T", "capacity_t": -1}, "/capacity_t"),
    ({"id": "T", "capacity_t": "many"}, "/capacity_t"),
    ({"id": "T", "registration": "a\0b"}, "/registration"),
    ({"id": "T", "colour": "red"}, "/colour"),
    ([], ""),
]


async def test_what_is_wrong_is_pointed_at(caller: Caller) -> None:
    for body, pointer in WRONG:
        answer = await caller.ask("POST", "/v1/trucks", json=body)

        assert answer.status_code == 422
        assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


async def test_a_list_goes_on_with_its_cursor(caller: Caller) -> None:
    for number in range(5):
        await caller.truck(f"T{number}")

    seen, cursor, pages = [], None, 0
    while pages == 0 or cursor:
        query = {"limit": 2, **({"cursor": cursor} if cursor else {})}
        page = (await caller.get("/v1/trucks", params=query)).json()
        seen += [truck["id"] for truck in page["items"]]
        cursor, pages = page["next_cursor"], pages + 1

    assert seen == ["T0", "T1", "T2", "T3", "T4"]
    assert pages == 3


BEYOND_BOUNDS = [{"limit": 0}, {"limit": 501}, {"limit": "x"}, {"cursor": "%"}]


async def test_bounds_of_a_list(caller: Caller) -> None:
    for query in BEYOND_BOUNDS:
        assert (await caller.get("/v1/trucks", params=query)).status_code == 422


async def test_a_change_keeps_what_it_does_not_name(caller: Caller) -> None:
    await caller.truck("TRK-1", registration="MH 12", capacity_t=9)

    answer = await caller.ask("PATCH", "/v1/trucks/TRK-1", json={"capacity_t": None, "class": "c"})

    changed = answer.json()
    assert (changed["registration"], changed["capacity_t"], changed["class"]) == (
        "MH 12",
        None,
        "c",
    )
    assert answer.headers["ETag"] == '"2"'


async def test_a_stale_version_changes_nothing(caller: Caller) -> None:
    await caller.truck("TRK-1")
    await caller.ask("PATCH", "/v1/trucks/TRK-1", json={"class": "new"})

    stale = {"If-Match": '"1"'}
    changed = await caller.ask("PATCH", "/v1/trucks/TRK-1", json={"class": "x"}, headers=stale)
    deleted = await caller.ask("DELETE", "/v1/trucks/TRK-1", headers=stale)

    assert (changed.status_code, deleted.status_code) == (412, 412)
    assert (await caller.get("/v1/trucks/TRK-1")).json()["class"] == "new"
    fresh = await caller.ask("DELETE", "/v1/trucks/TRK-1", headers={"If-Match": '"2"'})
    assert fresh.status_code == 204
    assert (await caller.get("/v1/trucks/TRK-1")).status_code == 404


@pytest.mark.parametrize("path", ["/v1/trucks/TRK-1", "/v1/trucks/TRK-1/position"])
async def test_another_tenants_truck_is_not_there(
    caller: Caller, neighbour: Caller, path: str
) -> None:
    await caller.truck("TRK-1")

    assert (await neighbour.get(path)).status_code == 404
    assert (await neighbour.ask("DELETE", "/v1/trucks/TRK-1")).status_code == 404
    assert (await neighbour.get("/v1/trucks")).json() == {"items": [], "next_cursor": None}
    # The id is free for the neighbour: ids are each tenant's own.
    await neighbour.truck("TRK-1")


ODD_IDS = ["%00", "a b", "x" * 100, "TRK%2F1"]


async def test_an_id_that_cannot_be_is_not_there(caller: Caller) -> None:
    for odd in ODD_IDS:
        assert (await caller.get(f"/v1/trucks/{odd}")).status_code == 404
