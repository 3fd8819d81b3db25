"""`migrate`: brings the schema of an installation's database up to date."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Sequence
from pathlib import Path

import asyncpg

from config.installation import Postgres, read_installation
from config.policy import policy
from launch.database import bring_roles
from launch.layout import Layout
from launch.options import DATA_DIR
from launch.settings import SettingsError, read_given
from store.errors import StoreError
from store.migrate import migrate


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m ubertruck migrate",
        description="Bring the schema up to date; `up` does the same when it starts.",
    )
    parser.add_argument("--data-dir", type=Path, default=DATA_DIR, help="of a running instance")
    parser.add_argument("--settings", type=Path, metavar="FILE", help="a Postgres of your own")
    options = parser.parse_args(argv)
    try:
        where = _database(options.data_dir, options.settings)
        applied = asyncio.run(_migrate(where))
    except (SettingsError, StoreError, OSError, asyncpg.PostgresError) as error:
        print(f"cannot migrate: {error}")
        return 1
    print("\n".join(f"applied {name}" for name in applied) or "nothing to apply")
    return 0


async def _migrate(where: Postgres) -> list[str]:
    applied = await migrate(where, policy().storage)
    await bring_roles(where)
    return applied


def _database(data_dir: Path, settings: Path | None) -> Postgres:
    given = read_given(settings).postgres
    if given is not None:
        return given
    file = Layout.at(data_dir).installation_file
    if not file.is_file():
        raise SettingsError(f"nothing has been started in {data_dir}; run `up`, or pass --settings")
    return read_installation(file).postgres
