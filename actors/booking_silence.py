"""Trucks that have a leg and are out of reach: their bookings are told, and in time relieved."""

from __future__ import annotations

import time

from actors.booking_writing import TenantName
from actors.bookings import Bookings, Taken
from actors.life import now_ms
from config.policy import Settings
from freight.booking.commands import Listen, Relieve
from freight.booking.silence import RULE, relieved_from_ms
from freight.booking.state import Actor, ActorKind
from store import booking_facts
from store.booking_facts import Unheard
from store.postgres import AnyPool

SYSTEM = Actor(ActorKind.SYSTEM, RULE)
Place = tuple[TenantName, str]


class SilenceWatch:
    """What is told follows from how things stand now: after a crash nothing is missed or told
    twice, and a silence that was none is taken back as well as one that has ended."""

    def __init__(self, bookings: Bookings, system: AnyPool, shard: int, settings: Settings) -> None:
        self._bookings = bookings
        self._system = system
        self._shard = shard
        self._settings = settings
        self._looked_s = float("-inf")
        # Bookings that may have been told of a silence; None: nobody knows, after a start.
        self._told: set[Place] | None = None
        self.counts = {"silent_total": 0, "heard_total": 0, "relieved_total": 0}

    async def go_on(self) -> None:
        """Now and then."""
        if time.monotonic() - self._looked_s < self._settings.now.bookings.silence_look_s:
            return
        async with self._system.acquire() as conn:
            silent = await booking_facts.unheard(conn, self._shard)
            if self._told is None:
                driven = await booking_facts.on_the_way(conn, self._shard)
                self._told = {(TenantName(d.tenant_key, d.tenant), d.booking) for d in driven}
        now = {(TenantName(each.tenant_key, each.tenant), each.booking) for each in silent}
        self._told |= now
        for each in silent:
            await self._tell(each)
        unheard = {(each.tenant_key, each.booking, each.leg) for each in silent}
        for tenant, booking_id in list(self._told):
            await self._hear(tenant, booking_id, unheard)
        self._told = now
        self._looked_s = time.monotonic()

    async def _tell(self, each: Unheard) -> None:
        tenant = TenantName(each.tenant_key, each.tenant)
        by = Actor(ActorKind.TRUCK, each.truck)
        told = Listen(by=by, leg=each.leg, truck=each.truck, silent_ms=each.heard_ms)
        answer = await self._bookings.take(tenant, each.booking, told)
        if not isinstance(answer, Taken):
            return
        self.counts["silent_total"] += bool(answer.events)
        leg, rules = answer.booking.leg(each.leg), self._settings.of(tenant.id).booking_rules
        due_ms = None if leg is None else relieved_from_ms(answer.booking, leg, rules.silence)
        if due_ms is None or now_ms() < due_ms:
            return
        relieve = Relieve(by=SYSTEM, leg=each.leg, reason=f"{each.truck} is out of reach")
        relieved = await self._bookings.take(tenant, each.booking, relieve)
        if isinstance(relieved, Taken):
            self.counts["relieved_total"] += bool(relieved.events)

    async def _hear(
        self, tenant: TenantName, booking_id: str, unheard: set[tuple[int, str, str]]
    ) -> None:
        booking = await self._bookings.find(tenant, booking_id)
        for leg in () if booking is None else booking.legs:
            carriage, silent = leg.carriage, (tenant.key, booking_id, leg.id) in unheard
            if carriage is None or leg.silent_ms is None or silent:
                continue
            by = Actor(ActorKind.TRUCK, carriage.truck)
            heard = Listen(by=by, leg=leg.id, truck=carriage.truck, silent_ms=None)
            answer = await self._bookings.take(tenant, booking_id, heard)
            self.counts["heard_total"] += isinstance(answer, Taken) and bool(answer.events)
