"""Where the gateway keeps contents of documents: sealed one by one, and looked at for viruses."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from config.sections.document_store import DocumentStore
from providers.clamav import ClamAv
from providers.errors import ProviderAwayError, ProviderRefusedError
from serve.documents.tokens import LinkSigner
from serve.problems import UnavailableError
from store import documents
from store.blobs.port import Blobs, BlobsAwayError
from store.blobs.sealed import new_secret, opened, sealed
from store.documents import Document, Scan
from store.key_file import KeyFile
from store.sealing import Sealer

logger = logging.getLogger("ubertruck.documents")


@dataclass(frozen=True, slots=True)
class Finding:
    scan: Scan
    says: str | None = None


class DocumentVault:
    def __init__(
        self,
        blobs: Blobs,
        keys: KeyFile,
        scanner: ClamAv | None,
        limits: Callable[[], DocumentStore],
    ) -> None:
        self.blobs = blobs
        self.links = LinkSigner(keys)
        self._sealer: Sealer = documents.sealer(keys)
        self._scanner = scanner
        self._limits = limits
        self._taking = 0

    @property
    def limits(self) -> DocumentStore:
        return self._limits()

    @property
    def scans(self) -> bool:
        return self._scanner is not None

    @contextmanager
    def taking(self, retry_after_s: int) -> Iterator[None]:
        """One upload, from its first byte; what comes in is held in memory."""
        if self._taking >= self.limits.uploads_max:
            raise UnavailableError("too many uploads at once", retry_after_s=retry_after_s)
        self._taking += 1
        try:
            yield
        finally:
            self._taking -= 1

    async def keep(self, name: str, content: bytes) -> bytes:
        """When it returns, the content lies there; gives what opens it, sealed."""
        secret = new_secret()
        await self.blobs.put(name, await asyncio.to_thread(sealed, content, secret, name))
        return self._sealer.seal(secret)

    def read(self, document: Document, start: int, end: int) -> AsyncIterator[bytes]:
        secret = self._sealer.open(bytes(document.content_secret_sealed))
        return opened(self.blobs, document.blob, secret, document.size_bytes, start, end)

    async def drop(self, name: str) -> None:
        """What cannot be removed now is swept later: it belongs to nothing."""
        try:
            await self.blobs.delete(name)
        except (BlobsAwayError, OSError) as failed:
            logger.warning("the content of a document is removed later: %s", failed)

    async def look(self, content: bytes) -> Finding:
        """A scanner that is away leaves it waiting; one that will not look at it, too."""
        if self._scanner is None:
            return Finding(Scan.NONE)
        try:
            found = await self._scanner.finding(content)
        except (ProviderAwayError, ProviderRefusedError) as failed:
            logger.warning("a document waits for the virus scanner: %s", failed)
            return Finding(Scan.PENDING, str(failed))
        return Finding(Scan.CLEAN) if found is None else Finding(Scan.INFECTED, found)
