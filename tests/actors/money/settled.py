"""Settlements in a real store: a tenant with a carrier, opened, approved, paid and looked at."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from actors.booking_writing import TenantName
from actors.money import settlements as engine
from actors.money.desk import Desk
from actors.money.payouts import start
from actors.money.payouts_round import look
from actors.money.settlement_writing import take
from config.policy import Settings, policy
from freight.ledger.accounts import Role
from freight.payouts.state import Payout
from freight.settlements import commands as c
from freight.settlements.state import Head, Kind, Line, Settlement, Source
from store import carriers, events, ledger, payouts, settlements
from store.carriers import CarrierFields
from store.payouts import Waiting
from store.personal import PersonalData
from store.postgres import AnyConnection, AnyPool
from store.tenants import Tenant
from tests.actors.money.fake_payouts import Breaking, FakePayouts, FakeProviders

START_MS = 1_795_000_000_000
CARRIER = "C1"
FREIGHT_MINOR = 2_500_000  # below the thresholds of tax
ACCOUNT = CarrierFields(
    name="Sharma Roadlines", bank_account="123456789012", ifsc="HDFC0001234", pan="AAACG2115R"
)


@dataclasses.dataclass(frozen=True, slots=True)
class BrittleDesk(Desk):
    """A process that may die before and after each commit."""

    breaking: Breaking

    @asynccontextmanager
    async def writing(self, tenant: TenantName) -> AsyncIterator[AnyConnection]:
        async with Desk.writing(self, tenant) as conn:
            yield conn
            self.breaking.step()
        self.breaking.step()


class Office:
    def __init__(
        self, pools: tuple[AnyPool, AnyPool], personal: PersonalData, tenant: Tenant
    ) -> None:
        self.breaking = Breaking()
        self.provider = FakePayouts(self.breaking)
        self.settings = Settings(policy())
        self.clock_ms = START_MS
        self.tenant = TenantName(tenant.key, tenant.id)
        self.desk = BrittleDesk(
            *pools,
            self.settings,
            lambda: self.clock_ms,
            FakeProviders(self.provider),
            personal,
            self.breaking,
        )

    def set(self, **changes: object) -> None:
        rules = self.settings.base.settlements.model_copy(update=changes)
        self.set_base(settlements=rules)

    def set_base(self, **changes: object) -> None:
        self.settings.base = self.settings.base.model_copy(update=changes)
        self.settings.snapshot = dataclasses.replace(
            self.settings.snapshot, everyone=self.settings.base
        )

    @asynccontextmanager
    async def step(self) -> AsyncIterator[AnyConnection]:
        async with Desk.writing(self.desk, self.tenant) as conn:
            yield conn

    async def add_carrier(self, carrier: str = CARRIER, given: CarrierFields | None = None) -> None:
        async with self.step() as conn:
            key = self.tenant.key
            await carriers.create(conn, self.desk.personal, key, carrier, given or ACCOUNT)

    async def opened(self, name: str = "set-1", minor: int = FREIGHT_MINOR, *more: Line) -> str:
        freight = Line(
            id="freight",
            head=Head.FREIGHT,
            amount_minor=minor,
            source=Source.BOOKING,
            booking=f"B-{name}",
            leg="L1",
        )
        opening = c.Open(
            id=name,
            kind=Kind.LEG,
            carrier=CARRIER,
            booking=f"B-{name}",
            leg="L1",
            due=c.Due(lines=(freight, *more), ready_ms=START_MS - 1),
        )
        async with self.step() as conn:
            await take(self.desk, conn, self.tenant, name, opening)
        return name

    async def change(self, name: str, command: c.Command) -> Settlement:
        async with self.step() as conn:
            return (await engine.change(self.desk, conn, self.tenant, name, command)).after

    async def propose(self, name: str) -> Settlement:
        async with self.step() as conn:
            return (await engine.propose(self.desk, conn, self.tenant, name, None)).after

    async def approve(self, name: str, by: str = "user:bea") -> Settlement:
        async with self.step() as conn:
            return (await engine.approve(self.desk, conn, self.tenant, name, by)).after

    async def approved(self, name: str = "set-1", minor: int = FREIGHT_MINOR) -> Settlement:
        await self.opened(name, minor)
        await self.propose(name)
        return await self.approve(name)

    async def started(self, name: str = "set-1", minor: int = FREIGHT_MINOR) -> Payout:
        await self.approved(name, minor)
        async with self.step() as conn:
            payout = await start(self.desk, conn, self.tenant, name)
        assert payout is not None
        return payout

    async def look(self, payout: Payout | str) -> bool:
        """What the round does for one."""
        name = payout if isinstance(payout, str) else payout.id
        return await look(self.desk, Waiting(self.tenant.key, self.tenant.id, name, 0))

    async def settlement(self, name: str = "set-1") -> Settlement:
        async with self.step() as conn:
            return await settlements.get(conn, name)

    async def payout(self, payout: Payout | str) -> Payout:
        async with self.step() as conn:
            return await payouts.get(conn, payout if isinstance(payout, str) else payout.id)

    async def books(self) -> dict[str, int]:
        """What every account stands at, but those at nothing."""
        async with self.step() as conn:
            sums = {role.value: await ledger.balance(conn, role) for role in Role}
        return {name: minor for name, minor in sums.items() if minor}

    async def stands_at(self, role: Role) -> int:
        async with self.step() as conn:
            return await ledger.balance(conn, role)

    async def news(self, subject: str) -> list[str]:
        async with self.step() as conn:
            found = await events.list_page(conn, subject=subject, limit=100)
        return [one.type for one in found]
