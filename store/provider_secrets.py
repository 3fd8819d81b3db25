"""Secrets as adapters to other people's services are handed them: whatever fits a reference."""

from __future__ import annotations

import logging
from typing import Protocol

from store.secret_names import (
    OF_INSTALLATION,
    Scope,
    SecretName,
    SecretReference,
    SecretsError,
    SecretValue,
)
from store.secrets import Secrets

logger = logging.getLogger("ubertruck.secrets")


class TenantNamed(Protocol):
    @property
    def key(self) -> int: ...

    @property
    def id(self) -> str: ...


class ProviderSecrets:
    """Is a providers.secret_source.SecretSource."""

    def __init__(self, secrets: Secrets, reader: str) -> None:
        self._secrets = secrets
        self._reader = reader

    async def newest_first(
        self, tenant: TenantNamed | None, reference: str
    ) -> tuple[SecretValue, ...]:
        """None where there is none; whoever keeps them may also be away, which the log tells."""
        scope = OF_INSTALLATION if tenant is None else Scope(tenant.key, tenant.id)
        try:
            named = SecretReference.parse(reference)
            if named is None:
                return ()
            if named.version is not None:
                return (await self._secrets.get(scope, named, self._reader),)
            of = SecretName(scope, named.name)
            current, before = await self._secrets.current_and_previous(of, self._reader)
        except (SecretsError, ValueError) as failed:
            logger.warning("a provider's secret cannot be had: %s", failed)
            return ()
        return (current,) if before is None else (current, before)
