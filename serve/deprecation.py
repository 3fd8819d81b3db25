"""Routes on their way out: declared once, said in the answers and in /openapi.json."""

from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime, time
from email.utils import format_datetime
from typing import Any, TypedDict

from starlette.types import Scope

EXTENSION = "x-deprecation"


class RouteOptions(TypedDict):
    deprecated: bool
    openapi_extra: dict[str, Any]


@dataclasses.dataclass(frozen=True, slots=True)
class Deprecation:
    """RFC 9745 `Deprecation`, RFC 8594 `Sunset`, and where to read what to use instead."""

    since: date
    sunset: date | None
    link: str

    def headers(self) -> list[tuple[bytes, bytes]]:
        since_s = int(_midnight(self.since).timestamp())
        sent = [
            (b"deprecation", f"@{since_s}".encode()),
            (b"link", f'<{self.link}>; rel="deprecation"; type="text/html"'.encode()),
        ]
        if self.sunset is not None:
            gone = format_datetime(_midnight(self.sunset), usegmt=True)
            sent.append((b"sunset", gone.encode()))
        return sent


def deprecated(*, since: date, link: str, sunset: date | None = None) -> RouteOptions:
    """For a route: `@router.get("/v1/old", **deprecated(since=date(2027, 1, 1), link=...))`."""
    declared = Deprecation(since, sunset, link)
    said = {"since": since.isoformat(), "link": link}
    if sunset is not None:
        said["sunset"] = sunset.isoformat()
    return {"deprecated": True, "openapi_extra": {EXTENSION: _Said(said, declared)}}


class _Said(dict[str, str]):
    """What /openapi.json shows, carrying what the headers are made of."""

    def __init__(self, said: dict[str, str], declared: Deprecation) -> None:
        super().__init__(said)
        self.raw_headers = declared.headers()


def headers_of(scope: Scope) -> list[tuple[bytes, bytes]]:
    """Of the route that answers, if it is deprecated."""
    route = scope.get("route")
    if not getattr(route, "deprecated", None):
        return []
    said = (getattr(route, "openapi_extra", None) or {}).get(EXTENSION)
    return said.raw_headers if isinstance(said, _Said) else []


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
