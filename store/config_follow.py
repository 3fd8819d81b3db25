"""Keeps a process's configuration that of the store: told over Redis, and by looking."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator

from config.policy import Settings
from config.snapshot import present_environment, snapshot_of
from store import configuration
from store.config_bus import ConfigBus
from store.ending import end
from store.postgres import STORE_FAILURES, AnyPool
from telemetry.figures import gauge

log = logging.getLogger("ubertruck.config")

_revision = gauge("config_revision", "Of the configuration that is in force in this process")
_looked = gauge(
    "config_looked_timestamp_seconds",
    "When this process last saw that its configuration is current",
)


async def refresh(settings: Settings, pool: AnyPool) -> bool:
    """Swap in what the store has (SYSTEM role); whether it was news. Raises STORE_FAILURES."""
    async with pool.acquire() as conn:
        revision = await configuration.revision(conn)
        _looked.set_to_current_time()
        if revision == settings.snapshot.revision:
            return False
        overrides = await configuration.everything(conn)
    settings.swap(snapshot_of(settings.base, overrides, present_environment(), revision))
    _revision.set(revision)
    log.info("configuration revision %d is in force", revision)
    return True


class ConfigFollower:
    """While the store is away the last snapshot serves."""

    def __init__(self, settings: Settings, pool: AnyPool, bus: ConfigBus) -> None:
        """`pool` is of the SYSTEM role: it reads what is set for every tenant."""
        self._settings = settings
        self._pool = pool
        self._bus = bus
        self._news = asyncio.Event()

    async def refresh(self) -> bool:
        """Take in what changed since the last look; whether anything did. Raises STORE_FAILURES."""
        return await refresh(self._settings, self._pool)

    async def announce(self) -> None:
        """After a change of our own: in force elsewhere as soon as they hear, here on return."""
        await self._bus.tell()
        try:
            await self.refresh()
        except STORE_FAILURES:
            self._news.set()

    @contextlib.asynccontextmanager
    async def following(self) -> AsyncIterator[None]:
        """Loads what there is, then follows until the end; without the store it only follows."""
        with contextlib.suppress(*STORE_FAILURES):
            await self.refresh()
        tasks = [
            asyncio.create_task(self._listen(), name="config-listen"),
            asyncio.create_task(self._follow(), name="config-follow"),
        ]
        try:
            yield
        finally:
            await end(tasks)

    async def _listen(self) -> None:
        async for _ in self._bus.heard():
            self._news.set()

    async def _follow(self) -> None:
        while True:
            poll_s = self._settings.now.configuration.poll_s
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(poll_s):
                    await self._news.wait()
            self._news.clear()
            try:
                await self.refresh()
            except STORE_FAILURES as failed:
                log.warning("the configuration stays as it is: %s", failed)
            except Exception:  # whatever it is, the next change must be seen
                log.exception("the configuration stays as it is")
