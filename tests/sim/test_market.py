"""What simulated shippers, drivers and the carrier do about bookings, without a platform."""

from __future__ import annotations

from collections import Counter
from typing import Any

import httpx
import numpy as np
import pytest

from config.policy import policy
from geo.roads import read_roads
from sim.carrier import CarrierDesk
from sim.drivers import Drivers
from sim.fleet import fleet
from sim.parties import Parties
from sim.party import Party
from sim.shippers import Shippers
from sim.world import LastKnown, World

GRAPH = read_roads()
RULES = policy().simulation
MARKET = RULES.market
NOW_MS = 1_793_520_000_000
EDGE = next(edge for edge in GRAPH.edges if edge.length_m > 80_000)
TRUCKS = fleet(2)
MARK = {"simulated": "yes"}


class Recorded(Parties):
    """Nothing is sent: what is told is kept, and answered as this test says."""

    def __init__(self) -> None:
        super().__init__(httpx.AsyncClient(), "demo", RULES, self._say)
        self.lines: list[str] = []
        self.told: list[tuple[str, str, dict[str, Any]]] = []
        self.refused: set[str] = set()
        self.answers: dict[str, dict[str, Any]] = {"quoted": {"id": "q1"}}

    def _say(self, line: str) -> None:
        self.lines.append(line)

    async def tell(self, who: Party, what: str, path: str, **body: Any) -> dict[str, Any] | None:
        self.told.append((who.client_id, what, {"path": path, **body}))
        return None if what in self.refused else self.answers.get(what, {})

    @property
    def whats(self) -> Counter[str]:
        return Counter(what for _, what, _ in self.told)


def a_place(drawn_m: float) -> dict[str, float]:
    tracks = World(GRAPH, RULES, trucks=1, seed=1, start_ms=NOW_MS).tracks
    at = tracks.locate(np.array([EDGE.index]), np.array([True]), np.array([drawn_m]))
    return {"lat": float(at.lat[0]), "lon": float(at.lon[0])}


class Scene:
    """One booking from 26 km to 30 km along a road; its truck is at 24 km, another at 34 km."""

    def __init__(self, **changes: float | tuple[float, float]) -> None:
        quiet = {"late_share": 0.0, "breakdown_share": 0.0, "handling_minutes": (5.0, 5.1)}
        rules = MARKET.drivers.model_copy(update=quiet | changes)
        self.parties = Recorded()
        self.world = World(GRAPH, RULES, trucks=2, seed=3, start_ms=NOW_MS)
        for row, at_m in enumerate((24_000, 34_000)):
            self.world.resume(row, LastKnown(**a_place(at_m)))
        self.codes: dict[str, str] = {}
        self.drivers = Drivers(self.parties, self.world, TRUCKS, rules, self._code)
        stop = {"arrived": None, "left": None, "proven": False}
        self.leg: dict[str, Any] = {
            "id": "L1",
            "status": "assigned",
            "truck": TRUCKS[0].id,
            "carrier": None,
            "weight_kg": 2000,
            "stops": [{**stop, "stop": "S1"}, {**stop, "stop": "S2"}],
        }
        self.booking = {
            "id": "b1",
            "legs": [self.leg],
            "stops": [
                {"id": "S1", "kind": "pickup", "place": a_place(26_000)},
                {"id": "S2", "kind": "drop", "place": a_place(30_000)},
            ],
        }

    async def _code(self, booking: str, leg: str, stop: str) -> str | None:
        return self.codes.get(f"{booking} {leg} {stop}")

    async def look(self, minutes: float, *, ours: bool = True, bookings: int = 1) -> None:
        """Meanwhile the platform sees trucks arrive where they stand."""
        for _ in range(round(minutes * 6)):
            for _ in range(5):
                self.world.step(2.0)
            await self.drivers.look([self.booking][:bookings], {"b1"} if ours else set())

    def sees(self, stop: int, **marks: Any) -> None:
        self.leg["stops"][stop] |= marks


async def test_a_driver_loads_drives_and_has_the_delivery_signed() -> None:
    scene = Scene(unseen_minutes=600.0)
    await scene.look(30)
    unseen = scene.world.has_come(0)
    scene.sees(0, arrived={"at": "x"})
    await scene.look(1)
    on_its_way = not scene.world.has_come(0)
    scene.sees(0, left={"at": "x"})
    scene.sees(1, arrived={"at": "x"})
    await scene.look(30)
    ((who, what, body),) = scene.parties.told

    assert unseen
    assert on_its_way
    assert (who, what, body["kind"], body["stop"]) == ("demo-dispatcher", "delivered", *PROOF)
    await scene.look(1, bookings=0)
    assert not scene.world.on_errand[0]


