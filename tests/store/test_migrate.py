"""Migrations go forward, once each, whoever runs them, and only as their files say."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

from config.installation import DatabaseRole, Postgres
from config.policy import policy
from store.bootstrap import bootstrap
from store.errors import MigrationError
from store.migrate import MIGRATIONS_DIR, migrate, read_migrations
from store.postgres import connect
from tests.conftest import Server

ALL = [migration.name for migration in read_migrations()]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return shutil.copytree(MIGRATIONS_DIR, tmp_path / "migrations")


async def test_from_empty_then_nothing_left(empty_database: Postgres) -> None:
    first = await migrate(empty_database, policy().storage)
    second = await migrate(empty_database, policy().storage)

    assert first == ALL
    assert second == []


async def test_two_at_once_apply_each_once(empty_database: Postgres) -> None:
    done = await asyncio.gather(*(migrate(empty_database, policy().storage) for _ in range(2)))

    assert sorted(done) == [[], ALL]


async def test_a_changed_file_is_refused(empty_database: Postgres, folder: Path) -> None:
    await migrate(empty_database, policy().storage)
    changed = folder / f"{ALL[0]}.sql"
    changed.write_text(changed.read_text() + "\n-- one more word\n")

    with pytest.raises(MigrationError, match="differs"):
        await migrate(empty_database, policy().storage, folder)


async def test_a_newer_database_is_refused(empty_database: Postgres, folder: Path) -> None:
    (folder / f"{len(ALL) + 1:04}_later.sql").write_text("SELECT 1;")
    await migrate(empty_database, policy().storage, folder)

    with pytest.raises(MigrationError, match="newer"):
        await migrate(empty_database, policy().storage)


async def test_a_failing_file_leaves_nothing_behind(empty_database: Postgres, folder: Path) -> None:
    broken = folder / f"{len(ALL) + 1:04}_broken.sql"
    broken.write_text("CREATE TABLE half (a int); SELECT no_such_thing;")

    with pytest.raises(MigrationError, match="broken"):
        await migrate(empty_database, policy().storage, folder)

    owner = await connect(empty_database, DatabaseRole.OWNER)
    try:
        assert await owner.fetchval("SELECT to_regclass('half')") is None
        assert await owner.fetchval("SELECT count(*) FROM schema_migrations") == len(ALL)
    finally:
        await owner.close()
    broken.write_text("CREATE TABLE half (a int);")
    assert await migrate(empty_database, policy().storage, folder) == [broken.stem]


@pytest.mark.parametrize("name", ["0099_gap.sql", "2_short.sql", "0002_Capital.sql"])
def test_badly_named_files_are_refused(folder: Path, name: str) -> None:
    (folder / name).write_text("SELECT 1;")

    with pytest.raises(MigrationError):
        read_migrations(folder)


async def test_bootstrap_twice_changes_nothing_but_passwords(
    server: Server, empty_database: Postgres
) -> None:
    await migrate(empty_database, policy().storage)

    await bootstrap(server.superuser_dsn, empty_database)

    assert await migrate(empty_database, policy().storage) == []
