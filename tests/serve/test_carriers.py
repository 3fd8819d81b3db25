"""/v1/carriers, and what is shown to those who speak for one of them: its own, and nothing else."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest

from serve.gateway import Gateway
from serve.identity.permissions import Role
from store import fixes
from store.postgres import AnyConnection, AnyPool, as_tenant
from store.tenants import Tenant
from tests.launch.waiting import until
from tests.serve.bound import BoundTokens
from tests.serve.caller import Caller
from tests.serve.conftest import token_for
from tests.serve.in_process import InProcessActors
from tests.serve.watching import INDIA, Watcher, watching

RAVI = {
    "id": "ravi",
    "name": "Ravi Roadlines",
    "phone": "+91 98765 43210",
    "email": "ravi@example.com",
    "gstin": "27AAPFU0939F1ZV",
    "pan": "AAPFU0939F",
    "bank_account": "HDFC0000001/123456789012",
}
DELHI, MUMBAI, NAGPUR = (28.6139, 77.209), (19.076, 72.8777), (21.1458, 79.0882)
SQUARE = {"type": "Polygon", "coordinates": [[[60, 0], [99, 0], [99, 40], [60, 40], [60, 0]]]}
PERSONAL = ("phone", "email", "gstin", "pan", "bank_account")


@pytest.fixture
def bound(monkeypatch: pytest.MonkeyPatch) -> BoundTokens:
    return BoundTokens(monkeypatch)


async def make(caller: Caller, carrier: dict[str, Any]) -> dict[str, Any]:
    answer = await caller.ask("POST", "/v1/carriers", json=carrier)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def test_a_carrier_is_made_changed_and_deleted(caller: Caller) -> None:
    made = await make(caller, RAVI)
    assert made.items() >= RAVI.items()

    path = "/v1/carriers/ravi"
    again = await caller.ask("POST", "/v1/carriers", json=RAVI)
    changed = await caller.ask("PATCH", path, json={"pan": None, "phone": "022 1234567"})
    stale = await caller.ask("DELETE", path, headers={"If-Match": '"1"'})

    assert (again.status_code, stale.status_code) == (409, 412)
    assert changed.headers["ETag"] == '"2"'
    body = changed.json()
    assert (body["pan"], body["phone"], body["name"]) == (None, "022 1234567", RAVI["name"])
    assert (await caller.ask("DELETE", path)).status_code == 204
    assert (await caller.get(path)).status_code == 404


async def test_what_is_personal_is_sealed_masked_and_found(
    caller: Caller, gateway: Gateway, tenant: Tenant, superuser: AnyConnection
) -> None:
    await make(caller, RAVI)
    await make(caller, {"id": "other", "name": "Other"})
    viewer = Caller(caller.http, tenant, token_for(gateway, tenant, Role.VIEWER))

    seen = (await viewer.get("/v1/carriers/ravi")).json()
    found = await viewer.get("/v1/carriers", params={"phone": "9876543210"})

    assert all(seen[name] and seen[name] != RAVI[name] for name in PERSONAL)
    assert seen["name"] == RAVI["name"]
    assert [carrier["id"] for carrier in found.json()["items"]] == ["ravi"]
    stored = str(
        await superuser.fetchrow(
            "SELECT * FROM carriers WHERE tenant_key = $1 AND id = 'ravi'", tenant.key
        )
    )
    assert not any(RAVI[name] in stored for name in PERSONAL)


WRONG = [
    ({**RAVI, "pan": "nonsense"}, "/pan"),
    ({**RAVI, "gstin": "27"}, "/gstin"),
    ({**RAVI, "email": "x"}, "/email"),
    ({**RAVI, "id": "a b"}, "/id"),
    ({"id": "x"}, "/name"),
]


async def test_what_is_wrong_is_pointed_at(caller: Caller) -> None:
    for body, pointer in WRONG:
        answer = await caller.ask("POST", "/v1/carriers", json=body)

        assert answer.status_code == 422
        assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


async def test_a_carrier_is_its_tenants_own(caller: Caller, neighbour: Caller) -> None:
    await make(caller, RAVI)

    assert (await neighbour.get("/v1/carriers/ravi")).status_code == 404
    assert (await neighbour.get("/v1/carriers")).json()["items"] == []
    refused = await neighbour.ask("POST", "/v1/trucks", json={"id": "T", "carrier": "ravi"})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "/carrier"


async def test_trucks_are_given_and_taken(caller: Caller) -> None:
    await make(caller, RAVI)
    assert (await caller.truck("T1", carrier="ravi"))["carrier"] == "ravi"
    assert (await caller.truck("T2"))["carrier"] is None

    unknown = await caller.ask("PATCH", "/v1/trucks/T2", json={"carrier": "nobody"})
    given = await caller.ask("PATCH", "/v1/trucks/T2", json={"carrier": "ravi"})
    taken = await caller.ask("PATCH", "/v1/trucks/T2", json={"carrier": None})

    assert unknown.status_code == 422
    assert (given.json()["carrier"], taken.json()["carrier"]) == ("ravi", None)
    assert (await caller.ask("DELETE", "/v1/carriers/ravi")).status_code == 409


# --------------------------------------------------------------- who speaks for one carrier


@pytest.fixture
async def fleet(caller: Caller, actors: InProcessActors, gateway: Gateway) -> dict[str, int]:
    """A of carrier `ravi`, B of `other`, C of none: each seen, each with an event."""
    for carrier in ("ravi", "other"):
        await make(caller, {"id": carrier, "name": carrier})
    await caller.truck("A", carrier="ravi")
    await caller.truck("B", carrier="other")
    await caller.truck("C")
    await caller.ask("POST", "/v1/fences", json={"id": "all", "name": "All", "shape": SQUARE})
    await gateway.directory.refresh(gateway.system_pool)
    keys = {name: gateway.directory.by_name[caller.tenant.id, name].truck_key for name in "ABC"}
    await report(actors, caller.tenant, keys)
    return keys


async def report(actors: InProcessActors, tenant: Tenant, keys: dict[str, int]) -> None:
    await actors.report(
        tenant.key,
        [
            {"truck_key": keys[name], "lat": lat, "lon": lon}
            for name, (lat, lon) in zip("ABC", (DELHI, MUMBAI, NAGPUR), strict=True)
        ],
    )


@pytest.fixture
def ravi(caller: Caller, gateway: Gateway, bound: BoundTokens) -> Caller:
    token = bound.token(gateway, caller.tenant, Role.CARRIER, carrier="ravi")
    return Caller(caller.http, caller.tenant, token)


async def test_it_is_shown_its_own_trucks_only(
    caller: Caller, ravi: Caller, fleet: dict[str, int]
) -> None:
    async def ids(whose: Caller, path: str) -> list[str]:
        return [item["id"] for item in (await whose.get(path)).json()["items"]]

    assert await ids(ravi, "/v1/trucks") == ["A"]
    assert await ids(ravi, "/v1/carriers") == ["ravi"]
    for path in (
        "/v1/positions",
        "/v1/positions?bbox=60,0,99,40",
        "/v1/positions?near=20,75&radius_km=5000",
    ):
        assert await ids(ravi, path) == ["A"]
        assert sorted(await ids(caller, path)) == ["A", "B", "C"]
    for form in ("", "/position", "/track", "/track?format=csv"):
        assert (await ravi.get(f"/v1/trucks/A{form}")).status_code == 200
        for foreign in ("B", "C"):
            assert (await ravi.get(f"/v1/trucks/{foreign}{form}")).status_code == 404


async def test_it_is_shown_its_own_events_only(
    caller: Caller, ravi: Caller, fleet: dict[str, int]
) -> None:
    all_of_them = (await caller.get("/v1/events")).json()["items"]
    own = (await ravi.get("/v1/events")).json()["items"]

    assert {event["subject"] for event in all_of_them} == {"trucks/A", "trucks/B", "trucks/C"}
    assert {event["subject"] for event in own} == {"trucks/A"}
    assert (await ravi.get("/v1/events", params={"truck": "B"})).json()["items"] == []
    for event in all_of_them:
        answer = await ravi.get(f"/v1/events/{event['id']}/evidence")
        assert answer.status_code == (200 if event["subject"] == "trucks/A" else 404)


async def test_the_database_itself_holds_a_carrier_to_its_own(
    app: AnyPool, ravi: Caller, fleet: dict[str, int]
) -> None:
    key = ravi.tenant.key
    async with as_tenant(app, key, "ravi") as conn:
        assert await conn.fetchval("SELECT array_agg(id) FROM trucks") == ["A"]
        assert await conn.fetchval("SELECT array_agg(DISTINCT truck_key) FROM events") == [
            fleet["A"]
        ]
        assert await conn.execute("UPDATE trucks SET registration = 'X' WHERE id = 'B'") == (
            "UPDATE 0"
        )
    async with app.acquire() as conn:
        assert await fixes.last_fix_of(conn, key, "A", "ravi") is not None
        assert await fixes.last_fix_of(conn, key, "B", "ravi") is None
        assert await fixes.last_fix_of(conn, key, "B") is not None
    for odd in ("", "x'; SELECT 1; --"):
        with pytest.raises(ValueError, match="carrier"):
            async with as_tenant(app, key, odd):
                pass


async def test_a_binding_is_more_than_its_roles(
    caller: Caller, gateway: Gateway, bound: BoundTokens, fleet: dict[str, int]
) -> None:
    """An administrator's role does not undo it."""
    token = bound.token(gateway, caller.tenant, Role.ADMIN, carrier="ravi")
    powerful = Caller(caller.http, caller.tenant, token)

    for path, body in (("/v1/trucks", {"id": "D", "carrier": "ravi"}), ("/v1/carriers", RAVI)):
        assert (await powerful.ask("POST", path, json=body)).status_code == 403
    assert (await powerful.ask("PATCH", "/v1/trucks/A", json={})).status_code == 403
    assert (await powerful.ask("DELETE", "/v1/trucks/B")).status_code == 403
    assert (await powerful.get("/v1/roles")).status_code == 403
    assert (await powerful.get("/v1/tenants")).status_code == 403


