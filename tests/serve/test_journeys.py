"""A truck's journey: assigned, changed, replaced, ended; what is refused; who sees it."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest

from serve.gateway import Gateway
from serve.identity.permissions import Role
from store.tenants import Tenant
from tests.serve.bound import BoundTokens
from tests.serve.caller import Caller
from tests.serve.conftest import token_for
from tests.serve.test_routes import SHAPE

JOURNEY = "/v1/trucks/T1/journey"
FULL: dict[str, Any] = {
    "route": {"id": "main"},
    "alternates": [{"id": "old-road", "version": 1}],
    "from": "2026-11-01T06:00:00Z",
    "departure": {"from": "2026-11-01T06:00:00Z", "until": "2026-11-01T07:00:00Z"},
    "arrival": {"until": "2026-11-01T18:00:00Z"},
    "stops": [
        {
            "name": "Pick up",
            "point": {"lat": 28.61, "lon": 77.2},
            "radius_m": 300,
            "arrival": {"from": "2026-11-01T06:00:00Z"},
            "service_s": 1800,
        },
        {"fence": "depot", "name": "Drop"},
    ],
    "corridor_m": 250,
    "allowed": [{"name": "Pump", "point": {"lat": 28.3, "lon": 77.0}, "radius_m": 500}],
    "cost": {
        "per_km": {"amount_minor": 4000, "currency": "INR"},
        "per_hour": {"amount_minor": 60000, "currency": "INR"},
    },
}


@pytest.fixture
async def dispatcher(caller: Caller) -> Caller:
    """Of a tenant with a truck, two routes and a fence."""
    await caller.truck("T1")
    for route_id in ("main", "old-road"):
        await caller.ask("POST", "/v1/routes", json={"id": route_id, "name": "R", "shape": SHAPE})
    circle = {"center": {"lat": 28.0, "lon": 76.9}, "radius_m": 400}
    await caller.ask("POST", "/v1/fences", json={"id": "depot", "name": "Depot", "shape": circle})
    return caller


async def put(caller: Caller, body: dict[str, Any], **headers: str) -> httpx.Response:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return await caller.ask("PUT", JOURNEY, json=body, headers=sent)


def without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: without_nulls(inner) for name, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [without_nulls(inner) for inner in value]
    return value


async def test_a_journey_is_read_as_it_was_told(dispatcher: Caller) -> None:
    made = await put(dispatcher, FULL)

    assert made.status_code == 201, made.text
    journey = (await dispatcher.get(JOURNEY)).json()
    assert journey.pop("progress") is None
    assert journey == made.json()
    assert made.headers["Location"] == f"/v1/journeys/{journey['id']}"
    assert (await dispatcher.get(made.headers["Location"])).json() == journey
    told = without_nulls(journey)
    for name in ("from", "departure", "arrival", "corridor_m", "allowed", "cost"):
        assert told[name] == FULL[name], name
    pick_up, drop = told["stops"]
    assert pick_up == FULL["stops"][0]
    around = {"point": {"lat": 28.0, "lon": 76.9}, "radius_m": 400.0}
    assert drop == {**FULL["stops"][1], **around, "service_s": 0.0}
    assert (journey["truck"], journey["state"], journey["version"]) == ("T1", "active", 1)
    assert (journey["route"]["id"], journey["route"]["version"]) == ("main", 1)
    assert journey["route"]["length_m"] == pytest.approx(74_000, rel=0.01)
    assert [(each["id"], each["version"]) for each in journey["alternates"]] == [("old-road", 1)]


async def test_little_is_enough(dispatcher: Caller) -> None:
    journey = (await put(dispatcher, {"route": {"id": "main"}})).json()

    assert (journey["state"], journey["stops"], journey["cost"]) == ("active", [], None)
    assert (journey["departure"], journey["corridor_m"]) == (None, None)


async def test_without_another_id_it_is_the_same_journey_changed(dispatcher: Caller) -> None:
    first = (await put(dispatcher, FULL)).json()

    again = await put(dispatcher, {"route": {"id": "old-road"}})
    by_id = await put(dispatcher, {"id": first["id"], "route": {"id": "main"}})

    assert (again.status_code, again.json()["id"]) == (200, first["id"])
    assert (again.json()["version"], again.json()["route"]["id"]) == (2, "old-road")
    assert (by_id.status_code, by_id.json()["version"]) == (200, 3)
    assert len((await dispatcher.get("/v1/journeys")).json()["items"]) == 1


async def test_another_id_ends_the_one_and_begins_the_other(dispatcher: Caller) -> None:
    await put(dispatcher, {**FULL, "id": "monday"})

    made = await put(dispatcher, {**FULL, "id": "tuesday"})

    assert (made.status_code, made.json()["version"]) == (201, 1)
    ended = (await dispatcher.get("/v1/journeys/monday")).json()
    assert (ended["state"], ended["end_reason"]) == ("ended", "replaced")
    taken = await put(dispatcher, {**FULL, "id": "monday"})
    assert taken.status_code == 409
    assert (await dispatcher.get(JOURNEY)).json()["id"] == "tuesday", "nothing of it was done"


async def test_an_ended_journey_stays_readable(dispatcher: Caller) -> None:
    journey = (await put(dispatcher, FULL)).json()

    assert (await dispatcher.ask("DELETE", JOURNEY)).status_code == 204

    assert (await dispatcher.get(JOURNEY)).status_code == 404
    assert (await dispatcher.ask("DELETE", JOURNEY)).status_code == 404
    ended = (await dispatcher.get(f"/v1/journeys/{journey['id']}")).json()
    assert (ended["state"], ended["end_reason"]) == ("ended", "ended")


async def test_a_route_in_use_is_not_deleted_but_may_change(dispatcher: Caller) -> None:
    await put(dispatcher, FULL)

    for route_id in ("main", "old-road"):
        refused = await dispatcher.ask("DELETE", f"/v1/routes/{route_id}")
        assert refused.status_code == 409
        assert "in use by journey" in refused.json()["detail"]
    changed = {"name": "Other", "shape": SHAPE}
    assert (await dispatcher.ask("PUT", "/v1/routes/main", json=changed)).is_success
    assert (await dispatcher.get(JOURNEY)).json()["route"]["version"] == 1
    await dispatcher.ask("DELETE", JOURNEY)
    assert (await dispatcher.ask("DELETE", "/v1/routes/main")).status_code == 204


async def test_versions_guard_the_journey(dispatcher: Caller) -> None:
    none_yet = await put(dispatcher, FULL, If_Match='"1"')
    made = await put(dispatcher, FULL)
    changed = await put(dispatcher, FULL, If_Match=made.headers["ETag"])
    stale = await put(dispatcher, FULL, If_Match='"1"')
    replaced = await put(dispatcher, {**FULL, "id": "other"}, If_Match='"1"')
    ended = await dispatcher.ask("DELETE", JOURNEY, headers={"If-Match": '"1"'})

    assert (none_yet.status_code, changed.status_code) == (412, 200)
    assert [each.status_code for each in (stale, replaced, ended)] == [412] * 3
    assert (await dispatcher.get(JOURNEY)).json()["version"] == 2


async def test_a_journey_of_tomorrow_is_planned(dispatcher: Caller) -> None:
    later = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 86_400))

    journey = (await put(dispatcher, {**FULL, "from": later})).json()

    assert journey["state"] == "planned"
    for state, count in (("planned", 1), ("active", 0), ("arrived", 0), ("ended", 0)):
        listed = await dispatcher.get("/v1/journeys", params={"state": state})
        assert len(listed.json()["items"]) == count, state


async def test_lists_go_by_truck_in_pages(dispatcher: Caller) -> None:
    await dispatcher.truck("T2")
    for number in range(3):
        await put(dispatcher, {**FULL, "id": f"j{number}"})
    await dispatcher.ask("PUT", "/v1/trucks/T2/journey", json={**FULL, "id": "k"})

    ids, cursor = [], None
    while True:
        query = {"truck": "T1", "limit": "2", **({"cursor": cursor} if cursor else {})}
        page = (await dispatcher.get("/v1/journeys", params=query)).json()
        ids += [each["id"] for each in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert ids == ["j0", "j1", "j2"]
    assert (await dispatcher.get("/v1/journeys", params={"truck": "none"})).json()["items"] == []


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"route": {"id": "nothing"}}, "/route/id"),
    ({"route": {"id": "main", "version": 7}}, "/route/version"),
    ({"route": {"id": "main", "version": 0}}, "/route/version"),
    ({"alternates": [{"id": "nothing"}]}, "/alternates/0/id"),
    ({"alternates": [{"id": "main"}]}, "/alternates"),
    ({"from": "2026-11-01T06:00:00"}, "/from"),
    ({"from": "9999-11-01T06:00:00Z"}, "/from"),
    ({"arrival": {"from": "2026-11-02T00:00:00Z", "until": "2026-11-01T00:00:00Z"}}, "/arrival"),
    ({"stops": [{"name": "Nowhere"}]}, "/stops/0"),
    ({"stops": [{"fence": "nothing"}]}, "/stops/0/fence"),
    ({"allowed": [{"fence": "depot", "radius_m": 5}]}, "/allowed/0"),
    ({"allowed": [{"fence": "nothing"}]}, "/allowed/0/fence"),
    ({"corridor_m": 0}, "/corridor_m"),
    ({"cost": {"per_km": {"amount_minor": 1.5, "currency": "INR"}}}, "/cost/per_km/amount_minor"),
    (
        {
            "cost": {
                "per_km": {"amount_minor": 1, "currency": "INR"},
                "per_hour": {"amount_minor": 1, "currency": "USD"},
            }
        },
        "/cost/per_hour/currency",
    ),
    ({"stops": [{"fence": "depot"}] * 51}, "/stops"),
    ({"alternates": [{"id": f"r{n}"} for n in range(6)]}, "/alternates"),
    ({"allowed": [{"fence": "depot"}] * 101}, "/allowed"),
    ({"driver": "Asha"}, "/driver"),
]


@pytest.mark.parametrize(("fields", "pointer"), WRONG)
async def test_what_is_wrong_is_pointed_at(
    dispatcher: Caller, fields: dict[str, Any], pointer: str
) -> None:
    answer = await put(dispatcher, {**FULL, **fields})

    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert (await dispatcher.get(JOURNEY)).status_code == 404


async def test_a_neighbour_reaches_neither_truck_nor_route(
    dispatcher: Caller, neighbour: Caller
) -> None:
    made = (await put(dispatcher, FULL)).json()
    await neighbour.truck("THEIRS")

    answers = [
        await neighbour.get(JOURNEY),
        await put(neighbour, FULL),
        await neighbour.ask("DELETE", JOURNEY),
        await neighbour.get(f"/v1/journeys/{made['id']}"),
    ]
    told = []
    for route_id in ("main", "nothing"):
        body = {"route": {"id": route_id}}
        answer = await neighbour.ask("PUT", "/v1/trucks/THEIRS/journey", json=body)
        told.append((answer.status_code, answer.json()["detail"].replace(route_id, "x")))

    assert [each.status_code for each in answers] == [404] * 4
    assert told[0] == told[1]
    assert (await neighbour.get("/v1/journeys")).json()["items"] == []
    assert (await dispatcher.get(JOURNEY)).json() == {**made, "progress": None}


async def test_a_carrier_follows_its_own_trucks(
    dispatcher: Caller, gateway: Gateway, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    await dispatcher.ask("POST", "/v1/carriers", json={"id": "swift", "name": "Swift"})
    await dispatcher.truck("OWN", carrier="swift")
    await put(dispatcher, FULL)
    told = {"id": "own", "route": {"id": "old-road"}}
    await dispatcher.ask("PUT", "/v1/trucks/OWN/journey", json=told)
    token = BoundTokens(monkeypatch).token(gateway, tenant, carrier="swift")
    carrier = Caller(dispatcher.http, tenant, token)

    listed = (await carrier.get("/v1/journeys")).json()["items"]

    assert [each["id"] for each in listed] == ["own"]
    assert (await carrier.get("/v1/trucks/OWN/journey")).json()["id"] == "own"
    assert (await carrier.get(JOURNEY)).status_code == 404
    assert (await carrier.get("/v1/routes/old-road")).status_code == 200
    assert (await carrier.get("/v1/routes/main")).status_code == 404
    refused = await carrier.ask("PUT", "/v1/trucks/OWN/journey", json=told)
    assert refused.status_code == 403


async def test_a_viewer_reads_and_does_not_assign(
    dispatcher: Caller, gateway: Gateway, tenant: Tenant
) -> None:
    await put(dispatcher, FULL)
    viewer = Caller(dispatcher.http, tenant, token_for(gateway, tenant, Role.VIEWER))

    assert (await viewer.get(JOURNEY)).status_code == 200
    assert (await put(viewer, FULL)).status_code == 403
    assert (await viewer.ask("DELETE", JOURNEY)).status_code == 403
    assert (await viewer.ask("DELETE", "/v1/routes/main")).status_code == 403


async def test_who_assigned_and_ended_it_is_in_the_audit_trail(dispatcher: Caller) -> None:
    await put(dispatcher, {**FULL, "id": "one"})
    await put(dispatcher, {**FULL, "id": "two"})
    await dispatcher.ask("DELETE", JOURNEY)

    query = {"subject": "trucks/T1/journey"}
    found = (await dispatcher.get("/v1/audit", params=query)).json()["items"]

    assert sorted(each["action"] for each in found) == [
        "journeys.assign",
        "journeys.assign",
        "journeys.end",
    ]
    ends = next(each for each in found if each["action"] == "journeys.end")
    assert (ends["before"]["id"], ends["after"]["state"]) == ("two", "ended")


async def test_deleting_the_truck_ends_its_journey(dispatcher: Caller) -> None:
    journey = (await put(dispatcher, FULL)).json()

    await dispatcher.ask("DELETE", "/v1/trucks/T1")

    ended = (await dispatcher.get(f"/v1/journeys/{journey['id']}")).json()
    assert (ended["state"], ended["end_reason"]) == ("ended", "truck deleted")
