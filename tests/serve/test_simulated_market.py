"""A booking that simulated shippers, a carrier and drivers bring from the quote to the end."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import h3
import httpx
import numpy as np
import pytest

from actors import bookings
from actors.booking_facts import FactsFollower
from actors.booking_writing import TenantName
from actors.dispatch_round import DispatchRounds
from config.policy import Policy, policy
from config.sections.simulation import Simulation
from freight.booking.state import Status
from freight.fixes import FixArray
from geo.roads import read_roads
from serve.gateway import Gateway
from serve.identity.development import client_secret
from serve.identity.permissions import Role
from serve.identity.secret_hashes import hash_secret
from sim.fleet import TruckIdentity, fleet
from sim.market import Market
from sim.parties import Parties
from sim.places import demo_fences
from sim.scenario import Drive, perfect_network
from sim.setup import TenantSetup
from store import clients
from store.postgres import AnyPool
from tests.serve.caller import Caller
from tests.serve.in_process import InProcessActors, now_ms

MINUTE_MS = 60_000
STEPS = 20  # of the world, from one look of the parties to the next
LOOKS_MAX = 400
TRUCKS = 5
SAMPLED_SHARE = 0.5


def certain(rules: Simulation) -> Simulation:
    """One short load at a time that everybody takes, delivered by code."""
    shippers = rules.market.shippers.model_copy(
        update={
            "open_bookings_max": 1,
            "local_share": 1.0,
            "local_km": (4.0, 5.0),
            "booked_share": 1.0,
            "confirmed_share": 1.0,
            "cancelled_share": 0.0,
            "code_share": 1.0,
            "loaded_share": (0.2, 0.3),
            "looked_at": 1,
        }
    )
    carrier = rules.market.carrier.model_copy(
        update={"declined_share": 0.0, "unanswered_share": 0.0, "answer_after_s": (5.0, 6.0)}
    )
    drivers = rules.market.drivers.model_copy(update={"late_share": 0.0, "breakdown_share": 0.0})
    market = rules.market.model_copy(
        update={"shippers": shippers, "carrier": carrier, "drivers": drivers}
    )
    setup = rules.setup.model_copy(update={"carrier_share": 1.0})
    trips = rules.trips.model_copy(update={"loading_share_at_start": 1.0})
    changes = {"market": market, "setup": setup, "trips": trips}
    return perfect_network(rules).model_copy(update=changes)


class Platform:
    """Takes the fixes of simulated trucks at once, and lets everything follow from them."""

    def __init__(self, actors: InProcessActors, tenant_key: int, keys: list[int]) -> None:
        self._actors = actors
        self._tenant_key = tenant_key
        self._keys = keys

    async def take(self, fixes: FixArray) -> None:
        named = ("ts_ms", "lat", "lon", "speed_kmh", "heading_deg", "accuracy_m", "ignition")
        rows = [
            {name: fix[name].item() for name in named}
            | {"truck_key": self._keys[fix["truck_key"]], "received_ms": int(fix["ts_ms"]) + 500}
            for fix in fixes
        ]
        if rows:
            await self._actors.report(self._tenant_key, rows)


class Sampler:
    """Looks into the explanations of what the dispatcher has just seen, now and then."""

    def __init__(self, caller: Caller, actors: InProcessActors, keys: dict[str, int]) -> None:
        self._caller = caller
        self._actors = actors
        self._keys = keys
        self._seen: set[tuple[str, str]] = set()
        self._rng = random.Random(5)  # noqa: S311 - the same sample each time
        self.looks = self.excluded = self.candidates = 0

    async def look(self) -> None:
        """Right after a round: the trucks are where it saw them."""
        if self._rng.random() > SAMPLED_SHARE:
            return
        listed = (await self._caller.get("/v1/bookings", params={"limit": 5})).json()["items"]
        for booking in listed:
            if booking["status"] in {"dispatching", "assigned"}:
                await self._check(booking)

    async def _check(self, booking: dict[str, Any]) -> None:
        path = f"/v1/bookings/{booking['id']}/dispatch"
        looks = (await self._caller.get(path, params={"trucks": 100})).json()["looks"]
        if not looks or (booking["id"], looks[0]["at"]) in self._seen:
            return
        self._seen.add((booking["id"], looks[0]["at"]))
        told = {verdict["truck"]: verdict for verdict in looks[0]["trucks"]}
        near = await self._in_range(booking["stops"][0]["place"])
        assert near <= told.keys(), (near - told.keys(), looks[0])
        assert looks[0]["in_range"] == len(told)
        for verdict in told.values():
            assert bool(verdict["excluded_by"]) != (verdict["cost"] is not None), verdict
        self.looks += 1
        self.excluded += sum(bool(verdict["excluded_by"]) for verdict in told.values())
        self.candidates += looks[0]["candidates"]

    async def _in_range(self, pickup: dict[str, float]) -> set[str]:
        """By H3's own measure of distance, in the range that every look begins with."""
        ranges = policy().dispatch.range
        names = {key: name for name, key in self._keys.items()}
        centre = h3.latlng_to_cell(pickup["lat"], pickup["lon"], ranges.h3_resolution)
        positions = await self._actors.positions(self._caller.tenant.key)
        return {
            names[int(row["truck_key"])]
            for row in positions
            if h3.grid_distance(
                centre, h3.latlng_to_cell(row["lat"], row["lon"], ranges.h3_resolution)
            )
            <= ranges.rings_first
        }


