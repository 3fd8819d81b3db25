"""What every piece of work on money is given: beside the stores, who moves it."""

from __future__ import annotations

import dataclasses
from typing import Protocol

from actors.booking_writing import TenantName
from actors.desk import WorkDesk
from providers.eway.portal import EwayPortal
from providers.payments import PaymentProvider
from providers.payouts import PayoutProvider
from store.personal import PersonalData


class MoneyProviders(Protocol):
    """providers.opening.Providers in the running product; ProviderUnsetError: none is set up."""

    async def payments(self, tenant: TenantName) -> PaymentProvider: ...

    async def payouts(self, tenant: TenantName) -> PayoutProvider: ...

    async def eway(self, tenant: TenantName) -> EwayPortal: ...


@dataclasses.dataclass(frozen=True, slots=True)
class Desk(WorkDesk):
    providers: MoneyProviders
    personal: PersonalData
