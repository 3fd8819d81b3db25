"""/v1/quotes: priced by the tenant's own rates, kept for ever, seen by whom they are for."""

from __future__ import annotations

from typing import Any

import pytest

from serve.gateway import Gateway
from serve.identity.permissions import Role
from store import quotes
from store.postgres import AnyConnection, AnyPool, as_tenant
from store.tenants import Tenant
from tests.serve.bound import BoundTokens
from tests.serve.caller import Caller
from tests.serve.conftest import token_for
from tests.serve.holding import hold
from tests.serve.in_process import InProcessActors

PUNE: dict[str, Any] = {"lat": 18.52, "lon": 73.856, "state": "27"}
DELHI: dict[str, Any] = {"lat": 28.61, "lon": 77.21, "state": "07"}
STEEL: dict[str, Any] = {
    "load": {"material": "steel", "weight_t": 20},
    "stops": [{"kind": "pickup", "place": PUNE}, {"kind": "drop", "place": DELHI}],
}
AT_NOWHERE = {"kind": "pickup", "place": PUNE | {"fence": "nowhere"}}
A_TRIP = {"valid_from": "2020-01-01", "basis": "trip", "rate_minor": 5_000_000}


@pytest.fixture
def bound(monkeypatch: pytest.MonkeyPatch) -> BoundTokens:
    return BoundTokens(monkeypatch)


async def make(caller: Caller, **changes: Any) -> dict[str, Any]:
    answer = await caller.ask("POST", "/v1/quotes", json=STEEL | changes)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def put(caller: Caller, name: str, value: Any, service: str = "pricing") -> None:
    path = f"/v1/config/{caller.tenant.id}/services/{service}/*/business/{name}"
    answer = await caller.ask("PUT", path, json={"value": value, "reason": "a test"})
    assert answer.is_success, answer.text


def total(quote: dict[str, Any]) -> int:
    amount: int = quote["price"]["total"]["amount_minor"]
    return amount


async def test_a_quote_says_how_every_line_came_about(caller: Caller) -> None:
    made = await make(caller)

    facts, price = made["facts"], made["price"]
    assert (facts["router"], facts["trucks"]) == ("builtin", 1)
    assert 1300 < facts["distance_km"] < 1600
    (line,) = price["lines"]
    metres = round(facts["distance_km"] * 1000)
    assert line == {
        "key": "freight",
        "subject": "standard",
        "amount": {
            "amount_minor": (20_000 * metres * 350 + 500_000) // 1_000_000,
            "currency": "INR",
        },
        "quantity": 20_000 * metres,
        "unit": "kg_m",
        "rate": 350,
        "per": 1_000_000,
        "path": "/*/services/pricing/*/business/cards/standard",
        "version": 0,
    }
    assert price["total"] == line["amount"]
    assert [tax["key"] for tax in price["reverse_charge"]] == ["igst"]
    assert price["detention"]["free_minutes"] == 240


async def test_a_quote_is_read_as_it_was_made(caller: Caller, neighbour: Caller) -> None:
    made = await make(caller)

    path = f"/v1/quotes/{made['id']}"
    assert (await caller.get(path)).json() == made
    assert (await caller.get("/v1/quotes")).json()["items"] == [made]
    assert (await neighbour.get(path)).status_code == 404
    assert (await neighbour.ask("POST", f"{path}/recompute")).status_code == 404
    assert (await neighbour.get("/v1/quotes")).json()["items"] == []


async def test_the_same_key_gives_the_same_quote(caller: Caller) -> None:
    key = {"Idempotency-Key": "q-1"}
    answers = [
        await caller.ask("POST", "/v1/quotes", json=STEEL, headers=key),
        await caller.ask("POST", "/v1/quotes", json=STEEL, headers=key),
        await caller.ask("POST", "/v1/quotes", json=STEEL | {"shipper": "tata"}, headers=key),
    ]

    assert [each.status_code for each in answers] == [201, 201, 422]
    assert answers[0].json() == answers[1].json()
    assert answers[0].headers["Location"] == f"/v1/quotes/{answers[0].json()['id']}"


