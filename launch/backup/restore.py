"""`restore`: brings a data directory back from a backup, as it was at any time."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import asyncpg

from config.policy import policy
from launch.backup import restoring
from launch.backup.place import BackupError, Place, moment
from launch.backup.restoring import Restored, Wanted
from launch.embedded.postgres import EmbeddedPostgresError
from launch.layout import Layout, LayoutError
from launch.leftovers import end_leftovers
from launch.lock import LockedError, held
from launch.options import DATA_DIR
from launch.progress import say

FAILED = 1


def main(argv: Sequence[str]) -> int:
    options = _parser().parse_args(argv)
    layout = Layout.at(options.data_dir)
    try:
        place = Place.at(options.directory)
        place.check()
        base = place.base_for(options.to, options.base)
        wanted = Wanted(base, options.to, options.keys, gap_is_fine=options.accept_gap)
        with emptied(layout, replaces=options.replace):
            done = asyncio.run(restoring.restore(wanted, layout, policy().backup, say))
    except (
        BackupError,
        EmbeddedPostgresError,
        LayoutError,
        LockedError,
        OSError,
        asyncpg.PostgresError,
    ) as error:
        say(f"cannot restore: {error}")
        return FAILED
    tell(done, wanted, layout)
    if options.json is not None:
        options.json.write_text(json.dumps(asdict(done)))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m ubertruck restore",
        description="Bring a data directory back from DIR; then start `up` on it.",
    )
    add = parser.add_argument
    add("directory", type=Path, metavar="DIR", help="what `backup` was given")
    add(
        "--to",
        type=moment_ms,
        metavar="TIME",
        help="2026-01-31T17:45:00Z; without: all that was archived",
    )
    add("--data-dir", type=Path, default=DATA_DIR, help="where to (%(default)s); must be empty")
    add("--replace", action="store_true", help="move what is there aside; nothing is deleted")
    add("--keys", type=Path, metavar="FILE", help="keys.json, if the backup was made without")
    add("--base", metavar="ID", help="which base backup; without: the newest before TIME")
    add("--accept-gap", action="store_true", help="the log has a gap: restore until there")
    add("--json", type=Path, metavar="FILE", help="write what was restored as JSON, too")
    return parser


def moment_ms(text: str) -> int:
    """As in the rest of the interface; one without an offset is UTC."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError("a time is written 2026-01-31T17:45:00Z") from None
    at = found if found.tzinfo is not None else found.replace(tzinfo=UTC)
    return round(at.timestamp() * 1000)


@contextlib.contextmanager
def emptied(layout: Layout, *, replaces: bool) -> Iterator[None]:
    """Holds an empty data directory, so that no `up` starts on it meanwhile."""
    layout.create()
    with held(layout.lock_file):
        if restoring.is_in_use(layout):
            if not replaces:
                raise BackupError(
                    f"{layout.data_dir} is not empty; name another by --data-dir, or --replace to "
                    "move it aside"
                )
            end_leftovers(layout)  # a killed `up` may have left servers that write here
            say(f"what was there is now {restoring.set_aside(layout)}")
    layout.create()
    with held(layout.lock_file):
        yield


def tell(done: Restored, wanted: Wanted, layout: Layout) -> None:
    say(f"restored {layout.data_dir} from {done.base} in {done.took_s:.1f} s")
    if done.last_commit_ms is not None:
        say(f"its newest transaction is of {moment(done.last_commit_ms)}")
    if wanted.to_ms is not None:
        say(f"everything committed until {moment(wanted.to_ms)} is there, and nothing after it")
    say(
        f"{done.documents} documents are back"
        + (
            ""
            if wanted.base.manifest.documents is not None
            else ": they are in your bucket, which must hold those of that time"
        )
    )
    say(f"""start it:  python -m ubertruck up --data-dir {layout.data_dir}
and then, for nothing is archived yet:  python -m ubertruck backup DIR""")
