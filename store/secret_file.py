"""Secrets in one file beside the other data, each version sealed under the installation's key."""

from __future__ import annotations

import asyncio
import base64
import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from store.key_file import PRIVATE_MODE, KeyFile, KeyFileError
from store.sealing import Sealer, SealError
from store.secret_names import (
    Scope,
    SecretInfo,
    SecretMissingError,
    SecretName,
    SecretsRefusedError,
    SecretValue,
    SecretVersion,
)

PURPOSE = "secrets"
# scope -> name -> version -> {"sealed", "created_ms"}
Content = dict[str, dict[str, dict[str, dict[str, Any]]]]


class LocalSecrets:
    """Of this machine only: on several, use a Vault or mounted files."""

    def __init__(self, path: Path, keys: KeyFile, versions_kept: Callable[[], int]) -> None:
        self._path = path
        self._sealer = Sealer(keys, PURPOSE)
        self._versions_kept = versions_kept

    async def read(self, of: SecretName, version: int | None) -> SecretValue:
        return await asyncio.to_thread(self._read, of, version)

    async def put(self, of: SecretName, text: str) -> SecretVersion:
        return await asyncio.to_thread(self._put, of, text)

    async def list_of(self, scope: Scope) -> list[SecretInfo]:
        return await asyncio.to_thread(self._list, scope)

    async def delete(self, of: SecretName) -> None:
        await asyncio.to_thread(self._delete, of)

    async def keep_alive(self) -> None:
        """A file needs no care."""

    async def close(self) -> None:
        """Nor is it held open."""

    def reseal(self) -> int:
        """Moves what older keys sealed to the newest one; how many versions that were."""
        with self._changing() as content:
            moved = 0
            for scope, name, version, kept in _all(content):
                place, sealed = _place(scope, name, version), _bytes(kept["sealed"])
                if not self._sealer.is_current(sealed):
                    plain = self._sealer.open(sealed, place)
                    kept["sealed"] = _text(self._sealer.seal(plain, place))
                    moved += 1
        return moved

    def _read(self, of: SecretName, version: int | None) -> SecretValue:
        versions = self._content().get(of.scope.tenant, {}).get(of.name)
        if not versions:
            raise SecretMissingError(of)
        number = max(map(int, versions)) if version is None else version
        kept = versions.get(str(number))
        if kept is None:
            raise SecretMissingError(of, version)
        place = _place(of.scope.tenant, of.name, str(number))
        try:
            text = self._sealer.open(_bytes(kept["sealed"]), place).decode()
        except (SealError, KeyFileError) as failed:
            raise SecretsRefusedError(f"secret {of.name!r} does not open: {failed}") from failed
        return SecretValue(text, number, kept["created_ms"])

    def _put(self, of: SecretName, text: str) -> SecretVersion:
        with self._changing() as content:
            versions = content.setdefault(of.scope.tenant, {}).setdefault(of.name, {})
            number = max(map(int, versions), default=0) + 1
            created_ms = time.time_ns() // 1_000_000
            place = _place(of.scope.tenant, of.name, str(number))
            sealed = _text(self._sealer.seal(text.encode(), place))
            versions[str(number)] = {"sealed": sealed, "created_ms": created_ms}
            for old in sorted(versions, key=int)[: -self._versions_kept()]:
                del versions[old]
        return SecretVersion(number, created_ms)

    def _list(self, scope: Scope) -> list[SecretInfo]:
        kept = self._content().get(scope.tenant, {})
        return [SecretInfo(name, _versions(kept[name])) for name in sorted(kept)]

    def _delete(self, of: SecretName) -> None:
        with self._changing() as content:
            if content.get(of.scope.tenant, {}).pop(of.name, None) is None:
                raise SecretMissingError(of)

    def _content(self) -> Content:
        try:
            content: Content = json.loads(self._path.read_text())
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as failed:
            raise SecretsRefusedError(f"cannot read {self._path}: {failed}") from failed
        return content

    @contextmanager
    def _changing(self) -> Iterator[Content]:
        """One process at a time; readers see the file before or after, never between."""
        lock = self._path.with_name(f".{self._path.name}.lock")
        lock.touch(mode=PRIVATE_MODE)
        with lock.open() as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            content = self._content()
            yield content
            draft = self._path.with_name(f".{self._path.name}.{os.getpid()}")
            draft.unlink(missing_ok=True)
            draft.touch(mode=PRIVATE_MODE)
            draft.write_text(json.dumps(content, indent=1))
            draft.rename(self._path)


def _all(content: Content) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    for scope, names in content.items():
        for name, versions in names.items():
            for version, kept in versions.items():
                yield scope, name, version, kept


def _versions(kept: dict[str, dict[str, Any]]) -> tuple[SecretVersion, ...]:
    newest_first = sorted(map(int, kept), reverse=True)
    return tuple(SecretVersion(v, kept[str(v)]["created_ms"]) for v in newest_first)


def _place(scope: str, name: str, version: str) -> bytes:
    """A sealed value that is moved to another name does not open there."""
    return f"{scope}/{name}#{version}".encode()


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text)
