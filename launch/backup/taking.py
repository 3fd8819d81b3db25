"""Takes a base backup of a running embedded Postgres, and removes the ones that are too old."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from config.sections.backup import Backup
from launch.backup import archiving
from launch.backup.archive_wal import GIVEN_UP, PART, keep_files, sync_folder, write_whole
from launch.backup.archiving import Kept
from launch.backup.checking import MANIFEST, check_cluster, read_manifest
from launch.backup.place import (
    BackupError,
    Base,
    KeptFile,
    Manifest,
    Place,
    Stream,
    files_of,
    piece_of,
)
from launch.embedded.postgres import LISTEN_HOST, SUPERUSER, EmbeddedPostgres, binaries
from launch.layout import Layout
from store.key_file import KeyFile

PRINT_DIGITS = 16  # of a key, which they do not give away
TOLD_LINES = 20  # of what a tool said


@dataclass(frozen=True, slots=True)
class Source:
    """What is backed up."""

    layout: Layout
    server: EmbeddedPostgres
    instance: str
    documents: Path | None
    with_keys: bool = True


async def take(source: Source, place: Place, limits: Backup) -> Base:
    """Archives from now on into `place`, then copies: whatever is committed until the data are
    lost can be restored, but for what was not archived yet."""
    place.create()
    kept = Kept.of(source.layout, source.documents, with_keys=source.with_keys)
    dsn, postgres = source.server.superuser_dsn, source.layout.postgres
    place.refuse_foreign(await archiving.identifier_of(dsn))
    stream = archiving.stream_in(place, postgres)
    for broken_off in place.folder.glob("streams/*/bases/.*.partial"):
        await asyncio.to_thread(shutil.rmtree, broken_off)
    if stream is None or not stream.wal.is_dir() or (postgres / GIVEN_UP).exists():
        stream = place.new_stream()
    order = archiving.order_for(stream, kept, limits)
    await archiving.turn_on(dsn, postgres, order, limits)
    began_ms = _now_ms()
    name = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
    partial = stream.bases_folder / f".{name}.partial"
    try:
        await asyncio.to_thread(_copy_cluster, source.server, partial / "postgres", limits)
        await asyncio.to_thread(verify_cluster, partial / "postgres")
        await archiving.archive_now(dsn, limits)
        manifest = await asyncio.to_thread(_describe, source, kept, stream, partial, began_ms)
        write_whole(partial / "manifest.json", msgspec.json.encode(manifest))
        partial.rename(stream.bases_folder / manifest.id)
        sync_folder(stream.bases_folder)
    except BaseException:
        await asyncio.to_thread(shutil.rmtree, partial, ignore_errors=True)
        raise
    await asyncio.to_thread(prune, place, limits.kept, stream)
    return Base(stream.bases_folder / manifest.id, manifest)


def _copy_cluster(server: EmbeddedPostgres, target: Path, limits: Backup) -> None:
    target.parent.mkdir(mode=0o700, parents=True)
    options = {
        "host": LISTEN_HOST,
        "port": server.port,
        "username": SUPERUSER,
        "pgdata": target,
        "format": "plain",
        # The log of the copying itself comes along, so that a base stands also without archive.
        "wal-method": "stream",
        "checkpoint": "fast",
        "manifest-checksums": "SHA256",
        "max-rate": f"{limits.rate_kib_s_max}k",
    }
    words = [f"--{name}={value}" for name, value in options.items()]
    run_tool("pg_basebackup", [*words, "--no-password"], {"PGPASSWORD": server.password})


def verify_cluster(copied: Path) -> None:
    """Each file against the server's checksums, and the log that came along by its own."""
    log = check_cluster(copied)["WAL-Ranges"][0]
    words = [
        f"--path={copied / 'pg_wal'}",
        f"--timeline={log['Timeline']}",
        f"--start={log['Start-LSN']}",
        f"--end={log['End-LSN']}",
        "--quiet",
    ]
    run_tool("pg_waldump", words, {})


