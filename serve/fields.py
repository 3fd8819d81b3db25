"""Field types that requests share: ids, texts and times, as strict as the database is."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Path
from pydantic import BaseModel, ConfigDict, StringConstraints

from serve.problems import InvalidError, NotFoundError
from store.postgres import epoch_ms

ID_PATTERN = r"^[A-Za-z0-9_-]{1,64}$"
# Postgres has no text with NUL in it, and nobody's screen wants control characters.
TEXT_PATTERN = r"^[^\x00-\x1f\x7f]*$"

ObjectId = Annotated[str, StringConstraints(pattern=ID_PATTERN)]
ShortText = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=TEXT_PATTERN)]
LongText = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=TEXT_PATTERN)]

_EPOCH_MS = re.compile(r"\d{1,15}")
# A plus sign in a query arrives as a space when the client forgot to encode it.
_LOST_PLUS = re.compile(r" (\d\d:?\d\d)$")
YEARS = range(1971, 2100)


async def path_id(id: Annotated[str, Path()]) -> str:  # noqa: A002 - its name in the contract
    return possible_id(id)


def possible_id(text: str) -> str:
    """An id that could never have been given is one that is not there."""
    if re.fullmatch(ID_PATTERN, text) is None:
        raise NotFoundError("there is nothing under this id")
    return text


PathId = Annotated[str, Depends(path_id)]


class Strict(BaseModel):
    """A misspelt key is an error, not a wish ignored."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


def time_ms(name: str, given: str | None) -> int | None:
    """A query's time, RFC 3339 or epoch milliseconds."""
    if given is None:
        return None
    if _EPOCH_MS.fullmatch(given):
        moment_ms = int(given)
        if moment_ms < 4_102_444_800_000:  # fixed: tells milliseconds from seconds
            return moment_ms
    try:
        moment = datetime.fromisoformat(_LOST_PLUS.sub(r"+\1", given))
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None or moment.year not in YEARS:
        detail = "a time is RFC 3339 with its offset, or epoch milliseconds"
        raise InvalidError.at(f"/{name}", detail, **{"in": "query"})
    return epoch_ms(moment)
