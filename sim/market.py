"""The marketplace of the simulated world: its parties look, one after another, what to do."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Sequence
from typing import Any

from config.sections.simulation import Simulation
from sim.carrier import CarrierDesk
from sim.drivers import UNDER_WAY, Drivers
from sim.fleet import TruckIdentity
from sim.office import Office
from sim.parties import Parties
from sim.party import SetupError
from sim.payers import Payers
from sim.shippers import Shippers
from sim.world import World

# What of the bookings is the marketplace's own; it leaves those of people to them.
MARK = {"simulated": "yes"}
# Of several legs one may have its truck while another is still looked for.
CARRIED = ("dispatching", *UNDER_WAY)
OPEN = ("created", "confirmed", "failed", *CARRIED, "delivered")


class Market:
    def __init__(
        self,
        parties: Parties,
        world: World,
        trucks: Sequence[TruckIdentity],
        rules: Simulation,
        seed: int,
    ) -> None:
        self._parties = parties
        self._world = world
        self._rules = rules.market
        self._shippers = Shippers(parties, world, trucks, rules.market.shippers, seed)
        self._carrier = CarrierDesk(parties, world, rules.market.carrier)
        self._drivers = Drivers(parties, world, trucks, rules.market.drivers, self._shippers.code)
        self._payers = Payers(parties, world, rules.market.payers)
        self._office = Office(parties, world, rules.market.office)
        self._seen: dict[str, None] = {}  # the marketplace's own, the last ones last
        self._open: list[dict[str, Any]] = []
        self._reported_ms = world.now_ms

    async def run(self, stop: asyncio.Event) -> None:
        """A marketplace that cannot be reached now is looked at again later."""
        while not stop.is_set():
            try:
                await self.look()
            except SetupError as error:
                self._parties.said(f"the marketplace waits: {error}")
            if self._world.now_ms - self._reported_ms >= self._rules.report_every_s * 1000:
                self._reported_ms = self._world.now_ms
                self._parties.said(f"market: {self}")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), self._rules.look_s)

    async def look(self) -> None:
        items = await self._parties.shipper.items("/v1/bookings", status=list(OPEN))
        self._open = [one for one in items if MARK.items() <= one["references"].items()]
        ours = {one["id"] for one in self._open}
        carried = await self._parties.dispatcher.items("/v1/bookings", status=list(CARRIED))
        await self._drivers.look(carried, ours)
        await self._carrier.look(ours)
        await self._shippers.look(self._open, MARK)
        await self._settle(ours)

    async def _settle(self, ours: set[str]) -> None:
        """Bookings that are over are paid too. Where nobody may, nothing else waits for it."""
        self._seen |= dict.fromkeys(sorted(ours))
        for name in list(self._seen)[: -self._rules.remembered_max]:
            del self._seen[name]
        try:
            await self._payers.look(set(self._seen))
            await self._office.look(set(self._seen))
        except SetupError as error:
            self._parties.said(f"money waits: {error}")

    def __str__(self) -> str:
        found = Counter(one["status"] for one in self._open)
        now = ", ".join(f"{count} {status}" for status, count in sorted(found.items()))
        done = ", ".join(f"{n} {what}" for what, n in sorted(self._parties.counts.items()))
        return f"now {now or 'nothing'}; so far {done or 'nothing'}"
