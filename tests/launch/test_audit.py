"""`audit verify`: says that a chain is whole, or which row is not, and by its exit code too."""

from __future__ import annotations

import asyncio
import re
import secrets
from pathlib import Path

import asyncpg
import pytest

from config.installation import DatabaseRole, Postgres
from launch.audit import main
from store import audit
from store.audit_chain import Entry, Signer
from store.key_file import KeyFile
from store.postgres import connect
from tests.conftest import Server


@pytest.fixture
def tenant_id(data_dir: Path, where: Postgres) -> str:
    """With a chain of three rows."""
    name, key = "t-" + secrets.token_hex(5), 1_000_000 + secrets.randbelow(1_000_000_000)
    entry = Entry(tenant_key=key, tenant=name, actor="cli:x", action="a.b", subject="a/1", at_ms=1)

    async def write() -> None:
        conn = await connect(where, DatabaseRole.SYSTEM)
        signer = Signer(KeyFile(data_dir / "keys.json"), 1000)
        async with conn.transaction():
            await audit.append(conn, signer, [entry] * 3)
        await conn.close()

    asyncio.run(write())
    return name


def verify(data_dir: Path, *options: str) -> int:
    return main(["verify", "--data-dir", str(data_dir), *options])


def test_a_whole_chain_prints_its_head_which_can_be_expected(
    data_dir: Path, tenant_id: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verify(data_dir, "--tenant", tenant_id) == 0

    said = capsys.readouterr().out
    assert said.startswith(f"{tenant_id}: 3 rows, whole, head 3:")
    head = re.findall(r"head (\S+)", said)[0]
    assert verify(data_dir, "--tenant", tenant_id, "--expect", head) == 0
    later = "5" + head[1:]
    assert verify(data_dir, "--tenant", tenant_id, "--expect", later) == 1
    assert "row 4 to 5 were removed" in capsys.readouterr().out


def test_a_chain_without_its_head_is_still_found_by_its_name(
    data_dir: Path,
    tenant_id: str,
    server: Server,
    where: Postgres,
    capsys: pytest.CaptureFixture[str],
) -> None:
    async def tamper() -> None:
        conn = await asyncpg.connect(server.superuser_dsn, database=where.database)
        await conn.execute("SET session_replication_role = replica")
        await conn.execute("DELETE FROM audit_heads WHERE tenant = $1", tenant_id)
        await conn.close()

    asyncio.run(tamper())

    assert verify(data_dir, "--tenant", tenant_id) == 1
    assert "row 1 stands behind the chain's head" in capsys.readouterr().out


def test_a_tampered_row_is_named(
    data_dir: Path,
    tenant_id: str,
    server: Server,
    where: Postgres,
    capsys: pytest.CaptureFixture[str],
) -> None:
    async def tamper() -> None:
        conn = await asyncpg.connect(server.superuser_dsn, database=where.database)
        await conn.execute("SET session_replication_role = replica")
        await conn.execute(
            "UPDATE audit_log SET body = replace(body, 'a/1', 'a/2') WHERE seq = 2 "
            f"AND body LIKE '%{tenant_id}%'"
        )
        await conn.close()

    asyncio.run(tamper())

    assert verify(data_dir, "--tenant", tenant_id) == 1
    said = capsys.readouterr().out
    assert "3 rows, BROKEN" in said
    assert "row 2 was changed" in said
    # Among all chains it is found too; those of other tests are made with other keys.
    assert verify(data_dir) == 1


def test_what_cannot_be_verified_is_not_called_whole(
    data_dir: Path, tmp_path: Path, tenant_id: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verify(tmp_path / "elsewhere") == 2
    assert verify(data_dir, "--tenant", "nobody") == 2
    assert verify(data_dir, "--expect", "1:00") == 2
    (data_dir / "keys.json").chmod(0o644)
    assert verify(data_dir) == 2
    assert "chmod 600" in capsys.readouterr().out
