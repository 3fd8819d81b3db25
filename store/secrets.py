"""Secrets by name, from whoever keeps them: remembered for a moment, and every use told."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from config.installation import SecretStores
from config.patience import VAULT, patience_with
from config.policy import policy
from config.sections.secrets import SecretLimits
from store.key_file import KeyFile
from store.secret_file import LocalSecrets
from store.secret_mounts import MountedSecrets
from store.secret_names import (
    Scope,
    SecretInfo,
    SecretMissingError,
    SecretName,
    SecretReference,
    SecretsAwayError,
    SecretsRefusedError,
    SecretValue,
    SecretVersion,
)
from store.secret_vault import VaultSecrets
from store.vault_asking import Asking, AskingOnce

logger = logging.getLogger("ubertruck.secrets")


class SecretKeeper(Protocol):
    """Where secrets are kept."""

    async def read(self, of: SecretName, version: int | None) -> SecretValue:
        """The newest version for None; raises what store.secret_names lists."""

    async def list_of(self, scope: Scope) -> list[SecretInfo]: ...

    async def keep_alive(self) -> None: ...

    async def close(self) -> None: ...


class WritableKeeper(SecretKeeper, Protocol):
    async def put(self, of: SecretName, text: str) -> SecretVersion: ...

    async def delete(self, of: SecretName) -> None: ...


@dataclass(frozen=True, slots=True)
class Use:
    of: SecretName
    version: int
    reader: str  # kind:id of who read it


@dataclass(slots=True)
class Remembered:
    """What was last read of one secret, and what it was before."""

    current: SecretValue | None = None
    previous: SecretValue | None = None
    read_s: float = 0.0
    is_previous_known: bool = False
    reading: asyncio.Lock = field(default_factory=asyncio.Lock)


class Secrets:
    """Readers see a new version within `refresh_s` of its being put, without a restart."""

    def __init__(
        self,
        keepers: Sequence[SecretKeeper],
        writable: WritableKeeper | None,
        limits: Callable[[], SecretLimits],
    ) -> None:
        """The first keeper that has a secret is believed."""
        self._keepers = keepers
        self._writable = writable
        self._limits = limits
        self._remembered: dict[tuple[SecretName, int | None], Remembered] = {}
        self._uses: Counter[Use] = Counter()

    async def get(self, scope: Scope, reference: SecretReference, reader: str) -> SecretValue:
        """The value that a reference of this scope's configuration stands for."""
        of = SecretName(scope, reference.name)
        current = (await self._fresh(of, reference.version)).current
        if current is None:
            raise SecretMissingError(of, reference.version)
        self._note(of, current, reader)
        return current

    async def current_and_previous(
        self, of: SecretName, reader: str
    ) -> tuple[SecretValue, SecretValue | None]:
        """For who checks what others made with it: the last version but one is good for a while."""
        found = await self._fresh(of, None)
        if found.current is None:
            raise SecretMissingError(of)
        if not found.is_previous_known:
            found.previous = await self._version_before(of, found.current)
            found.is_previous_known = True
        self._note(of, found.current, reader)
        return found.current, found.previous

    async def put(self, of: SecretName, text: str) -> SecretVersion:
        made = await self._writer().put(of, text)
        self._forget(of)
        return made

    async def delete(self, of: SecretName) -> None:
        await self._writer().delete(of)
        self._forget(of)

    async def list_of(self, scope: Scope) -> list[SecretInfo]:
        found: dict[str, SecretInfo] = {}
        for keeper in self._keepers:
            for info in await keeper.list_of(scope):
                found.setdefault(info.name, info)
        return [found[name] for name in sorted(found)]

    def take_uses(self) -> Counter[Use]:
        """What was read since the last time, for the audit trail."""
        taken, self._uses = self._uses, Counter()
        return taken

    async def keep_alive(self) -> None:
        for keeper in self._keepers:
            await keeper.keep_alive()

    async def close(self) -> None:
        for keeper in self._keepers:
            await keeper.close()

    def _note(self, of: SecretName, read: SecretValue, reader: str) -> None:
        self._uses[Use(of, read.version, reader)] += 1

    def _writer(self) -> WritableKeeper:
        if self._writable is None:
            raise SecretsRefusedError("this installation only reads secrets; see its settings")
        return self._writable

    def _forget(self, of: SecretName) -> None:
        for key in [key for key in self._remembered if key[0] == of]:
            self._remembered[key].read_s = 0.0

    async def _fresh(self, of: SecretName, version: int | None) -> Remembered:
        found = self._remembered.setdefault((of, version), Remembered())
        if self._age_s(found) <= self._limits().refresh_s:
            return found
        async with found.reading:
            if self._age_s(found) > self._limits().refresh_s:
                await self._renew(of, version, found)
        return found

    def _age_s(self, found: Remembered) -> float:
        return time.monotonic() - found.read_s if found.read_s else float("inf")

    async def _renew(self, of: SecretName, version: int | None, found: Remembered) -> None:
        try:
            value = await self._read(of, version)
        except SecretMissingError:
            self._remembered.pop((of, version), None)
            raise
        except SecretsAwayError as away:
            # What was good a moment ago is better than nothing, though not for ever.
            if found.current is None or self._age_s(found) > self._limits().stale_s_max:
                raise
            logger.warning("secret %s is not renewed: %s", of.name, away)
            return
        if found.current is not None and found.current.version != value.version:
            found.previous, found.is_previous_known = found.current, True
        found.current, found.read_s = value, time.monotonic()

    async def _read(self, of: SecretName, version: int | None) -> SecretValue:
        for keeper in self._keepers:
            try:
                return await keeper.read(of, version)
            except SecretMissingError:
                continue
        raise SecretMissingError(of, version)

    async def _version_before(self, of: SecretName, current: SecretValue) -> SecretValue | None:
        if current.version <= 1:
            return None
        try:
            return await self._read(of, current.version - 1)
        except SecretMissingError:
            return None


def open_secrets(
    where: SecretStores,
    keys: KeyFile,
    limits: Callable[[], SecretLimits],
    asking: Asking | None = None,
) -> Secrets:
    """Mounted files come first, so that an operator can override; new versions go to Vault if
    there is one, else into the local file. Without `asking` Vault is asked once each time."""
    keepers: list[SecretKeeper] = []
    writable: WritableKeeper | None = None
    if where.mounted_dir is not None:
        keepers.append(MountedSecrets(where.mounted_dir))
    if where.local_file is not None:
        writable = LocalSecrets(where.local_file, keys, lambda: limits().versions_kept)
    if where.vault is not None:
        keepers += [] if writable is None else [writable]
        asking = asking or AskingOnce(lambda: patience_with(policy(), VAULT))
        writable = VaultSecrets(where.vault, asking)
    keepers += [] if writable is None else [writable]
    return Secrets(keepers, writable, limits)
