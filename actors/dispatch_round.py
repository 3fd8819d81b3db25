"""One window of dispatching for one tenant: look, plan, record why, and ask."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import Sequence
from typing import Protocol

from msgspec.structs import replace

from actors import measures
from actors.booking_writing import TenantName
from actors.bookings import Refused
from actors.dispatch_replan import given_free, turned_over
from actors.dispatch_world import (
    Bars,
    Fleet,
    OfLate,
    WaitingNow,
    class_zones,
    day_of,
    free_trucks,
    of_late,
    waiting_legs,
)
from actors.dispatch_zones import Zones
from actors.life import now_ms
from actors.offering import SYSTEM, OfferTaken, OfferWish
from config.policy import Policy, Settings
from freight.dispatch import shadow
from freight.dispatch.columns import Fleet as Columns
from freight.dispatch.matching import Plan, plan
from freight.dispatch.offer_messages import Accept, Make, OfferCommand
from freight.dispatch.rounds import Candidate, next_offer, ranked
from freight.dispatch.rules import Mode
from freight.dispatch.tenders import Terms, next_of_tender
from freight.dispatch.world import FreeTruck
from freight.fleet.ties import Ties
from freight.tracking.columns import LastArray
from store import dispatch, fleet_board, fleet_history
from store.dispatch import Recorded, ShadowDay
from store.postgres import AnyConnection, AnyPool, as_tenant, moment

MS_PER_DAY = 86_400_000
MS_PER_WEEK = 7 * MS_PER_DAY
MS_PER_HOUR = 3_600_000
M_PER_KM = 1000.0  # fixed: a unit


class Actors(Protocol):
    """Those that a round asks; actors.handles.TruckShards in the running product."""

    async def positions(self, tenant_key: int) -> LastArray: ...
    async def offer(
        self, tenant: TenantName, booking_id: str, wish: OfferWish
    ) -> OfferTaken | Refused: ...


@dataclasses.dataclass(frozen=True, slots=True)
class Done:
    waiting: int
    trucks: int
    asked: int  # commands that bookings took
    refused: int
    changed: int = 0  # offers taken back for another truck


class DispatchRounds:
    """Knows nothing from one round to the next: what is stored is where a round begins, so a
    dispatcher that dies in the middle of one is followed by one that goes on."""

    def __init__(self, app: AnyPool, system: AnyPool, actors: Actors, settings: Settings) -> None:
        self._app = app
        self._system = system
        self._actors = actors
        self._settings = settings
        self._of_late: dict[int, tuple[float, OfLate]] = {}

    async def run(self, tenant: TenantName) -> Done:
        policy, at_ms = self._settings.of(tenant.id), now_ms()
        waiting, trucks, taken = await self._look(tenant, policy, at_ms)
        if not waiting:
            return Done(0, 0, 0, 0)
        legs = [one.leg for one in waiting]
        fleet = Columns.of(trucks)
        found = await asyncio.to_thread(plan, legs, fleet, policy.dispatch, at_ms)
        await self._record(tenant, waiting, found)
        if policy.dispatch_shadow.enabled:
            await self._shadow(tenant, policy, found, waiting, fleet)
        waiting, freed = await self._turn_over(tenant, waiting, found)
        taken -= freed
        asked = refused = 0
        by_id = {truck.id: truck for truck in trucks}
        for one in waiting:
            candidates = ranked(found, one.leg.id, fleet, policy.dispatch, taken)
            command = _next(one, candidates, policy, at_ms)
            if command is None:
                continue
            for each in _each_told(command, by_id):
                answer = await self._ask(tenant, one, each)
                refused += isinstance(answer, Refused)
                asked += isinstance(answer, OfferTaken)
                if isinstance(each, Make) and isinstance(answer, OfferTaken):
                    _tell_empty_way(found, one.leg.id, each)
                if isinstance(each, Make):
                    taken |= {offer.truck for offer in each.asked if offer.truck is not None}
        return Done(len(waiting), len(trucks), asked, refused, len(freed))

    async def _turn_over(
        self, tenant: TenantName, waiting: list[WaitingNow], found: Plan
    ) -> tuple[list[WaitingNow], set[str]]:
        """First what is open is taken back, so that each truck can be asked about another leg."""
        freed: set[str] = set()
        now: dict[str, WaitingNow] = {}
        for one, command in turned_over(waiting, found):
            answer = await self._ask(tenant, one, command)
            if isinstance(answer, OfferTaken):
                freed |= given_free(answer.offers, answer.events)
                now[one.leg.id] = dataclasses.replace(one, offers=answer.offers)
        return [now.get(one.leg.id, one) for one in waiting], freed

    async def _look(
        self, tenant: TenantName, policy: Policy, at_ms: int
    ) -> tuple[list[WaitingNow], list[FreeTruck], set[str]]:
        async with self._system.acquire() as conn:
            rows = await dispatch.waiting(conn, tenant.key, policy.dispatch.matching.legs_max)
            if not rows:
                return [], [], set()
            ties = Ties(await fleet_board.ties(conn, tenant.key))
            board = await fleet_board.free_trucks(
                conn,
                tenant.key,
                now_ms=at_ms,
                driven_since_ms=None,
                papers=policy.fleet.papers,
                kyc=policy.fleet.kyc,
            )
            late = await self._look_back(conn, tenant, policy, at_ms)
            engaged = await dispatch.engaged(conn, tenant.key)
            fair_ms = at_ms - round(policy.dispatch.costs.fairness_hours_max * MS_PER_HOUR)
            loads = await dispatch.last_loads(conn, tenant.key, fair_ms)
            taken = await dispatch.open_trucks(conn, tenant.key)
            silent = await dispatch.silent_trucks(conn, tenant.key)
        async with as_tenant(self._app, tenant.key) as conn:
            zones = await Zones.of(conn, tenant.key, policy.fleet.zones)
        positions = await self._actors.positions(tenant.key)
        closed_to = class_zones(board)
        trucks = free_trucks(
            Fleet(board, engaged, loads, closed_to, late, silent), positions, policy, at_ms
        )
        bars = Bars(ties, zones, closed_to)
        return waiting_legs(rows, bars, policy, at_ms), trucks, taken

    async def _look_back(
        self, conn: AnyConnection, tenant: TenantName, policy: Policy, at_ms: int
    ) -> OfLate:
        looked_s, known = self._of_late.get(tenant.key, (0.0, None))
        if known is None or time.monotonic() - looked_s >= policy.dispatcher.look_back_s:
            driven = await fleet_board.driven(conn, tenant.key, at_ms, at_ms - MS_PER_WEEK)
            since = moment(at_ms - policy.fleet.ratings.window_days * MS_PER_DAY)
            counts = await fleet_history.counts(conn, tenant.key, since)
            known = of_late(driven, counts, policy, at_ms)
            self._of_late[tenant.key] = time.monotonic(), known
        return known

    async def _record(self, tenant: TenantName, waiting: Sequence[WaitingNow], found: Plan) -> None:
        chosen = {each.leg.id: each.truck.id for each in found.assignments}
        kept = [
            Recorded(
                one.leg.booking,
                one.leg.leg,
                len(one.offers.offers),
                found.now_ms,
                found.mode,
                chosen.get(one.leg.id),
                found.recorded[one.leg.id],
            )
            for one in waiting
            if one.leg.id in found.recorded
        ]
        async with as_tenant(self._app, tenant.key) as conn:
            await dispatch.record(conn, tenant.key, kept)

    async def _shadow(
        self,
        tenant: TenantName,
        policy: Policy,
        live: Plan,
        waiting: Sequence[WaitingNow],
        fleet: Columns,
    ) -> None:
        legs = [one.leg for one in waiting]
        rules = policy.dispatch_shadow.rules
        found = await asyncio.to_thread(shadow.shadowed, live, legs, fleet, rules)
        ours, its = dataclasses.asdict(found.live), dataclasses.asdict(found.shadow)
        day = ShadowDay(day_of(live.now_ms), 1, found.otherwise, ours, its)
        async with as_tenant(self._app, tenant.key) as conn:
            await dispatch.add_shadow(conn, tenant.key, day, sorted(ours))

    async def _ask(
        self, tenant: TenantName, one: WaitingNow, command: OfferCommand
    ) -> OfferTaken | Refused:
        wish = OfferWish(one.leg.leg, command, SYSTEM)
        return await self._actors.offer(tenant, one.leg.booking, wish)


def _tell_empty_way(found: Plan, leg: str, made: Make) -> None:
    asked = {offer.truck for offer in made.asked}
    for each in found.assignments:
        if each.leg.id == leg and each.truck.id in asked:
            measures.empty_km.observe(each.dead_m / M_PER_KM)


def _next(
    one: WaitingNow, candidates: Sequence[Candidate], policy: Policy, at_ms: int
) -> OfferCommand | None:
    rules, leg = policy.dispatch, one.leg
    if rules.mode is Mode.MANUAL:
        return None
    if rules.mode is Mode.TENDER:
        terms = Terms(waiting_since_ms=leg.waiting_since_ms, price_minor_max=leg.price_minor_max)
        return next_of_tender(one.offers, candidates, rules, terms, at_ms)
    return next_offer(one.offers, candidates, rules, leg.waiting_since_ms, at_ms)


def _each_told(command: OfferCommand, trucks: dict[str, FreeTruck]) -> list[OfferCommand]:
    """Who is finishing a load begins afterwards; the tenant's own trucks are sent, not asked."""
    if not isinstance(command, Make):
        return [command]
    asked = tuple(
        each if each.truck is None else replace(each, from_ms=trucks[each.truck].free_at_ms)
        for each in command.asked
    )
    own = [Accept(each.id) for each in asked if each.carrier is None and not each.bidding]
    return [Make(asked), *own]
