"""A superuser tampers with an audit chain in every way we know, and each is found."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import asyncpg
import pytest

from config.installation import DatabaseRole, Postgres
from config.policy import policy
from store import audit
from store.audit import Verdict
from store.audit_chain import Head, Signer
from store.key_file import KeyFile, create_key_ring
from store.migrate import migrate
from store.postgres import AnyConnection, AnyPool, connect
from store.tenants import Tenant
from store.tenants import create as create_tenant
from tests.store.audit_rows import add, entry, prove


@pytest.fixture
async def tamperer(superuser: AnyConnection) -> AnyConnection:
    """A superuser for whom no trigger fires."""
    await superuser.execute("SET session_replication_role = replica")
    return superuser


async def test_a_whole_chain_is_proved(
    superuser: AnyConnection, keys: KeyFile, chain: Tenant
) -> None:
    verdict = await prove(superuser, keys, chain)

    assert verdict.faults == ()
    assert (verdict.rows, verdict.is_complete) == (6, True)
    assert verdict.reached == verdict.head
    assert verdict.head.seq == 6
    assert (await prove(superuser, keys, chain, Head.parse(str(verdict.head)))).faults == ()


TAMPERED = {
    "a word of a body": (
        "UPDATE audit_log SET body = replace(body, 'T3', 'T9') WHERE {row} = 3",
        [3],
    ),
    "a signature": (
        "UPDATE audit_log SET mac = sha256(mac) WHERE {row} = 3",
        [3, 4],
    ),
    "a row in the middle removed": ("DELETE FROM audit_log WHERE {row} = 3", [3]),
    "several removed": ("DELETE FROM audit_log WHERE {row} IN (2, 3, 4)", [2]),
    "the first removed": ("DELETE FROM audit_log WHERE {row} = 1", [1]),
    "the last removed": ("DELETE FROM audit_log WHERE {row} = 6", [6]),
    "all removed": ("DELETE FROM audit_log WHERE {row} > 0", [1]),
    "a row inserted at the end": (
        "INSERT INTO audit_log (body, mac) SELECT replace(body, '\"seq\":6,', '\"seq\":7,'), mac "
        "FROM audit_log WHERE {row} = 6",
        [7, 7],
    ),
    "a row put before the first": (
        "INSERT INTO audit_log (body, mac) SELECT replace(body, '\"seq\":1,', '\"seq\":0,'), mac "
        "FROM audit_log WHERE {row} = 1",
        [0, 0, 1],
    ),
    "a row of another place": (
        "UPDATE audit_log SET (body, mac) = (SELECT replace(body, '\"seq\":5,', '\"seq\":2,'), mac "
        "FROM audit_log WHERE {row} = 5) WHERE {row} = 2",
        [2, 3],
    ),
    "the head": ("UPDATE audit_heads SET mac = sha256(mac) WHERE {row} = 6", [6]),
    "the head's number": ("UPDATE audit_heads SET seq = 9 WHERE {row} = 6", [7]),
    "the head removed": ("DELETE FROM audit_heads WHERE {row} = 6", [1]),
}


@pytest.mark.parametrize("how", TAMPERED)
async def test_tampering_is_found_and_names_the_row(
    tamperer: AnyConnection, keys: KeyFile, chain: Tenant, how: str
) -> None:
    statement, places = TAMPERED[how]
    done = await tamperer.execute(statement.format(row=f"tenant_key = {chain.key} AND seq"))
    assert not done.endswith(" 0"), "the test must have tampered"

    verdict = await prove(tamperer, keys, chain)

    assert [fault.seq for fault in verdict.faults] == places, verdict.faults


async def test_rows_that_change_places_are_found(
    tamperer: AnyConnection, keys: KeyFile, chain: Tenant
) -> None:
    """With their numbers changed too, for the number is made from the body."""
    own = f"tenant_key = {chain.key} AND seq"
    for old, new in ((2, 99), (3, 2), (99, 3)):
        await tamperer.execute(
            f"UPDATE audit_log SET body = replace(body, '\"seq\":{old},', '\"seq\":{new},') "
            f"WHERE {own} = {old}"
        )

    verdict = await prove(tamperer, keys, chain)

    assert [fault.seq for fault in verdict.faults] == [2, 3, 4]


async def test_rows_moved_with_columns_of_their_own_are_found(
    empty_database: Postgres, server: Any, keys: KeyFile, signer: Signer
) -> None:
    """A superuser may take away that columns are made from the body; then they may lie."""
    await migrate(empty_database, policy().storage)
    owner = await connect(empty_database, DatabaseRole.OWNER)
    tenant = await create_tenant(owner, "t", "A tenant of this test")
    conn = await asyncpg.connect(server.superuser_dsn, database=empty_database.database)
    system = await connect(empty_database, DatabaseRole.SYSTEM)
    try:
        async with system.transaction():
            await audit.append(system, signer, [entry(tenant, number) for number in range(1, 7)])
        assert await audit.missing_guards(conn) == []
        await conn.execute("SET session_replication_role = replica")
        await conn.execute("ALTER TABLE audit_log ALTER seq DROP EXPRESSION")
        await conn.execute("ALTER TABLE audit_log DROP CONSTRAINT audit_log_pkey")
        await conn.execute("UPDATE audit_log SET seq = 5 - seq WHERE seq IN (2, 3)")
        await conn.execute(
            "INSERT INTO audit_log (seq, body, mac) "
            "SELECT seq, body, mac FROM audit_log WHERE seq = 6"
        )
        await conn.execute("ALTER TABLE audit_log DISABLE TRIGGER only_grows")

        verdict = await prove(conn, keys, tenant)

        assert [(fault.seq, fault.what.partition(":")[0]) for fault in verdict.faults] == [
            (2, f"is row 3 of chain {tenant.key}, moved here"),
            (3, f"is row 2 of chain {tenant.key}, moved here"),
            (4, "does not follow the row before it"),
            (6, "stands twice, or behind a later row"),
        ]
        lost = await audit.missing_guards(conn)
        assert lost == ["column seq is not made from the body", "trigger only_grows is gone or off"]
    finally:
        for connection in (owner, conn, system):
            await connection.close()


async def test_a_tail_cut_off_together_with_the_head_is_found_by_a_noted_head(
    tamperer: AnyConnection, keys: KeyFile, chain: Tenant
) -> None:
    noted = (await prove(tamperer, keys, chain)).head
    await tamperer.execute(f"DELETE FROM audit_log WHERE tenant_key = {chain.key} AND seq > 4")
    await tamperer.execute(
        "UPDATE audit_heads h SET (seq, mac) = (SELECT seq, mac FROM audit_log l "
        f"WHERE l.tenant_key = {chain.key} AND seq = 4) WHERE tenant_key = {chain.key}"
    )

    assert (await prove(tamperer, keys, chain)).faults == ()
    (fault,) = (await prove(tamperer, keys, chain, noted)).faults
    assert (fault.seq, fault.what) == (5, "to 6 were removed")


async def test_a_chain_written_anew_with_the_real_key_differs_from_a_noted_head(
    tamperer: AnyConnection, app: AnyPool, keys: KeyFile, signer: Signer, chain: Tenant
) -> None:
    noted = (await prove(tamperer, keys, chain)).head
    await tamperer.execute(f"DELETE FROM audit_log WHERE tenant_key = {chain.key}")
    await tamperer.execute(f"DELETE FROM audit_heads WHERE tenant_key = {chain.key}")
    for _ in range(7):
        await add(app, signer, chain)

    assert (await prove(tamperer, keys, chain)).faults == ()
    (fault,) = (await prove(tamperer, keys, chain, noted)).faults
    assert fault.seq == 6
    assert "rewritten" in fault.what


async def test_a_chain_made_with_another_key_is_not_ours(
    superuser: AnyConnection, chain: Tenant, tmp_path: Path
) -> None:
    create_key_ring(tmp_path / "forger.json")

    verdict = await prove(superuser, KeyFile(tmp_path / "forger.json"), chain)

    assert {fault.seq for fault in verdict.faults} >= {1, 2, 3, 4, 5, 6}


async def test_a_proof_goes_on_where_another_ended(
    superuser: AnyConnection, keys: KeyFile, chain: Tenant, tamperer: AnyConnection
) -> None:
    async def part(after: Head) -> Verdict:
        async with superuser.transaction():
            return await audit.verify(
                superuser, keys, chain.key, read_rows=2, faults_max=9, rows_max=4, after=after
            )

    first = await part(audit.GENESIS)
    second = await part(first.reached)

    assert (first.rows, first.is_complete, first.faults) == (4, False, ())
    assert (second.rows, second.is_complete, second.faults) == (2, True, ())
    await tamperer.execute(f"DELETE FROM audit_log WHERE tenant_key = {chain.key} AND seq = 5")
    assert [fault.seq for fault in (await part(first.reached)).faults] == [5]
