"""The whole story of a booking's money through the sandbox's real HTTP, to the paisa; and the same
when who tells it dies at any of its steps."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from actors import bookings
from actors.booking_writing import TenantName
from actors.money.desk import Desk
from config.policy import Settings
from freight.invoices.documents import Document, DocumentKind
from freight.ledger.accounts import Role
from freight.settlements.state import Head, Settlement, Status
from providers.metering import Unmetered
from providers.opening import Providers
from providers.secret_source import HeldSecret, TenantNamed
from store import dues, invoices, ledger, parties, payments, payouts, settlements
from store.parties import Party
from store.personal import PersonalData
from store.postgres import AnyConnection, AnyPool, as_tenant
from store.tenants import Tenant
from tests.actors.dispatching import willing
from tests.actors.money import story as told
from tests.actors.money.story import Breaking, Sandbox, Story, story_policy
from tests.conftest import found_tenant
from tests.providers.sandbox import SandboxServer

# Of all steps at which one can die, every so manyth in the suite; 1 tries them all.
EVERY = 17
K = DocumentKind

pytestmark = pytest.mark.usefixtures("fresh_books")


class NoSecrets:
    """The sandbox's are the installation's own."""

    async def newest_first(
        self, tenant: TenantNamed | None, reference: str
    ) -> Sequence[HeldSecret]:
        raise AssertionError(f"{reference} of {tenant} is none of the sandbox")


class BrittleProviders:
    """Whoever asks a provider may die before it is heard, and before the answer is."""

    def __init__(self, providers: Providers, breaking: Breaking) -> None:
        self._providers = providers
        self._breaking = breaking

    def __getattr__(self, name: str) -> Any:
        async def give(tenant: TenantName) -> Any:
            provider = await getattr(self._providers, name)(tenant)
            return _Brittle(provider, self._breaking)

        return give


class _Brittle:
    def __init__(self, real: Any, breaking: Breaking) -> None:
        self._real = real
        self._breaking = breaking

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._real, name)
        if not callable(found):
            return found

        async def call(*args: Any, **named: Any) -> Any:
            self._breaking.step()
            answer = await found(*args, **named)
            self._breaking.step()
            return answer

        return call


@dataclasses.dataclass(frozen=True, slots=True)
class BrittleDesk(Desk):
    breaking: Breaking

    @asynccontextmanager
    async def writing(self, tenant: TenantName) -> AsyncIterator[AnyConnection]:
        async with Desk.writing(self, tenant) as conn:
            yield conn
            self.breaking.step()
        self.breaking.step()


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxServer]:
    made = SandboxServer(tmp_path_factory.mktemp("story-sandbox"))
    made.start()
    made.act("switches", is_automatic=False, is_paused=True)
    yield made
    made.kill()


class World:
    """Its time is that of the story that is told."""

    def __init__(
        self, pools: tuple[AnyPool, AnyPool], personal: PersonalData, sandbox: SandboxServer
    ) -> None:
        self.pools = pools
        self.personal = personal
        self.sandbox = sandbox
        self.settings = Settings(story_policy(willing()))
        self.told: Story | None = None

    def now_ms(self) -> int:
        assert self.told is not None
        return self.told.clock_ms

    async def story(self, tenant: Tenant, breaking: Breaking) -> Story:
        name = TenantName(tenant.key, tenant.id)
        clock: list[Story] = []
        providers = Providers(
            self.settings,
            self.sandbox.installed,
            NoSecrets(),
            lambda: clock[0].clock_ms,
            Unmetered(),
        )
        desk = BrittleDesk(
            *self.pools,
            self.settings,
            lambda: clock[0].clock_ms,
            BrittleProviders(providers, breaking),
            self.personal,
            breaking,
        )
        clock.append(Story(desk, name, Sandbox(self.sandbox.url), breaking))
        self.told = clock[0]
        async with as_tenant(self.pools[0], name.key) as conn:
            acme = Party(
                party="shippers/acme",
                name="Acme Cement",
                address="Plot 7",
                state="29",
                gstin="29AAGCB7383J1Z4",
            )
            await parties.put_shipper(conn, self.personal, name.key, acme, None)
            own = Party(party="platform", name="We", state="27", gstin="27AAPFU0939F1ZV")
            await parties.put_registration(conn, name.key, own, None)
        await clock[0].prepare(self.pools[0], self.personal)
        return clock[0]


@pytest.fixture
def world(
    app: AnyPool,
    system: AnyPool,
    personal: PersonalData,
    sandbox: SandboxServer,
    monkeypatch: pytest.MonkeyPatch,
) -> World:
    made = World((app, system), personal, sandbox)
    monkeypatch.setattr(bookings, "now_ms", made.now_ms)
    return made


@dataclasses.dataclass(frozen=True)
class Books:
    """All that is left when it is over."""

    balances: dict[str, int]
    papers: list[tuple[str, int, str]]
    paid: list[tuple[int, int]]
    settled: list[tuple[str, int]]
    paid_out: list[tuple[str, int]]
    owed: list[tuple[str, int, int]]


async def books_of(story: Story) -> Books:
    async with as_tenant(story.desk.app, story.name.key) as conn:
        balances = {role.value: await ledger.balance(conn, role) for role in Role}
        papers = await invoices.of_booking(conn, story.id)
        paid = await payments.of_booking(conn, story.id)
        (settlement,) = await settlements.of_booking(conn, story.id)
        sent = await conn.fetch("SELECT id FROM payouts ORDER BY id")
        made = [await payouts.get(conn, row["id"]) for row in sent]
        owed = await dues.of_booking(conn, story.id)
    return Books(
        balances={name: minor for name, minor in balances.items() if minor},
        papers=[(one.kind.value, one.total_minor, one.number) for one in papers],
        paid=[(one.captured_minor, one.refunded_minor) for one in paid],
        settled=[(line.head.value, line.amount_minor) for line in settlement.lines],
        paid_out=[(one.status.value, one.amount_minor) for one in made],
        owed=[(due.id, due.amount_minor, due.paid_minor) for due in owed],
    )


BY_HAND = Books(
    balances={
        "provider_clearing": 103_172_00,
        "freight_income": -1_00_000_00,
        "detention_income": -400_00,
        "output_igst": -18_072_00,
        "shortage_cost": 15_300_00,
        "carriage_cost": 80_000_00,
        "detention_cost": 400_00,
        "recoveries": -15_300_00,
        "tds_payable": -1_608_00,
        "payout_account": -63_492_00,
    },
    papers=[
        ("receipt_voucher", 94_400_00, "RV/26-27/0000001"),
        ("consignment_note", 0, "LR26-27/0000001"),
        ("tax_invoice", 1_18_000_00, "IN/26-27/0000001"),
        ("tax_invoice", 472_00, "IN/26-27/0000002"),
    ],
    paid=[(94_400_00, 0), (8_772_00, 0)],
    settled=[
        ("freight", 80_000_00),
        ("detention", 400_00),
        ("shortage", -15_300_00),
        ("tds", -1_608_00),
    ],
    paid_out=[("processed", 63_492_00)],
    owed=[("advance-1", 94_400_00, 94_400_00), ("balance-1", 8_772_00, 8_772_00)],
)


async def test_the_story_ends_as_it_was_reckoned_by_hand(world: World, tenant: Tenant) -> None:
    story = await world.story(tenant, Breaking())
    await story.run()

    assert (told.BALANCE, told.PAYOUT) == (8_772_00, 63_492_00)
    assert await books_of(story) == BY_HAND
    async with as_tenant(story.desk.app, tenant.key) as conn:
        papers = {one.number: one for one in await invoices.of_booking(conn, story.id)}
        (settlement,) = await settlements.of_booking(conn, story.id)
    _invoices_are_right(papers)
    _settlement_is_right(settlement)


def _invoices_are_right(papers: dict[str, Document]) -> None:
    voucher, first, second = (
        papers["RV/26-27/0000001"],
        papers["IN/26-27/0000001"],
        papers["IN/26-27/0000002"],
    )
    assert (voucher.taxable_minor, voucher.tax_minor) == (80_000_00, 14_400_00)
    assert (first.taxable_minor, first.tax_minor, first.is_inter_state) == (
        *(1_00_000_00, 18_000_00),
        True,
    )
    assert [reference.number for reference in first.references] == [voucher.number]
    assert (second.taxable_minor, second.tax_minor) == (400_00, 72_00)
    assert (first.buyer.gstin, first.seller.gstin) == ("29AAGCB7383J1Z4", "27AAPFU0939F1ZV")
    assert first.lacks == ()


def _settlement_is_right(settlement: Settlement) -> None:
    tds = next(line for line in settlement.lines if line.head is Head.TDS)
    assert (tds.base_minor, tds.rate_bp) == (80_400_00, 200)
    assert settlement.status is Status.PAID


async def test_whoever_dies_wherever_the_books_are_the_same(
    world: World, owner: AnyConnection
) -> None:
    """Before and after every commit and every question to the provider."""
    whole = Breaking()
    story = await world.story(await found_tenant(owner, "Whole"), whole)
    await story.run()
    assert await books_of(story) == BY_HAND
    assert whole.steps > 100

    for at in range(1 + whole.steps % EVERY, whole.steps + 1, EVERY):
        story = await world.story(await found_tenant(owner, "Broken"), Breaking(at))
        await story.run()

        assert story.deaths == 1
        assert await books_of(story) == BY_HAND, f"died at step {at} of {whole.steps}"
