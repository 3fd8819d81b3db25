"""Tidies the documents of all tenants beside the requests: scans, ends, and files of nobody."""

from __future__ import annotations

import asyncio
import logging
import time
from datetime import UTC, datetime, timedelta

from config.policy import Settings
from serve.documents.vault import DocumentVault
from store import document_links, documents
from store.blobs.port import BlobMissingError, BlobsAwayError
from store.documents import Document, Scan
from store.postgres import STORE_FAILURES, AnyPool
from store.sealing import SealError

logger = logging.getLogger("ubertruck.documents")


class Sweeper:
    """Every step may be done by several processes at once, and again after any crash."""

    def __init__(self, vault: DocumentVault, settings: Settings, system_pool: AnyPool) -> None:
        self._vault = vault
        self._settings = settings
        self._pool = system_pool
        self._looked_through_s: float | None = None

    async def run(self) -> None:
        """For the life of the process."""
        while True:
            await asyncio.sleep(self._vault.limits.sweep_s)
            try:
                await self.sweep()
            except (*STORE_FAILURES, BlobsAwayError) as failed:
                logger.warning("documents are tidied later: %s", failed)
            except Exception:  # without this loop nothing would ever leave quarantine
                logger.exception("tidying documents stumbled")

    async def sweep(self) -> None:
        await self.scan_waiting()
        await self.forget_ended()
        await self.forget_accesses()
        every_s = self._vault.limits.orphans_s
        last_s = self._looked_through_s
        if last_s is None or time.monotonic() - last_s >= every_s:
            self._looked_through_s = time.monotonic()
            await self.remove_orphans(time.time_ns() // 1_000_000)

    async def scan_waiting(self) -> int:
        """Until the scanner is away again; how many were looked at."""
        if not self._vault.scans:
            return 0
        async with self._pool.acquire() as conn:
            waiting = await documents.unscanned(conn, self._vault.limits.sweep_rows)
        done = 0
        for document in waiting:
            try:
                content = await self._content(document)
            except (BlobMissingError, SealError) as failed:
                logger.error("document %s cannot be read: %s", document.blob, failed)
                continue
            finding = await self._vault.look(content)
            if finding.scan is Scan.PENDING:
                break
            async with self._pool.acquire() as conn:
                await documents.note_scan(conn, document, finding.scan, finding.says)
            done += 1
        return done

    async def _content(self, document: Document) -> bytes:
        parts = self._vault.read(document, 0, document.size_bytes)
        return b"".join([part async for part in parts])

    async def forget_ended(self) -> int:
        """The row first: a file without one is nobody's."""
        async with self._pool.acquire() as conn:
            names = await documents.forget_ended(conn, self._vault.limits.sweep_rows)
        for name in names:
            await self._vault.drop(name)
        return len(names)

    async def forget_accesses(self) -> int:
        kept = timedelta(days=self._settings.now.documents.accesses_kept_days)
        async with self._pool.acquire() as conn:
            return await document_links.forget_accesses(
                conn, datetime.now(UTC) - kept, self._vault.limits.sweep_rows
            )

    async def remove_orphans(self, now_ms: int) -> int:
        """What a crash left behind between a file and its row; young ones may be getting theirs."""
        limits = self._vault.limits
        too_young_ms = now_ms - limits.orphaned_after_s * 1000
        removed, some = 0, list[str]()
        async for blob in self._vault.blobs.listed():
            if blob.written_ms < too_young_ms:
                some.append(blob.name)
            if len(some) >= limits.sweep_rows:
                removed += await self._remove_unknown(some)
                some = []
        return removed + await self._remove_unknown(some)

    async def _remove_unknown(self, names: list[str]) -> int:
        async with self._pool.acquire() as conn:
            known = await documents.known(conn, names) if names else set()
        unknown = [name for name in names if name not in known]
        for name in unknown:
            await self._vault.blobs.delete(name)
        return len(unknown)
