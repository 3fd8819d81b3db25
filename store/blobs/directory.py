"""Blobs as files of one directory, each under its name only when it is whole and on the disk."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import AsyncIterator
from pathlib import Path

from store.blobs.port import Blob, BlobMissingError, checked

OWN_EYES_ONLY = 0o600
PART = ".part"


class DirectoryBlobs:
    def __init__(self, root: Path) -> None:
        self._root = root

    async def put(self, name: str, content: bytes) -> None:
        await asyncio.to_thread(_write, self._root / checked(name), content)

    async def read(self, name: str, start: int, end: int) -> bytes:
        return await asyncio.to_thread(_read, self._root / checked(name), start, end)

    async def delete(self, name: str) -> None:
        path = self._root / checked(name)
        await asyncio.to_thread(path.unlink, missing_ok=True)

    async def listed(self) -> AsyncIterator[Blob]:
        for folder in await asyncio.to_thread(_folders, self._root):
            for blob in await asyncio.to_thread(_blobs_of, folder):
                yield blob

    async def close(self) -> None:
        """Nothing is held open."""


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}{PART}")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWN_EYES_ONLY)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.rename(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    # The name itself must be on the disk before anybody relies on it.
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _read(path: Path, start: int, end: int) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(start)
            return file.read(end - start)
    except FileNotFoundError:
        raise BlobMissingError(path.name) from None


def _folders(root: Path) -> list[Path]:
    return [found for found in root.iterdir() if found.is_dir()] if root.is_dir() else []


def _blobs_of(folder: Path) -> list[Blob]:
    found = []
    with os.scandir(folder) as entries:
        for entry in entries:
            try:
                written_ms = entry.stat().st_mtime_ns // 1_000_000
            except FileNotFoundError:
                continue  # it was being written, and is now
            found.append(Blob(f"{folder.name}/{entry.name}", written_ms))
    return found
