"""Who hands adapters the secrets that the configuration names, and for whom."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class TenantNamed(Protocol):
    @property
    def key(self) -> int: ...

    @property
    def id(self) -> str: ...


class HeldSecret(Protocol):
    @property
    def text(self) -> str: ...

    @property
    def created_ms(self) -> int: ...


class SecretSource(Protocol):
    async def newest_first(
        self, tenant: TenantNamed | None, reference: str
    ) -> Sequence[HeldSecret]:
        """The present one, and the one before if there was one; none when it cannot be had.
        Without a tenant: the installation's."""
