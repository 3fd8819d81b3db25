"""`backup`: copies the embedded database while it works, and archives its log from then on."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Sequence
from pathlib import Path

import asyncpg

from config.installation import Installation, InstallationMissingError
from config.policy import policy
from launch.backup import archiving, taking
from launch.backup.archive_wal import GIVEN_UP
from launch.backup.place import BackupError, Base, Place, gap_after, moment
from launch.backup.taking import Source
from launch.embedded.postgres import EmbeddedPostgres, EmbeddedPostgresError
from launch.installed import add_installation_option, find_installation
from launch.layout import Layout
from launch.leftovers import read_record
from launch.progress import say
from store.blobs.opening import FOLDER
from store.key_file import KeyFileError

FAILED = 1
WITH_KEYS = """
!! This backup holds the keys that open what is sealed: whoever can read
!! {place}
!! can read everything. Keep it as you keep the data directory, or leave the keys out by
!! --without-keys and keep a copy of keys.json in another place."""
WITHOUT_KEYS = """
!! This backup CANNOT BE READ without the key file, which it does not hold. Copy
!! {keys}
!! to a safe place that is not beside the backup, now and after each `secrets rotate`;
!! `restore` wants it by --keys."""


def main(argv: Sequence[str]) -> int:
    options = _parser().parse_args(argv)
    try:
        place = Place.at(options.directory)
        if options.list:
            tell_all(place)
        elif options.stop:
            source = source_of(find_installation(options.data_dir), with_keys=True)
            asyncio.run(taking.stop_archiving(source))
            say("nothing is archived from now on; what is there stays, and ages")
        else:
            where = find_installation(options.data_dir)
            source = source_of(where, with_keys=not options.without_keys)
            say(f"copying {where.data_dir} while it works ...")
            base = asyncio.run(taking.take(source, place, policy().backup))
            tell(base, source, place, where)
    except (
        BackupError,
        EmbeddedPostgresError,
        InstallationMissingError,
        KeyFileError,
        OSError,
        asyncpg.PostgresError,
    ) as error:
        say(f"cannot back up: {error}")
        return FAILED
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m ubertruck backup",
        description="Copies the running database into DIR and archives its log there from then on, "
        "so that `restore` can bring back any moment after the copy. Run it again, say every day, "
        "for a newer copy to start from.",
    )
    parser.add_argument("directory", type=Path, metavar="DIR", help="on another disk, best")
    parser.add_argument("--without-keys", action="store_true", help="leave out what opens the rest")
    parser.add_argument("--stop", action="store_true", help="archive nothing from now on")
    parser.add_argument("--list", action="store_true", help="what is there, and how far it reaches")
    add_installation_option(parser)
    return parser


def source_of(where: Installation, *, with_keys: bool) -> Source:
    layout = Layout.at(where.data_dir)
    record = read_record(layout)
    if record is None or record.up.find() is None:
        raise BackupError(
            f"nothing runs on {layout.data_dir}. A directory that nothing runs on may be copied as "
            "it is; a backup from which any time can be restored is taken of a running one"
        )
    if not any(child.name == "postgres" for child in record.children):
        raise BackupError(
            "Postgres is yours (it was given by --settings), so is its backup: archive its log and "
            "take base backups by pg_basebackup or the tool of your choice. Ours to keep with it: "
            f"{where.key_file}, {where.jwt_key_file}, {layout.secret_store_file}, and the "
            "documents (docs/backup.md)"
        )
    server = EmbeddedPostgres(layout.postgres, layout.run, where.postgres.port)
    return Source(layout, server, where.instance, documents_of(where), with_keys)


def documents_of(where: Installation) -> Path | None:
    if where.documents.s3 is not None:
        return None
    return where.documents.directory or where.data_dir / FOLDER


def tell(base: Base, source: Source, place: Place, where: Installation) -> None:
    about = base.manifest
    say(
        f"base backup {about.id} is whole and checked; it took "
        f"{(about.ended_ms - about.began_ms) / 1000:.1f} s"
    )
    say(f"from {moment(about.ended_ms)} on any time can be restored:")
    say(f"  python -m ubertruck restore {place.folder} --to TIME --data-dir {where.data_dir}")
    say(
        f"the log is archived every {policy().backup.archive_timeout_s} s at the latest, which is "
        "what a sudden end of the data directory costs"
    )
    if where.documents.s3 is not None:
        say(f"documents are in the bucket {where.documents.s3.bucket}: keep its versions yourself")
    if same_disk(place.folder, where.data_dir):
        say(f"!! {place.folder} is on the same disk as the data: what takes one takes both")
    text = WITH_KEYS if source.with_keys else WITHOUT_KEYS
    say(text.format(place=place.folder, keys=where.key_file))


def same_disk(one: Path, other: Path) -> bool:
    return one.stat().st_dev == other.stat().st_dev


def tell_all(place: Place) -> None:
    place.check()
    for base in place.bases():
        about, pieces = base.manifest, base.stream.pieces()
        gap = gap_after([p for p in pieces if p >= about.first_piece], about.first_piece)
        reach = f"until {gap[0]}, which is missing" if gap else f"{len(pieces)} pieces of the log"
        keys = "with keys" if about.has_keys else "WITHOUT keys"
        say(f"{about.id}  {about.instance}  from {moment(about.ended_ms)}  {reach}  {keys}")


def gap_in_archive(postgres: Path) -> str | None:
    """What is wrong with the archive that this cluster writes into; for `doctor`."""
    order = archiving.order_of(postgres)
    if order is None or not (postgres / GIVEN_UP).exists():
        return None
    return str(order["wal"])
