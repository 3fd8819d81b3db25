"""Simulated shippers: they ask for prices, book, confirm, change their minds and close."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from config.sections.market import Shippers as Rules
from sim.chance import chance, span
from sim.fleet import TruckIdentity
from sim.loads import order
from sim.parties import Parties
from sim.world import World

WAITING = frozenset({"created", "confirmed", "dispatching"})
ORDER_DIGITS = 6
BEFORE_LOADING = frozenset({"confirmed", "dispatching", "assigned", "en_route"})


class Shippers:
    """What one decides about a booking is drawn from the booking's id."""

    def __init__(
        self,
        parties: Parties,
        world: World,
        trucks: Sequence[TruckIdentity],
        rules: Rules,
        seed: int,
    ) -> None:
        self._parties = parties
        self._world = world
        self._trucks = trucks
        self._rules = rules
        self._rng = random.Random(f"shippers {seed}")
        self._next_ms = world.now_ms
        self._since: dict[tuple[str, str], int] = {}  # when a booking was first seen so

    async def look(self, bookings: Sequence[dict[str, Any]], mark: Mapping[str, str]) -> None:
        known = {(one["id"], one["status"]) for one in bookings}
        known |= {(one["id"], "") for one in bookings}
        self._since = {key: ms for key, ms in self._since.items() if key in known}
        for key in known:
            self._since.setdefault(key, self._world.now_ms)
        await asyncio.gather(*(self._follow(one) for one in bookings))
        if len(bookings) < self._rules.open_bookings_max and self._world.now_ms >= self._next_ms:
            self._next_ms = self._world.now_ms + span(self._rng, self._rules.order_every_s)
            waiting = [one for one in bookings if one["status"] in WAITING]
            places = {stop["place"]["name"] for one in waiting for stop in one["stops"]}
            await self._order(mark, frozenset(places))

    async def _order(self, mark: Mapping[str, str], waiting: frozenset[str]) -> None:
        free = np.flatnonzero(~self._world.on_errand).tolist()
        wanted = order(self._world, self._trucks, free, self._rules, self._rng, waiting=waiting)
        if wanted is None:
            return
        parties = self._parties
        quote = await parties.tell(parties.shipper, "quoted", "/v1/quotes", **wanted.body)
        if quote is None or self._rng.random() >= self._rules.booked_share:
            return
        # Shown with the booking wherever it is named, so it comes first.
        order_number = f"SO-{quote['id'][-ORDER_DIGITS:].upper()}"
        body = {"quote": quote["id"], "references": {"order": order_number, **mark}}
        await parties.tell(parties.shipper, "booked", "/v1/bookings", **body)

    async def _follow(self, booking: dict[str, Any]) -> None:
        parties, name, status = self._parties, booking["id"], booking["status"]
        path = f"/v1/bookings/{name}"
        if status == "created" and chance(f"confirm {name}", self._rules.confirmed_share):
            await parties.tell(parties.shipper, "confirmed", f"{path}/confirm")
        elif self._changes_mind(name, status):
            await parties.tell(parties.shipper, "cancelled", f"{path}/cancel")
        elif status in {"confirmed", "failed"}:
            start = f"{path}/start-dispatch"
            await parties.tell(parties.dispatcher, "dispatched", start)
        elif status == "delivered" and self._is_so_for(name, status, self._rules.close_after_s):
            await parties.tell(parties.dispatcher, "closed", f"{path}/close")

    def _changes_mind(self, name: str, status: str) -> bool:
        after_ms = span(random.Random(f"cancel when {name}"), self._rules.cancel_after_s)
        if status == "created":
            return self._for_ms(name) >= after_ms
        if status == "dispatching" and self._is_so_for(name, status, self._rules.patience_s):
            return True
        if status not in BEFORE_LOADING or self._for_ms(name) < after_ms:
            return False
        return chance(f"cancel {name}", self._rules.cancelled_share)

    def _for_ms(self, name: str, status: str = "") -> int:
        return self._world.now_ms - self._since[name, status]

    def _is_so_for(self, name: str, status: str, seconds: float) -> bool:
        return self._for_ms(name, status) >= seconds * 1000

    async def code(self, booking: str, leg: str, stop: str) -> str | None:
        """What the receiver tells the driver who stands at its gate; None: it signs."""
        if not chance(f"code {booking} {stop}", self._rules.code_share):
            return None
        path = f"/v1/bookings/{booking}/codes"
        parties = self._parties
        given = await parties.tell(parties.shipper, "codes", path, leg=leg, stop=stop)
        return None if given is None else str(given["code"])