async def test_a_tenant_sets_its_own_card_and_its_line_names_it(
    caller: Caller, neighbour: Caller
) -> None:
    card = A_TRIP | {"lane": {"from_state": "27", "to_state": "07"}}
    await put(caller, "cards/pune-delhi", card)

    (line,) = (await make(caller))["price"]["lines"]
    (other,) = (await make(neighbour))["price"]["lines"]

    path = f"/{caller.tenant.id}/services/pricing/*/business/cards/pune-delhi"
    assert (line["path"], line["version"]) == (path, 1)
    assert line["amount"]["amount_minor"] == 5_000_000
    assert other["subject"] == "standard"


async def test_two_cards_for_the_same_are_refused(caller: Caller) -> None:
    await put(caller, "cards/one", A_TRIP | {"material": "coal"})

    path = f"/v1/config/{caller.tenant.id}/services/pricing/*/business/cards/two"
    value = A_TRIP | {"material": "coal", "valid_from": "2026-01-01"}
    answer = await caller.ask("PUT", path, json={"value": value, "reason": "a test"})

    assert answer.status_code == 422
    assert "cards one and two hold for the same on 2026-01-01" in answer.text


async def test_a_card_between_fences_holds_where_the_stops_lie_in_them(caller: Caller) -> None:
    for name, place in (("plant", PUNE), ("yard", DELHI)):
        shape = {"center": {"lat": place["lat"], "lon": place["lon"]}, "radius_m": 2000}
        new = {"id": name, "name": name, "shape": shape}
        assert (await caller.ask("POST", "/v1/fences", json=new)).status_code == 201
    lane = {"from_fence": "plant", "to_fence": "yard"}
    await put(caller, "cards/gate-to-gate", A_TRIP | {"lane": lane})

    inside = await make(caller)
    elsewhere = {"kind": "pickup", "place": {"lat": 18.7, "lon": 73.9}}
    outside = await make(caller, stops=[elsewhere, STEEL["stops"][1]])

    assert inside["price"]["card"] == "gate-to-gate"
    assert outside["price"]["card"] == "standard"


async def test_what_was_quoted_comes_out_again_after_the_rates_changed(caller: Caller) -> None:
    await put(caller, "cards/mine", A_TRIP | {"material": "steel"})
    made = await make(caller)
    await put(caller, "cards/mine", A_TRIP | {"material": "steel", "rate_minor": 6_000_000})
    assert total(await make(caller)) == 6_000_000

    again = (await caller.ask("POST", f"/v1/quotes/{made['id']}/recompute")).json()

    assert again["is_same"] is True
    assert again["is_signature_valid"] is True
    assert again["digest"] == again["recomputed_digest"] == made["digest"]
    assert again["price"] == made["price"]


async def test_a_back_dated_change_names_the_quotes_it_would_have_changed(caller: Caller) -> None:
    card = A_TRIP | {"material": "steel"}
    await put(caller, "cards/steel", card)
    before = await make(caller, at="2026-03-31T12:00:00Z")
    behind = await make(caller, at="2026-04-01T12:00:00Z", shipper="tata")
    await make(caller, load=STEEL["load"] | {"material": "coal"}, at="2026-04-01T12:00:00Z")

    await put(caller, "cards/steel", card | {"valid_to": "2026-04-01"})
    later = card | {"valid_from": "2026-04-01", "rate_minor": 5_500_000}
    await put(caller, "cards/steel-from-april", later)
    answer = (await caller.ask("POST", "/v1/quotes/affected", json={})).json()
    of_march = await caller.ask("POST", "/v1/quotes/affected", json={"to": "2026-04-01T00:00:00Z"})

    (found,) = answer["items"]
    assert answer["looked_at"] == 3
    assert (found["id"], found["shipper"]) == (behind["id"], "tata")
    assert found["was"]["amount_minor"] == 5_000_000
    assert found["now"]["amount_minor"] == 5_500_000
    assert found["difference"]["amount_minor"] == 500_000
    assert [line["key"] for line in found["lines"]] == ["freight", "igst", "freight"]
    assert of_march.json() == {"items": [], "looked_at": 1, "next_cursor": None}
    assert before["price"]["card"] == "steel"


