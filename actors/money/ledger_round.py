"""The round that takes what was posted into the sums by which balances are read, and seals it."""

from __future__ import annotations

from actors.booking_writing import TenantName
from actors.money.desk import Desk
from store import ledger


async def ledger_round(desk: Desk) -> int:
    """One go for each tenant that has something new."""
    async with desk.system.acquire() as conn:
        waiting = await ledger.unsummed_tenants(conn)
    at_once = desk.settings.now.ledger.sums_entries_at_once
    taken = 0
    for key, tenant_id in waiting:
        async with desk.writing(TenantName(key, tenant_id)) as conn:
            taken += await ledger.take_into_sums(conn, key, at_once)
    return taken
