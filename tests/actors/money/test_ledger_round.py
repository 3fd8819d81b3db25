"""The round that sums and seals the books of every tenant that has something new."""

from __future__ import annotations

from typing import Any, cast

from actors.money.desk import Desk
from actors.money.ledger_round import ledger_round
from config.policy import Settings, policy
from store import ledger
from store.postgres import AnyPool, as_tenant
from store.tenants import Tenant
from tests.store.books import START_MS, paid, post


async def test_each_tenants_books_are_summed_a_limit_at_a_time(
    app: AnyPool, system: AnyPool, tenant: Tenant, other_tenant: Tenant
) -> None:
    usual = policy()
    few = usual.ledger.model_copy(update={"sums_entries_at_once": 2})
    settings = Settings(usual.model_copy(update={"ledger": few}))
    desk = Desk(app, system, settings, lambda: START_MS, cast(Any, None), cast(Any, None))
    await post(app, tenant, *(paid(f"e{nr}") for nr in range(3)))
    await post(app, other_tenant, paid("e1", 7))

    async def waiting() -> dict[int, int]:
        found = {}
        for key in (tenant.key, other_tenant.key):
            async with as_tenant(app, key) as conn:
                found[key] = await conn.fetchval("SELECT count(*) FROM ledger_unsummed")
        return found

    assert await ledger_round(desk) >= 3
    assert await waiting() == {tenant.key: 1, other_tenant.key: 0}
    await ledger_round(desk)
    assert await waiting() == {tenant.key: 0, other_tenant.key: 0}
    async with as_tenant(app, other_tenant.key) as conn:
        assert await ledger.balance(conn, "provider_clearing", at_ms=START_MS) == 7
