"""The carrier's desk in the simulated world: it answers offers, not all of them kindly."""

from __future__ import annotations

import random
from typing import Any

from config.sections.market import Carrier as Rules
from sim.chance import span
from sim.parties import Parties
from sim.world import World


class CarrierDesk:
    """What it answers is drawn from the offer's id."""

    def __init__(self, parties: Parties, world: World, rules: Rules) -> None:
        self._parties = parties
        self._world = world
        self._rules = rules
        self._due_ms: dict[str, int] = {}
        self._left: set[str] = set()  # answered, or left to expire

    async def look(self, bookings: set[str]) -> None:
        """Offers for other bookings are left to people."""
        offers = await self._parties.carrier.items("/v1/offers", state="made")
        ours = {one["id"]: one for one in offers if one["booking"] in bookings}
        self._due_ms = {name: ms for name, ms in self._due_ms.items() if name in ours}
        self._left &= set(ours)
        for name, offer in ours.items():
            rng = random.Random(f"offer {name}")
            wait_ms = span(rng, self._rules.answer_after_s)
            due_ms = self._due_ms.setdefault(name, self._world.now_ms + wait_ms)
            if name not in self._left and self._world.now_ms >= due_ms:
                self._left.add(name)
                await self._answer(offer, rng)

    async def _answer(self, offer: dict[str, Any], rng: random.Random) -> None:
        path, drawn = f"/v1/offers/{offer['id']}", rng.random()
        parties, rules = self._parties, self._rules
        if drawn < rules.unanswered_share:
            parties.counts["unanswered"] += 1
        elif drawn < rules.unanswered_share + rules.declined_share:
            reason = rng.choice(rules.reasons)
            await parties.tell(parties.carrier, "declined", f"{path}/decline", reason=reason)
        elif offer["bidding"]:
            body = {"price": offer["price"], "truck": offer["truck"]}
            await parties.tell(parties.carrier, "bid", f"{path}/bid", **body)
        else:
            await parties.tell(parties.carrier, "accepted", f"{path}/accept")
