"""Secrets that an orchestrator mounts as files, one a secret, read again when they change."""

from __future__ import annotations

import asyncio
from pathlib import Path

from store.secret_names import (
    OF_INSTALLATION,
    Scope,
    SecretInfo,
    SecretMissingError,
    SecretName,
    SecretsRefusedError,
    SecretValue,
    SecretVersion,
)

NS_IN_MS = 1_000_000
NS_IN_S = 1_000_000_000


class MountedSecrets:
    """`DIR/NAME` is the installation's, `DIR/TENANT/NAME` a tenant's.

    A file has no versions of its own, so the second of its last change is its number.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def read(self, of: SecretName, version: int | None) -> SecretValue:
        return await asyncio.to_thread(self._read, of, version)

    async def list_of(self, scope: Scope) -> list[SecretInfo]:
        return await asyncio.to_thread(self._list, scope)

    async def keep_alive(self) -> None:
        """A file needs no care."""

    async def close(self) -> None:
        """Nor is it held open."""

    def _folder_of(self, scope: Scope) -> Path:
        return self._folder if scope == OF_INSTALLATION else self._folder / scope.tenant

    def _read(self, of: SecretName, version: int | None) -> SecretValue:
        path = self._folder_of(of.scope) / of.name
        try:
            if not path.is_file():
                raise SecretMissingError(of)
            found = _version_of(path)
            # Editors and echo end a file with a newline that nobody means.
            text = path.read_text().removesuffix("\n")
        except (OSError, ValueError) as failed:
            raise SecretsRefusedError(f"cannot read {path}: {failed}") from failed
        if version not in {None, found.version}:
            raise SecretMissingError(of, version)
        return SecretValue(text, found.version, found.created_ms)

    def _list(self, scope: Scope) -> list[SecretInfo]:
        folder = self._folder_of(scope)
        try:
            paths = sorted(path for path in folder.iterdir() if path.is_file())
        except FileNotFoundError:
            return []
        return [SecretInfo(path.name, (_version_of(path),)) for path in paths]


def _version_of(path: Path) -> SecretVersion:
    changed_ns = path.stat().st_mtime_ns
    return SecretVersion(changed_ns // NS_IN_S, changed_ns // NS_IN_MS)
