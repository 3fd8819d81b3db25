"""Carries confirmed offboardings to their end, also those that another process began."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from pathlib import Path

import asyncpg

from config.installation import DatabaseRole, Installation
from config.policy import Settings
from config.sections.tenancy import Offboarding as Limits
from serve.documents.vault import DocumentVault
from serve.tenancy.export import export_tenant
from store import offboarding, tenants
from store.blobs.port import BlobsAwayError
from store.live_bus import LiveBus
from store.offboarding import Offboarding
from store.personal import PersonalData
from store.postgres import STORE_FAILURES, AnyConnection, AnyPool, connect

logger = logging.getLogger("ubertruck.offboarding")

EXPORTS = "exports"


class RowsLeftError(Exception):
    """Somebody still writes for the tenant; trying again later finds an end."""


@dataclasses.dataclass(frozen=True, slots=True)
class Offboarder:
    where: Installation
    settings: Settings
    personal: PersonalData
    vault: DocumentVault
    system_pool: AnyPool
    bus: LiveBus

    @property
    def _limits(self) -> Limits:
        return self.settings.now.tenancy.offboarding

    async def run(self) -> None:
        """For the life of the process; of all processes one does the work at a time."""
        while True:
            await asyncio.sleep(self._limits.poll_s)
            try:
                async with self.system_pool.acquire() as conn:
                    waiting = await offboarding.under_way(conn)
                if waiting:
                    await self._work()
            except STORE_FAILURES as failed:
                logger.warning("offboarding waits for the database: %s", failed)
            except Exception:  # without this loop no offboarding would ever end
                logger.exception("offboarding stumbled")

    async def _work(self) -> None:
        # A connection of its own, without time bounds: the lock lives as long as it does, and the
        # pool's few belong to requests.
        conn = await connect(self.where.postgres, DatabaseRole.SYSTEM)
        try:
            if not await offboarding.begin_turn(conn):
                return
            for one in await offboarding.under_way(conn):
                await self._carry_on(conn, one)
        finally:
            await conn.close()

    async def _carry_on(self, conn: AnyConnection, one: Offboarding) -> None:
        try:
            if one.phase == "exporting":
                await self._export(conn, one)
            await self._erase(conn, one)
        except (RowsLeftError, BlobsAwayError, OSError, asyncpg.PostgresError) as failed:
            logger.warning("offboarding of tenant %d waits: %s", one.offboarded_key, failed)
            await offboarding.note_trouble(conn, one.offboarded_key, str(failed))

    async def _export(self, conn: AnyConnection, one: Offboarding) -> None:
        tenant = await tenants.by_key(conn, one.offboarded_key)
        file = f"{tenant.id}-{one.offboarded_key}.zip"
        size_bytes = await export_tenant(
            conn,
            tenant,
            self.exports / file,
            self.personal,
            self.vault,
            self._limits.blocks_at_once,
        )
        await offboarding.note_exported(conn, one.offboarded_key, file, size_bytes)

    async def _erase(self, conn: AnyConnection, one: Offboarding) -> None:
        limits, key = self._limits, one.offboarded_key
        await offboarding.close_fleet(conn, key, limits.trucks_at_once)
        # All directories, fence books and shards hear of it and let go.
        await asyncio.sleep(limits.settle_s)
        for _ in range(limits.passes_max):
            if not await self._erase_once(conn, key):
                break
        else:
            raise RowsLeftError("rows of the tenant are still being written")
        tenant = await tenants.by_key(conn, key)
        await self.bus.forget_tenant(tenant.id)
        await offboarding.note_erased(conn, key)

    async def _erase_once(self, conn: AnyConnection, tenant_key: int) -> int:
        erased = 0
        for table in await offboarding.tables(conn):
            if table.is_kept:
                continue
            try:
                erased += await offboarding.erase(
                    conn, tenant_key, table, self._limits.blocks_at_once
                )
            except asyncpg.ForeignKeyViolationError:
                erased += 1  # what refers to it goes first; the next time finds it free
        return erased

    @property
    def exports(self) -> Path:
        return self.where.data_dir / EXPORTS
