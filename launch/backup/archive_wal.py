"""Postgres' archive_command: keeps one finished piece of its log, whole and on the disk, or fails.

Runs for every piece, so it imports nothing of the product; its working directory is the cluster's.
What the log's transactions refer to but do not hold, keys and documents, is kept before the piece:
whoever replays it to its end finds them.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import sys
from pathlib import Path
from typing import Any

ORDER = "ubertruck-archive.json"  # in the cluster's directory; without it nothing is kept
GIVEN_UP = "ubertruck-archive.gap"
PACKED = ".gz"
PART = ".part"
SEGMENT_BYTES = 16 * 1024 * 1024  # fixed: as initdb makes them
OWN_EYES_ONLY = 0o600


class DifferentError(RuntimeError):
    """Something else is kept under this name: two clusters write into one archive."""


def main(argv: list[str]) -> int:
    path, name = Path(argv[0]), argv[1]
    try:
        order: dict[str, Any] = json.loads(Path(ORDER).read_text())
    except FileNotFoundError:
        return 0
    try:
        keep_files(order)
        keep_segment(path, Path(order["wal"]) / name, int(order["compression_level"]))
    except (OSError, DifferentError) as failed:
        if waiting_bytes() > int(order["queue_bytes_max"]):
            return give_up(name, failed)
        print(f"cannot archive {name}: {failed}", file=sys.stderr)
        return 1
    return 0


def waiting_bytes() -> int:
    return SEGMENT_BYTES * sum(1 for _ in Path("pg_wal/archive_status").glob("*.ready"))


def give_up(name: str, why: Exception) -> int:
    """A database whose disk is full of its log would stop; a gap in the backup does not stop it."""
    with Path(GIVEN_UP).open("a") as gap:
        gap.write(f"{name}\n")
    print(f"gave up archiving {name}: {why}; take a new base backup", file=sys.stderr)
    return 0


def keep_segment(source: Path, target: Path, level: int) -> None:
    """The same piece again is fine; another one under its name is refused."""
    content = source.read_bytes()
    kept = read_kept(target)
    if kept is not None:
        if hashlib.sha256(kept).digest() != hashlib.sha256(content).digest():
            raise DifferentError(f"{target} holds something else")
        return
    if level:
        target, content = packed(target), gzip.compress(content, level, mtime=0)
    write_whole(target, content)


def packed(target: Path) -> Path:
    return target.with_name(target.name + PACKED)


def read_kept(target: Path) -> bytes | None:
    """What is kept of a piece; raises OSError or EOFError when it is damaged."""
    if target.is_file():
        return target.read_bytes()
    if packed(target).is_file():
        return gzip.decompress(packed(target).read_bytes())
    return None


def keep_files(order: dict[str, Any]) -> None:
    """Keys and secrets whenever they changed, documents that are new."""
    versions = Path(order["kept"])
    for path in map(Path, order["files"]):
        if path.is_file():
            keep_version(versions, path)
    documents = order["documents"]
    if documents is not None and Path(documents).is_dir():
        keep_documents(Path(documents), Path(order["kept_documents"]))


def keep_version(versions: Path, path: Path) -> None:
    """As `NUMBER.DIGEST.NAME`; the highest number is the newest."""
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    number, newest = 0, ""
    for kept in versions.glob(f"*.{path.name}"):
        found, of, name = kept.name.split(".", 2)
        if name == path.name and int(found) > number:
            number, newest = int(found), of
    if newest != digest:
        write_whole(versions / f"{number + 1:08d}.{digest}.{path.name}", content)


def keep_documents(source: Path, target: Path) -> None:
    """A document never changes once it has its name; those on their way have another."""
    for folder in source.iterdir():
        if not folder.is_dir():
            continue
        there = target / folder.name
        there.mkdir(mode=0o700, parents=True, exist_ok=True)
        kept = {entry.name for entry in os.scandir(there)}
        for entry in os.scandir(folder):
            if entry.name not in kept and not entry.name.endswith(PART):
                keep_document(Path(entry.path), there / entry.name)


def keep_document(source: Path, target: Path) -> None:
    try:
        content = source.read_bytes()
    except FileNotFoundError:
        return  # deleted meanwhile, after its row: nothing that is kept refers to it
    write_whole(target, content)


def write_whole(target: Path, content: bytes) -> None:
    """Under its name only when it is whole and on the disk, and so is the name."""
    part = target.with_name(f".{target.name}.{os.getpid()}{PART}")
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWN_EYES_ONLY)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.rename(target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    sync_folder(target.parent)


def sync_folder(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
