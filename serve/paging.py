"""Lists by cursor: how much of it, from where, and what the next page is called."""

from __future__ import annotations

import base64
import binascii
import dataclasses
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Annotated, Generic, TypeVar

from fastapi import Depends, Query, Request
from pydantic import BaseModel

from serve.identity.access import Opened
from serve.problems import InvalidError

T = TypeVar("T")
CURSOR_CHARS_MAX = 300  # fixed: the form of our own cursors


class Order(StrEnum):
    NEWEST_FIRST = "desc"
    OLDEST_FIRST = "asc"


class ListOf(BaseModel, Generic[T]):
    items: list[T]
    next_cursor: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Page:
    limit: int
    after: str | None

    @property
    def one_more(self) -> int:
        """What to ask the store for: the one too many says that there is a next page."""
        return self.limit + 1

    def cut(self, rows: Sequence[T], key: Callable[[T], str]) -> tuple[Sequence[T], str | None]:
        if len(rows) <= self.limit:
            return rows, None
        kept = rows[: self.limit]
        return kept, cursor_of(key(kept[-1]))


def cursor_of(key: str) -> str:
    return base64.urlsafe_b64encode(key.encode()).rstrip(b"=").decode()


def key_of(cursor: str) -> str:
    try:
        raw = base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        key = raw.decode("ascii")
    except (ValueError, binascii.Error) as failed:
        raise not_a_cursor() from failed
    if not key.isprintable() or not key:
        raise not_a_cursor()
    return key


def number_of(key: str | None) -> int | None:
    """The key of a list that is ordered by number."""
    if key is None:
        return None
    number = int(key) if key.isdecimal() else -1
    if not 0 <= number < 2**63:
        raise not_a_cursor()
    return number


def bounded_limit(limit: int | None, default: int, most: int) -> int:
    if limit is None:
        return default
    if not 1 <= limit <= most:
        raise InvalidError.at("/limit", f"a limit is from 1 to {most}", **{"in": "query"})
    return limit


async def page_of(gateway: Opened, limit: Limit = None, cursor: Cursor = None) -> Page:
    api = gateway.policy.api
    size = bounded_limit(limit, api.page_limit_default, api.page_limit_max)
    return Page(size, None if cursor is None else key_of(cursor))


def is_paged(request: Request) -> bool:
    """Whether the caller asked for a part; a file without a limit is the whole."""
    return not {"limit", "cursor"}.isdisjoint(request.query_params)


def next_link(request: Request, next_cursor: str | None) -> dict[str, str]:
    """RFC 8288, for forms that have no room for a cursor."""
    if next_cursor is None:
        return {}
    url = request.url.include_query_params(cursor=next_cursor)
    return {"Link": f'<{url.path}?{url.query}>; rel="next"'}


def not_a_cursor() -> InvalidError:
    detail = "not a cursor that an earlier answer gave"
    return InvalidError.at("/cursor", detail, **{"in": "query"})


Limit = Annotated[int | None, Query(description="how many items at most")]
Cursor = Annotated[
    str | None, Query(max_length=CURSOR_CHARS_MAX, description="next_cursor of the page before")
]
Paged = Annotated[Page, Depends(page_of)]
