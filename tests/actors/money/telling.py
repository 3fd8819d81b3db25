"""A process that tells the story of a booking's money, and may be killed at any of its steps."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec

from actors import bookings
from actors.booking_writing import TenantName
from actors.money.desk import Desk
from config.installation import DatabaseRole, PaymentSandbox, Postgres
from config.policy import Settings, policy
from config.sections.storage import Pool
from freight.ledger.accounts import Role
from providers.metering import Unmetered
from providers.opening import Providers
from providers.secret_source import HeldSecret, TenantNamed
from store import dues, invoices, ledger, parties, payments, payouts, settlements
from store.key_file import KeyFile
from store.parties import Party
from store.personal import PersonalData
from store.postgres import AnyConnection, as_tenant, open_pool
from tests.actors.dispatching import willing
from tests.actors.money.story import Diary, Killing, Sandbox, Story, story_policy

SMALL = Pool(size_min=1, size_max=4)


@dataclasses.dataclass(frozen=True, slots=True)
class Telling:
    """All that a process is given that tells it, or goes on with it."""

    where: Postgres
    key_file: Path
    sandbox: PaymentSandbox
    sandbox_url: str
    tenant: TenantName
    kept: Path  # what the people know, and in the end the books

    def outcome(self) -> Outcome | None:
        path = self.kept.with_suffix(".end")
        return msgspec.json.decode(path.read_bytes(), type=Outcome) if path.exists() else None


class Books(msgspec.Struct, frozen=True):
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


class Outcome(msgspec.Struct, frozen=True):
    books: Books
    steps: int
    deaths: int
    booking: str


class NoSecrets:
    """The sandbox's are the installation's own."""

    async def newest_first(
        self, tenant: TenantNamed | None, reference: str
    ) -> Sequence[HeldSecret]:
        raise AssertionError(f"{reference} of {tenant} is none of the sandbox")


class BrittleProviders:
    """Whoever asks a provider may die before it is heard, and before the answer is."""

    def __init__(self, providers: Providers, killing: Killing) -> None:
        self._providers = providers
        self._killing = killing

    def __getattr__(self, name: str) -> Any:
        async def give(tenant: TenantName) -> Any:
            provider = await getattr(self._providers, name)(tenant)
            return _Brittle(provider, self._killing)

        return give


class _Brittle:
    def __init__(self, real: Any, killing: Killing) -> None:
        self._real = real
        self._killing = killing

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._real, name)
        if not callable(found):
            return found

        async def call(*args: Any, **named: Any) -> Any:
            self._killing.step()
            answer = await found(*args, **named)
            self._killing.step()
            return answer

        return call


@dataclasses.dataclass(frozen=True, slots=True)
class BrittleDesk(Desk):
    killing: Killing

    @asynccontextmanager
    async def writing(self, tenant: TenantName) -> AsyncIterator[AnyConnection]:
        async with Desk.writing(self, tenant) as conn:
            yield conn
            self.killing.step()
        self.killing.step()


def tell(telling: Telling, at: int | None) -> None:
    """The whole of what the process does."""
    asyncio.run(_tell(telling, Killing(at)))


async def _tell(telling: Telling, killing: Killing) -> None:
    diary = Diary(telling.kept)
    told = diary.told
    # Its time is that of the story that is told.
    setattr(bookings, "now_ms", lambda: told.clock_ms)  # noqa: B010 - no attribute it exports
    async with AsyncExitStack() as stack:
        story = await _story(stack, telling, killing, diary)
        if not told.truck:
            await _prepare(story)
        await story.run()
        end = Outcome(await books_of(story), killing.steps, told.deaths, told.id)
    telling.kept.with_suffix(".end").write_bytes(msgspec.json.encode(end))


async def _story(stack: AsyncExitStack, telling: Telling, killing: Killing, diary: Diary) -> Story:
    storage = policy().storage
    app = await open_pool(telling.where, DatabaseRole.APP, SMALL, storage)
    stack.push_async_callback(app.close)
    system = await open_pool(telling.where, DatabaseRole.SYSTEM, SMALL, storage)
    stack.push_async_callback(system.close)
    settings = Settings(story_policy(willing()))

    def now() -> int:
        return diary.told.clock_ms

    providers = Providers(settings, telling.sandbox, NoSecrets(), now, Unmetered())
    stack.push_async_callback(providers.close)
    desk = BrittleDesk(
        app,
        system,
        settings,
        now,
        BrittleProviders(providers, killing),
        PersonalData(KeyFile(telling.key_file)),
        killing,
    )

    return Story(desk, telling.tenant, Sandbox(telling.sandbox_url), killing, diary)


async def _prepare(story: Story) -> None:
    """What is there before the story begins; nobody dies here."""
    desk, name = story.desk, story.name
    async with as_tenant(desk.app, name.key) as conn:
        acme = Party(
            party="shippers/acme",
            name="Acme Cement",
            address="Plot 7",
            state="29",
            gstin="29AAGCB7383J1Z4",
        )
        await parties.put_shipper(conn, desk.personal, name.key, acme, None)
        own = Party(party="platform", name="We", state="27", gstin="27AAPFU0939F1ZV")
        await parties.put_registration(conn, name.key, own, None)
    await story.prepare(desk.app, desk.personal)
