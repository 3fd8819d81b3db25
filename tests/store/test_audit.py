"""The audit trail on a real Postgres: it only grows, whoever writes, and is read by filter."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import msgspec
import pytest

from config.installation import DatabaseRole, Postgres
from store import audit
from store.audit import Wanted
from store.audit_chain import Head, Outcome, Signer
from store.key_file import KeyFile
from store.postgres import AnyConnection, AnyPool, as_tenant, connect
from store.tenants import Tenant
from tests.store.audit_rows import add, entry, prove


async def test_rows_written_before_and_after_a_rotation_are_one_chain(
    superuser: AnyConnection, app: AnyPool, keys: KeyFile, signer: Signer, tenant: Tenant
) -> None:
    await add(app, signer, tenant, 2)
    keys.rotate()
    await add(app, signer, tenant, 2)

    verdict = await prove(superuser, keys, tenant)

    assert (verdict.rows, verdict.faults) == (4, ())


async def test_many_writers_of_one_tenant_make_one_chain(
    superuser: AnyConnection, app: AnyPool, keys: KeyFile, signer: Signer, tenant: Tenant
) -> None:
    await asyncio.gather(*(add(app, signer, tenant, 5) for _ in range(20)))

    verdict = await prove(superuser, keys, tenant)

    assert (verdict.rows, verdict.faults, verdict.head.seq) == (100, (), 100)


async def test_what_is_rolled_back_leaves_no_gap(
    superuser: AnyConnection, app: AnyPool, keys: KeyFile, signer: Signer, tenant: Tenant
) -> None:
    async def fail() -> None:
        async with as_tenant(app, tenant.key) as conn:
            await audit.append(conn, signer, [entry(tenant)])
            raise KeyError

    await add(app, signer, tenant)
    with pytest.raises(KeyError):
        await fail()
    await add(app, signer, tenant)

    verdict = await prove(superuser, keys, tenant)

    assert (verdict.rows, verdict.faults) == (2, ())


REFUSED = [
    "UPDATE audit_log SET mac = mac WHERE {own}",
    "DELETE FROM audit_log WHERE {own}",
    "TRUNCATE audit_log",
    "UPDATE audit_heads SET seq = 0 WHERE {own}",
    "DELETE FROM audit_heads WHERE {own}",
    "TRUNCATE audit_heads",
    "ALTER TABLE audit_log DISABLE TRIGGER only_grows",
]


@pytest.mark.parametrize("role", [DatabaseRole.APP, DatabaseRole.SYSTEM, DatabaseRole.TELEMETRY])
async def test_no_role_of_ours_may_take_anything_back(
    where: Postgres, chain: Tenant, role: DatabaseRole
) -> None:
    conn = await connect(where, role)
    try:
        await conn.execute(f"SET ubertruck.tenant_key = {chain.key}")
        for statement in REFUSED:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await conn.execute(statement.format(own=f"tenant_key = {chain.key}"))
    finally:
        await conn.close()


async def test_even_the_owner_is_refused(owner: AnyConnection, chain: Tenant) -> None:
    own = f"tenant_key = {chain.key}"
    for statement in (
        f"UPDATE audit_log SET mac = mac WHERE {own}",
        f"DELETE FROM audit_log WHERE {own}",
        "TRUNCATE audit_log",
        f"DELETE FROM audit_heads WHERE {own}",
        "TRUNCATE audit_heads",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="only grows"):
            await owner.execute(statement)


async def test_a_row_that_does_not_follow_is_refused(
    app: AnyPool, signer: Signer, chain: Tenant
) -> None:
    body, made = signer.sign(entry(chain), Head(6, b"\1" * 32))

    async def insert() -> None:
        async with as_tenant(app, chain.key) as conn:
            await conn.execute("INSERT INTO audit_log (body, mac) VALUES ($1, $2)", body, made.mac)

    with pytest.raises(asyncpg.IntegrityConstraintViolationError, match="does not follow"):
        await insert()


async def test_a_tenant_reads_and_writes_its_own_chain_only(
    app: AnyPool, signer: Signer, chain: Tenant, other_tenant: Tenant
) -> None:
    async def write_for_the_other() -> None:
        async with as_tenant(app, other_tenant.key) as conn:
            await audit.append(conn, signer, [entry(chain)])

    async with as_tenant(app, other_tenant.key) as conn:
        assert await audit.list_page(conn, chain.key, Wanted(), None, 9) == []
        assert await audit.head_of(conn, chain.key) == audit.GENESIS
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="not the chain"):
        await write_for_the_other()


async def test_filters(app: AnyPool, signer: Signer, tenant: Tenant) -> None:
    at_ms = 1_700_000_000_000
    rows = [
        entry(tenant, 1),
        entry(tenant, 2, actor="user:u", outcome=Outcome.REFUSED),
        entry(tenant, 3, subject="trucks/T1/device", action="devices.rotate"),
        entry(tenant, 4, subject="trucks-not/T1"),
    ]
    async with as_tenant(app, tenant.key) as conn:
        await audit.append(conn, signer, rows)

        async def found(before: int | None = None, limit: int = 9, **wanted: Any) -> list[int]:
            page = await audit.list_page(conn, tenant.key, Wanted(**wanted), before, limit)
            return [row.seq for row in page]

        assert await found() == [4, 3, 2, 1]
        assert await found(before=4, limit=2) == [3, 2]
        assert await found(subject="trucks/T1") == [3, 1]
        assert await found(subject="trucks") == [3, 2, 1]
        assert await found(actor="user:u") == [2]
        assert await found(action="devices.rotate") == [3]
        assert await found(outcome="refused") == [2]
        assert await found(from_ms=at_ms + 2, to_ms=at_ms + 4) == [3, 2]
        forward = await audit.list_forward(
            conn, tenant.key, Wanted(subject="trucks"), after_seq=1, upto_seq=2, limit=9
        )
        assert [row.seq for row in forward] == [2]


async def test_odd_and_long_values_are_kept_as_far_as_they_can_be(
    app: AnyPool, superuser: AnyConnection, keys: KeyFile, signer: Signer, tenant: Tenant
) -> None:
    odd = {
        "phone": "+91 98765 43210",
        "nul": "a\0b",
        "half": "\ud800",
        "deep": [{"email": "a@b.in"}],
    }
    async with as_tenant(app, tenant.key) as conn:
        await audit.append(conn, signer, [entry(tenant, before=odd, after={"x": "y" * 3000})])
        (row,) = await audit.list_page(conn, tenant.key, Wanted(), None, 9)

    body = msgspec.json.decode(row.body)
    assert body["before"]["phone"] == "***3210"
    assert body["before"]["nul"] == "a\ufffdb"
    assert body["before"]["deep"] == [{"email": "***@b.in"}]
    assert body["after"].keys() == {"left_out_bytes", "sha256"}
    assert (await prove(superuser, keys, tenant)).faults == ()
