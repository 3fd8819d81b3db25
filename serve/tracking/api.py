"""Positions and tracks: where trucks are, and where they were."""

from __future__ import annotations

import time
from enum import StrEnum
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse

from geo.hexagons import FINEST
from serve.fields import PathId, time_ms
from serve.gateway import Gateway
from serve.identity.access import Opened, PositionsReader
from serve.paging import Cursor, Limit, ListOf, bounded_limit, cursor_of, key_of, number_of
from serve.problems import InvalidError
from serve.tracking import heat, service
from serve.tracking.areas import area_of, bbox_area, statuses_of
from serve.tracking.exports import WHOLE_FORMS, WRITERS, TrackFormat
from serve.tracking.heat import Measure
from serve.tracking.track import Track, written
from serve.tracking.wire import FixOut, LastPositionOut, PositionOut

router = APIRouter(tags=["tracking"])

DAY_MS = 86_400_000


@router.get("/v1/trucks/{id}/position", response_model=PositionOut)
async def get_position(truck_id: PathId, gateway: Opened, who: PositionsReader) -> Response:
    """The newest committed fix by the device's clock; 404 while there is none."""
    position = await service.last_position(gateway, who, truck_id)
    return Response(msgspec.json.encode(position), media_type="application/json")


TRACK_FORMS: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/geo+json": {}, "application/gpx+xml": {}, "text/csv": {}}}
}


@router.get("/v1/trucks/{id}/track", response_model=ListOf[FixOut], responses=TRACK_FORMS)
async def get_track(  # noqa: PLR0917 - the framework passes by name
    truck_id: PathId,
    gateway: Opened,
    who: PositionsReader,
    start: Annotated[
        str | None, Query(alias="from", description="default: a day before to")
    ] = None,
    to: Annotated[str | None, Query(description="default: now")] = None,
    form: Annotated[TrackFormat, Query(alias="format")] = TrackFormat.JSON,
    simplify_m: Annotated[
        float | None,
        Query(gt=0, allow_inf_nan=False, description="leave out what moves the line by less"),
    ] = None,
    flawed: Annotated[bool, Query(description="with those whose place is not believed")] = False,
    limit: Limit = None,
    cursor: Cursor = None,
) -> Response:
    """Fixes of [from, to) by the device's clock, oldest first; GPX and CSV without `limit` are
    whole."""
    from_ms, to_ms = _interval(gateway, start, to)
    size: int | None = bounded_limit(limit, most := gateway.policy.api.track_fixes_max, most)
    if form in WHOLE_FORMS and limit is None:
        size = None
        _refuse_too_long(from_ms, to_ms, gateway.policy.api.track_export_days_max)
    after_ms = number_of(None if cursor is None else key_of(cursor))
    if after_ms is not None:
        from_ms = max(from_ms, after_ms + 1)
    key = await service.truck_key(gateway, who, truck_id)
    wanted = Track(truck_id, key, from_ms, to_ms, flawed=flawed, simplify_m=simplify_m, limit=size)
    writer = WRITERS[form]()
    pieces = written(gateway, who, wanted, writer)
    headers = {"Content-Disposition": f'inline; filename="{truck_id}.{form}"'}
    return StreamingResponse(pieces, media_type=writer.media_type, headers=headers)


def _interval(gateway: Gateway, start: str | None, to: str | None) -> tuple[int, int]:
    # A device's clock may be a little ahead of ours.
    ahead_ms = int(gateway.policy.ingest.admission.future_s_max * 1000)
    end_ms = time_ms("to", to) or int(time.time() * 1000) + ahead_ms
    start_ms = time_ms("from", start)
    start_ms = end_ms - DAY_MS if start_ms is None else start_ms
    if start_ms >= end_ms:
        raise InvalidError.at("/from", "from must be before to", **{"in": "query"})
    return start_ms, end_ms


def _refuse_too_long(from_ms: int, to_ms: int, days_max: int) -> None:
    if to_ms - from_ms > days_max * DAY_MS:
        detail = f"one answer holds at most {days_max} days"
        raise InvalidError.at("/from", detail, **{"in": "query"})


HEAT_FORMS: dict[int | str, dict[str, Any]] = {200: {"content": {"application/geo+json": {}}}}


class HeatFormat(StrEnum):
    JSON = "json"
    GEOJSON = "geojson"


@router.get("/v1/positions/heat", response_model=heat.HeatOut, responses=HEAT_FORMS)
async def get_heat(  # noqa: PLR0917 - the framework passes by name
    gateway: Opened,
    who: PositionsReader,
    resolution: Annotated[int | None, Query(ge=0, le=FINEST, description="of H3")] = None,
    bbox: Annotated[str | None, Query(description="west,south,east,north")] = None,
    start: Annotated[
        str | None, Query(alias="from", description="with to: how long trucks stood")
    ] = None,
    to: Annotated[str | None, Query()] = None,
    form: Annotated[HeatFormat, Query(alias="format")] = HeatFormat.JSON,
) -> Response:
    """Trucks by H3 cell as they are now; with an interval the minutes that they stood in it."""
    api = gateway.policy.api
    fine = api.heat_resolution if resolution is None else resolution
    area = bbox_area(bbox)
    if start is None and to is None:
        measure, found = Measure.TRUCKS, await heat.of_now(gateway, who, area, fine)
    else:
        span = _interval(gateway, start, to)
        _refuse_too_long(*span, api.heat_days_max)
        measure, found = Measure.STOP_MINUTES, await heat.of_stops(gateway, who, area, fine, span)
    is_json = form is HeatFormat.JSON
    written = heat.as_json if is_json else heat.as_geojson
    media_type = "application/json" if is_json else "application/geo+json"
    return Response(written(found, measure, fine, api.heat_cells_max), media_type=media_type)


@router.get("/v1/positions", response_model=ListOf[LastPositionOut])
async def list_positions(  # noqa: PLR0917 - the framework passes by name
    gateway: Opened,
    who: PositionsReader,
    bbox: Annotated[str | None, Query(description="west,south,east,north")] = None,
    near: Annotated[str | None, Query(description="lat,lon")] = None,
    radius_km: Annotated[float | None, Query()] = None,
    status: Annotated[
        str | None, Query(description="one or several, separated by commas: moving,stopped ...")
    ] = None,
    limit: Limit = None,
    cursor: Cursor = None,
) -> Response:
    """Last known positions of the fleet, in an area or near a point (then the nearest first)."""
    area = area_of(bbox, near, radius_km)
    if cursor is not None and near is not None:
        detail = "a list by distance has no further pages; ask for a larger limit"
        raise InvalidError.at("/cursor", detail, **{"in": "query"})
    most = gateway.policy.api.positions_max
    size = bounded_limit(limit, most, most)
    after = None if cursor is None else key_of(cursor)
    only = statuses_of(status)
    items, is_more = await service.fleet_positions(gateway, who, area, size, after, only)
    next_cursor = cursor_of(str(items[-1]["id"])) if is_more and near is None else None
    content = msgspec.json.encode({"items": items, "next_cursor": next_cursor})
    return Response(content, media_type="application/json")
