"""What trucks do moves their bookings: facts are followed from the log, each taken up once."""

from __future__ import annotations

import time
from collections.abc import Iterable

from msgspec.structs import replace

from actors.booking_writing import TenantName
from actors.bookings import Bookings, Taken
from config.policy import Settings
from freight.booking.milestones import commands_for
from freight.events import TruckEvent
from store import booking_facts
from store.booking_facts import CarriedFact, Underway
from store.postgres import AnyConnection, AnyPool

SETTLE_LOOKS = 5  # so many times while a fact settles


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
        self._settled_s = 0.0
        self.counts = {"facts_total": 0, "moves_total": 0}

    async def go_on(self) -> bool:
        """Take up what is new; whether there may be more at once."""
        limits = self._settings.now.bookings
        async with self._system.acquire() as conn:
            if self._cursor is None:
                self._cursor = await booking_facts.cursor(conn, self._shard)
            if not await booking_facts.is_any_driven(conn, self._shard):
                await self._settle(conn, await booking_facts.newest(conn))
                return False
            newest = await booking_facts.newest(conn)
            upto = min(newest, self._cursor + limits.facts_max)
            facts = await booking_facts.since(conn, self._shard, self._cursor, upto)
        for fact in facts:
            if (fact.seq, fact.booking) not in self._done:
                await self.take_up(fact)
                self._done.add((fact.seq, fact.booking))
        async with self._system.acquire() as conn:
            await self._settle(conn, upto)
        return upto < newest

    async def _settle(self, conn: AnyConnection, upto: int) -> None:
        """What is behind the cursor is not read again; now and then is often enough."""
        settle_s = self._settings.now.bookings.settle_s
        now_s = time.monotonic()
        if self._cursor is None or now_s - self._settled_s < settle_s / SETTLE_LOOKS:
            return
        self._settled_s = now_s
        settled = await booking_facts.settled(conn, self._cursor, upto, settle_s)
        if settled > self._cursor:
            await booking_facts.keep_cursor(conn, self._shard, settled)
            self._cursor = settled
            self._done = {one for one in self._done if one[0] > settled}

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
        """A truck that a leg was given may be at the pickup already: for this load it came there
        when it was given it."""
        tenant = TenantName(given.tenant_key, given.tenant)
        booking = await self._bookings.find(tenant, given.booking)
        if booking is None:
            return
        async with self._system.acquire() as conn:
            there = await booking_facts.places_of(conn, given.tenant_key, given.truck_key)
        since = {
            f"trucks/{leg.carriage.truck}": leg.carriage.from_ms
            for leg in booking.legs
            if leg.carriage is not None
        }
        came = [
            replace(event, time_ms=max(event.time_ms, since[event.subject]))
            for event in there
            if event.subject in since
        ]
        await self._tell(tenant, given.booking, came)

    async def _tell(self, tenant: TenantName, booking_id: str, facts: Iterable[TruckEvent]) -> None:
        for event in facts:
            booking = await self._bookings.find(tenant, booking_id)
            if booking is None:
                return
            rules = self._settings.of(tenant.id).booking_rules
            for command in commands_for(booking, event, rules):
                answer = await self._bookings.take(tenant, booking_id, command)
                self.counts["moves_total"] += isinstance(answer, Taken) and bool(answer.events)
