"""/v1/events: what happened, as CloudEvents."""

from __future__ import annotations

import uuid
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Query

from freight.cloudevents import cloud_event
from serve.events import evidence
from serve.fields import ID_PATTERN, time_ms
from serve.identity.access import EventsReader, Opened
from serve.paging import ListOf, Paged, number_of
from serve.problems import NotFoundError
from store import events, trucks
from store.errors import NotFoundError as NotStoredError

router = APIRouter(tags=["events"])

TYPE_PATTERN = r"^[a-z_.]{1,64}$"


class Order(StrEnum):
    NEWEST_FIRST = "desc"
    OLDEST_FIRST = "asc"


@router.get("/v1/events")
async def list_events(  # noqa: PLR0917 - the framework passes by name
    gateway: Opened,
    who: EventsReader,
    page: Paged,
    truck: Annotated[str | None, Query(pattern=ID_PATTERN)] = None,
    kind: Annotated[str | None, Query(alias="type", pattern=TYPE_PATTERN)] = None,
    start: Annotated[str | None, Query(alias="from")] = None,
    to: Annotated[str | None, Query()] = None,
    order: Annotated[Order, Query(description="by when we learned them")] = Order.NEWEST_FIRST,
) -> ListOf[dict[str, Any]]:
    """Events whose own time is in [from, to)."""
    from_ms, to_ms, after = time_ms("from", start), time_ms("to", to), number_of(page.after)
    async with gateway.as_tenant(who) as conn:
        truck_key = None
        if truck is not None:
            try:
                truck_key = (await trucks.get(conn, truck)).key
            except NotStoredError:
                return ListOf(items=[])
        found = await events.list_page(
            conn,
            truck=truck_key,
            type=kind,
            from_ms=from_ms,
            to_ms=to_ms,
            after=after,
            limit=page.one_more,
            newest_first=order is Order.NEWEST_FIRST,
        )
    kept, next_cursor = page.cut(found, lambda event: str(event.seq))
    return ListOf(items=[cloud_event(event) for event in kept], next_cursor=next_cursor)


@router.get("/v1/events/{id}/evidence")
async def get_evidence(id: uuid.UUID, gateway: Opened, who: EventsReader) -> dict[str, Any]:  # noqa: A002
    """The event and the fixes around it, in the order of the device's clock."""
    async with gateway.as_tenant(who) as conn:
        event = await events.get(conn, id)
        if event is None:
            raise NotFoundError("there is no such event")
        return await evidence.of_event(conn, event, gateway.policy.api)