PROOF = ("signature", "S2")


async def test_a_code_is_told_to_the_driver_of_the_carrier() -> None:
    scene = Scene()
    scene.leg |= {"carrier": "demo-carrier", "status": "in_transit"}
    scene.codes["b1 L1 S2"] = "123456"
    scene.sees(0, arrived={"at": "x"}, left={"at": "x"})
    scene.sees(1, arrived={"at": "x"})
    await scene.look(40)
    ((who, _, body),) = scene.parties.told

    assert (who, body["kind"], body["code"]) == ("demo-carrier", "otp", "123456")


async def test_what_people_booked_people_sign_and_the_truck_waits() -> None:
    scene = Scene()
    scene.leg["status"] = "in_transit"
    scene.sees(0, left={"at": "x"})
    scene.sees(1, arrived={"at": "x"})
    await scene.look(60, ours=False)

    assert scene.parties.told == []
    assert scene.world.has_come(0)


async def test_one_that_stood_at_the_load_already_is_not_waited_for() -> None:
    scene = Scene()
    await scene.look(12)
    stands = scene.world.has_come(0)
    await scene.look(5)

    assert stands
    assert not scene.world.has_come(0)
    assert scene.world.trip(0).to_go_m < 5_000


async def test_a_refused_proof_is_tried_again_but_not_at_once() -> None:
    scene = Scene()
    scene.leg["status"] = "in_transit"
    scene.parties.refused.add("delivered")
    scene.sees(0, left={"at": "x"})
    scene.sees(1, arrived={"at": "x"})
    await scene.look(60)

    assert 2 <= scene.parties.whats["delivered"] < 20


async def test_a_late_driver_halts_before_the_load() -> None:
    scene = Scene(late_share=1.0, late_minutes=(30.0, 31.0))
    await scene.look(25)
    still_far = not scene.world.has_come(0)
    await scene.look(14)

    assert still_far
    assert scene.world.has_come(0)
    assert scene.parties.counts["late"] == 1


async def test_another_truck_takes_over_from_one_that_breaks_down() -> None:
    scene = Scene(breakdown_share=1.0, breaks_after_minutes=(1.0, 1.1), help_after_s=60.0)
    scene.leg["status"] = "in_transit"
    scene.sees(0, left={"at": "x"})
    await scene.look(10)
    ((who, what, body),) = scene.parties.told
    broken_at = scene.world.places(np.array([0]), np.zeros(1))

    assert (who, what, body["truck"]) == ("demo-dispatcher", "swapped", TRUCKS[1].id)
    assert abs(body["lat"] - float(broken_at.lat[0])) < 0.001
    # It comes to the place of the breakdown first, and then to the drop.
    scene.leg["truck"] = TRUCKS[1].id
    scene.sees(1, arrived={"at": "x"})
    await scene.look(90)
    assert scene.parties.whats == {"swapped": 1, "delivered": 1}
    assert not scene.world.on_errand[0]


async def test_without_help_a_load_waits_for_the_repair() -> None:
    scene = Scene(breakdown_share=1.0, breaks_after_minutes=(1.0, 1.1), help_after_s=60.0)
    scene.parties.refused.add("swapped")
    scene.leg["status"] = "in_transit"
    scene.sees(0, left={"at": "x"})
    scene.sees(1, arrived={"at": "x"})
    await scene.look(60)
    waiting = scene.parties.whats
    await scene.look(180)

    assert waiting == {"swapped": 1}
    assert scene.parties.whats == {"swapped": 1, "delivered": 1}


async def test_help_does_not_come_from_far_away() -> None:
    scene = Scene(
        breakdown_share=1.0,
        breaks_after_minutes=(1.0, 1.1),
        help_after_s=60.0,
        help_km_max=5.0,
    )
    scene.leg["status"] = "in_transit"
    scene.sees(0, left={"at": "x"})
    await scene.look(10)

    assert scene.parties.counts["broken down"] == 1
    assert scene.parties.told == []


async def test_the_load_aboard_comes_before_the_next_one() -> None:
    scene = Scene()
    scene.leg["status"] = "in_transit"
    scene.sees(0, left={"at": "x"})
    later = {**scene.booking, "id": "b0", "legs": [{**scene.leg, "status": "assigned"}]}
    await scene.drivers.look([scene.booking, later], set())
    await scene.drivers.look([later, scene.booking], set())
    ends_m = scene.world.trip(0).to_go_m

    assert ends_m == pytest.approx(6_000, abs=300)


