"""Versions of objects as HTTP speaks of them: ETag out, If-Match in."""

from __future__ import annotations

import re
import zlib
from typing import Annotated, Protocol, TypeVar

from fastapi import Depends, Header, Request, Response

from serve.identity.access import Opened
from serve.problems import StaleError, UnconditionalError
from serve.request_record import record_of


class Versioned(Protocol):
    version: int


T = TypeVar("T", bound=Versioned)
# Behind the version may stand what tells apart how it looks now, as etag_of says.
_TAG = re.compile(r'(?:W/)?"(\d{1,9})(?:-[0-9a-f]{1,8})?"')


def etag_of(version: int, looks: str = "") -> str:
    """`looks`: what of the answer changes without another version, such as what is seen live."""
    mark = f"-{zlib.crc32(looks.encode()):x}" if looks else ""
    return f'"{version}{mark}"'


def tagged(response: Response, shown: T, place: str | None = None) -> T:
    """Puts the object's version, and where a new one is found, into the answer's headers."""
    response.headers["ETag"] = etag_of(shown.version)
    if place is not None:
        response.headers["Location"] = place
    return shown


async def expected_of(
    gateway: Opened, request: Request, if_match: Annotated[str | None, Header()] = None
) -> int | None:
    """The version the caller wants to change; None when any will do."""
    if if_match is None:
        tenant = record_of(request.scope).tenant
        if tenant is not None and gateway.settings.of(tenant).edge.versions_required:
            raise UnconditionalError("send If-Match with the ETag that this change is meant for")
        return None
    if if_match.strip() == "*":
        return None
    found = _TAG.fullmatch(if_match.strip())
    if found is None:
        raise StaleError("If-Match is not an ETag of this object")
    return int(found[1])


Expected = Annotated[int | None, Depends(expected_of)]
