"""Bring the schema forward, file by file, each applied once and never changed afterwards."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from config.installation import DatabaseRole, Postgres
from config.sections.storage import Storage
from store.errors import MigrationError
from store.postgres import connect

MIGRATIONS_DIR = Path(__file__).parent / "migrations"
MIGRATION_LOCK = (20267, 4)
FILE_NAME = re.compile(r"(\d{4})_[a-z0-9_]+\.sql")

JOURNAL = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    applied_at timestamptz NOT NULL DEFAULT now(),
    version int PRIMARY KEY,
    name text NOT NULL,
    checksum text NOT NULL
);
ALTER TABLE schema_migrations ENABLE ROW LEVEL SECURITY;
ALTER TABLE schema_migrations FORCE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS administration ON schema_migrations;
CREATE POLICY administration ON schema_migrations TO CURRENT_USER USING (true) WITH CHECK (true);
"""


@dataclass(frozen=True, slots=True)
class Migration:
    version: int
    name: str
    sql: str
    checksum: str


def read_migrations(folder: Path = MIGRATIONS_DIR) -> list[Migration]:
    found = []
    for path in sorted(folder.glob("*.sql")):
        match = FILE_NAME.fullmatch(path.name)
        if match is None:
            raise MigrationError(f"{path.name} is not named like 0001_what_it_does.sql")
        sql = path.read_text()
        checksum = hashlib.sha256(sql.encode()).hexdigest()
        found.append(Migration(int(match[1]), path.stem, sql, checksum))
    if [migration.version for migration in found] != list(range(1, len(found) + 1)):
        raise MigrationError(f"migrations in {folder} are not numbered 1, 2, 3 ...")
    return found


async def migrate(where: Postgres, storage: Storage, folder: Path = MIGRATIONS_DIR) -> list[str]:
    """Apply what is missing and return the names of it; several processes may call this at once."""
    migrations = read_migrations(folder)
    owner = await connect(where, DatabaseRole.OWNER)
    try:
        lock_timeout_ms = int(storage.migration_lock_timeout_s * 1000)
        await owner.execute(f"SET lock_timeout = {lock_timeout_ms}")
        await owner.execute("SELECT pg_advisory_lock($1, $2)", *MIGRATION_LOCK)
        await owner.execute(JOURNAL)
        applied = await owner.fetch("SELECT version, name, checksum FROM schema_migrations")
        missing = _missing(migrations, {row["version"]: row for row in applied})
        for migration in missing:
            await _apply(owner, migration)
    finally:
        await owner.close()
    return [migration.name for migration in missing]


def _missing(migrations: list[Migration], applied: dict[int, asyncpg.Record]) -> list[Migration]:
    known = {migration.version for migration in migrations}
    for version, row in sorted(applied.items()):
        if version not in known:
            raise MigrationError(
                f"the database has migration {row['name']}, which this program does not know: "
                "it was written by a newer UberTruck"
            )
    for migration in migrations:
        done = applied.get(migration.version)
        if done is not None and done["checksum"] != migration.checksum:
            raise MigrationError(
                f"{migration.name}.sql differs from what was applied to this database; "
                "put the file back and write the change as a new migration"
            )
    return [migration for migration in migrations if migration.version not in applied]


async def _apply(owner: asyncpg.Connection[asyncpg.Record], migration: Migration) -> None:
    async with owner.transaction():
        try:
            await owner.execute(migration.sql)
        except asyncpg.PostgresError as error:
            raise MigrationError(f"{migration.name}.sql failed: {error}") from error
        await owner.execute(
            "INSERT INTO schema_migrations (version, name, checksum) VALUES ($1, $2, $3)",
            migration.version,
            migration.name,
            migration.checksum,
        )
