"""Trucks that set out are given a journey once, through the API; the others are left alone."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx

from config.policy import policy
from geo.roads import read_roads
from sim.dispatching import Dispatcher
from sim.fleet import fleet
from sim.setup import TenantSetup
from sim.world import World
from tests.launch.waiting import until

NOW_MS = 1_793_520_000_000
SETUP = policy().simulation.setup


class Api:
    """Takes routes and journeys, and can be told to refuse one truck or an old token."""

    def __init__(self) -> None:
        self.routes: dict[str, Any] = {}
        self.journeys: list[tuple[str, Any]] = []
        self.tokens = 0
        self.refused: str | None = None
        self.token_is_over = False

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path == "/v1/oauth/token":
            self.tokens += 1
            self.token_is_over = False
            return httpx.Response(200, json={"access_token": str(self.tokens)})
        if self.token_is_over:
            return httpx.Response(401, json={"detail": "over"})
        body = httpx.Response(200, content=request.content).json()
        if path == "/v1/routes":
            known = body["id"] in self.routes
            self.routes[body["id"]] = body
            return httpx.Response(409 if known else 201, json={"detail": "taken"})
        truck = path.split("/")[3]
        if truck == self.refused:
            return httpx.Response(422, json={"detail": "no"})
        self.journeys.append((truck, body))
        return httpx.Response(201, json=body)


class Scene:
    def __init__(self, share: float, astray: float = 0.0, trucks: int = 12) -> None:
        rules = policy().simulation
        self.api, self.said, self.stop = Api(), list[str](), asyncio.Event()
        self.world = World(read_roads(), rules, trucks=trucks, seed=5, start_ms=NOW_MS)
        self.trucks = fleet(trucks)
        changed = {"journey_share": share, "astray_share": astray, "look_s": 0.01}
        dispatching = SETUP.dispatching.model_copy(update=changed)
        setup = SETUP.model_copy(update={"dispatching": dispatching, "retry_wait_s": 0.01})
        http = httpx.AsyncClient(transport=httpx.MockTransport(self.api), base_url="http://test")
        self.setup = TenantSetup(http, "demo", setup, self.said.append)
        self.dispatcher = Dispatcher(self.world, self.trucks, self.setup, setup, self.said.append)

    async def running(self) -> asyncio.Task[None]:
        await self.setup.sign_in()
        return asyncio.create_task(self.dispatcher.run(self.stop))

    async def given(self, count: int) -> None:
        await until(lambda: len(self.api.journeys) >= count)


async def test_each_truck_that_sets_out_gets_one_journey() -> None:
    scene = Scene(share=1.0)
    running = await scene.running()
    await scene.given(12)
    assert {truck for truck, _ in scene.api.journeys} == {truck.id for truck in scene.trucks}

    scene.world.trips[4] += 1
    await scene.given(13)
    scene.stop.set()
    await running

    truck, again = scene.api.journeys[12]
    assert truck == scene.trucks[4].id
    assert len(scene.api.journeys) == 13
    assert all(body["route"]["id"] in scene.api.routes for _, body in scene.api.journeys)
    assert all(route.startswith("lane-") for route in scene.api.routes)
    assert again["id"].startswith(truck)


async def test_only_a_share_is_dispatched_and_of_it_a_share_goes_astray() -> None:
    none = Scene(share=0.0)
    running = await none.running()
    none.stop.set()
    await running
    assert none.api.journeys == []

    scene = Scene(share=1.0, astray=1.0)
    running = await scene.running()
    await scene.given(12)
    scene.stop.set()
    await running
    assert any(route.startswith("bypass-") for route in scene.api.routes)


async def test_one_that_is_refused_is_named_and_the_others_go_on() -> None:
    scene = Scene(share=1.0)
    scene.api.refused = scene.trucks[3].id
    running = await scene.running()
    await scene.given(11)
    scene.stop.set()
    await running

    assert any(
        scene.api.refused in line and "goes without a journey" in line for line in scene.said
    )


async def test_a_token_that_is_over_is_replaced() -> None:
    scene = Scene(share=1.0, trucks=1)
    running = await scene.running()
    await scene.given(1)

    scene.api.token_is_over = True
    scene.world.trips[0] += 1
    await scene.given(2)
    scene.stop.set()
    await running

    assert scene.api.tokens == 2
