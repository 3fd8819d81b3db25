"""One booking from the quote to the delivery: asked over the API, moved by what its truck does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from actors import bookings
from actors.booking_facts import FactsFollower
from actors.booking_writing import TenantName
from actors.dispatch_round import DispatchRounds
from config.policy import Policy
from freight.booking.state import Status
from serve.gateway import Gateway
from serve.identity.permissions import Role
from store.postgres import AnyPool, moment
from tests.serve.bound import BoundTokens
from tests.serve.caller import Caller
from tests.serve.in_process import InProcessActors, now_ms

MINUTE_MS = 60_000
PICKUP, DROP, LON = 28.60, 28.06, 77.20
KM_PER_DEGREE = 111.195
SQUEEZE = 0.88  # of a degree of longitude here
STEP_MS = 30_000
KMH = 60.0
STEP_DEG = KMH * STEP_MS / 3_600_000.0 / KM_PER_DEGREE
LOADING, WAITING = 60 * MINUTE_MS, 330 * MINUTE_MS

BOOKED = {
    "load": {"material": "cement", "weight_t": 9},
    "stops": [
        {"kind": "pickup", "place": {"lat": PICKUP, "lon": LON, "fence": "plant"}},
        {"kind": "drop", "place": {"lat": DROP, "lon": LON, "fence": "site"}},
    ],
}


class Drive:
    """A truck's fixes one after another, as its device would send them."""

    def __init__(self, truck_key: int, start_ms: int) -> None:
        self.truck_key = truck_key
        self.ms = start_ms
        self.fixes: list[dict[str, float]] = []

    def at(self, lat: float, lon: float, kmh: float, heading: float) -> None:
        self.fixes.append(
            {
                "truck_key": self.truck_key,
                "lat": lat,
                "lon": lon,
                "speed_kmh": kmh,
                "heading_deg": heading,
                "accuracy_m": 5.0,
                "ts_ms": self.ms,
                "received_ms": self.ms + 500,
                "ignition": int(kmh > 0),
            }
        )
        self.ms += STEP_MS

    def stand(self, lat: float, lon: float, for_ms: int) -> None:
        for _ in range(for_ms // STEP_MS):
            self.at(lat, lon, 0.0, 180.0)

    def south(self, start: float, end: float, lon: float = LON) -> None:
        lat = start
        while lat > end:
            self.at(lat, lon, KMH, 180.0)
            lat -= STEP_DEG

    def aside(self, lat: float, start: float, end: float) -> None:
        lon, heading = start, 90.0 if end > start else 270.0
        step = STEP_DEG / SQUEEZE
        while abs(end - lon) > step:
            self.at(lat, lon, KMH, heading)
            lon += step if end > start else -step

    def batches(self) -> Iterator[list[dict[str, float]]]:
        for first in range(0, len(self.fixes), 100):
            yield self.fixes[first : first + 100]


@pytest.fixture
def bound(monkeypatch: pytest.MonkeyPatch) -> BoundTokens:
    return BoundTokens(monkeypatch)


@pytest.fixture
def quick(quick: Policy) -> Policy:
    """Of the truck no papers are on record, and that does not keep it from going."""
    constraints = quick.dispatch.constraints.model_copy(update={"allow_unknown_papers": True})
    dispatch = quick.dispatch.model_copy(update={"constraints": constraints})
    kyc = quick.fleet.kyc.model_copy(update={"dispatched": frozenset({"draft", "verified"})})
    fleet = quick.fleet.model_copy(update={"kyc": kyc})
    return quick.model_copy(update={"dispatch": dispatch, "fleet": fleet})


async def post(who: Caller, path: str, **body: Any) -> dict[str, Any]:
    answer = await who.ask("POST", path, json=body)
    assert answer.is_success, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def world(caller: Caller) -> None:
    """A carrier's truck, the two places, and the road between them."""
    await post(caller, "/v1/carriers", id="ravi", name="Ravi Roadlines")
    await caller.truck("R1", carrier="ravi", payload_kg=16_000)
    for fence, lat in (("plant", PICKUP), ("site", DROP)):
        circle = {"center": {"lat": lat, "lon": LON}, "radius_m": 400}
        await post(caller, "/v1/fences", id=fence, name=fence, shape=circle)
    line = {"type": "LineString", "coordinates": [[LON, PICKUP], [LON, DROP]]}
    await post(caller, "/v1/routes", id="road", name="The road", shape=line)


def driven(truck_key: int, start_ms: int) -> Drive:
    """To the plant, an hour of loading, a way round by the east, five hours and a half of waiting,
    and away."""
    drive = Drive(truck_key, start_ms)
    drive.south(PICKUP + 0.03, PICKUP)
    drive.stand(PICKUP, LON, LOADING)
    drive.south(PICKUP, PICKUP - 0.2)
    drive.aside(PICKUP - 0.2, LON, LON + 0.05)
    drive.south(PICKUP - 0.2, PICKUP - 0.3, LON + 0.05)
    drive.aside(PICKUP - 0.3, LON + 0.05, LON)
    drive.south(PICKUP - 0.3, DROP)
    drive.stand(DROP, LON, WAITING)
    drive.south(DROP, DROP - 0.05)
    return drive


@dataclass
class Parties:
    """Who takes part: the tenant's own people, a carrier, and the actors in one process."""

    own: Caller
    ravi: Caller
    gateway: Gateway
    actors: InProcessActors
    app: AnyPool
    system: AnyPool

    @property
    def tenant(self) -> TenantName:
        return TenantName(self.own.tenant.key, self.own.tenant.id)


@pytest.fixture
def parties(  # noqa: PLR0917 - all that takes part
    caller: Caller,
    gateway: Gateway,
    actors: InProcessActors,
    bound: BoundTokens,
    app: AnyPool,
    system: AnyPool,
) -> Parties:
    token = bound.token(gateway, caller.tenant, Role.CARRIER, carrier="ravi")
    actors.bookings._settings = gateway.settings
    ravi = Caller(caller.http, caller.tenant, token)
    return Parties(caller, ravi, gateway, actors, app, system)


async def booked(who: Parties) -> tuple[dict[str, Any], str]:
    """Quoted, booked, confirmed, offered to the carrier, accepted."""
    quote = await post(who.own, "/v1/quotes", **BOOKED)
    booking = str((await post(who.own, "/v1/bookings", quote=quote["id"]))["id"])
    await post(who.own, f"/v1/bookings/{booking}/confirm")
    await post(who.own, f"/v1/bookings/{booking}/start-dispatch")
    rounds = DispatchRounds(who.app, who.system, who.actors, who.gateway.settings)
    await rounds.run(who.tenant)
    (offer,) = (await who.ravi.get("/v1/offers")).json()["items"]
    await post(who.ravi, f"/v1/offers/{offer['id']}/accept")
    return quote, booking


async def drive_it(who: Parties, truck_key: int) -> Drive:
    """What the truck does moves the booking, and nobody else does."""
    journey = {"route": {"id": "road"}, "stops": [{"fence": "plant"}, {"fence": "site"}]}
    await who.own.ask("PUT", "/v1/trucks/R1/journey", json=journey)
    follower = FactsFollower(who.actors.bookings, who.system, 0, who.gateway.settings)
    await follower.go_on()
    drive = driven(truck_key, now_ms() + MINUTE_MS)
    for batch in drive.batches():
        await who.actors.report(who.tenant.key, batch)
        await follower.go_on()
    return drive


async def prove(who: Parties, booking: str, drive: Drive) -> None:
    """At first with a wrong code, which is counted."""
    path = f"/v1/bookings/{booking}"
    code = (await post(who.own, f"{path}/codes", stop="S2"))["code"]
    wrong = str((int(code[0]) + 1) % 10) + code[1:]
    proof = {"stop": "S2", "kind": "otp", "at": moment(drive.ms).isoformat()}
    refused = await who.ravi.ask("POST", f"{path}/proofs", json={**proof, "code": wrong})
    assert refused.json()["errors"][0]["code"] == "wrong_code"
    assert (await who.own.get(path)).json()["status"] == "at_drop"
    await post(who.ravi, f"{path}/proofs", **proof, code=code, receiver="The storekeeper")


async def test_from_the_quote_to_the_delivery(
    parties: Parties, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world(parties.own)
    gateway, own = parties.gateway, parties.own
    await gateway.directory.refresh(gateway.system_pool)
    key = gateway.directory.by_name[parties.tenant.id, "R1"].truck_key
    where = {"truck_key": key, "lat": PICKUP + 0.03, "lon": LON}
    await parties.actors.report(parties.tenant.key, [where])

    quote, booking = await booked(parties)
    drive = await drive_it(parties, key)
    monkeypatch.setattr(bookings, "now_ms", lambda: drive.ms)  # the truck's day is over
    await prove(parties, booking, drive)

    now = (await own.get(f"/v1/bookings/{booking}")).json()
    assert now["status"] == "delivered"
    assert all(
        stop[name]["source"] == "truck"
        for stop in now["legs"][0]["stops"]
        for name in ("arrived", "left")
    )
    # Ninety minutes beyond the four hours that are free: two hours begun, 150 rupees each
    # as it was quoted.
    assert [(one["head"], one["amount"]["amount_minor"]) for one in now["price"]["charges"]] == [
        ("detention", 30_000)
    ]
    assert now["price"]["agreed"] == quote["price"]["total"]
    await check_what_is_told(own, booking)


async def check_what_is_told(own: Caller, booking: str) -> None:
    answer = await own.get("/v1/events", params={"booking": booking, "limit": 200})
    types = [event["type"] for event in answer.json()["items"]][::-1]
    statuses = [kind.removeprefix("booking.") for kind in types if kind.startswith("booking.")]
    assert [status for status in statuses if status in set(Status)] == [
        *("created", "confirmed", "dispatching", "assigned", "en_route"),
        *("at_pickup", "loaded", "in_transit", "at_drop", "delivered"),
    ]
    offered = [kind for kind in types if kind.startswith("offer.")]
    assert offered == ["offer.made", "offer.accepted"]

    of_truck = (await own.get("/v1/events", params={"truck": "R1", "limit": 200})).json()["items"]
    assert {"truck.route.deviated", "truck.route.rejoined"} <= {one["type"] for one in of_truck}

    path = f"/v1/bookings/{booking}/timeline"
    steps = (await own.get(path, params={"limit": 200})).json()["items"]
    assert [step["version"] for step in steps] == list(range(1, len(steps) + 1))
    reached = [step for step in steps if step["type"] == "reached"]
    assert sum(step["cause"]["kind"] == "truck" for step in reached) >= len(reached) - 1
    assert sum(step["type"] == "proof_refused" for step in steps) == 1
