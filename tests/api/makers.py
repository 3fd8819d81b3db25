"""Makes the objects that paths name, and the bodies that operations want, for generated tests."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from serve.gateway import Gateway
from tests.api import (
    alert_makers,
    document_makers,
    eway_makers,
    hook_makers,
    money_makers,
    notification_makers,
    settlement_makers,
)
from tests.api.operations import Operation
from tests.api.tax_makers import TAX_BODIES, TAX_MAKERS, TAX_QUERIES
from tests.serve.caller import Caller
from tests.serve.in_process import InProcessActors

Made = dict[str, str]


@dataclass(frozen=True)
class World:
    """Whose objects are made, and what makes what no route makes."""

    owner: Caller
    gateway: Gateway
    actors: InProcessActors


Maker = Callable[[World], Awaitable[Made]]

SQUARE = {
    "type": "Polygon",
    "coordinates": [[[77.0, 28.0], [77.1, 28.0], [77.1, 28.1], [77.0, 28.1], [77.0, 28.0]]],
}


BOOKING = {
    "load": {"material": "cement", "weight_t": 9},
    "stops": [
        {"kind": "pickup", "place": {"lat": 28.6, "lon": 77.2}},
        {"kind": "drop", "place": {"lat": 26.9, "lon": 75.8}},
    ],
}
TRUCK_OF_BOOKINGS = "truck-of-bookings"
LINE = {"type": "LineString", "coordinates": [[77.0, 28.0], [77.1, 28.0], [77.1, 28.1]]}
ROUTE = {"name": "A route", "shape": LINE}
A_LOAD = {
    "load": {"material": "steel", "weight_t": 9},
    "stops": [
        {"kind": "pickup", "place": {"lat": 18.52, "lon": 73.86}},
        {"kind": "drop", "place": {"lat": 28.61, "lon": 77.21}},
    ],
}
BLOCK = {"kind": "blocked", "shipper": "a-mill"}
ON_ROUTE = {"route": {"id": "route-of-journeys"}}


def fresh(kind: str) -> str:
    return f"{kind}-{secrets.token_hex(4)}"


async def _post(world: World, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
    answer = await world.owner.ask("POST", path, json=body)
    assert answer.is_success, f"{path}: {answer.text}"
    made: dict[str, Any] = answer.json()
    return made


async def carrier(world: World) -> Made:
    made = await _post(world, "/v1/carriers", {"id": fresh("carrier"), "name": "A carrier"})
    return {"id": made["id"]}


async def truck(world: World) -> Made:
    return {"id": (await world.owner.truck(fresh("truck")))["id"]}


async def booking(world: World) -> Made:
    """Of two legs; and what its operations are about."""
    made = await _post(world, "/v1/bookings", {**BOOKING, "legs_kg": [4000, 5000]})
    await world.owner.ask("POST", "/v1/trucks", json={"id": TRUCK_OF_BOOKINGS})
    return {"id": made["id"]}


async def quoted_booking(world: World) -> Made:
    quote = await _post(world, "/v1/quotes", BOOKING)
    return {**await booking(world), "quote": quote["id"]}


async def paper(world: World) -> Made:
    """Of a truck."""
    owner = (await truck(world))["id"]
    answer = await world.owner.ask("PUT", f"/v1/trucks/{owner}/papers/fastag", json={})
    assert answer.is_success, answer.text
    return {"id": owner, "kind": "fastag"}


async def absence(world: World) -> Made:
    """Of a truck, years ahead: there is room beside it."""
    owner = (await truck(world))["id"]
    when = {"from": "2050-01-01T00:00:00Z", "to": "2050-01-02T00:00:00Z"}
    made = await _post(world, f"/v1/trucks/{owner}/absences", {"reason": "Workshop", **when})
    return {"id": owner, "absence_id": made["id"]}


async def driver(world: World) -> Made:
    made = await _post(world, "/v1/drivers", {"id": fresh("driver"), "name": "A driver"})
    return {"id": made["id"]}


async def document(world: World) -> Made:
    """Of a carrier."""
    owner = (await carrier(world))["id"]
    answer = await world.owner.ask("PUT", f"/v1/carriers/{owner}/documents/brochure", json={})
    assert answer.is_success, answer.text
    return {"id": owner, "kind": "brochure"}


async def tie(world: World) -> Made:
    owner = (await carrier(world))["id"]
    made = await _post(world, f"/v1/carriers/{owner}/ties", BLOCK)
    return {"id": owner, "tie_id": made["id"]}


async def offer(world: World) -> Made:
    """By hand, for a booking that looks for a truck."""
    quote = await _post(world, "/v1/quotes", BOOKING)
    made = await _post(world, "/v1/bookings", {"quote": quote["id"]})
    for step in ("confirm", "start-dispatch"):
        await _post(world, f"/v1/bookings/{made['id']}/{step}", {})
    truck_id = (await truck(world))["id"]
    asked = {"booking": made["id"], "truck": truck_id}
    return {"id": (await _post(world, "/v1/offers", asked))["id"]}


async def command(world: World) -> Made:
    """To the device of a truck."""
    owner = (await truck(world))["id"]
    made = await _post(world, f"/v1/trucks/{owner}/commands", {"kind": "reboot"})
    return {"id": owner, "command_id": made["id"]}


async def device(world: World) -> Made:
    """A truck brings its device along, called like it."""
    return await truck(world)


async def fence(world: World) -> Made:
    made = await _post(world, "/v1/fences", {"name": "A fence", "shape": SQUARE})
    return {"id": made["id"]}


async def route(world: World) -> Made:
    made = await _post(world, "/v1/routes", ROUTE)
    return {"id": made["id"]}


async def truck_on_journey(world: World) -> Made:
    """Along a route that the body of another journey can name."""
    made = await truck(world)
    await world.owner.ask("POST", "/v1/routes", json={**ON_ROUTE["route"], **ROUTE})
    answer = await world.owner.ask("PUT", f"/v1/trucks/{made['id']}/journey", json=ON_ROUTE)
    assert answer.is_success, answer.text
    return made


async def journey(world: World) -> Made:
    there = (await truck_on_journey(world))["id"]
    return {"id": (await world.owner.get(f"/v1/trucks/{there}/journey")).json()["id"]}


async def quote(world: World) -> Made:
    return {"id": (await _post(world, "/v1/quotes", A_LOAD))["id"]}


async def event(world: World) -> Made:
    """A truck drives into a fence."""
    where = {"lat": 28.05, "lon": 77.05}
    made = (await fence(world))["id"], (await truck(world))["id"]
    await world.gateway.directory.refresh(world.gateway.system_pool)
    tenant = world.owner.tenant
    key = world.gateway.directory.by_name[tenant.id, made[1]].truck_key
    await world.actors.report(tenant.key, [{"truck_key": key, **where}])
    answer = await world.owner.get("/v1/events", params={"truck": made[1]})
    return {"id": answer.json()["items"][0]["id"]}


async def client(world: World) -> Made:
    made = await _post(world, "/v1/clients", {"name": fresh("client"), "roles": []})
    return {"id": made["id"]}


async def api_key(world: World) -> Made:
    made = await _post(world, "/v1/api-keys", {"name": fresh("key"), "scopes": ["trucks:read"]})
    return {"id": made["id"]}


async def role(world: World) -> Made:
    made = await _post(world, "/v1/roles", {"name": fresh("role"), "permissions": []})
    return {"id": made["name"]}


async def user(world: World) -> Made:
    email = f"{fresh('user')}@example.in"
    return {"id": (await _post(world, "/v1/users", {"email": email, "roles": ["viewer"]}))["id"]}


async def session(world: World) -> Made:
    """Of a user of the tenant."""
    email = f"{fresh('user')}@example.in"
    made = await _post(world, "/v1/users", {"email": email, "roles": ["viewer"]})
    proof = {"email": email, "password": made["one_time_password"]}
    begun = await _post(world, "/v1/sessions", {"tenant": world.owner.tenant.id, **proof})
    return {"id": begun["session_id"]}


async def onboarded(world: World) -> Made:
    made = await _post(world, "/v1/tenants", {"id": fresh("t"), "name": "Its tenant"})
    return {"id": made["id"]}


async def flag(world: World) -> Made:
    name = fresh("flag")
    answer = await world.owner.ask("PUT", f"/v1/flags/{name}", json={"enabled": True})
    assert answer.is_success, answer.text
    return {"name": name}


async def setting(world: World) -> Made:
    """A flag is a setting that a tenant may make for itself."""
    name = (await flag(world))["name"]
    return {"path": f"{world.owner.tenant.id}/global/operational/flags/{name}"}


async def secret(world: World) -> Made:
    name = fresh("secret")
    answer = await world.owner.ask("PUT", f"/v1/secrets/{name}", json={"value": "a value to hide"})
    assert answer.is_success, answer.text
    return {"id": name}


async def oidc_issuer(world: World) -> Made:
    asked = {"issuer": "https://login.example.com", "audience": fresh("audience")}
    mapped = {"role_claim": "groups", "roles_of": {"staff": ["viewer"]}}
    made = await _post(world, "/v1/oidc-issuers", {"id": fresh("issuer"), **asked, **mapped})
    return {"id": made["id"]}


# By the beginning of the path, so that what is added below an object is covered at once.
MAKERS: dict[str, Maker] = {
    **TAX_MAKERS,
    "/v1/bookings/{id}": booking,
    "/v1/bookings/{id}/reprice": quoted_booking,
    "/v1/offers/{id}": offer,
    "/v1/carriers/{id}": carrier,
    "/v1/carriers/{id}/documents/{kind}": document,
    "/v1/carriers/{id}/ties/{tie_id}": tie,
    "/v1/drivers/{id}": driver,
    "/v1/trucks/{id}": truck,
    "/v1/trucks/{id}/papers/{kind}": paper,
    "/v1/trucks/{id}/absences/{absence_id}": absence,
    "/v1/trucks/{id}/commands/{command_id}": command,
    "/v1/devices/{id}": device,
    "/v1/fences/{id}": fence,
    "/v1/routes/{id}": route,
    "/v1/trucks/{id}/journey": truck_on_journey,
    "/v1/journeys/{id}": journey,
    "/v1/quotes/{id}": quote,
    **document_makers.MAKERS,
    **money_makers.MAKERS,
    **settlement_makers.MAKERS,
    **eway_makers.MAKERS,
    **notification_makers.MAKERS,
    **hook_makers.MAKERS,
    **alert_makers.MAKERS,
    "/v1/events/{id}": event,
    "/v1/clients/{id}": client,
    "/v1/api-keys/{id}": api_key,
    "/v1/roles/{id}": role,
    "/v1/oidc-issuers/{id}": oidc_issuer,
    "/v1/users/{id}": user,
    "/v1/sessions/{id}": session,
    "/v1/tenants/{id}": onboarded,
    "/v1/config/{path}": setting,
    "/v1/flags/{name}": flag,
    "/v1/secrets/{id}": secret,
}

# What an operation must be sent to get past its own validation.
BODIES: dict[str, Mapping[str, Any]] = {
    **TAX_BODIES,
    "PATCH /v1/bookings/{id}": {"references": {"po": "4711"}},
    "POST /v1/offers/{id}/decline": {"reason": "no driver"},
    "POST /v1/offers/{id}/withdraw": {"reason": "a test"},
    "POST /v1/offers/{id}/bid": {"price": {"amount_minor": 100}, "truck": "nobody"},
    "POST /v1/bookings/{id}/reprice": {"quote": "{quote}"},
    "POST /v1/bookings/{id}/assign": {"truck": TRUCK_OF_BOOKINGS},
    "POST /v1/bookings/{id}/split": {"weights_kg": [1000, 3000]},
    "POST /v1/bookings/{id}/merge": {"legs": ["L1", "L2"]},
    "POST /v1/bookings/{id}/milestones": {"milestone": "en_route"},
    "POST /v1/bookings/{id}/milestones/take-back": {"milestone": "en_route"},
    "POST /v1/bookings/{id}/codes": {"stop": "S1"},
    "POST /v1/bookings/{id}/proofs": {"stop": "S1", "kind": "signature"},
    "POST /v1/bookings/{id}/adjustments": {
        "head": "toll",
        "unit": "trip",
        "quantity": 1,
        "unit_price": {"amount_minor": 100},
    },
    "POST /v1/bookings/{id}/detention-exclusions": {
        "stop": "S1",
        "why": "no driver",
        "from": "2026-01-01T00:00:00Z",
        "to": "2026-01-01T01:00:00Z",
    },
    **settlement_makers.BODIES,
    **money_makers.BODIES,
    **eway_makers.BODIES,
    **notification_makers.BODIES,
    **hook_makers.BODIES,
    **alert_makers.BODIES,
    "POST /v1/trucks/{id}/commands": {"kind": "reboot"},
    "POST /v1/trucks/{id}/absences": {"reason": "Workshop"},
    "PATCH /v1/trucks/{id}/absences/{absence_id}": {"reason": "Another"},
    "PUT /v1/trucks/{id}/papers/{kind}": {"number": "N-1"},
    "PATCH /v1/drivers/{id}": {"name": "Another"},
    "PUT /v1/carriers/{id}/documents/{kind}": {"number": "N-1"},
    "POST /v1/carriers/{id}/ties": {"kind": "blocked"},
    "POST /v1/carriers/{id}/kyc/decision": {"step": "verify"},
    "PATCH /v1/trucks/{id}": {"registration": "MH01AB1234"},
    "PUT /v1/routes/{id}": ROUTE,
    "PUT /v1/trucks/{id}/journey": ON_ROUTE,
    "PUT /v1/fences/{id}": {"name": "Another", "shape": SQUARE},
    "PATCH /v1/devices/{id}": {"unique_id": None},
    "PATCH /v1/clients/{id}": {"name": "Another"},
    "PATCH /v1/roles/{id}": {"permissions": []},
    "PATCH /v1/oidc-issuers/{id}": {"is_enabled": False},
    "PATCH /v1/tenants/{id}": {"name": "Another"},
    "POST /v1/tenants/{id}/suspend": {"reason": "A test"},
    "POST /v1/tenants/{id}/resume": {"reason": "A test"},
    "POST /v1/tenants/{id}/offboard": {"reason": "A test"},
    "POST /v1/config/{path}/rollback": {"version": 0},
    "POST /v1/config/{path}/validate": {"value": {"enabled": False}},
    "PUT /v1/config/{path}": {"value": {"enabled": False}},
    "PUT /v1/flags/{name}": {"enabled": False},
    "PUT /v1/secrets/{id}": {"value": "another value"},
}
# Query parameters that an operation cannot do without.
QUERIES: dict[str, Mapping[str, str]] = {
    **TAX_QUERIES,
    "GET /v1/flags/{name}/assignment": {"subject": "somebody"},
}


def maker_of(operation: Operation) -> Maker | None:
    """The longest beginning counts: /v1/trucks/{id}/trips needs a truck."""
    found = [made for made in MAKERS if (operation.path + "/").startswith(made + "/")]
    return MAKERS[max(found, key=len)] if found else None


async def sent(caller: Caller, operation: Operation, path: str, made: Made | None = None) -> Any:
    """Of the body what stands in braces is what was made."""
    options: dict[str, Any] = {}
    if "requestBody" in operation.declared:
        known = {f"{{{name}}}": value for name, value in (made or {}).items()}
        body = BODIES.get(operation.says, {})
        options["json"] = {
            name: known.get(value, value) if isinstance(value, str) else value
            for name, value in body.items()
        }
    if operation.says in QUERIES:
        options["params"] = QUERIES[operation.says]
    return await caller.ask(operation.method, path, headers={"If-Match": "*"}, **options)
