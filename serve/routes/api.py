"""/v1/routes: lines that trucks are to follow, in immutable versions."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query, Response

from serve.fields import PathId
from serve.identity.access import Opened, needs
from serve.identity.permissions import Permission
from serve.identity.principal import Principal
from serve.paging import ListOf, Paged
from serve.problems import MEDIA_TYPE
from serve.routes import service
from serve.routes.wire import (
    NewRoute,
    PolylineOut,
    RouteFields,
    RouteFormat,
    RouteHeadOut,
    RouteOut,
)
from serve.versions import Expected, etag_of, tagged

router = APIRouter(tags=["routes"])

RoutesReader = Annotated[Principal, needs(Permission.ROUTES_READ)]
RoutesWriter = Annotated[Principal, needs(Permission.ROUTES_WRITE)]

_NO_ANSWER: dict[int | str, dict[str, Any]] = {
    502: {
        "description": "the router gives no usable answer",
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
}
_FORMS: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/geo+json": {}, "application/gpx+xml": {}}}
}
VERSION_MAX = 2**31 - 1  # what the database counts to


@router.post("/v1/routes", status_code=HTTPStatus.CREATED, responses=_NO_ANSWER)
async def create_route(
    new: NewRoute, gateway: Opened, who: RoutesWriter, response: Response
) -> RouteOut:
    """From a line, or from places that a router connects."""
    route = await service.create(gateway, who, new)
    return tagged(response, route, f"/v1/routes/{route.id}")


@router.get("/v1/routes")
async def list_routes(gateway: Opened, who: RoutesReader, page: Paged) -> ListOf[RouteHeadOut]:
    return await service.list_page(gateway, who, page)


@router.get("/v1/routes/{id}", response_model=RouteOut | PolylineOut, responses=_FORMS)
async def get_route(  # noqa: PLR0917 - the framework passes by name
    route_id: PathId,
    gateway: Opened,
    who: RoutesReader,
    response: Response,
    form: Annotated[RouteFormat, Query(alias="format")] = RouteFormat.JSON,
    version: Annotated[
        int | None, Query(ge=1, le=VERSION_MAX, description="default: the newest")
    ] = None,
) -> RouteOut | PolylineOut | Response:
    route = await service.get(gateway, who, route_id, version)
    if form is RouteFormat.JSON:
        return tagged(response, service.shown(route))
    if form is RouteFormat.POLYLINE:
        return tagged(
            response, PolylineOut(id=route.id, version=route.version, polyline=route.line)
        )
    if form is RouteFormat.GEOJSON:
        content: bytes | str = msgspec.json.encode(service.feature(route))
        found = Response(content, media_type="application/geo+json")
    else:
        found = Response(service.gpx(route), media_type="application/gpx+xml")
        found.headers["Content-Disposition"] = f'inline; filename="{route.id}.gpx"'
    found.headers["ETag"] = etag_of(route.version)
    return found


@router.put("/v1/routes/{id}", responses=_NO_ANSWER)
async def replace_route(  # noqa: PLR0917 - the framework passes by name
    route_id: PathId,
    wanted: RouteFields,
    gateway: Opened,
    who: RoutesWriter,
    expected: Expected,
    response: Response,
) -> RouteOut:
    """Another version; journeys go on along the version that they were given."""
    return tagged(response, await service.replace(gateway, who, route_id, wanted, expected))


@router.delete("/v1/routes/{id}", status_code=HTTPStatus.NO_CONTENT)
async def delete_route(
    route_id: PathId, gateway: Opened, who: RoutesWriter, expected: Expected
) -> None:
    """Refused with 409 while a journey that has not ended follows it."""
    await service.delete(gateway, who, route_id, expected)
