"""A booking's money from its advance to its last paisa: papers, postings, what is owed and given
back, whoever looks and however often."""

from __future__ import annotations

import asyncio
import dataclasses
import secrets
from typing import Any

import pytest

from actors.booking_writing import TenantName
from actors.bookings import Bookings
from actors.life import now_ms
from actors.money.booking_round import booking_round
from actors.money.desk import Desk
from actors.money.payments import Till, demand, record_offline
from config.policy import Settings, policy
from freight.booking import commands as asked
from freight.booking.state import (
    Booking,
    Milestone,
    ProofKind,
    Quoted,
    Received,
    Side,
    Term,
    TermKind,
)
from freight.invoices.documents import Document, DocumentKind
from freight.ledger.accounts import Role
from freight.payments import commands as paying
from freight.payments.state import Method
from store import dues, invoices, ledger, payments
from store.personal import PersonalData
from store.postgres import AnyPool, as_tenant
from tests.actors.booked import SOMEBODY, add_truck, assign, load, taken
from tests.actors.money.fake_provider import FakeProvider, FakeProviders

pytestmark = pytest.mark.usefixtures("fresh_books")

PRICE, ADVANCE = 10_000_00, 8_000_00
TERMS = (Term(TermKind.ADVANCE, 8_000), Term(TermKind.BALANCE, 2_000))
K = DocumentKind


@dataclasses.dataclass
class Deal:
    desk: Desk
    engine: Bookings
    name: TenantName
    id: str = dataclasses.field(default_factory=lambda: f"bk-{secrets.token_hex(4)}")

    async def does(self, command: asked.Command) -> Booking:
        return taken(await self.engine.take(self.name, self.id, command))

    async def begin(self, shipper: str | None = "acme", **more: Any) -> None:
        price = Quoted("q-1", PRICE, "digest", "INR")
        create = asked.Create(
            by=SOMEBODY, id=self.id, shipper=shipper, load=load(), price=price, terms=TERMS, **more
        )
        await self.does(create)
        await self.does(asked.Confirm(by=SOMEBODY))

    async def pay(self, amount_minor: int, payment: str = "p1") -> None:
        async with self.desk.writing(self.name) as conn:
            till = Till(conn, self.name, self.desk.policy_of(self.name), now_ms())
            wanted = paying.Demand(
                id=f"{self.id}-{payment}",
                by="clerk",
                method=Method.BANK_TRANSFER,
                amount_minor=amount_minor,
                booking=self.id,
                shipper="acme",
            )
            await demand(till, wanted)
            utr = f"UTR{secrets.token_hex(5)}"
            came = paying.Record(amount_minor=amount_minor, by="clerk", reference=utr)
            await record_offline(till, wanted.id, came)

    async def deliver(self, app: AnyPool) -> None:
        await self.does(assign(await add_truck(app, self.name, registration="MH12AB1234")))
        await self.prove("S1")
        await self.prove("S2")

    async def prove(self, stop: str, **more: Any) -> None:
        proof = asked.RecordProof(
            by=SOMEBODY,
            leg="L1",
            stop=stop,
            kind=ProofKind.SIGNATURE,
            receiver="Mr Rao",
            reason="its tracker is broken",
            **more,
        )
        await self.does(proof)

    async def look(self) -> None:
        """Until there is nothing more to look at."""
        while await booking_round(self.desk):
            pass

    async def documents(self) -> list[Document]:
        async with as_tenant(self.desk.app, self.name.key) as conn:
            return await invoices.of_booking(conn, self.id)

    async def papers(self) -> list[tuple[DocumentKind, int]]:
        return [(one.kind, one.total_minor) for one in await self.documents()]

    async def balance(self, *roles: Role) -> list[int]:
        async with as_tenant(self.desk.app, self.name.key) as conn:
            return [await ledger.balance(conn, role, booking=self.id) for role in roles]

    async def owed(self) -> list[tuple[str, int, int]]:
        async with as_tenant(self.desk.app, self.name.key) as conn:
            found = await dues.of_booking(conn, self.id)
        return [(due.id, due.amount_minor, due.paid_minor) for due in found]

    async def stuck(self) -> Any:
        async with as_tenant(self.desk.app, self.name.key) as conn:
            return await conn.fetchval(
                "SELECT max(trouble) FROM books_queue WHERE booking = $1", self.id
            )


@pytest.fixture
async def deal(app: AnyPool, system: AnyPool, personal: PersonalData, name: TenantName) -> Deal:
    settings = Settings(policy())
    providers = FakeProviders(FakeProvider())
    desk = Desk(app, system, settings, now_ms, providers, personal)
    return Deal(desk, Bookings(app, 0, settings), name)