async def test_affected_quotes_come_in_steps(caller: Caller, gateway: Gateway) -> None:
    made = [(await make(caller))["id"] for _ in range(3)]
    await put(caller, "cards/steel", A_TRIP | {"material": "steel"})
    hold(gateway.settings, "quotes", for_tenant=caller.tenant.id, affected_max=2)

    first = (await caller.ask("POST", "/v1/quotes/affected", json={})).json()
    then = {"cursor": first["next_cursor"]}
    second = (await caller.ask("POST", "/v1/quotes/affected", json=then)).json()

    assert [each["id"] for each in first["items"]] == made[:2]
    assert [each["id"] for each in second["items"]] == made[2:]
    assert second["next_cursor"] is None


async def test_a_shipper_sees_its_own_quotes_only(
    caller: Caller, bound: BoundTokens, gateway: Gateway, tenant: Tenant
) -> None:
    token = bound.token(gateway, tenant, Role.SHIPPER, shipper="tata")
    shipper = Caller(caller.http, tenant, token)
    own, others = await make(shipper), await make(caller, shipper="jsw")

    assert own["shipper"] == "tata"
    assert [each["id"] for each in (await shipper.get("/v1/quotes")).json()["items"]] == [own["id"]]
    for path in ("", "/recompute"):
        asked = f"/v1/quotes/{others['id']}{path}"
        answer = await shipper.ask("POST" if path else "GET", asked)
        assert answer.status_code == 404
    for wrong in ({"shipper": "jsw"}, {"at": "2020-01-01T00:00:00Z"}):
        answer = await shipper.ask("POST", "/v1/quotes", json=STEEL | wrong)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == f"/{next(iter(wrong))}"
    affected = await shipper.ask("POST", "/v1/quotes/affected", json={})
    assert affected.status_code == 403


async def test_who_may_only_read_makes_none(caller: Caller, gateway: Gateway) -> None:
    viewer = Caller(caller.http, caller.tenant, token_for(gateway, caller.tenant, Role.VIEWER))
    made = await make(caller)

    assert (await viewer.get(f"/v1/quotes/{made['id']}")).status_code == 200
    assert (await viewer.ask("POST", "/v1/quotes", json=STEEL)).status_code == 403


async def test_phone_numbers_are_sealed_and_masked(
    caller: Caller, gateway: Gateway, app: AnyPool
) -> None:
    contact = {"name": "Gate", "phone": "+91 98765 43210"}
    stops = [STEEL["stops"][0] | {"contact": contact}, STEEL["stops"][1]]
    made = await make(caller, stops=stops)
    viewer = Caller(caller.http, caller.tenant, token_for(gateway, caller.tenant, Role.VIEWER))

    seen = (await viewer.get(f"/v1/quotes/{made['id']}")).json()

    assert made["stops"][0]["contact"] == contact
    assert seen["stops"][0]["contact"] == {"name": "Gate", "phone": "***3210"}
    async with as_tenant(app, caller.tenant.key) as conn:
        body = (await quotes.get(conn, made["id"])).body
    assert b"Gate" in body
    assert b"43210" not in body


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"load": {"material": "steel"}}, "/load"),
        ({"load": {"material": "steel", "weight_t": 5, "truck_class": "X"}}, "/load/truck_class"),
        ({"stops": [STEEL["stops"][0]]}, "/stops"),
        ({"stops": [AT_NOWHERE, STEEL["stops"][1]]}, "/stops/0/place/fence"),
        ({"at": "1999-01-01T00:00:00Z"}, "/load"),
        ({"price": 1}, "/price"),
    ],
)
async def test_what_cannot_be_priced_is_refused_with_the_place(
    caller: Caller, changes: dict[str, Any], pointer: str
) -> None:
    answer = await caller.ask("POST", "/v1/quotes", json=STEEL | changes)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer


