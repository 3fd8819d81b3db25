"""What a truck did over time: its trips and stops, visits to fences, deviations from its routes."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse

from serve import csv_rows
from serve.fields import TEXT_PATTERN, PathId, time_ms
from serve.gateway import Gateway
from serve.history import service
from serve.history.service import Asked, SpanFormat
from serve.history.wire import SpanOut, StopOut, TripOut
from serve.identity.access import Opened, PositionsReader
from serve.identity.principal import Principal
from serve.paging import ListOf, Order, Page, Paged, is_paged, next_link
from serve.problems import InvalidError

router = APIRouter(tags=["tracking"])

SPAN_FORMS: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/geo+json": {}, "text/csv": {}}}
}
KIND_PATTERN = r"^[a-z_]{1,32}(,[a-z_]{1,32}){0,9}$"
ABOUT_CHARS_MAX = 128  # fixed: longer than the id of anything


@dataclasses.dataclass(frozen=True, slots=True)
class Listing:
    """What all lists of spans are asked with."""

    request: Request
    gateway: Gateway
    who: Principal
    page: Page
    asked: Asked
    form: SpanFormat

    async def of(self, *kinds: str) -> Response:
        asked = dataclasses.replace(self.asked, kinds=kinds)
        gateway, who, page = self.gateway, self.who, self.page
        if self.form is not SpanFormat.JSON and not is_paged(self.request):
            await service.refuse_too_many(gateway, who, asked)
            return self._file(asked, service.pages(gateway, who, asked), None)
        after = service.place_of(page.after)
        found = await service.list_some(gateway, who, asked, after=after, limit=page.one_more)
        kept, next_cursor = page.cut(found, service.key_of_span)
        if self.form is SpanFormat.JSON:
            content = service.as_json(asked, kept, next_cursor)
            return Response(content, media_type="application/json")
        return self._file(asked, service.one_page(kept), next_cursor)

    def _file(self, asked: Asked, found: AsyncIterator[Any], next_cursor: str | None) -> Response:
        if self.form is SpanFormat.CSV:
            pieces, media_type = service.as_csv(asked, found), csv_rows.MEDIA_TYPE
        else:
            pieces = service.as_geojson(asked, found, next_cursor)
            media_type = "application/geo+json"
        name = f"{asked.truck}-{asked.kinds[0] if len(asked.kinds) == 1 else 'span'}s.{self.form}"
        headers = {"Content-Disposition": f'inline; filename="{name}"'}
        headers |= next_link(self.request, next_cursor)
        return StreamingResponse(pieces, media_type=media_type, headers=headers)


async def listing_of(  # noqa: PLR0917 - the framework passes by name
    request: Request,
    truck_id: PathId,
    gateway: Opened,
    who: PositionsReader,
    page: Paged,
    start: Annotated[str | None, Query(alias="from")] = None,
    to: Annotated[str | None, Query()] = None,
    about: Annotated[
        str | None,
        Query(
            max_length=ABOUT_CHARS_MAX,
            pattern=TEXT_PATTERN,
            description="of one fence or journey",
        ),
    ] = None,
    order: Annotated[Order, Query(description="by when they began")] = Order.NEWEST_FIRST,
    form: Annotated[SpanFormat, Query(alias="format")] = SpanFormat.JSON,
) -> Listing:
    from_ms, to_ms = time_ms("from", start), time_ms("to", to)
    if from_ms is not None and to_ms is not None and from_ms >= to_ms:
        raise InvalidError.at("/from", "from must be before to", **{"in": "query"})
    newest_first = order is Order.NEWEST_FIRST
    asked = Asked(truck_id, (), about, from_ms, to_ms, newest_first)
    return Listing(request, gateway, who, page, asked, form)


Listed = Annotated[Listing, Depends(listing_of)]


@router.get("/v1/trucks/{id}/trips", response_model=ListOf[TripOut], responses=SPAN_FORMS)
async def list_trips(listing: Listed) -> Response:
    """Trips that have a part in [from, to)."""
    return await listing.of("trip")


@router.get("/v1/trucks/{id}/stops", response_model=ListOf[StopOut], responses=SPAN_FORMS)
async def list_stops(listing: Listed) -> Response:
    """Stops that have a part in [from, to): where, how long, and what for."""
    return await listing.of("stop")


@router.get("/v1/trucks/{id}/visits", response_model=ListOf[SpanOut], responses=SPAN_FORMS)
async def list_visits(listing: Listed) -> Response:
    """Visits to fences; `about` is the fence."""
    return await listing.of("visit")


@router.get("/v1/trucks/{id}/deviations", response_model=ListOf[SpanOut], responses=SPAN_FORMS)
async def list_deviations(listing: Listed) -> Response:
    """Episodes off the route: where it was left, how far, where it was met again."""
    return await listing.of("deviation")


@router.get("/v1/trucks/{id}/spans", response_model=ListOf[SpanOut], responses=SPAN_FORMS)
async def list_spans(
    listing: Listed,
    kind: Annotated[
        str | None,
        Query(pattern=KIND_PATTERN, description="one or several, separated by commas: idle, ..."),
    ] = None,
) -> Response:
    """All that lasted, of every kind or of some."""
    return await listing.of(*(kind.split(",") if kind else ()))
