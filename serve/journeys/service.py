"""What can be done with the journeys of a tenant's trucks."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from actors.handles import ActorAwayError
from config.sections.routing import Routing
from freight.tracking.names import TruckName
from geo.encircling import encircled
from geo.shapes import parse_shape
from serve.gateway import Gateway
from serve.identity.principal import Principal
from serve.journeys.wire import (
    JourneyFields,
    JourneyNowOut,
    JourneyOut,
    PlaceFields,
    ProgressOut,
    RouteRefIn,
    terms_of,
)
from serve.paging import ListOf, Page
from serve.problems import InvalidError, NotFoundError, StaleError
from store import journeys, routes, trucks
from store.journeys import Journey, JourneyState, JourneyTerms, Place
from store.postgres import AnyConnection
from store.routes import RouteHead, RouteRef

REPLACED = "replaced"
ENDED = "ended"


async def assign(
    gateway: Gateway, who: Principal, truck_id: str, given: JourneyFields, expected: int | None
) -> tuple[JourneyOut, bool]:
    """What the truck follows from now on, and whether it is another journey than before."""
    limits = gateway.policy_of(who).routing
    _refuse_too_much(given, limits)
    async with gateway.changing(who, "journeys.assign", f"trucks/{truck_id}/journey") as change:
        truck = await trucks.get(change.conn, truck_id)
        now = await journeys.get_open(change.conn, truck.key)
        if now is None and expected is not None:
            raise StaleError(f"truck {truck_id!r} has no journey")
        terms = await _terms(change.conn, given, limits)
        if now is not None:
            change.before = await _shown(change.conn, now)
        if now is not None and given.id in (None, now.id):
            journey = await journeys.change(change.conn, now.id, terms, expected)
        else:
            if now is not None:
                await journeys.end(change.conn, now.id, REPLACED, expected)
            journey_id = given.id or f"journey-{uuid.uuid4().hex}"
            journey = await journeys.begin(
                change.conn, who.tenant_key, truck.key, journey_id, terms
            )
        change.after = made = await _shown(change.conn, journey)
    return made, now is None or now.id != journey.id


async def of_truck(gateway: Gateway, who: Principal, truck_id: str) -> JourneyNowOut:
    async with gateway.as_tenant(who) as conn:
        journey = await _open(conn, truck_id)
        shown = await _shown(conn, journey)
    progress = await _progress(gateway, who, journey)
    return JourneyNowOut.model_validate({**dict(shown), "progress": progress})


async def _progress(gateway: Gateway, who: Principal, journey: Journey) -> ProgressOut | None:
    """What was planned can be read also while the truck's shard is away."""
    try:
        seen = await gateway.actors.progress(
            TruckName(who.tenant, journey.truck), journey.truck_key
        )
    except ActorAwayError:
        return None
    if seen is None or (seen.journey, seen.version) != (journey.id, journey.version):
        return None
    return ProgressOut.of(seen)


async def end(gateway: Gateway, who: Principal, truck_id: str, expected: int | None) -> None:
    async with gateway.changing(who, "journeys.end", f"trucks/{truck_id}/journey") as change:
        now = await _open(change.conn, truck_id)
        change.before = await _shown(change.conn, now)
        ended = await journeys.end(change.conn, now.id, ENDED, expected)
        change.after = await _shown(change.conn, ended)


async def get(gateway: Gateway, who: Principal, journey_id: str) -> JourneyOut:
    async with gateway.as_tenant(who) as conn:
        return await _shown(conn, await journeys.get(conn, journey_id))


async def list_page(
    gateway: Gateway,
    who: Principal,
    page: Page,
    *,
    truck: str | None,
    state: JourneyState | None,
) -> ListOf[JourneyOut]:
    async with gateway.as_tenant(who) as conn:
        found = await journeys.list_page(conn, page.after, page.one_more, truck=truck, state=state)
        kept, next_cursor = page.cut(found, lambda journey: journey.id)
        heads = await _heads(conn, kept)
    return ListOf(items=[JourneyOut.of(one, heads) for one in kept], next_cursor=next_cursor)


