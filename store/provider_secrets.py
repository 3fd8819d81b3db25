"""Keys of other people's services, as the configuration refers to them, for their adapters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from store.secret_names import (
    OF_INSTALLATION,
    Scope,
    SecretMissingError,
    SecretName,
    SecretReference,
    SecretValue,
)
from store.secrets import Secrets


class TenantNamed(Protocol):
    @property
    def key(self) -> int: ...

    @property
    def id(self) -> str: ...


class ProviderSecrets:
    def __init__(self, secrets: Secrets, reader: str) -> None:
        """`reader` is who they are read for, as the audit trail names it."""
        self._secrets = secrets
        self._reader = reader

    async def newest_first(
        self, tenant: TenantNamed | None, reference: str
    ) -> Sequence[SecretValue]:
        """The present one and the one before; none when there is none. None: the installation's."""
        wanted = SecretReference.parse(reference)
        if wanted is None:
            return []
        scope = OF_INSTALLATION if tenant is None else Scope(tenant.key, tenant.id)
        try:
            if wanted.version is not None:
                return [await self._secrets.get(scope, wanted, self._reader)]
            of = SecretName(scope, wanted.name)
            current, before = await self._secrets.current_and_previous(of, self._reader)
        except SecretMissingError:
            return []
        return [current] if before is None else [current, before]
