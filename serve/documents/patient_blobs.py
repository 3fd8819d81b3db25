"""A store of documents that is somebody else's, asked as every other service is: patiently, up to
a point, and not by everybody at once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

from providers.attempts import AttemptError, Attempts
from providers.errors import ProviderAwayError
from store.blobs.port import Blob, Blobs, BlobsAwayError

NAME = "documents"
T = TypeVar("T")


class PatientBlobs:
    """Whatever it is asked may be asked again: a name always means the same content."""

    def __init__(self, blobs: Blobs, attempts: Attempts) -> None:
        self._blobs = blobs
        self._attempts = attempts

    async def put(self, name: str, content: bytes) -> None:
        await self._patiently("put", lambda: self._blobs.put(name, content))

    async def read(self, name: str, start: int, end: int) -> bytes:
        return await self._patiently("read", lambda: self._blobs.read(name, start, end))

    async def delete(self, name: str) -> None:
        await self._patiently("delete", lambda: self._blobs.delete(name))

    def listed(self) -> AsyncIterator[Blob]:
        """Page by page; whoever sweeps begins again another time."""
        return self._blobs.listed()

    async def close(self) -> None:
        await self._blobs.close()

    async def _patiently(self, operation: str, ask: Callable[[], Awaitable[T]]) -> T:
        async def once() -> T:
            try:
                return await ask()
            except BlobsAwayError as away:
                raise AttemptError(str(away), may_repeat=True) from away

        try:
            return await self._attempts.make(operation, once)
        except ProviderAwayError as away:
            raise BlobsAwayError(str(away)) from away
