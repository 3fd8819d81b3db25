"""Turns the archiving of a cluster's log on and off, and says how it goes."""

from __future__ import annotations

import asyncio
import json
import shlex
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from config.sections.backup import Backup
from launch.backup import archive_wal, fetch_wal
from launch.backup.place import BackupError, Place, Stream
from launch.layout import Layout, write_private
from store import log_archive

POLL_S = 0.1  # fixed: a look, no wait of its own


def settings_lines() -> list[str]:
    """For postgresql.conf. Whether anything is archived, the order beside the data says: turning
    it on needs no restart, and while there is none the command lets every piece go."""
    return ["archive_mode = on", f"archive_command = {quoted(command(archive_wal.__file__))}"]


def restore_command() -> str:
    return command(fetch_wal.__file__, "%f", "%p")


def command(script: str, *given: str) -> str:
    """For the shell that Postgres starts, to which a percent sign is the server's."""
    words = [shlex.quote(word).replace("%", "%%") for word in (sys.executable, "-I", "-S", script)]
    return " ".join([*words, *(given or ("%p", "%f"))])


def quoted(value: str) -> str:
    """As postgresql.conf reads it."""
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"


@dataclass(frozen=True, slots=True)
class Kept:
    """What else than the database is kept, and where it is now."""

    files: tuple[Path, ...]
    documents: Path | None

    @classmethod
    def of(cls, layout: Layout, documents: Path | None, *, with_keys: bool) -> Kept:
        keys = (layout.key_file, layout.jwt_key_file, layout.secrets_file)
        return cls((layout.secret_store_file, *(keys if with_keys else ())), documents)


def order_of(postgres: Path) -> dict[str, object] | None:
    try:
        found: dict[str, object] = json.loads((postgres / archive_wal.ORDER).read_text())
    except FileNotFoundError:
        return None
    return found


def stream_in(place: Place, postgres: Path) -> Stream | None:
    """The one that this cluster writes into, if it is in this place."""
    order = order_of(postgres)
    if order is None:
        return None
    stream = Stream(Path(str(order["wal"])).parent)
    return stream if stream.folder.is_relative_to(place.folder) else None


def order_for(stream: Stream, kept: Kept, limits: Backup) -> dict[str, object]:
    return {
        "wal": str(stream.wal),
        "kept": str(stream.kept),
        "files": [str(path) for path in kept.files],
        "documents": None if kept.documents is None else str(kept.documents),
        "kept_documents": str(stream.documents),
        "compression_level": limits.compression_level,
        "queue_bytes_max": limits.queue_bytes_max,
    }


async def turn_on(dsn: str, postgres: Path, order: dict[str, object], limits: Backup) -> None:
    server = await asyncpg.connect(dsn)
    try:
        if not await log_archive.is_possible(server):
            raise BackupError("this instance was started by an older release; restart `up` once")
        write_private(postgres / archive_wal.ORDER, json.dumps(order, indent=1))
        (postgres / archive_wal.GIVEN_UP).unlink(missing_ok=True)
        await log_archive.set_timeout(server, limits.archive_timeout_s)
    finally:
        await server.close()


async def identifier_of(dsn: str) -> str:
    server = await asyncpg.connect(dsn)
    try:
        return await log_archive.identifier(server)
    finally:
        await server.close()


async def turn_off(dsn: str, postgres: Path) -> None:
    (postgres / archive_wal.ORDER).unlink(missing_ok=True)
    server = await asyncpg.connect(dsn)
    try:
        await log_archive.set_timeout(server, None)
    finally:
        await server.close()


async def archive_now(dsn: str, limits: Backup) -> str:
    """Finishes the present piece, waits until it is archived, and names it."""
    server = await asyncpg.connect(dsn)
    try:
        piece = await log_archive.finish_piece(server)
        give_up_at = time.monotonic() + limits.archived_s_max
        while (await log_archive.newest_archived(server))[: len(piece)] < piece:
            if time.monotonic() > give_up_at:
                raise BackupError(f"{piece} was not archived; the log of Postgres says why")
            await asyncio.sleep(POLL_S)
        return piece
    finally:
        await server.close()
