"""What trucks do moves their bookings: facts are followed from the log, each taken up once."""

from __future__ import annotations

from collections.abc import Iterable

from actors.booking_writing import TenantName
from actors.bookings import Bookings, Taken
from config.policy import Settings
from freight.booking.milestones import commands_for
from freight.events import TruckEvent
from store import booking_facts
from store.booking_facts import CarriedFact, Underway
from store.postgres import AnyPool


class FactsFollower:
    """Facts younger than what settles are read again, for an older-numbered one may join them;
    those taken up already are known by their numbers, and a booking knows what it was told."""

    def __init__(self, bookings: Bookings, system: AnyPool, shard: int, settings: Settings) -> None:
        self._bookings = bookings
        self._system = system
        self._shard = shard
        self._settings = settings
        self._cursor: int | None = None
        self._done: set[tuple[int, str]] = set()
        self.counts = {"facts_total": 0, "moves_total": 0}

    async def go_on(self) -> bool:
        """Take up what is new; whether there may be more at once."""
        limits = self._settings.now.bookings
        async with self._system.acquire() as conn:
            if self._cursor is None:
                self._cursor = await booking_facts.cursor(conn, self._shard)
            newest, settled = await booking_facts.heads(
                conn, self._cursor, limits.settle_s, limits.facts_max
            )
            facts = await booking_facts.since(conn, self._shard, self._cursor, newest)
        for fact in facts:
            if (fact.seq, fact.booking) not in self._done:
                await self.take_up(fact)
                self._done.add((fact.seq, fact.booking))
        if settled > self._cursor:
            async with self._system.acquire() as conn:
                await booking_facts.keep_cursor(conn, self._shard, settled)
            self._cursor = settled
            self._done = {one for one in self._done if one[0] > settled}
        return newest - settled >= limits.facts_max

    async def take_up(self, fact: CarriedFact) -> None:
        event = fact.event
        self.counts["facts_total"] += 1
        await self._tell(TenantName(event.tenant_key, event.tenant), fact.booking, [event])

    async def greet_all(self) -> None:
        """After a start nobody knows whom it was forgotten to greet."""
        async with self._system.acquire() as conn:
            found = await booking_facts.on_the_way(conn, self._shard)
        for each in found:
            await self.greet(each)

    async def greet(self, given: Underway) -> None:
        """A truck that a leg was given may be at the pickup already."""
        async with self._system.acquire() as conn:
            there = await booking_facts.places_of(conn, given.tenant_key, given.truck_key)
        await self._tell(TenantName(given.tenant_key, given.tenant), given.booking, there)

    async def _tell(self, tenant: TenantName, booking_id: str, facts: Iterable[TruckEvent]) -> None:
        for event in facts:
            booking = await self._bookings.find(tenant, booking_id)
            if booking is None:
                return
            rules = self._settings.of(tenant.id).booking_rules
            for command in commands_for(booking, event, rules):
                answer = await self._bookings.take(tenant, booking_id, command)
                self.counts["moves_total"] += isinstance(answer, Taken) and bool(answer.events)
