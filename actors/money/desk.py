"""What every piece of work on money is given: the stores, the clock, and the settings."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Protocol

from actors.booking_writing import TenantName
from config.policy import Policy, Settings
from providers.eway.portal import EwayPortal
from providers.payments import PaymentProvider
from providers.payouts import PayoutProvider
from store.personal import PersonalData
from store.postgres import AnyConnection, AnyPool, as_tenant


class MoneyProviders(Protocol):
    """providers.opening.Providers in the running product; ProviderUnsetError: none is set up."""

    async def payments(self, tenant: TenantName) -> PaymentProvider: ...

    async def payouts(self, tenant: TenantName) -> PayoutProvider: ...

    async def eway(self, tenant: TenantName) -> EwayPortal: ...


@dataclasses.dataclass(frozen=True, slots=True)
class Desk:
    app: AnyPool
    system: AnyPool  # sees the work of all tenants, and writes none of it
    settings: Settings
    now_ms: Callable[[], int]
    providers: MoneyProviders
    personal: PersonalData

    def policy_of(self, tenant: TenantName) -> Policy:
        return self.settings.of(tenant.id)

    @asynccontextmanager
    async def writing(self, tenant: TenantName) -> AsyncIterator[AnyConnection]:
        """One step: all of it is written, or nothing."""
        async with as_tenant(self.app, tenant.key) as conn:
            yield conn
