"""Checks a copy of a cluster against the manifest that the server wrote while it was copied.

What pg_verifybackup does; the one that the embedded Postgres carries crashes (18.4 of the wheel).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from launch.backup.place import BackupError, files_of

MANIFEST = "backup_manifest"
# Written or left out on purpose after the copy; the log has checksums of its own.
NOT_LISTED = frozenset({MANIFEST, "postgresql.auto.conf"})
LOG = "pg_wal"
TOLD_MAX = 5  # fixed: of many faults, so many are named


def check_cluster(copied: Path) -> dict[str, Any]:
    """The manifest; raises BackupError when anything is missing, added or changed."""
    manifest = read_manifest(copied)
    faults = list(_faults(copied, manifest))
    if faults:
        more = f" and {len(faults) - TOLD_MAX} more" if len(faults) > TOLD_MAX else ""
        raise BackupError(f"the copy in {copied} is damaged: {'; '.join(faults[:TOLD_MAX])}{more}")
    return manifest


def read_manifest(copied: Path) -> dict[str, Any]:
    """Its last line is the checksum of all that stands before."""
    try:
        raw = (copied / MANIFEST).read_bytes()
        found: dict[str, Any] = json.loads(raw)
        before = raw[: raw.rstrip(b"\n").rindex(b"\n") + 1]
        wanted = found["Manifest-Checksum"]
    except (OSError, ValueError, KeyError) as error:
        raise BackupError(f"{copied} has no manifest that can be read: {error}") from error
    if hashlib.sha256(before).hexdigest() != wanted:
        raise BackupError(f"the manifest of {copied} was changed")
    return found


def _faults(copied: Path, manifest: dict[str, Any]) -> Iterator[str]:
    listed = {_path_of(entry): entry for entry in manifest["Files"]}
    there = {
        str(path.relative_to(copied)): path
        for path in files_of(copied)
        if path.relative_to(copied).parts[0] != LOG
    }
    yield from (f"{name} is missing" for name in sorted(listed.keys() - there.keys()))
    extra = there.keys() - listed.keys() - NOT_LISTED
    yield from (f"{name} was added" for name in sorted(extra))
    for name, entry in listed.items():
        if name in there and name not in NOT_LISTED and not _is_whole(there[name], entry):
            yield f"{name} is not as it was copied"


def _path_of(entry: dict[str, Any]) -> str:
    encoded: str | None = entry.get("Encoded-Path")
    return str(entry["Path"]) if encoded is None else bytes.fromhex(encoded).decode()


def _is_whole(path: Path, entry: dict[str, Any]) -> bool:
    if path.stat().st_size != entry["Size"]:
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == str(entry["Checksum"])