async def test_who_is_bound_to_a_shipper_reads_nothing_of_the_fleet(
    caller: Caller, gateway: Gateway, bound: BoundTokens, fleet: dict[str, int]
) -> None:
    token = bound.token(gateway, caller.tenant, Role.ADMIN, shipper="s")
    shipper = Caller(caller.http, caller.tenant, token)

    for path in (
        "/v1/trucks",
        "/v1/trucks/A/position",
        "/v1/trucks/A/track",
        "/v1/positions",
        "/v1/events",
        "/v1/fences",
        "/v1/carriers",
        "/v1/live/events",
    ):
        assert (await shipper.get(path)).status_code == 403


# -------------------------------------------------------------------------- the live feed

Live = tuple[str, Gateway]


async def make_fleet(url: str, gateway: Gateway, tenant: Tenant) -> dict[str, int]:
    async with httpx.AsyncClient(base_url=f"http://{url}") as http:
        caller = Caller(http, tenant, token_for(gateway, tenant))
        for carrier in ("ravi", "other"):
            await make(caller, {"id": carrier, "name": carrier})
        await caller.truck("A", carrier="ravi")
        await caller.truck("B", carrier="other")
        await caller.truck("C")
        await caller.ask("POST", "/v1/fences", json={"id": "all", "name": "All", "shape": SQUARE})
    await until(lambda: (tenant.id, "C") in gateway.directory.by_name)
    return {name: gateway.directory.by_name[tenant.id, name].truck_key for name in "ABC"}


