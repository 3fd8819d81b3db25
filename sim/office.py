"""The simulated office: looks at what carriers are to be paid, and approves it."""

from __future__ import annotations

import random

from config.sections.market import Office as Rules
from sim.chance import span
from sim.parties import Parties
from sim.world import World


class Office:
    """When one is approved is drawn from its id."""

    def __init__(self, parties: Parties, world: World, rules: Rules) -> None:
        self._parties = parties
        self._world = world
        self._rules = rules
        self._next_ms = world.now_ms
        self._due_ms: dict[str, int] = {}
        self._left: set[str] = set()  # refused as it stands: a person's matter

    async def look(self, bookings: set[str]) -> None:
        """Settlements of these; those of others are left to people."""
        if self._world.now_ms < self._next_ms:
            return
        self._next_ms = self._world.now_ms + round(self._rules.look_s * 1000)
        found = await self._parties.finance.items("/v1/settlements", status="proposed")
        ours = {f"{one['id']} {one['version']}": one for one in found if one["booking"] in bookings}
        self._due_ms = {name: ms for name, ms in self._due_ms.items() if name in ours}
        self._left &= set(ours)
        for name, one in ours.items():
            wait_ms = span(random.Random(f"approve {one['id']}"), self._rules.approve_after_s)
            due_ms = self._due_ms.setdefault(name, self._world.now_ms + wait_ms)
            if name not in self._left and self._world.now_ms >= due_ms:
                self._left.add(name)
                await self._approve(f"/v1/settlements/{one['id']}/approve")

    async def _approve(self, path: str) -> None:
        parties = self._parties
        seen = await parties.tell(parties.finance, "approved", path)
        if seen is not None and len(seen["approvals"]) < seen["approvals_needed"]:
            await parties.tell(parties.admin, "approved too", path)
