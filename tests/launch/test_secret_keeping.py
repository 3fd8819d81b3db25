"""`secrets`: put from stdin, listed without values, keys rotated and old values moved."""

from __future__ import annotations

import asyncio
import io
import secrets
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import msgspec
import pytest

from config.installation import DatabaseRole, Postgres
from config.policy import policy
from launch.secret_keeping import main
from store import audit
from store.audit import Wanted
from store.bootstrap import bootstrap
from store.key_file import KeyFile
from store.migrate import migrate
from store.postgres import connect
from store.tenants import Tenant
from store.tenants import create as create_tenant
from tests.conftest import Server


@pytest.fixture
def where(server: Server) -> Iterator[Postgres]:
    """A database of its own: what other tests sealed there is no other key to open with."""
    address = server.database("ubertruck_keys_" + secrets.token_hex(4))

    async def create() -> None:
        await bootstrap(server.superuser_dsn, address)
        await migrate(address, policy().storage)

    async def drop() -> None:
        admin = await asyncpg.connect(server.superuser_dsn)
        await admin.execute(f"DROP DATABASE {address.database} WITH (FORCE)")
        await admin.close()

    asyncio.run(create())
    yield address
    asyncio.run(drop())


@pytest.fixture
def own(where: Postgres) -> Tenant:
    async def make() -> Tenant:
        owner = await connect(where, DatabaseRole.OWNER)
        try:
            return await create_tenant(owner, "t-" + secrets.token_hex(5), "A tenant of this test")
        finally:
            await owner.close()

    return asyncio.run(make())


def run(data_dir: Path, *words: str) -> int:
    return main([words[0], "--data-dir", str(data_dir), *words[1:]])


def trail_of(where: Postgres, tenant: Tenant) -> list[dict[str, object]]:
    async def read() -> list[dict[str, object]]:
        conn = await connect(where, DatabaseRole.SYSTEM)
        rows = await audit.list_page(conn, tenant.key, Wanted(), None, 99)
        await conn.close()
        return [msgspec.json.decode(row.body) for row in rows]

    return asyncio.run(read())


def test_a_secret_is_put_from_stdin_and_listed_without_its_value(
    data_dir: Path,
    own: Tenant,
    where: Postgres,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("correct horse\n"))
    assert run(data_dir, "put", "webhook", "--tenant", own.id) == 0
    assert run(data_dir, "list", "--tenant", own.id) == 0

    said = capsys.readouterr().out
    assert "secret://webhook is at version 1" in said
    assert "secret://webhook  versions 1" in said
    assert "horse" not in said
    (row,) = trail_of(where, own)
    assert row["action"] == "secrets.put"
    assert str(row["actor"]).startswith("cli:")
    assert "horse" not in str(row)


def test_keys_rotate_and_old_values_move(
    data_dir: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("x"))
    assert run(data_dir, "put", "smtp") == 0
    assert run(data_dir, "rotate") == 0
    assert KeyFile(data_dir / "keys.json").ring.newest == 2
    assert run(data_dir, "reseal") == 0
    assert "secrets: 1 moved to key 2" in capsys.readouterr().out
    assert run(data_dir, "reseal") == 0
    assert "secrets: 0 moved to key 2" in capsys.readouterr().out


def test_what_cannot_be_done_says_why(
    data_dir: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert run(data_dir, "put", "x") == 1
    monkeypatch.setattr("sys.stdin", io.StringIO("v"))
    assert run(data_dir, "put", "../x") == 1
    monkeypatch.setattr("sys.stdin", io.StringIO("v"))
    assert run(data_dir, "put", "x", "--tenant", "nobody") == 1
    assert run(data_dir / "elsewhere", "list") == 1
    assert capsys.readouterr().out.count("cannot ") == 4
