"""Trucks that carry a leg follow its stops by themselves: their journeys begin and end with it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

import msgspec

from actors.booking_rows import held_by
from config.policy import Policy, Settings
from config.sections.routing import Routing
from freight.booking.state import Booking, Carriage, Leg, Status
from freight.load import Stop, Window
from freight.routing import builtin
from freight.routing.builtin import Highways
from freight.routing.plan import PlannedRoute, PlanOptions, RouteRefusedError
from geo.encircling import encircled
from geo.point import Point
from geo.polyline import Precision, decode, encode
from geo.roads import read_roads
from geo.route import RouteError, compile_route
from geo.shapes import parse_shape
from store import awards, booking_journeys, bookings, fixes, journeys, routes
from store.booking_journeys import Due, Outlived
from store.errors import AlreadyExistsError, NotFoundError
from store.journeys import JourneyTerms
from store.postgres import AnyConnection, AnyPool, as_tenant, moment
from store.routes import RouteFields

log = logging.getLogger(__name__)
PRECISION: Precision = 6
_ENDED_BY = {
    Status.DELIVERED.value: "delivered",
    Status.CLOSED.value: "delivered",
    Status.CANCELLED.value: "cancelled",
    Status.FAILED.value: "failed",
}


class BookingJourneys:
    """What is due follows from what is stored: after a crash nothing is forgotten, and a journey
    that a person has given the truck, or has ended, is left as it is."""

    def __init__(self, app: AnyPool, system: AnyPool, shard: int, settings: Settings) -> None:
        self._app = app
        self._system = system
        self._shard = shard
        self._settings = settings
        self._looked_s = float("-inf")
        # Legs whose journey was begun once, or that no highway leads along: by its name.
        self._settled: OrderedDict[str, None] = OrderedDict()
        self.counts = {"journeys_begun_total": 0, "journeys_refused_total": 0}

    async def go_on(self) -> None:
        """Now and then; a part of what is due at a time, for others wait meanwhile."""
        limits = self._settings.now.bookings
        if time.monotonic() - self._looked_s < limits.journeys_look_s:
            return
        async with self._system.acquire() as conn:
            over = await booking_journeys.outlived(conn, self._shard)
            due = await booking_journeys.wanting(conn, self._shard, limits.known_max)
        for each in over:
            await self._end(each)
        left = limits.journeys_at_once
        for one in due:
            left -= await self._begin(one)
            if not left:
                return
        self._looked_s = time.monotonic()

    async def _end(self, over: Outlived) -> None:
        why = "swapped" if over.swapped else _ENDED_BY.get(over.status, "unassigned")
        async with as_tenant(self._app, over.tenant_key) as conn:
            try:
                await journeys.end(conn, over.journey, why, None)
            except NotFoundError:
                return  # somebody else has ended it

    async def _begin(self, due: Due) -> bool:
        """Whether it was work."""
        policy = self._settings.of(due.tenant)
        if not policy.booking_rules.journeys.automatic:
            return False
        async with as_tenant(self._app, due.tenant_key) as conn:
            state = await bookings.load(conn, due.booking)
        booking = None if state is None else msgspec.json.decode(state, type=Booking)
        leg = None if booking is None else booking.leg(due.leg)
        held = held_by(leg)
        if booking is None or leg is None or held is None:
            return False
        name = booking_journeys.name_of(due.booking, due.leg, turn_of(leg))
        if name in self._settled:
            return False
        try:
            await self._planned(due.tenant_key, booking, leg, held, name, policy)
            self.counts["journeys_begun_total"] += 1
        except AlreadyExistsError as known:
            # A person was faster, or has ended this one before.
            log.info("%s of %s has another journey: %s", due.leg, due.booking, known)
        except (RouteRefusedError, RouteError) as refused:
            log.warning("%s of %s has no journey: %s", due.leg, due.booking, refused)
            self.counts["journeys_refused_total"] += 1
        self._settle(name)
        return True

    def _settle(self, name: str) -> None:
        self._settled[name] = None
        while len(self._settled) > self._settings.now.bookings.known_max:
            self._settled.popitem(last=False)

    async def _planned(  # noqa: PLR0917 - all that a journey is made of
        self,
        tenant_key: int,
        booking: Booking,
        leg: Leg,
        held: Carriage,
        name: str,
        policy: Policy,
    ) -> None:
        stops = [each for each in booking.stops_of(leg) if leg.at(each.id).left is None]
        way = [Point(stop.place.lat, stop.place.lon) for stop in stops]
        if len(stops) < len(booking.stops_of(leg)):
            # The way goes on from where this truck is.
            async with self._app.acquire() as conn:
                seen = await fixes.last_fix_of(conn, tenant_key, held.truck)
            way = way if seen is None else [Point(seen.lat, seen.lon), *way]
        limits = policy.routing
        fields = await asyncio.to_thread(drawn, name, way, limits)
        async with as_tenant(self._app, tenant_key) as conn:
            truck_keys = await awards.truck_keys(conn, [held.truck])
            await _refuse_known(conn, name)
            route = await routes.create(conn, tenant_key, name, fields)
            terms = await _terms(conn, stops, route.ref, limits)
            await journeys.begin(conn, tenant_key, truck_keys[held.truck], name, terms)


def turn_of(leg: Leg) -> int:
    """Which of the trucks that had the leg has it now; with another driver it is the same."""
    turn, before = 0, None
    for carriage in leg.carriages:
        turn += carriage.truck != before or carriage.void
        before = None if carriage.void else carriage.truck
    return turn


async def _refuse_known(conn: AnyConnection, name: str) -> None:
    try:
        await journeys.get(conn, name)
    except NotFoundError:
        return
    raise AlreadyExistsError("journey", name)


def drawn(name: str, way: Sequence[Point], limits: Routing) -> RouteFields:
    """Along the built-in highways; RouteRefusedError, RouteError where none leads."""
    if len(way) < 2:
        raise RouteRefusedError("nobody knows where the truck is")
    planned: PlannedRoute = highways().plan(
        way,
        PlanOptions(),
        snap_m_max=limits.snap_km_max * 1000.0,
        error_m=limits.line_error_m,
    )
    line = encode(planned.points, PRECISION)
    return RouteFields(
        name=name,
        line=line,
        points=len(planned.points),
        length_m=compile_route(decode(line, PRECISION)).length_m,
        source=builtin.NAME,
        duration_s=planned.duration_s,
        sections=planned.sections,
        asked={"via": [{"lat": point.lat, "lon": point.lon} for point in way]},
    )


@lru_cache(maxsize=1)
def highways() -> Highways:
    """Read once, when they are first asked."""
    return Highways(read_roads())


async def _terms(
    conn: AnyConnection, stops: Sequence[Stop], route: routes.RouteRef, limits: Routing
) -> JourneyTerms:
    named = {stop.place.fence for stop in stops if stop.place.fence is not None}
    shapes = await journeys.fence_shapes(conn, named)
    last = _window(stops[-1].window)
    return JourneyTerms(
        route=route,
        stops=tuple(_placed(stop, shapes, limits) for stop in stops),
        arrives_from=last[0],
        arrives_until=last[1],
    )


def _placed(stop: Stop, shapes: dict[str, dict[str, Any]], limits: Routing) -> journeys.Stop:
    """As it is now: a fence that moves later moves nothing of what the truck was told."""
    place, (since, until) = stop.place, _window(stop.window)
    lat, lon, radius_m = place.lat, place.lon, limits.stop_radius_m
    shape = shapes.get(place.fence or "")
    if shape is not None:
        circle = encircled(parse_shape(shape))
        lat, lon, radius_m = circle.center.lat, circle.center.lon, circle.radius_m
    return journeys.Stop(
        lat=lat,
        lon=lon,
        radius_m=radius_m,
        name=place.name,
        fence=None if shape is None else place.fence,
        arrives_from=since,
        arrives_until=until,
    )


def _window(window: Window) -> tuple[datetime | None, datetime | None]:
    return (
        None if window.from_ms is None else moment(window.from_ms),
        None if window.to_ms is None else moment(window.to_ms),
    )