def subjects(watcher: Watcher) -> list[str]:
    return [message["subject"] for message in watcher.of_type("event")]


@pytest.mark.parametrize("query", ["", "?format=json"])
async def test_its_live_feed_is_of_its_own_trucks(
    live_url: Live, actors: InProcessActors, tenant: Tenant, bound: BoundTokens, query: str
) -> None:
    url, gateway = live_url
    keys = await make_fleet(url, gateway, tenant)
    token = bound.token(gateway, tenant, carrier="ravi")
    async with (
        watching(url, token, query) as ravi,
        watching(url, token_for(gateway, tenant)) as everybody,
    ):
        for watcher in (ravi, everybody):
            await watcher.subscribe(INDIA)
        await everybody.until(lambda: bool(everybody.frames))
        await report(actors, tenant, keys)
        await everybody.until(lambda: len(everybody.map) == 3 and len(subjects(everybody)) == 3)
        await ravi.until(lambda: bool(subjects(ravi)) and "A" in shown(ravi))

        # What follows comes behind anything that was wrongly sent.
        await ravi.say(type="ping")
        await ravi.until(lambda: bool(ravi.of_type("pong")))
        assert shown(ravi) == {"A"}
        assert subjects(ravi) == ["trucks/A"]
        assert set(ravi.names.values()) <= {"A"}