async def known(system: AnyPool, tenant: Any, role: Role) -> None:
    """A client of the development tenants, for this test's tenant."""
    name = f"{tenant.id}-{role}"
    hashed = await asyncio.to_thread(hash_secret, client_secret(name))
    bound = {str(role): name} if role in {Role.CARRIER, Role.SHIPPER} else {}
    async with system.acquire() as conn:
        await clients.create(
            conn, tenant.key, id=name, secret_hash=hashed, roles=(role.value,), **bound
        )


async def prepared(
    http: httpx.AsyncClient, gateway: Gateway, tenant: Any, rules: Simulation, drive: Drive
) -> tuple[list[TruckIdentity], list[int]]:
    """As `sim` does: trucks by a file, and the depots."""
    trucks = fleet(len(drive.world))
    setup = TenantSetup(http, tenant.id, rules.setup, print)
    await setup.ensure_trucks(trucks)
    fences = [one for one in demo_fences(drive.world.graph, rules) if one["kind"] == "depot"]
    near = {edge.start for edge in drive.world.graph.edges if edge.index in drive.world.edge}
    near |= {edge.end for edge in drive.world.graph.edges if edge.index in drive.world.edge}
    names = {drive.world.graph.towns[town].name for town in near}
    await setup.ensure_fences(
        [one for one in fences if one["name"].removesuffix(" depot") in names]
    )
    await gateway.directory.refresh(gateway.system_pool)
    keys = [gateway.directory.by_name[tenant.id, truck.id].truck_key for truck in trucks]
    return trucks, keys


@pytest.fixture
def quick(quick: Policy) -> Policy:
    """A carrier that nobody has verified yet is asked too."""
    kyc = quick.fleet.kyc.model_copy(update={"dispatched": frozenset({"draft", "verified"})})
    return quick.model_copy(update={"fleet": quick.fleet.model_copy(update={"kyc": kyc})})


async def test_a_load_goes_its_way_by_simulated_parties_and_each_look_is_explained(  # noqa: PLR0917 - all that takes part
    http: httpx.AsyncClient,
    caller: Caller,
    gateway: Gateway,
    actors: InProcessActors,
    app: AnyPool,
    system: AnyPool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tenant, rules = caller.tenant, certain(policy().simulation)
    for role in (Role.ADMIN, Role.SHIPPER, Role.CARRIER, Role.DISPATCHER, Role.FINANCE):
        await known(system, tenant, role)
    drive = Drive(read_roads(), rules, trucks=TRUCKS, rate_hz=1 / 30, seed=4, start_ms=now_ms())
    trucks, keys = await prepared(http, gateway, tenant, rules, drive)
    platform = Platform(actors, tenant.key, keys)
    monkeypatch.setattr(bookings, "now_ms", lambda: drive.world.now_ms)
    actors.bookings._settings = gateway.settings
    rounds = DispatchRounds(app, system, actors, gateway.settings)
    follower = FactsFollower(actors.bookings, system, 0, gateway.settings)
    await follower.go_on()

    sampler = Sampler(
        caller, actors, {truck.id: key for truck, key in zip(trucks, keys, strict=True)}
    )
    said: list[str] = []
    parties = Parties(http, tenant.id, rules, said.append)
    market = Market(parties, drive.world, trucks, rules, seed=1)
    for _ in range(LOOKS_MAX):
        fixes = [drive.step()[0] for _ in range(STEPS)]
        await platform.take(np.concatenate(fixes))
        await follower.go_on()
        await market.look()
        await rounds.run(TenantName(tenant.key, tenant.id))
        await sampler.look()
        if parties.counts["closed"]:
            break

    assert parties.counts.keys() >= {"quoted", "accepted", "codes", "delivered", "closed"}
    assert not parties.counts["refused"], said
    assert min(sampler.looks, sampler.candidates, sampler.excluded) > 0
    (booking, *_) = (await caller.get("/v1/bookings")).json()["items"][::-1]
    told = (await caller.get("/v1/events", params={"booking": booking["id"], "limit": 200})).json()
    types = [event["type"].removeprefix("booking.") for event in told["items"]][::-1]
    assert booking["status"] == "closed"
    assert all(at["arrived"]["source"] == "truck" for at in booking["legs"][0]["stops"])
    assert [kind for kind in types if kind in set(Status)] == [
        *("created", "confirmed", "dispatching", "assigned", "en_route"),
        *("at_pickup", "loaded", "in_transit", "at_drop", "delivered", "closed"),
    ]