async def test_where_no_road_is_known_the_straight_way_counts(caller: Caller) -> None:
    at_sea = [
        {"kind": "pickup", "place": {"lat": 0.0, "lon": 0.0}},
        {"kind": "drop", "place": {"lat": 0.0, "lon": 1.0}},
    ]
    made = await make(caller, stops=at_sea)
    await put(caller, "detour_bp", 0, "quotes")
    refused = await caller.ask("POST", "/v1/quotes", json=STEEL | {"stops": at_sea})

    # A degree of the equator is 111.195 km; 1.3 of it.
    assert made["facts"]["router"] == "beeline"
    assert made["facts"]["distance_km"] == pytest.approx(144.55, abs=0.01)
    assert refused.json()["errors"][0]["pointer"] == "/stops"


async def test_a_load_of_several_trucks_pays_for_each(caller: Caller) -> None:
    await put(caller, "cards/by-trip", A_TRIP | {"truck_class": "OPEN_10W"})
    load = {"material": "steel", "weight_t": 40, "truck_class": "OPEN_10W"}

    made = await make(caller, load=load)

    # 19 t at most in each.
    assert made["facts"]["trucks"] == 3
    assert total(made) == 15_000_000


async def waits(app: AnyPool, tenant: Tenant, leg: str, lat: float, truck: int | None) -> None:
    """A leg to be picked up at Pune's longitude: without a truck it waits for one."""
    async with as_tenant(app, tenant.key) as conn:
        await conn.execute(
            "INSERT INTO bookings (tenant_key, id, created_at, updated_at, version, weight_kg, "
            "status, material, words, state) "
            "VALUES ($1, $2, now(), now(), 1, 9000, 'dispatching', 'steel', '', '')",
            tenant.key,
            leg,
        )
        await conn.execute(
            "INSERT INTO booking_legs (tenant_key, booking, leg, waiting_since, pickup_lat, "
            "pickup_lon, truck_key, weight_kg, shard, drives, status) "
            "VALUES ($1, $2, 'L1', CASE WHEN $4::bigint IS NULL THEN now() END, $3, $5, $4, 9000, "
            "0, $4::bigint IS NOT NULL, 'dispatching')",
            tenant.key,
            leg,
            lat,
            truck,
            PUNE["lon"],
        )


async def test_scarce_trucks_around_the_pickup_cost_more(
    caller: Caller, gateway: Gateway, actors: InProcessActors, app: AnyPool
) -> None:
    tenant = caller.tenant
    await put(caller, "surge", {"in_use": True, "waiting_min": 3})
    keys = []
    for name, lat in (("near", 18.53), ("taken", 18.51), ("far", 21.1)):
        await caller.truck(name)
        await gateway.directory.refresh(gateway.system_pool)
        key = gateway.directory.by_name[tenant.id, name].truck_key
        seen = {"truck_key": key, "lat": lat, "lon": PUNE["lon"]}
        await actors.report(tenant.key, [seen])
        keys.append(key)
    for number in range(3):
        await waits(app, tenant, f"waiting-{number}", 18.5, None)
    await waits(app, tenant, "waiting-far", 21.1, None)
    await waits(app, tenant, "driven", 18.5, keys[1])

    made = await make(caller, load={"material": "steel", "weight_t": 9})

    # Three wait for one truck: the last step, a fifth of the freight.
    assert (made["facts"]["waiting"], made["facts"]["free"]) == (3, 1)
    assert made["facts"]["cell"].startswith("85")
    freight, surge = made["price"]["lines"]
    assert (surge["key"], surge["rate"]) == ("surge", 2000)
    assert surge["quantity"] == freight["amount"]["amount_minor"]


async def test_a_quote_that_was_tampered_with_says_so(
    caller: Caller, owner: AnyConnection, app: AnyPool
) -> None:
    made = await make(caller)
    async with as_tenant(app, caller.tenant.key) as conn:
        kept = await quotes.get(conn, made["id"])
    async with owner.transaction():
        await owner.execute(f"SET LOCAL ubertruck.tenant_key = {caller.tenant.key}")
        changed = kept.body.replace(b'"waiting":0', b'"waiting":1')
        await owner.execute("UPDATE quotes SET body = $1 WHERE id = $2", changed, made["id"])

    again = (await caller.ask("POST", f"/v1/quotes/{made['id']}/recompute")).json()

    assert again["is_signature_valid"] is False
