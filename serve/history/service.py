"""A truck's trips, stops and what else lasted: a page of them, or all of them to take away."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator, Sequence
from enum import StrEnum

import msgspec

from serve import csv_rows
from serve.gateway import Gateway
from serve.history.wire import COLUMNS_OF, OTHER_COLUMNS, feature_of, row_of, span_fields
from serve.identity.principal import Principal
from serve.paging import not_a_cursor
from store import history, trucks
from store.history import Place, StoredSpan, Wanted
from store.postgres import AnyConnection


class SpanFormat(StrEnum):
    JSON = "json"
    CSV = "csv"
    GEOJSON = "geojson"


@dataclasses.dataclass(frozen=True, slots=True)
class Asked:
    truck: str
    kinds: tuple[str, ...]
    about: str | None
    from_ms: int | None
    to_ms: int | None
    newest_first: bool


def place_of(key: str | None) -> Place | None:
    """From a cursor's key, as `key_of_span` makes it."""
    if key is None:
        return None
    from_ms, _, rest = key.partition(" ")
    kind, _, about = rest.partition(" ")
    if not from_ms.isdecimal() or int(from_ms) >= history.TIME_MS_MAX or not kind:
        raise not_a_cursor()
    return Place(int(from_ms), kind, about)


def key_of_span(span: StoredSpan) -> str:
    return f"{span.from_ms} {span.kind} {span.about}"


async def list_some(
    gateway: Gateway, who: Principal, asked: Asked, *, after: Place | None, limit: int
) -> list[StoredSpan]:
    async with gateway.as_tenant(who) as conn:
        return await _found(conn, asked, after=after, limit=limit)


async def refuse_too_many(gateway: Gateway, who: Principal, asked: Asked) -> None:
    """Before the first line: a file that ends in the middle looks whole."""
    most = gateway.policy.api.export_rows_max
    async with gateway.as_tenant(who) as conn:
        beyond = await _found(conn, asked, after=None, limit=1, skip=most)
    if beyond:
        raise csv_rows.too_many(most, "rows")


async def _found(
    conn: AnyConnection, asked: Asked, *, after: Place | None, limit: int, skip: int = 0
) -> list[StoredSpan]:
    truck = await trucks.get(conn, asked.truck)
    wanted = Wanted(truck.key, asked.kinds, asked.about, asked.from_ms, asked.to_ms)
    return await history.list_page(
        conn, wanted, after=after, limit=limit, newest_first=asked.newest_first, skip=skip
    )


async def pages(
    gateway: Gateway, who: Principal, asked: Asked
) -> AsyncIterator[Sequence[StoredSpan]]:
    """All of it, in short transactions."""
    size, after = gateway.policy.api.page_limit_max, None
    while True:
        page = await list_some(gateway, who, asked, after=after, limit=size)
        if page:
            yield page
        if len(page) < size:
            return
        after = page[-1].place


async def one_page(page: Sequence[StoredSpan]) -> AsyncIterator[Sequence[StoredSpan]]:
    yield page


async def as_csv(asked: Asked, found: AsyncIterator[Sequence[StoredSpan]]) -> AsyncIterator[str]:
    kind = asked.kinds[0] if len(asked.kinds) == 1 else ""
    columns = COLUMNS_OF.get(kind, OTHER_COLUMNS)
    yield csv_rows.header_line(columns)
    async for page in found:
        yield csv_rows.lines(columns, [row_of(asked.truck, span) for span in page])


async def as_geojson(
    asked: Asked, found: AsyncIterator[Sequence[StoredSpan]], next_cursor: str | None
) -> AsyncIterator[str]:
    yield '{"type":"FeatureCollection","features":['
    separator = ""
    async for page in found:
        features = [msgspec.json.encode(feature_of(asked.truck, span)).decode() for span in page]
        yield separator + ",".join(features)
        separator = ","
    yield f'],"next_cursor":{msgspec.json.encode(next_cursor).decode()}}}'


def as_json(asked: Asked, page: Sequence[StoredSpan], next_cursor: str | None) -> bytes:
    items = [span_fields(asked.truck, span) for span in page]
    return msgspec.json.encode({"items": items, "next_cursor": next_cursor})
