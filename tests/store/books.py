"""Entries for the tests of the books, and how these are asked by brute force."""

from __future__ import annotations

from freight.ledger.entries import Cause, Entry, Posting, entry
from store import ledger
from store.ledger import DAY_MS
from store.postgres import AnyConnection, AnyPool, as_tenant
from store.tenants import Tenant

START_MS = 20_000 * DAY_MS
CAUSE = Cause("payment", "payments/p1", 3, "/*/services/payments/business/methods", 7)


def paid(id: str, minor: int = 50_000, at_ms: int = START_MS, shipper: str = "tata") -> Entry:  # noqa: A002 - its name everywhere
    """An advance that arrived."""
    return entry(
        id,
        at_ms,
        CAUSE,
        "Advance by UPI",
        [
            Posting("provider_clearing", minor, None, "B1"),
            Posting("customer_advances", -minor, f"shippers/{shipper}", "B1"),
        ],
    )


async def post(app: AnyPool, tenant: Tenant, *entries: Entry) -> int:
    async with as_tenant(app, tenant.key) as conn:
        return await ledger.post(conn, tenant.key, entries)


async def brute_balance(
    conn: AnyConnection, account: str, party: str | None = None, at_ms: int | None = None
) -> int:
    minor: int = await conn.fetchval(
        """
        SELECT coalesce(sum(amount_minor), 0)::bigint FROM ledger_postings WHERE account = $1
            AND ($2::text IS NULL OR party = $2) AND ($3::bigint IS NULL OR at_ms <= $3)
        """,
        account,
        party,
        at_ms,
    )
    return minor
