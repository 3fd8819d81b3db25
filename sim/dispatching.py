"""Gives trucks that set out a journey over the public API, as a dispatcher would."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence

import numpy as np

from config.sections.simulation import SimulationSetup
from sim import lanes
from sim.chance import chance
from sim.fleet import TruckIdentity
from sim.party import SetupError
from sim.setup import TenantSetup
from sim.world import World


class Dispatcher:
    def __init__(
        self,
        world: World,
        trucks: Sequence[TruckIdentity],
        setup: TenantSetup,
        policy: SimulationSetup,
        say: Callable[[str], None],
    ) -> None:
        self._world = world
        self._trucks = trucks
        self._setup = setup
        self._policy = policy
        self._say = say
        rules = policy.dispatching
        self._rows = [
            row
            for row, truck in enumerate(trucks)
            if chance(f"journey {truck.id}", rules.journey_share)
        ]
        self._told = np.full(len(trucks), -1)

    async def run(self, stop: asyncio.Event) -> None:
        """Trucks drive without journeys too, so a failure here is told and not fatal."""
        given = 0
        while not stop.is_set():
            due = [row for row in self._given() if self._told[row] != self._world.trips[row]]
            done = await asyncio.gather(*(self._send_on(row) for row in due))
            if any(done):
                given += sum(done)
                self._say(f"{given} journeys given to {len(self._rows)} trucks")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), self._policy.dispatching.look_s)

    def _given(self) -> list[int]:
        """Who carries a load is given its way there as well, unless it is there already."""
        world, least_m = self._world, self._policy.dispatching.least_km * 1000.0
        errands = np.flatnonzero(world.on_errand).tolist()
        loaded = [row for row in errands if world.trip(row).to_go_m > least_m]
        return sorted({*self._rows, *loaded} - (set(errands) - set(loaded)))

    async def _send_on(self, row: int) -> bool:
        truck, world, rules = self._trucks[row].id, self._world, self._policy.dispatching
        trip_no, trip = int(world.trips[row]), world.trip(row)
        self._told[row] = trip_no
        route = None
        if chance(f"astray {truck}", rules.astray_share):
            route = lanes.other_lane(world.graph, trip, rules, truck)
        if route is None:
            route = lanes.lane(world.graph, trip)
        told = lanes.journey(
            world.graph,
            trip,
            route["id"],
            world.now_ms,
            promise=rules.promise,
            stop_m=self._policy.depot_radius_m,
        )
        try:
            await self._setup.assign(truck, route, {"id": f"{truck}-{world.now_ms}", **told})
        except SetupError as error:
            self._say(f"{truck} goes without a journey: {error}")
            return False
        return True