def run_tool(name: str, words: Sequence[str], environment: dict[str, str]) -> None:
    ended = subprocess.run(
        [str(binaries() / name), *words],
        # fixed: where the system keeps its programs
        env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode != 0:
        told = "\n".join((ended.stderr or ended.stdout).splitlines()[-TOLD_LINES:])
        raise BackupError(f"{name} failed:\n{told}")


def _describe(source: Source, kept: Kept, stream: Stream, folder: Path, began_ms: int) -> Manifest:
    """Keeps the files beside the database, and says what the backup consists of."""
    order = archiving.order_of(source.layout.postgres)
    if order is None:
        raise BackupError("archiving was turned off meanwhile")
    keep_files(order)
    names = [path.name for path in kept.files if path.is_file()]
    newest = [(name, stream.newest_version(name)) for name in names]
    write_whole(folder / "documents.txt", "\n".join(documents_of(source.documents)).encode())
    copied = folder / "postgres"
    said = read_manifest(copied)
    log = said["WAL-Ranges"][0]
    return Manifest(
        id=folder.name.removeprefix(".").removesuffix(".partial"),
        instance=source.instance,
        began_ms=began_ms,
        ended_ms=_now_ms(),
        system_identifier=str(said["System-Identifier"]),
        first_piece=piece_of(log["Timeline"], log["Start-LSN"]),
        last_piece=piece_of(log["Timeline"], log["End-LSN"]),
        postgres_manifest_sha256=sha256_of(copied / MANIFEST),
        files=tuple(KeptFile(name, sha256_of(path)) for name, path in newest if path is not None),
        has_keys=source.with_keys,
        key_prints=key_prints(source.layout.key_file),
        documents=_place_of_documents(source),
    )


def documents_of(folder: Path | None) -> list[str]:
    if folder is None or not folder.is_dir():
        return []
    return sorted(str(p.relative_to(folder)) for p in files_of(folder) if p.suffix != PART)


def _place_of_documents(source: Source) -> str | None:
    """Below the data directory wherever that will be, or else where the operator has them."""
    if source.documents is None:
        return None
    own = source.layout.data_dir
    is_own = source.documents.is_relative_to(own)
    return str(source.documents.relative_to(own) if is_own else source.documents)


def key_prints(key_file: Path) -> dict[str, str]:
    """By which a ring is known as the right one without giving it away."""
    if not key_file.is_file():
        return {}
    masters = KeyFile(key_file).ring.masters
    return {
        str(version): hashlib.sha256(b"print" + master).hexdigest()[:PRINT_DIGITS]
        for version, master in masters.items()
    }


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def prune(place: Place, kept: int, writing: Stream) -> None:
    """What no base that is kept has need of."""
    for base in place.bases()[:-kept]:
        # Its manifest first: what is half removed must not look whole.
        (base.folder / "manifest.json").unlink()
        shutil.rmtree(base.folder)
    for stream in place.streams():
        bases = stream.bases()
        if not bases:
            if stream != writing:
                shutil.rmtree(stream.folder)
            continue
        _prune_log(stream, bases[0].manifest.first_piece)
        _prune_documents(stream, bases)


def _prune_log(stream: Stream, first: str) -> None:
    for file in stream.wal.iterdir():
        if file.name[: len(first)] < first:
            file.unlink()


def _prune_documents(stream: Stream, bases: Iterable[Base]) -> None:
    """Those that were there at none of the bases, and did not come since the oldest one."""
    needed: set[str] = set()
    oldest_ms = _now_ms()
    for base in bases:
        needed.update((base.folder / "documents.txt").read_text().splitlines())
        oldest_ms = min(oldest_ms, base.manifest.began_ms)
    for file in files_of(stream.documents):
        is_older = file.stat().st_mtime_ns // 1_000_000 < oldest_ms
        if is_older and str(file.relative_to(stream.documents)) not in needed:
            file.unlink()


async def stop_archiving(source: Source) -> None:
    await archiving.turn_off(source.server.superuser_dsn, source.layout.postgres)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
