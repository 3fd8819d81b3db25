"""Brings a data directory back from a backup, as it was at a time or at the end of the archive."""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import asyncpg

from config.sections.backup import Backup
from launch.backup import archive_wal, fetch_wal
from launch.backup.archiving import quoted, restore_command
from launch.backup.checking import MANIFEST
from launch.backup.place import BackupError, Base, files_of, gap_after, moment
from launch.backup.taking import key_prints, sha256_of, verify_cluster
from launch.embedded.postgres import (
    LISTEN_HOST,
    STOP_SIGNAL,
    EmbeddedPostgres,
    give_to_server,
)
from launch.layout import Layout
from launch.process import tail
from store import log_archive
from store.key_file import KeyFileError
from store.postgres import STORE_FAILURES

POLL_S = 0.2  # fixed: a look, no wait of its own
TOLD_LINES = 20
KEPT_BY_UP = frozenset({"run", "logs"})  # an empty instance has these


@dataclass(frozen=True, slots=True)
class Wanted:
    base: Base
    to_ms: int | None
    keys: Path | None  # a key ring of the operator's, when the backup has none
    gap_is_fine: bool = False


@dataclass(frozen=True, slots=True)
class Restored:
    base: str
    last_commit_ms: int | None  # the newest transaction that is there again
    pieces: int  # of the archived log, from the base on
    documents: int
    took_s: float


async def restore(
    wanted: Wanted, layout: Layout, limits: Backup, say: Callable[[str], None]
) -> Restored:
    """Nothing runs on it, and it is empty: who calls sees to both."""
    began_s, base = time.monotonic(), wanted.base
    check_files(base)
    say("checking the copy of the database against its checksums ...")
    await asyncio.to_thread(verify_cluster, base.postgres)
    pieces = check_log(wanted)
    say(f"copying base {base.manifest.id}, with {len(pieces)} archived pieces of the log")
    try:
        await asyncio.to_thread(_copy, wanted, layout)
        last_ms = await _replay(wanted, layout, limits, say)
        documents = await asyncio.to_thread(_copy_documents, wanted, layout)
    except BaseException:
        # What `up` would start must be whole; it was empty before.
        await asyncio.to_thread(_clear, layout)
        raise
    took_s = time.monotonic() - began_s
    return Restored(base.manifest.id, last_ms, len(pieces), documents, took_s)


def _clear(layout: Layout) -> None:
    for entry in layout.data_dir.iterdir():
        if entry.is_dir() and entry.name not in KEPT_BY_UP:
            shutil.rmtree(entry, ignore_errors=True)
        elif entry.is_file():
            entry.unlink()


def is_in_use(layout: Layout) -> bool:
    """Whether there is anything that a restore would overwrite."""
    if not layout.data_dir.is_dir():
        return False
    return any(entry.name not in KEPT_BY_UP for entry in layout.data_dir.iterdir())


def set_aside(layout: Layout) -> Path:
    """Never deleted: what is wrong may be the restore."""
    now = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    aside = layout.data_dir.with_name(f"{layout.data_dir.name}.before-{now}")
    layout.data_dir.rename(aside)
    return aside


def check_files(base: Base) -> None:
    """That what was kept when the base was made is still there, and is it."""
    for file in base.manifest.files:
        found = base.stream.kept.glob(f"*.{file.sha256}.{file.name}")
        path = next(found, None)
        if path is None or sha256_of(path) != file.sha256:
            raise BackupError(f"{file.name} of {base.manifest.id} is missing or damaged")
    digest = sha256_of(base.postgres / MANIFEST)
    if digest != base.manifest.postgres_manifest_sha256:
        raise BackupError(f"the checksums of {base.manifest.id} were changed")


def check_log(wanted: Wanted) -> list[str]:
    """The archived pieces from the base on, without a gap."""
    first = wanted.base.manifest.first_piece
    pieces = [piece for piece in wanted.base.stream.pieces() if piece >= first]
    gap = gap_after(pieces, first)
    if gap is not None and not wanted.gap_is_fine:
        raise BackupError(
            f"piece {gap[0]} of the log is missing and {gap[1]} lie behind it: nothing after the "
            "gap can be restored; --accept-gap restores until there"
        )
    return pieces


def _copy(wanted: Wanted, layout: Layout) -> None:
    base = wanted.base
    layout.create()
    _keys(wanted, layout)
    for path in (layout.jwt_key_file, layout.secrets_file, layout.secret_store_file):
        newest = base.stream.newest_version(path.name)
        if newest is not None:
            archive_wal.write_whole(path, newest.read_bytes())
    shutil.copytree(base.postgres, layout.postgres)
    layout.postgres.chmod(0o700)
    for name in (archive_wal.ORDER, archive_wal.GIVEN_UP, MANIFEST):
        (layout.postgres / name).unlink(missing_ok=True)
    give_to_server(layout.postgres, *layout.postgres.rglob("*"))