async def test_advance_delivery_and_balance(deal: Deal, app: AnyPool) -> None:
    await deal.begin()
    await deal.pay(ADVANCE)
    await deal.look()
    assert await deal.papers() == [(K.RECEIPT_VOUCHER, ADVANCE)]
    assert await deal.owed() == [("advance-1", ADVANCE, ADVANCE), ("balance-1", 2_000_00, 0)]
    assert await deal.balance(Role.CUSTOMER_ADVANCES, Role.RECEIVABLES) == [-ADVANCE, 0]

    await deal.deliver(app)
    await deal.look()
    assert await deal.stuck() is None
    assert await deal.papers() == [
        (K.RECEIPT_VOUCHER, ADVANCE),
        (K.CONSIGNMENT_NOTE, 0),
        (K.TAX_INVOICE, PRICE),
    ]
    invoice = (await deal.documents())[-1]
    assert (invoice.is_reverse_charge, invoice.tax_minor) == (True, 0)
    assert [reference.kind for reference in invoice.references] == [K.RECEIPT_VOUCHER]
    assert invoice.transport is not None
    assert invoice.transport.vehicles == ("MH12AB1234",)
    assert await deal.balance(Role.CUSTOMER_ADVANCES, Role.RECEIVABLES) == [0, 2_000_00]

    await deal.pay(2_000_00, "p2")
    await deal.look()
    assert await deal.owed() == [
        ("advance-1", ADVANCE, ADVANCE),
        ("balance-1", 2_000_00, 2_000_00),
    ]
    roles = (Role.CUSTOMER_ADVANCES, Role.RECEIVABLES, Role.BANK, Role.FREIGHT_INCOME)
    assert await deal.balance(*roles) == [0, 0, PRICE, -PRICE]


async def test_whoever_looks_and_however_often_the_papers_are_the_same(
    deal: Deal, app: AnyPool
) -> None:
    await deal.begin()
    await deal.pay(ADVANCE)
    await deal.deliver(app)
    await asyncio.gather(*(booking_round(deal.desk) for _ in range(4)))
    await deal.look()
    papers = await deal.papers()

    async with as_tenant(app, deal.name.key) as conn:
        for _ in range(3):
            await dues.look_again(conn, deal.name.key, deal.id)
    await deal.look()

    assert await deal.papers() == papers
    assert sorted(kind for kind, _ in papers) == [
        K.CONSIGNMENT_NOTE,
        K.RECEIPT_VOUCHER,
        K.TAX_INVOICE,
    ]
    assert await deal.balance(Role.CUSTOMER_ADVANCES, Role.RECEIVABLES) == [0, 2_000_00]


async def test_what_is_agreed_on_after_the_invoice_is_invoiced_or_noted(
    deal: Deal, app: AnyPool
) -> None:
    await deal.begin()
    await deal.deliver(app)
    await deal.look()
    more = asked.Adjust(by=SOMEBODY, head="toll", unit="trip", quantity=1, per=1, unit_minor=500_00)
    await deal.does(more)
    await deal.look()
    assert (await deal.papers())[1:] == [(K.TAX_INVOICE, PRICE), (K.TAX_INVOICE, 500_00)]

    less = asked.Adjust(
        by=SOMEBODY, head="toll", unit="trip", quantity=1, per=1, unit_minor=-200_00
    )
    await deal.does(less)
    await deal.look()

    assert (await deal.papers())[3:] == [(K.CREDIT_NOTE, 200_00)]
    assert await deal.balance(Role.RECEIVABLES) == [PRICE + 300_00]
    assert sum(amount for _, amount, _ in await deal.owed()) == PRICE + 300_00


async def test_a_cancelled_booking_keeps_its_fee_and_gives_the_rest_back(
    deal: Deal, app: AnyPool
) -> None:
    await deal.begin()
    await deal.pay(ADVANCE)
    await deal.does(assign(await add_truck(app, deal.name)))
    await deal.does(asked.Reach(by=SOMEBODY, leg="L1", milestone=Milestone.EN_ROUTE, reason="seen"))
    cancelled = await deal.does(asked.Cancel(by=SOMEBODY, side=Side.SHIPPER, reason="no goods"))
    fee = sum(one.amount_minor for one in cancelled.charges.values())
    await deal.look()

    assert fee > 0
    assert await deal.papers() == [(K.RECEIPT_VOUCHER, ADVANCE), (K.TAX_INVOICE, fee)]
    async with as_tenant(app, deal.name.key) as conn:
        (payment,) = await payments.of_booking(conn, deal.id)
    assert payment.refunding_minor == ADVANCE - fee
    assert await deal.balance(Role.CUSTOMER_ADVANCES, Role.RECEIVABLES) == [0, 0]
    assert sum(amount for _, amount, _ in await deal.owed()) == fee


async def test_goods_that_were_lost_are_paid_for_by_who_carried_them(
    deal: Deal, app: AnyPool
) -> None:
    await deal.begin(declared_value_minor=90_000_00)
    await deal.does(assign(await add_truck(app, deal.name)))
    await deal.prove("S1")
    # Of 9 000 kg 2 % are missing, 0.3 % of cement are nobody's fault; 1 000 paise a kilogram.
    await deal.prove("S2", received=(Received("cement", 8_820),))
    await deal.look()

    claim = (180 - 27) * 10_00
    assert await deal.stuck() is None
    assert await deal.balance(Role.SHORTAGE_COST, Role.RECEIVABLES) == [claim, PRICE - claim]
    assert sum(amount for _, amount, _ in await deal.owed()) == PRICE - claim


async def test_who_is_no_shipper_of_ours_gets_papers_too(deal: Deal, app: AnyPool) -> None:
    await deal.begin(shipper=None)
    await deal.deliver(app)
    await deal.look()

    assert await deal.stuck() is None
    assert (await deal.papers())[-1] == (K.BILL_OF_SUPPLY, PRICE)
