"""/v1/ingest: fixes over HTTP, answered after the commit."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Request

from actors.doors import Form
from serve.doors import service
from serve.doors.senders import OsmandSender, PositionsSender
from serve.doors.wire import OSMAND_BODY, OSMAND_QUERY, POSITIONS_BODY, FixesOut
from serve.identity.access import Opened

router = APIRouter(tags=["devices"])

# A sign-in is not asked for, and refused if it is given and wrong.
_REFUSALS: dict[int | str, dict[str, Any]] = {
    int(status): {"description": status.phrase}
    for status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND)
}


@router.post("/v1/ingest/positions", openapi_extra=POSITIONS_BODY)
async def post_positions(request: Request, gateway: Opened, sender: PositionsSender) -> FixesOut:
    """The same objects as over MQTT, one or an array. A device signs in by HTTP basic and sends
    its own; a provider's client or key names the `truck` of each."""
    return await service.take(gateway, sender, Form.POSITIONS, request)


@router.get("/v1/ingest/osmand", openapi_extra=OSMAND_QUERY, responses=_REFUSALS)
async def get_osmand(request: Request, gateway: Opened, sender: OsmandSender) -> FixesOut:
    """One fix of OsmAnd or Traccar Client, in the query."""
    return await service.take(gateway, sender, Form.OSMAND, request)


@router.post("/v1/ingest/osmand", openapi_extra=OSMAND_QUERY | OSMAND_BODY, responses=_REFUSALS)
async def post_osmand(request: Request, gateway: Opened, sender: OsmandSender) -> FixesOut:
    """The same as a form, or as newer Traccar Clients' JSON."""
    return await service.take(gateway, sender, Form.OSMAND, request)