class Orders:
    def __init__(self, **changes: float | tuple[float, float]) -> None:
        sure = {"booked_share": 1.0, "confirmed_share": 1.0, "cancelled_share": 0.0}
        rules = MARKET.shippers.model_copy(update=sure | changes)
        self.parties = Recorded()
        self.world = World(GRAPH, RULES, trucks=2, seed=3, start_ms=NOW_MS)
        self.shippers = Shippers(self.parties, self.world, TRUCKS, rules, seed=1)

    async def see(self, status: str, count: int = 1, after_s: float = 0.0) -> Counter[str]:
        self.parties.told.clear()
        self.world.now_ms += round(after_s * 1000)
        bookings = [{"id": f"b{n}", "status": status, "stops": []} for n in range(count)]
        await self.shippers.look(bookings, MARK)
        return self.parties.whats


async def test_a_shipper_orders_confirms_and_the_dispatcher_looks_for_a_truck() -> None:
    orders = Orders(open_bookings_max=2)

    assert await orders.see("none", count=0) == {"quoted": 1, "booked": 1}
    assert orders.parties.told[1][2] == {
        "path": "/v1/bookings",
        "quote": "q1",
        "references": {"order": "SO-Q1", **MARK},
    }
    assert await orders.see("created") == {"confirmed": 1}
    assert await orders.see("confirmed") == {"dispatched": 1}
    assert await orders.see("in_transit") == {}
    assert await orders.see("delivered") == {}
    assert (await orders.see("delivered", after_s=200))["closed"] == 1


async def test_no_more_is_ordered_than_is_configured() -> None:
    orders = Orders(open_bookings_max=2)

    assert await orders.see("in_transit", count=2, after_s=100) == {}
    assert await orders.see("in_transit", count=1, after_s=100) == {"quoted": 1, "booked": 1}


async def test_not_every_quote_is_booked_nor_every_booking_confirmed() -> None:
    orders = Orders(booked_share=0.0, confirmed_share=0.0, cancel_after_s=(60.0, 90.0))

    assert await orders.see("created") == {"quoted": 1}
    assert (await orders.see("created", after_s=100))["cancelled"] == 1


async def test_what_waits_too_long_or_is_wanted_no_more_is_cancelled() -> None:
    patient = Orders(open_bookings_max=1, patience_s=600.0)
    assert await patient.see("dispatching") == {}
    assert await patient.see("dispatching", after_s=601) == {"cancelled": 1}

    changed = Orders(open_bookings_max=1, cancelled_share=1.0, cancel_after_s=(60.0, 90.0))
    assert await changed.see("assigned") == {}
    assert await changed.see("assigned", after_s=100) == {"cancelled": 1}
    assert await changed.see("loaded", after_s=100) == {}


async def offered(count: int, **changes: float | tuple[float, float]) -> tuple[Recorded, World]:
    """The carrier's answers to so many offers, after it has thought about them."""
    parties = Recorded()
    offers = [
        {"id": f"o{n}", "booking": "b1", "bidding": False, "truck": "T", "price": None}
        for n in range(count)
    ]
    offers.append({**offers[0], "id": "another", "booking": "people's"})

    async def answer(request: httpx.Request) -> httpx.Response:
        page = {"access_token": "t", "items": offers, "next_cursor": None}
        return httpx.Response(200, json=page)

    http = httpx.AsyncClient(transport=httpx.MockTransport(answer), base_url="http://test")
    parties.carrier = Party(http, "demo-carrier", RULES.setup, print)
    world = World(GRAPH, RULES, trucks=1, seed=3, start_ms=NOW_MS)
    desk = CarrierDesk(parties, world, MARKET.carrier.model_copy(update=changes))
    await desk.look({"b1"})
    assert parties.told == []
    world.now_ms += 61_000
    await desk.look({"b1"})
    await desk.look({"b1"})
    return parties, world


async def test_the_carrier_answers_once_accepts_most_and_leaves_others_offers_alone() -> None:
    parties, _ = await offered(60, declined_share=0.3, unanswered_share=0.2)
    answers = parties.whats

    assert sum(answers.values()) + parties.counts["unanswered"] == 60
    assert answers["accepted"] > answers["declined"] > 5
    assert parties.counts["unanswered"] > 3
    assert all("another" not in body["path"] for _, _, body in parties.told)
    reasons = {body.get("reason") for _, what, body in parties.told if what == "declined"}
    assert reasons <= set(MARKET.carrier.reasons)
