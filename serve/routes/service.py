"""What can be done with a tenant's routes."""

from __future__ import annotations

import asyncio
import math
import uuid
from typing import Any

from freight.routing.plan import (
    PlanOptions,
    RouterAwayError,
    RouteRefusedError,
    RouterNonsenseError,
    Vehicle,
)
from geo.point import Point
from geo.polyline import decode
from geo.track_files import as_geojson, as_gpx
from serve.gateway import Gateway
from serve.identity.principal import Principal
from serve.paging import ListOf, Page
from serve.problems import BadGatewayError, InvalidError, UnavailableError
from serve.routes.lines import PRECISION, checked, checked_sections, read_line
from serve.routes.planner import Planned
from serve.routes.wire import NewRoute, RouteFields, RouteHeadOut, RouteOut
from store import routes
from store.routes import Route
from store.routes import RouteFields as StoredFields


async def create(gateway: Gateway, who: Principal, new: NewRoute) -> RouteOut:
    fields = await _fields(gateway, who, new)
    route_id = new.id or f"route-{uuid.uuid4().hex}"
    async with gateway.changing(who, "routes.create", f"routes/{route_id}") as change:
        route = await routes.create(change.conn, who.tenant_key, route_id, fields)
        change.after = RouteHeadOut.of(route)
    return shown(route)


async def get(gateway: Gateway, who: Principal, route_id: str, version: int | None) -> Route:
    async with gateway.as_tenant(who) as conn:
        return await routes.get(conn, route_id, version)


async def list_page(gateway: Gateway, who: Principal, page: Page) -> ListOf[RouteHeadOut]:
    async with gateway.as_tenant(who) as conn:
        found = await routes.list_page(conn, page.after, page.one_more)
    kept, next_cursor = page.cut(found, lambda route: route.id)
    return ListOf(items=[RouteHeadOut.of(route) for route in kept], next_cursor=next_cursor)


async def replace(
    gateway: Gateway, who: Principal, route_id: str, wanted: RouteFields, expected: int | None
) -> RouteOut:
    async with gateway.as_tenant(who) as conn:
        await routes.get(conn, route_id)  # nobody is asked to plan what is not there
    fields = await _fields(gateway, who, wanted)
    async with gateway.changing(who, "routes.replace", f"routes/{route_id}") as change:
        change.before = RouteHeadOut.of(await routes.get(change.conn, route_id))
        route = await routes.update(change.conn, who.tenant_key, route_id, fields, expected)
        change.after = RouteHeadOut.of(route)
    return shown(route)


async def delete(gateway: Gateway, who: Principal, route_id: str, expected: int | None) -> None:
    async with gateway.changing(who, "routes.delete", f"routes/{route_id}") as change:
        change.before = RouteHeadOut.of(await routes.get(change.conn, route_id))
        await routes.delete(change.conn, route_id, expected)


def shown(route: Route) -> RouteOut:
    return RouteOut.drawn(route, as_geojson(decode(route.line, PRECISION)))


def feature(route: Route) -> dict[str, Any]:
    """A GeoJSON feature."""
    about = RouteHeadOut.of(route).model_dump(mode="json")
    geometry = as_geojson(decode(route.line, PRECISION))
    return {"type": "Feature", "properties": about, "geometry": geometry}


def gpx(route: Route) -> str:
    return as_gpx(route.name, decode(route.line, PRECISION))


async def _fields(gateway: Gateway, who: Principal, given: RouteFields) -> StoredFields:
    limits, bytes_max = gateway.policy_of(who).routing, gateway.policy.api.body_bytes_max
    if given.via is not None:
        return await _planned(gateway, who, given)
    source, line = await asyncio.to_thread(read_line, given, limits, bytes_max)
    return StoredFields(
        name=given.name,
        line=line.text,
        points=line.points,
        length_m=line.length_m,
        source=source,
        duration_s=given.duration_s,
        sections=checked_sections(given.sections, line.points),
    )


async def _planned(gateway: Gateway, who: Principal, given: RouteFields) -> StoredFields:
    limits = gateway.policy_of(who).routing
    via = given.via or []
    if len(via) > limits.via_max:
        raise InvalidError.at("/via", f"has {len(via)} places; at most {limits.via_max}")
    vehicle = None if given.vehicle is None else Vehicle(**given.vehicle.model_dump())
    options = PlanOptions(vehicle, frozenset(given.avoid or ()))
    planned = await _ask(gateway, [Point(place.lat, place.lon) for place in via], options, who)
    route = planned.route
    line = await asyncio.to_thread(checked, route.points, limits.points_max, "/via")
    asked = {
        "via": [place.model_dump() for place in via],
        "vehicle": None if given.vehicle is None else given.vehicle.model_dump(),
        "avoid": sorted(options.avoid),
        "ignored": list(route.ignored),
        "fell_back": planned.fell_back,
    }
    return StoredFields(
        name=given.name,
        line=line.text,
        points=line.points,
        length_m=line.length_m,
        source=planned.router,
        duration_s=route.duration_s,
        sections=route.sections,
        asked=asked,
    )


async def _ask(gateway: Gateway, via: list[Point], options: PlanOptions, who: Principal) -> Planned:
    falls_back = gateway.policy_of(who).routing.falls_back
    try:
        return await gateway.planner.plan(via, options, falls_back=falls_back)
    except RouteRefusedError as refused:
        raise InvalidError.at("/via", str(refused)) from refused
    except RouterAwayError as away:
        retry_after_s = max(1, math.ceil(away.retry_after_s))
        raise UnavailableError(str(away), retry_after_s=retry_after_s) from away
    except RouterNonsenseError as nonsense:
        raise BadGatewayError(str(nonsense)) from nonsense
