"""Forgets what was told to others and who followed a booking, once it is old enough."""

from __future__ import annotations

from datetime import timedelta

from actors.desk import WorkDesk
from store import sharing, webhook_deliveries
from store.postgres import moment


async def forgetting_round(desk: WorkDesk) -> int:
    """A part of what is too old; there may be more."""
    policy, now = desk.settings.now, moment(desk.now_ms())
    rows = policy.webhook_sending.forget_rows_max
    deliveries_before = now - timedelta(days=policy.webhooks.kept_days)
    accesses_before = now - timedelta(days=policy.sharing.accesses_kept_days)
    async with desk.system.acquire() as conn:
        gone = await webhook_deliveries.forget(conn, deliveries_before, rows)
        return gone + await sharing.forget_accesses(conn, accesses_before, rows)
