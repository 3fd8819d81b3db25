"""Removes days of fixes that are older than the configuration keeps them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

from config.policy import Settings, process_settings
from store.postgres import STORE_FAILURES, AnyPool
from store.retention import drop_fixes_before

log = logging.getLogger(__name__)


async def remove_due(settings: Settings, system: AnyPool, now: datetime) -> list[str]:
    """The partitions removed; which days are due is said by what is in force on this day."""
    today = now.astimezone(UTC).date()
    kept_days = settings.now.retention.fixes_kept_days.at(today)
    removed = await drop_fixes_before(system, today - timedelta(days=kept_days))
    if removed:
        log.warning("fixes older than %d days are removed: %s", kept_days, ", ".join(removed))
    return removed


@contextlib.asynccontextmanager
async def keep_removing(system: AnyPool) -> AsyncIterator[None]:
    """Beside whatever else the process does: a lock that is waited for holds up nothing."""
    task = asyncio.create_task(_remove_for_ever(process_settings(), system), name="retention")
    try:
        yield
    finally:
        task.cancel()


async def _remove_for_ever(settings: Settings, system: AnyPool) -> None:
    changed = asyncio.Event()
    settings.when_swapped(changed.set)
    while True:
        changed.clear()
        try:
            await remove_due(settings, system, datetime.now(UTC))
        except STORE_FAILURES as failed:
            log.warning("old fixes stay until the next look: %s", failed)
        except LookupError as failed:
            log.warning("nothing says how long fixes are kept, so all are: %s", failed)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(settings.now.retention.look_every_s):
                await changed.wait()
