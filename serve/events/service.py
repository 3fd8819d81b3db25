"""What happened, found by what is asked: a page of it, or all of it to take away."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator, Sequence

from freight.cloudevents import cloud_event
from serve import csv_rows
from serve.gateway import Gateway
from serve.identity.principal import Principal
from store import events, trucks
from store.errors import NotFoundError
from store.events import StoredEvent
from store.postgres import AnyConnection

CSV_COLUMNS = ("id", "type", "time", "known_at", "tenant", "subject", "data")


@dataclasses.dataclass(frozen=True, slots=True)
class Wanted:
    truck: str | None = None
    booking: str | None = None
    types: Sequence[str] = ()
    from_ms: int | None = None
    to_ms: int | None = None
    newest_first: bool = True


async def list_some(
    gateway: Gateway, who: Principal, wanted: Wanted, *, after: int | None, limit: int
) -> list[StoredEvent]:
    async with gateway.as_tenant(who) as conn:
        return await _found(conn, wanted, after=after, limit=limit)


async def refuse_too_many(gateway: Gateway, who: Principal, wanted: Wanted) -> None:
    """Before the first line: a file that ends in the middle looks whole."""
    most = gateway.policy.api.export_rows_max
    async with gateway.as_tenant(who) as conn:
        beyond = await _found(conn, wanted, after=None, limit=1, skip=most)
    if beyond:
        raise csv_rows.too_many(most, "events")


async def csv_pieces(
    gateway: Gateway, who: Principal, wanted: Wanted, given: list[StoredEvent] | None = None
) -> AsyncIterator[str]:
    """All events, read in short transactions; or only those given."""
    yield csv_rows.header_line(CSV_COLUMNS)
    if given is not None:
        yield _lines(given)
        return
    size, after = gateway.policy.api.page_limit_max, None
    while True:
        page = await list_some(gateway, who, wanted, after=after, limit=size)
        if page:
            yield _lines(page)
        if len(page) < size:
            return
        after = page[-1].seq


def _lines(page: list[StoredEvent]) -> str:
    rows = [cloud_event(event) for event in page]
    return csv_rows.lines(
        CSV_COLUMNS, [{**row, "known_at": row["data"].pop("known_at")} for row in rows]
    )


async def _found(
    conn: AnyConnection, wanted: Wanted, *, after: int | None, limit: int, skip: int = 0
) -> list[StoredEvent]:
    truck = None
    if wanted.truck is not None:
        try:
            truck = (await trucks.get(conn, wanted.truck)).key
        except NotFoundError:
            return []
    return await events.list_page(
        conn,
        truck=truck,
        subject=None if wanted.booking is None else f"bookings/{wanted.booking}",
        types=wanted.types,
        from_ms=wanted.from_ms,
        to_ms=wanted.to_ms,
        after=after,
        limit=limit,
        newest_first=wanted.newest_first,
        skip=skip,
    )
