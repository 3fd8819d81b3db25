"""Where the contents of documents lie: by name, whole or not at all; what they say nobody sees."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

# A tenant's key, a document's id.
_NAME = re.compile(r"\d{1,10}/[A-Za-z0-9_.-]{1,80}")


class BlobMissingError(Exception):
    """Nothing lies there; what is to be read was removed, or the store is another one."""


class BlobsAwayError(Exception):
    """The store does not answer, or not as it should: try again later."""


@dataclass(frozen=True, slots=True)
class Blob:
    name: str
    written_ms: int


class Blobs(Protocol):
    async def put(self, name: str, content: bytes) -> None:
        """When it returns, all of it lies there for good; before, nothing does."""
        ...

    async def read(self, name: str, start: int, end: int) -> bytes:
        """From `start` up to, but not with, `end`; shorter only where the blob ends."""
        ...

    async def delete(self, name: str) -> None:
        """Nothing if it is gone already."""
        ...

    def listed(self) -> AsyncIterator[Blob]:
        """All, in no order; also what was left behind half written."""
        ...

    async def close(self) -> None: ...


def checked(name: str) -> str:
    """Names are ours, and never lead anywhere else."""
    if _NAME.fullmatch(name) is None or ".." in name:
        raise ValueError(f"not the name of a blob: {name!r}")
    return name