def shown(watcher: Watcher) -> set[str]:
    """Every truck it was ever told of, in either form."""
    told = {truck["id"] for message in watcher.of_type("positions") for truck in message["trucks"]}
    left = {name for message in watcher.of_type("positions") for name in message["left"]}
    return set(watcher.names.values()) | told | left


async def test_a_truck_that_changes_hands_changes_feeds(
    live_url: Live, actors: InProcessActors, tenant: Tenant, bound: BoundTokens
) -> None:
    url, gateway = live_url
    keys = await make_fleet(url, gateway, tenant)
    await report(actors, tenant, keys)
    async with (
        watching(url, bound.token(gateway, tenant, carrier="ravi")) as ravi,
        httpx.AsyncClient(base_url=f"http://{url}") as http,
    ):
        await ravi.subscribe(INDIA)
        await ravi.until(lambda: set(ravi.map) == {"A"})
        caller = Caller(http, tenant, token_for(gateway, tenant))
        await caller.ask("PATCH", "/v1/trucks/A", json={"carrier": "other"})
        await caller.ask("PATCH", "/v1/trucks/C", json={"carrier": "ravi"})

        await ravi.until(lambda: set(ravi.map) == {"C"})


async def test_what_it_missed_is_of_its_own_trucks(
    live_url: Live, actors: InProcessActors, tenant: Tenant, bound: BoundTokens
) -> None:
    url, gateway = live_url
    keys = await make_fleet(url, gateway, tenant)
    token = bound.token(gateway, tenant, carrier="ravi")
    async with watching(url, token) as before:
        await before.subscribe(None)
        await before.until(lambda: bool(before.of_type("resume")))
        resume = before.of_type("resume")[-1]["token"]
    await report(actors, tenant, keys)

    async with watching(url, token) as after:
        await after.subscribe(None, resume)
        await after.until(lambda: bool(subjects(after)))
        await after.say(type="ping")
        await after.until(lambda: bool(after.of_type("pong")))
        assert subjects(after) == ["trucks/A"]


async def test_its_event_stream_is_of_its_own_trucks(
    live_url: Live, actors: InProcessActors, tenant: Tenant, bound: BoundTokens
) -> None:
    url, gateway = live_url
    keys = await make_fleet(url, gateway, tenant)
    token = bound.token(gateway, tenant, carrier="ravi")
    told: list[dict[str, Any]] = []
    async with (
        httpx.AsyncClient(base_url=f"http://{url}") as http,
        http.stream(
            "GET", "/v1/live/events", headers={"Authorization": f"Bearer {token}"}
        ) as stream,
    ):
        async with asyncio.timeout(10):
            async for line in stream.aiter_lines():
                if line.startswith("data: "):
                    told.append(json.loads(line.removeprefix("data: ")))
                kinds = [message["type"] for message in told]
                if kinds.count("positions") == 1 and "event" not in kinds:
                    await report(actors, tenant, {**keys})
                if "event" in kinds and kinds.count("positions") > 1:
                    break

    names = {truck["id"] for m in told if m["type"] == "positions" for truck in m["trucks"]}
    assert names == {"A"}
    assert {m["subject"] for m in told if m["type"] == "event"} == {"trucks/A"}
