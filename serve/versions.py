"""Versions of objects as HTTP speaks of them: ETag out, If-Match in."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import Depends, Header

from serve.problems import StaleError

_TAG = re.compile(r'(?:W/)?"(\d{1,9})"')


def etag_of(version: int) -> str:
    return f'"{version}"'


async def expected_of(if_match: Annotated[str | None, Header()] = None) -> int | None:
    """The version the caller wants to change; None when any will do."""
    if if_match is None or if_match.strip() == "*":
        return None
    found = _TAG.fullmatch(if_match.strip())
    if found is None:
        raise StaleError("If-Match is not an ETag of this object")
    return int(found[1])


Expected = Annotated[int | None, Depends(expected_of)]