async def _open(conn: AnyConnection, truck_id: str) -> Journey:
    truck = await trucks.get(conn, truck_id)
    found = await journeys.get_open(conn, truck.key)
    if found is None:
        raise NotFoundError(f"truck {truck_id!r} has no journey")
    return found


async def _shown(conn: AnyConnection, journey: Journey) -> JourneyOut:
    return JourneyOut.of(journey, await _heads(conn, [journey]))


async def _heads(conn: AnyConnection, shown: Sequence[Journey]) -> dict[RouteRef, RouteHead]:
    return await routes.heads(
        conn, [ref for journey in shown for ref in (journey.route, *journey.alternates)]
    )


async def _terms(conn: AnyConnection, given: JourneyFields, limits: Routing) -> JourneyTerms:
    ways = await _ways(conn, given)
    shapes = await journeys.fence_shapes(conn, _fences_in(given))
    stops = [_placed(f"/stops/{i}", place, shapes, limits) for i, place in enumerate(given.stops)]
    allowed = [
        _placed(f"/allowed/{i}", place, shapes, limits) for i, place in enumerate(given.allowed)
    ]
    return terms_of(given, ways, stops, allowed)


async def _ways(conn: AnyConnection, given: JourneyFields) -> list[RouteRef]:
    """In the versions that hold now, if none are named; nobody can delete them meanwhile."""
    asked = {"/route": given.route} | {
        f"/alternates/{i}": ref for i, ref in enumerate(given.alternates)
    }
    current = await routes.hold(conn, [ref.id for ref in asked.values()])
    meant = {pointer: _meant(pointer, ref, current) for pointer, ref in asked.items()}
    older = [ref for ref in meant.values() if ref != current[ref.id].ref]
    known = await routes.heads(conn, older)
    for pointer, ref in meant.items():
        if ref in older and ref not in known:
            detail = f"route {ref.id!r} has no version {ref.version}"
            raise InvalidError.at(f"{pointer}/version", detail)
    if len(set(meant.values())) < len(meant):
        raise InvalidError.at("/alternates", "a route stands here twice")
    return list(meant.values())


def _meant(pointer: str, ref: RouteRefIn, current: dict[str, RouteHead]) -> RouteRef:
    head = current.get(ref.id)
    if head is None:
        raise InvalidError.at(f"{pointer}/id", f"there is no route {ref.id!r}")
    return RouteRef(ref.id, ref.version or head.version)


def _fences_in(given: JourneyFields) -> set[str]:
    return {place.fence for place in (*given.stops, *given.allowed) if place.fence is not None}


def _placed(
    pointer: str, given: PlaceFields, shapes: Mapping[str, dict[str, Any]], limits: Routing
) -> Place:
    """A fence that moves later moves nothing of what a truck was told."""
    if given.point is not None:
        radius_m = given.radius_m or limits.stop_radius_m
        lat, lon = given.point.lat, given.point.lon
        return Place(lat=lat, lon=lon, radius_m=radius_m, name=given.name)
    shape = shapes.get(given.fence or "")
    if shape is None:
        raise InvalidError.at(f"{pointer}/fence", f"there is no fence {given.fence!r}")
    circle = encircled(parse_shape(shape))
    return Place(
        lat=circle.center.lat,
        lon=circle.center.lon,
        radius_m=circle.radius_m,
        name=given.name,
        fence=given.fence,
    )


def _refuse_too_much(given: JourneyFields, limits: Routing) -> None:
    for field, found, most in (
        ("stops", given.stops, limits.stops_max),
        ("alternates", given.alternates, limits.alternates_max),
        ("allowed", given.allowed, limits.allowed_max),
    ):
        if len(found) > most:
            raise InvalidError.at(f"/{field}", f"has {len(found)} entries; at most {most}")
