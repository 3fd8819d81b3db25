"""The books in the database: posted once, balanced whoever writes, changed by nobody."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest

from freight.ledger.entries import Cause, Entry, Posting, entry
from store import ledger, offboarding
from store.ledger import DAY_MS, OtherEntryError
from store.postgres import AnyConnection, AnyPool, as_tenant
from store.tenants import Tenant
from tests.store.books import CAUSE, START_MS, brute_balance, paid, post

HEAD = """
    INSERT INTO ledger_entries (tenant_key, id, at_ms, cause_kind, cause_about, memo, digest, lines)
    VALUES ($1, $2, 1, 'manual', 'x', '', sha256(''), $3) RETURNING nr
"""
LINE = """
    INSERT INTO ledger_postings (entry_nr, at_ms, tenant_key, lines, line, account, amount_minor)
    VALUES ($2, 1, $1, $3, $4, 'bank', $5)
"""


async def test_what_is_posted_is_in_the_balances(app: AnyPool, tenant: Tenant) -> None:
    assert await post(app, tenant, paid("e1"), paid("e2", 100, START_MS + DAY_MS)) == 2

    async with as_tenant(app, tenant.key) as conn:
        assert await ledger.balance(conn, "provider_clearing") == 50_100
        assert await ledger.balance(conn, "customer_advances", "shippers/tata") == -50_100
        assert await ledger.balance(conn, "customer_advances", "shippers/none") == 0
        assert await ledger.balance(conn, "provider_clearing", booking="B1") == 50_100
        assert await ledger.balance(conn, "provider_clearing", at_ms=START_MS) == 50_000
        assert await ledger.balance(conn, "provider_clearing", at_ms=START_MS - 1) == 0


async def test_the_same_entry_again_is_nothing_new(app: AnyPool, tenant: Tenant) -> None:
    await post(app, tenant, paid("e1"))

    assert await post(app, tenant, paid("e1"), paid("e1", at_ms=START_MS + 1), paid("e2", 7)) == 1

    async with as_tenant(app, tenant.key) as conn:
        assert await ledger.balance(conn, "provider_clearing") == 50_007


@pytest.mark.parametrize(
    "other",
    [
        paid("e1", 50_001),
        paid("e1", shipper="birla"),
        entry("e1", START_MS, Cause("refund", "refunds/r"), "", paid("e1").postings),
    ],
)
async def test_the_same_id_with_other_money_is_a_mistake(
    app: AnyPool, tenant: Tenant, other: Entry
) -> None:
    await post(app, tenant, paid("e1"))

    with pytest.raises(OtherEntryError):
        await post(app, tenant, other)
    with pytest.raises(OtherEntryError):
        await post(app, tenant, paid("e1"), other)


async def test_sixteen_who_post_the_same_post_it_once(app: AnyPool, tenant: Tenant) -> None:
    entries = [paid(f"e{i}", 1 + i) for i in range(20)]

    added = await asyncio.gather(*(post(app, tenant, *entries) for _ in range(16)))

    assert sum(added) == 20
    async with as_tenant(app, tenant.key) as conn:
        assert await ledger.balance(conn, "provider_clearing") == 210


@pytest.mark.parametrize(
    ("lines", "amounts"),
    [(2, (5, -4)), (2, (5, -5, 0)[:1]), (3, (5, -5)), (2, ())],
    ids=["off", "one line", "one line missing", "no line"],
)
async def test_the_database_refuses_what_does_not_balance(
    owner: AnyConnection, tenant: Tenant, lines: int, amounts: tuple[int, ...]
) -> None:
    async def write() -> None:
        async with owner.transaction():
            await owner.execute(f"SET LOCAL ubertruck.tenant_key = {tenant.key}")
            nr = await owner.fetchval(HEAD, tenant.key, "raw", lines)
            for line, minor in enumerate(amounts, 1):
                await owner.execute(LINE, tenant.key, nr, lines, line, minor)

    with pytest.raises(asyncpg.IntegrityConstraintViolationError, match="does not balance"):
        await write()


async def test_nothing_is_added_to_an_entry_of_before(
    app: AnyPool, owner: AnyConnection, tenant: Tenant
) -> None:
    await post(app, tenant, paid("e1"))
    async with as_tenant(app, tenant.key) as conn:
        nr = await conn.fetchval("SELECT nr FROM ledger_entries")

    async def add(lines: int, line: int) -> None:
        async with owner.transaction():
            await owner.execute(f"SET LOCAL ubertruck.tenant_key = {tenant.key}")
            for minor in (5, -5):
                await owner.execute(
                    LINE.replace("1, $1", f"{START_MS}, $1"),
                    tenant.key,
                    nr,
                    lines,
                    line + (minor < 0),
                    minor,
                )

    with pytest.raises(asyncpg.CheckViolationError):
        await add(2, 3)
    with pytest.raises(asyncpg.IntegrityConstraintViolationError, match="not one of its entry"):
        await add(4, 3)
    with pytest.raises(asyncpg.UniqueViolationError):
        await add(2, 1)


@pytest.mark.parametrize("table", ["ledger_entries", "ledger_postings", "ledger_seals"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET tenant_key = 1", "DELETE FROM {}"])
async def test_nobody_changes_or_removes_anything(
    app: AnyPool, superuser: AnyConnection, tenant: Tenant, table: str, statement: str
) -> None:
    await post(app, tenant, paid("e1"))
    async with as_tenant(app, tenant.key) as conn:
        await conn.fetchval("SELECT sum_ledger($1, 10)", tenant.key)

    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="only grow"):
        await superuser.execute(statement.format(table))


async def test_late_entries_are_in_the_sums_of_their_time(app: AnyPool, tenant: Tenant) -> None:
    times: list[int] = [
        START_MS,
        START_MS + 40 * DAY_MS,
        START_MS + 40 * DAY_MS + 5,
        START_MS + 3 * DAY_MS,
    ]
    for i, at_ms in enumerate(times):
        await post(app, tenant, paid(f"e{i}", 10**i, at_ms))
        if i % 2:
            async with as_tenant(app, tenant.key) as conn:
                await conn.fetchval("SELECT sum_ledger($1, 3)", tenant.key)

    async with as_tenant(app, tenant.key) as conn:
        for until_ms in [*times, START_MS + 33 * DAY_MS, START_MS + 99 * DAY_MS, None]:
            for party in (None, "shippers/tata"):
                found = await ledger.balance(conn, "customer_advances", party, at_ms=until_ms)
                assert found == await brute_balance(conn, "customer_advances", party, until_ms)
        assert await conn.fetchval("SELECT count(*) FROM ledger_sums") > 0


def test_the_cause_is_kept() -> None:
    assert paid("e1").cause == CAUSE
    assert paid("e1").postings[0] == Posting("provider_clearing", 50_000, None, "B1")


async def test_a_tenant_that_leaves_takes_its_books_along(
    app: AnyPool, system: AnyPool, tenant: Tenant, other_tenant: Tenant
) -> None:
    for whose in (tenant, other_tenant):
        await post(app, whose, paid("e1"), paid("e2"))
        async with as_tenant(app, whose.key) as conn:
            await ledger.take_into_sums(conn, whose.key, 1)
    async with system.acquire() as conn:
        await conn.execute("UPDATE tenants SET status = 'offboarding' WHERE key = $1", tenant.key)
        tables = [one for one in await offboarding.tables(conn) if one.name.startswith("ledger")]
        erased = [await offboarding.erase(conn, tenant.key, table, 1000) for table in tables]
        await conn.execute("UPDATE tenants SET status = 'erased' WHERE key = $1", tenant.key)

    assert len(tables) == 5
    assert min(erased) > 0
    async with as_tenant(app, tenant.key) as conn:
        assert await ledger.balance(conn, "provider_clearing") == 0
    async with as_tenant(app, other_tenant.key) as conn:
        assert await ledger.balance(conn, "provider_clearing") == 100_000
