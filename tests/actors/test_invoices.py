"""Issuing documents: numbers without gaps whoever dies, each cause once, books too."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections import Counter

import asyncpg
import msgspec
import pytest

from actors.booking_writing import TenantName
from actors.bookings import Bookings
from actors.money.invoices import NoteWish, credit, debit, issue
from config.installation import DatabaseRole, Postgres
from freight.invoices.documents import (
    Consignment,
    FreightTerms,
    Risk,
    digest_of,
    read,
    written,
)
from freight.invoices.drafting import consignment_note
from freight.ledger.accounts import Role
from freight.refusal import Refusal
from store import invoices, ledger
from store.postgres import STORE_FAILURES, AnyConnection, AnyPool, as_tenant, connect
from tests.actors.booked import add_truck, assign, taken, waiting
from tests.actors.dispatching import add_carrier
from tests.freight.invoices.papers import (
    AT_MS,
    BOOK,
    MILL,
    NEIGHBOUR,
    PUNE,
    invoice,
    supply,
    transport,
)

ISSUERS, DOCUMENTS = 16, 8
KILL_SHARE = 0.3


async def test_a_document_is_numbered_posted_and_told_in_one_step(
    app: AnyPool, name: TenantName, superuser: AnyConnection
) -> None:
    async with as_tenant(app, name.key) as conn:
        made = await issue(conn, name, invoice(), AT_MS)

    async with as_tenant(app, name.key) as conn:
        kept = await invoices.get(conn, made.id)
        owed = await ledger.balance(conn, Role.RECEIVABLES, NEIGHBOUR.party)
        tax = await ledger.balance(conn, Role.OUTPUT_CGST)
    told = await superuser.fetch(
        "SELECT e.type, e.data FROM events e JOIN outbox o ON o.event_seq = e.seq "
        "WHERE e.tenant_key = $1",
        name.key,
    )
    assert (made.number, made.date, made.total_minor) == (
        "IN/26-27/0000001",
        "2026-11-21",
        59_000_00,
    )
    assert (owed, tax) == (59_000_00, -4_500_00)
    assert kept.document == made
    assert kept.digest == digest_of(written(made))
    assert [row["type"] for row in told] == ["invoice.issued"]


async def test_the_same_cause_is_issued_once(app: AnyPool, name: TenantName) -> None:
    async with as_tenant(app, name.key) as conn:
        first = await issue(conn, name, invoice(), AT_MS)
    async with as_tenant(app, name.key) as conn:
        again = await issue(conn, name, invoice([1_00]), AT_MS + 1)
        other = msgspec.structs.replace(invoice(), cause="another")
        second = await issue(conn, name, other, AT_MS)

    assert again == first
    assert (second.nr, second.previous) == (2, digest_of(written(first)))


async def test_each_kind_registration_and_year_has_a_series_of_its_own(
    app: AnyPool, name: TenantName
) -> None:
    exempt = msgspec.structs.replace(invoice(mode="exempt_21"), cause="exempt")
    year_before = AT_MS - 300 * 86_400_000
    async with as_tenant(app, name.key) as conn:
        numbers = [
            (await issue(conn, name, draft, at_ms)).number
            for draft, at_ms in (
                (invoice(), AT_MS),
                (exempt, AT_MS),
                (msgspec.structs.replace(invoice(), cause="before"), year_before),
            )
        ]

    assert numbers == ["IN/26-27/0000001", "BS/26-27/0000001", "IN/25-26/0000001"]


async def test_nobody_changes_or_removes_a_document(app: AnyPool, name: TenantName) -> None:
    async with as_tenant(app, name.key) as conn:
        await issue(conn, name, invoice(), AT_MS)

    for statement in (
        "UPDATE invoices SET total_minor = 1",
        "DELETE FROM invoices",
        "DELETE FROM invoice_series",
        "UPDATE invoice_series SET year = 2000",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with as_tenant(app, name.key) as conn:
                await conn.execute(statement)


async def test_credit_notes_take_back_no_more_than_there_is(app: AnyPool, name: TenantName) -> None:
    async with as_tenant(app, name.key) as conn:
        made = await issue(conn, name, invoice(), AT_MS)
    wish = NoteWish(about=made.id, cause="n1", reason="short", amount_minor=1_180_00)
    async with as_tenant(app, name.key) as conn:
        first = await credit(conn, name, wish, AT_MS)
        assert await credit(conn, name, wish, AT_MS) == first
        rest = await credit(
            conn, name, NoteWish(about=made.id, cause="n2", reason="cancelled"), AT_MS
        )
        with pytest.raises(Refusal, match="nothing is left"):
            await credit(conn, name, NoteWish(about=made.id, cause="n3", reason="again"), AT_MS)
        owed = await ledger.balance(conn, Role.RECEIVABLES, NEIGHBOUR.party)
        income = await ledger.balance(conn, Role.FREIGHT_INCOME)

    assert (first.number, first.taxable_minor, first.tax_minor) == (
        "CN/26-27/0000001",
        1_000_00,
        180_00,
    )
    assert first.total_minor + rest.total_minor == made.total_minor
    assert (owed, income) == (0, 0)


async def test_two_credit_notes_at_once_stay_within_the_invoice(
    app: AnyPool, name: TenantName
) -> None:
    async with as_tenant(app, name.key) as conn:
        made = await issue(conn, name, invoice(), AT_MS)

    async def one(nr: int) -> bool:
        wish = NoteWish(about=made.id, cause=f"n{nr}", reason="x", amount_minor=40_000_00)
        try:
            async with as_tenant(app, name.key) as conn:
                await credit(conn, name, wish, AT_MS)
        except Refusal:
            return False
        return True

    assert sorted(await asyncio.gather(*map(one, range(4)))) == [False, False, False, True]


async def test_a_debit_note_asks_for_more(app: AnyPool, name: TenantName) -> None:
    async with as_tenant(app, name.key) as conn:
        made = await issue(conn, name, invoice(), AT_MS)
        wish = NoteWish(about=made.id, cause="d", reason="toll", taxable_by_line={1: 500_00})
        note = await debit(conn, name, wish, AT_MS)
        owed = await ledger.balance(conn, Role.RECEIVABLES, NEIGHBOUR.party)

    assert (note.number, note.total_minor, owed) == ("DN/26-27/0000001", 590_00, 59_590_00)
    assert note.references[0].number == "IN/26-27/0000001"


async def test_a_carrier_has_the_consignment_notes_of_its_own_legs_in_hand(
    app: AnyPool, name: TenantName, engine: Bookings
) -> None:
    carrier = await add_carrier(app, name)
    truck = await add_truck(app, name, payload_kg=20_000, carrier=carrier)
    booking = await waiting(engine, name)
    given = msgspec.structs.replace(assign(truck), carrier=carrier)
    taken(await engine.take(name, booking, given))
    note = consignment_note(
        BOOK,
        cause="lr",
        seller=PUNE,
        buyer=MILL,
        supply=supply(),
        transport=transport(),
        consignment=Consignment(risk=Risk.OWNER, terms=FreightTerms.TO_BE_BILLED),
        booking=booking,
        leg="L1",
    )
    async with as_tenant(app, name.key) as conn:
        made = await issue(conn, name, note, AT_MS)
        await issue(conn, name, invoice(), AT_MS)

    seen = []
    for who in (carrier, "another"):
        async with as_tenant(app, name.key, carrier=who) as conn:
            found = await invoices.list_page(conn, None, 10, invoices.Filter())
        seen.append([kept.document.number for kept in found])
    assert seen == [[made.number], []]


class Issuer:
    """One of many, whose connection breaks off at points that chance chooses: by itself, or cut
    by the server, in the middle of a statement too."""

    def __init__(
        self, where: Postgres, superuser: AnyConnection, name: TenantName, seed: int
    ) -> None:
        self.where, self.superuser, self.name = where, superuser, name
        self.rng = random.Random(seed)  # noqa: S311 - a repeatable storm
        self.killed: Counter[str] = Counter()

    async def issue_all(self, causes: list[str], cutting: asyncio.Lock) -> None:
        for cause in causes:
            while not await self._issued(cause, cutting):
                pass

    async def _issued(self, cause: str, cutting: asyncio.Lock) -> bool:
        conn = await connect(self.where, DatabaseRole.APP)
        work = asyncio.ensure_future(self._issue(conn, cause))
        killer = asyncio.ensure_future(self._kill(conn, work, cutting))
        try:
            await work
        except (asyncio.CancelledError, *STORE_FAILURES):
            return False
        finally:
            await killer
            conn.terminate()
        return True

    async def _issue(self, conn: AnyConnection, cause: str) -> None:
        await conn.execute(f"BEGIN; SET LOCAL ubertruck.tenant_key = {self.name.key}")
        await issue(conn, self.name, msgspec.structs.replace(invoice(), cause=cause), AT_MS)
        await conn.execute("COMMIT")

    async def _kill(
        self, conn: AnyConnection, work: asyncio.Future[None], cutting: asyncio.Lock
    ) -> None:
        if self.rng.random() > KILL_SHARE:
            return
        pid = conn.get_server_pid()
        for _ in range(self.rng.randrange(200)):
            await asyncio.sleep(0)
        if self.rng.random() < 0.5:
            self.killed["left"] += work.cancel()
            return
        async with cutting:
            cut = await self.superuser.fetchval("SELECT pg_terminate_backend($1)", pid)
            self.killed["cut"] += bool(cut) and not work.done()


async def test_sixteen_issuers_leave_no_gap_and_no_duplicate_whoever_dies(
    where: Postgres, superuser: AnyConnection, app: AnyPool, name: TenantName
) -> None:
    """Two issuers share each cause, as a round does that is begun anew."""
    cutting = asyncio.Lock()
    issuers = [Issuer(where, superuser, name, seed) for seed in range(ISSUERS)]
    causes = [[f"c{nr // 2}-{i}" for i in range(DOCUMENTS)] for nr in range(ISSUERS)]
    await asyncio.gather(
        *(one.issue_all(wanted, cutting) for one, wanted in zip(issuers, causes, strict=True))
    )

    wanted = ISSUERS // 2 * DOCUMENTS
    async with as_tenant(app, name.key) as conn:
        rows = await conn.fetch("SELECT nr, cause, body FROM invoices ORDER BY nr")
        last = await conn.fetchval("SELECT last FROM invoice_series")
        owed = await ledger.balance(conn, Role.RECEIVABLES, NEIGHBOUR.party)
    documents = [read(row["body"]) for row in rows]
    told = await superuser.fetchval(
        "SELECT count(*) FROM events WHERE tenant_key = $1 AND type = 'invoice.issued'", name.key
    )
    killed = sum((one.killed for one in issuers), Counter())
    assert [row["nr"] for row in rows] == list(range(1, wanted + 1))
    assert len({row["cause"] for row in rows}) == wanted
    assert (last, told, owed) == (wanted, wanted, wanted * 59_000_00)
    for before, after in itertools.pairwise(documents):
        assert after.previous == digest_of(written(before))
    assert killed["left"] > 5, killed
    assert killed["cut"] > 5, killed