def _keys(wanted: Wanted, layout: Layout) -> None:
    """Without them what is sealed stays sealed for ever."""
    kept = wanted.base.stream.newest_version(layout.key_file.name)
    source = wanted.keys or kept
    if source is None:
        raise BackupError(
            "this backup was made without keys, and nothing that is sealed opens without them: "
            "name your copy of keys.json by --keys FILE"
        )
    try:
        archive_wal.write_whole(layout.key_file, source.read_bytes())
        there = key_prints(layout.key_file)
    except (OSError, KeyFileError) as error:
        raise BackupError(f"{source} is no key file of ours: {error}") from error
    for version, digest in wanted.base.manifest.key_prints.items():
        if there.get(version) != digest:
            layout.key_file.unlink()
            raise BackupError(f"{source} lacks key {version}, which this backup was sealed with")


def _copy_documents(wanted: Wanted, layout: Layout) -> int:
    """All that were kept; those that came later than TIME belong to no row and are swept."""
    where, stream, count = wanted.base.manifest.documents, wanted.base.stream, 0
    if where is None:
        return 0
    target = layout.data_dir / where  # an absolute one is the operator's own, and stays that
    for file in files_of(stream.documents):
        there = target / file.relative_to(stream.documents)
        if not there.exists():
            there.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            shutil.copy2(file, there)
        count += 1
    return count


async def _replay(
    wanted: Wanted, layout: Layout, limits: Backup, say: Callable[[str], None]
) -> int | None:
    """Runs the server until it has replayed what is wanted, and stops it cleanly again."""
    extra = _recovery_lines(wanted)
    server = EmbeddedPostgres(layout.postgres, layout.run, _free_port(), extra=extra)
    (layout.postgres / "recovery.signal").touch()
    order = layout.postgres / fetch_wal.ORDER
    order.write_text(json.dumps({"wal": str(wanted.base.stream.wal)}))
    give_to_server(layout.postgres / "recovery.signal", order)
    server.prepare()
    log = layout.log_of("restore")
    with log.open("wb") as out:
        process = subprocess.Popen(  # noqa: ASYNC220 - it is waited for in a thread
            server.command(), env=server.environment(), stdout=out, stderr=out
        )
    try:
        last_ms = await _until_replayed(server, process, limits, say, log)
    finally:
        if process.poll() is None:
            process.send_signal(STOP_SIGNAL)
        await asyncio.to_thread(process.wait)
    order.unlink()
    return last_ms


def _recovery_lines(wanted: Wanted) -> list[str]:
    lines = [
        # What this server writes belongs to no archive: `backup` begins a stream of its own.
        "archive_mode = off",
        f"restore_command = {quoted(restore_command())}",
        "recovery_target_timeline = 'current'",
        "recovery_target_action = 'promote'",
    ]
    if wanted.to_ms is not None:
        # The server knows no letters for zones yet when it reads this.
        at = moment(wanted.to_ms).replace("T", " ").replace("Z", "+00")
        lines.append(f"recovery_target_time = {quoted(at)}")
    return lines


async def _until_replayed(
    server: EmbeddedPostgres,
    process: subprocess.Popen[bytes],
    limits: Backup,
    say: Callable[[str], None],
    log: Path,
) -> int | None:
    give_up_at, told = time.monotonic() + limits.recovery_s_max, ""
    while time.monotonic() < give_up_at:
        if process.poll() is not None:
            raise BackupError(_why(log))
        try:
            conn = await asyncpg.connect(server.superuser_dsn)
        except STORE_FAILURES:
            await asyncio.sleep(POLL_S)
            continue
        try:
            recovers, last_ms = await log_archive.replayed(conn)
            if not recovers:
                await log_archive.set_timeout(conn, None)
                return last_ms
        except STORE_FAILURES:
            continue  # promotion ends nobody's session, but a crash of the server does
        finally:
            conn.terminate()
        now = "nothing yet" if last_ms is None else moment(last_ms)
        if now != told:
            say(f"replayed until {now}")
            told = now
        await asyncio.sleep(POLL_S)
    raise BackupError(f"not replayed within {limits.recovery_s_max:g} s")


def _why(log: Path) -> str:
    text = log.read_text(errors="replace")
    if "before configured recovery target was reached" in text:
        marks = [line for line in text.splitlines() if "last completed transaction was" in line]
        last = f" ({marks[-1].partition('LOG:')[2].strip()})" if marks else ""
        return (
            f"the archive ends before that time{last}; without --to everything that was archived "
            "comes back"
        )
    return f"the server ended while replaying\n{tail(log, TOLD_LINES)}"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LISTEN_HOST, 0))
        port: int = probe.getsockname()[1]
        return port
