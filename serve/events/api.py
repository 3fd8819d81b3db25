"""/v1/events: what happened, as CloudEvents."""

from __future__ import annotations

import re
import uuid
from collections.abc import AsyncIterator
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse

from freight.cloudevents import cloud_event
from serve import csv_rows
from serve.events import evidence, service
from serve.events.service import Wanted
from serve.fields import ID_PATTERN, time_ms
from serve.identity.access import EventsReader, Opened
from serve.paging import ListOf, Order, Paged, is_paged, next_link, number_of
from serve.problems import InvalidError, NotFoundError
from store import events

router = APIRouter(tags=["events"])

TYPE_PATTERN = r"^[a-z_.]{1,64}$"


TYPES_MAX = 50  # fixed: far more than there are


class EventsFormat(StrEnum):
    JSON = "json"
    CSV = "csv"


EVENT_FORMS: dict[int | str, dict[str, Any]] = {200: {"content": {"text/csv": {}}}}


async def wanted_of(  # noqa: PLR0917 - the framework passes by name
    truck: Annotated[str | None, Query(pattern=ID_PATTERN)] = None,
    booking: Annotated[str | None, Query(pattern=ID_PATTERN)] = None,
    kinds: Annotated[
        list[str] | None,
        Query(alias="type", description="one or several: repeated, or separated by commas"),
    ] = None,
    start: Annotated[str | None, Query(alias="from")] = None,
    to: Annotated[str | None, Query()] = None,
    order: Annotated[Order, Query(description="by when we learned them")] = Order.NEWEST_FIRST,
) -> Wanted:
    return Wanted(
        truck=truck,
        booking=booking,
        types=_types(kinds or []),
        from_ms=time_ms("from", start),
        to_ms=time_ms("to", to),
        newest_first=order is Order.NEWEST_FIRST,
    )


def _types(given: list[str]) -> list[str]:
    types = sorted({kind for several in given for kind in several.split(",")})
    if len(types) > TYPES_MAX or not all(re.fullmatch(TYPE_PATTERN, kind) for kind in types):
        detail = f"at most {TYPES_MAX} types such as truck.fence.entered"
        raise InvalidError.at("/type", detail, **{"in": "query"})
    return types


Filter = Annotated[Wanted, Depends(wanted_of)]


@router.get("/v1/events", response_model=ListOf[dict[str, Any]], responses=EVENT_FORMS)
async def list_events(  # noqa: PLR0917 - the framework passes by name
    request: Request,
    gateway: Opened,
    who: EventsReader,
    page: Paged,
    wanted: Filter,
    form: Annotated[EventsFormat, Query(alias="format")] = EventsFormat.JSON,
) -> Any:
    """Events whose own time is in [from, to).

    As CSV all of them, or with `limit` a page, whose `Link` header says where the next one is.
    """
    if form is EventsFormat.CSV and not is_paged(request):
        await service.refuse_too_many(gateway, who, wanted)
        return _csv(service.csv_pieces(gateway, who, wanted))
    after = number_of(page.after)
    found = await service.list_some(gateway, who, wanted, after=after, limit=page.one_more)
    kept, next_cursor = page.cut(found, lambda event: str(event.seq))
    if form is EventsFormat.CSV:
        pieces = service.csv_pieces(gateway, who, wanted, list(kept))
        return _csv(pieces, next_link(request, next_cursor))
    return ListOf(items=[cloud_event(event) for event in kept], next_cursor=next_cursor)


def _csv(pieces: AsyncIterator[str], headers: dict[str, str] | None = None) -> Response:
    named = {"Content-Disposition": 'attachment; filename="events.csv"', **(headers or {})}
    return StreamingResponse(pieces, media_type=csv_rows.MEDIA_TYPE, headers=named)


@router.get("/v1/events/{id}/evidence")
async def get_evidence(id: uuid.UUID, gateway: Opened, who: EventsReader) -> dict[str, Any]:  # noqa: A002
    """The event and the fixes around it, in the order of the device's clock."""
    async with gateway.as_tenant(who) as conn:
        event = await events.get(conn, id)
        if event is None:
            raise NotFoundError("there is no such event")
        return await evidence.of_event(conn, event, gateway.policy)
