"""What comes at once, late, or against a booking's papers: both given back and earned between two
looks, refunds of money that was taken up, and of money that the provider does not give back."""

from __future__ import annotations

import asyncio
import secrets

import pytest

from actors.booking_writing import TenantName
from actors.bookings import Bookings
from actors.life import now_ms
from actors.money.at_provider import advance
from actors.money.booking_round import booking_round
from actors.money.desk import Desk
from actors.money.invoices import issue, rulebook
from actors.money.parties import known, seller_of
from actors.money.payments import Till, demand, record_offline, refund, take
from config.policy import Settings, policy
from freight.booking import commands as asked
from freight.booking.state import Milestone, Side
from freight.invoices.documents import DocumentKind, Head
from freight.invoices.drafting import freight_invoice
from freight.invoices.totals import Charge
from freight.ledger.accounts import Role
from freight.payments import commands as paying
from freight.payments.seen import RefundState
from freight.payments.state import Method, Payment
from freight.tax.calendar import india_day
from freight.tax.supply import Supply
from store import dues, payments
from store.personal import PersonalData
from store.postgres import AnyConnection, AnyPool, as_tenant
from tests.actors.booked import SOMEBODY, add_truck, assign
from tests.actors.money.fake_provider import FakeProvider, FakeProviders
from tests.actors.money.story import story_policy
from tests.actors.money.test_booking_money import ADVANCE, PRICE, Deal
from tests.launch.waiting import until

pytestmark = pytest.mark.usefixtures("fresh_books")

K = DocumentKind
TAXED = PRICE * 118 // 100
SMALL = 1_000_00  # less than what cancelling costs


@pytest.fixture
def provider() -> FakeProvider:
    return FakeProvider()


@pytest.fixture
async def deal(
    app: AnyPool,
    system: AnyPool,
    personal: PersonalData,
    name: TenantName,
    provider: FakeProvider,
) -> Deal:
    """Under forward charge, where advances are taxed."""
    settings = Settings(story_policy(policy()))
    desk = Desk(app, system, settings, now_ms, FakeProviders(provider), personal)
    return Deal(desk, Bookings(app, 0, settings), name)


def till_of(deal: Deal, conn: AnyConnection) -> Till:
    return Till(conn, deal.name, deal.desk.policy_of(deal.name), now_ms())


async def ask(deal: Deal, method: Method, payment: str = "p1") -> Payment:
    async with deal.desk.writing(deal.name) as conn:
        wanted = paying.Demand(
            id=f"{deal.id}-{payment}",
            by="clerk",
            method=method,
            amount_minor=ADVANCE,
            booking=deal.id,
            shipper="acme",
        )
        return await demand(till_of(deal, conn), wanted)


async def give(deal: Deal, amount_minor: int) -> None:
    """Back by hand, to the bank."""
    payment, name = f"{deal.id}-p1", f"refund-{secrets.token_hex(5)}"
    async with deal.desk.writing(deal.name) as conn:
        till = till_of(deal, conn)
        await refund(till, payment, paying.Refund(id=name, amount_minor=amount_minor, by="clerk"))
        await take(till, payment, paying.RecordRefund(name, f"UTR{name}", "clerk"))


async def test_an_advance_that_is_earned_before_the_next_look_is_taxed_once(
    deal: Deal, app: AnyPool
) -> None:
    await deal.begin()
    await deal.pay(ADVANCE)
    await deal.deliver(app)
    await deal.look()

    (invoice,) = [one for one in await deal.documents() if one.kind is K.TAX_INVOICE]
    assert [one.kind for one in invoice.references] == [K.RECEIPT_VOUCHER]
    assert await deal.balance(Role.TAX_ON_ADVANCES) == [0]


async def test_an_advance_that_is_given_back_before_the_next_look_is_not_taxed(
    deal: Deal,
) -> None:
    await deal.begin()
    await deal.pay(ADVANCE)
    await give(deal, ADVANCE)
    await deal.look()

    assert await deal.papers() == [(K.RECEIPT_VOUCHER, ADVANCE), (K.REFUND_VOUCHER, ADVANCE)]
    assert await deal.balance(Role.TAX_ON_ADVANCES) == [0]


async def test_a_refund_is_of_as_many_receipts_as_it_takes(deal: Deal) -> None:
    await deal.begin()
    payment = await ask(deal, Method.BANK_TRANSFER)
    for utr in ("A", "B"):
        came = paying.Record(amount_minor=ADVANCE // 2, by="clerk", reference=f"{deal.id}{utr}")
        async with deal.desk.writing(deal.name) as conn:
            await record_offline(till_of(deal, conn), payment.id, came)
    await deal.look()
    for share in (3, 3, 2):
        await give(deal, ADVANCE * share // 8)
        await deal.look()
        assert await deal.stuck() is None

    given = [minor for kind, minor in await deal.papers() if kind is K.REFUND_VOUCHER]
    assert given == [ADVANCE * eighths // 8 for eighths in (3, 1, 2, 2)]
    assert await deal.balance(Role.TAX_ON_ADVANCES) == [0]


async def test_what_is_given_back_of_a_paid_invoice_is_owed_again(deal: Deal, app: AnyPool) -> None:
    await deal.begin()
    await deal.pay(TAXED)
    await deal.deliver(app)
    await deal.look()
    assert await deal.balance(Role.CUSTOMER_ADVANCES, Role.RECEIVABLES) == [0, 0]

    await give(deal, 1_000_00)
    await deal.look()

    assert sum(amount - paid for _, amount, paid in await deal.owed()) == 1_000_00
    assert await deal.balance(Role.CUSTOMER_ADVANCES, Role.RECEIVABLES) == [0, 1_000_00]


async def test_what_the_provider_does_not_give_back_is_wished_for_once(
    deal: Deal, app: AnyPool, provider: FakeProvider
) -> None:
    await deal.begin()
    payment = await ask(deal, Method.UPI)
    payment = await advance(deal.desk, deal.name, payment.id)
    provider.pay(str(payment.order))
    await advance(deal.desk, deal.name, payment.id)
    provider.refused.add("refund")
    await deal.does(asked.Cancel(by=SOMEBODY, side=Side.SHIPPER, reason="no goods"))
    await deal.look()
    await advance(deal.desk, deal.name, payment.id)
    await deal.look()

    async with as_tenant(app, deal.name.key) as conn:
        payment = await payments.get(conn, payment.id)
    assert [one.state for one in payment.refunds] == [RefundState.FAILED]
    assert "refund_failed" in payment.troubles
    assert await deal.stuck() is None


async def test_what_is_given_back_by_hand_just_now_is_not_given_back_again(
    deal: Deal, app: AnyPool
) -> None:
    await deal.begin()
    await deal.pay(SMALL, "p1")
    await deal.pay(ADVANCE, "p2")
    await deal.does(assign(await add_truck(app, deal.name)))
    reached = asked.Reach(by=SOMEBODY, leg="L1", milestone=Milestone.EN_ROUTE, reason="seen")
    await deal.does(reached)
    await deal.does(asked.Cancel(by=SOMEBODY, side=Side.SHIPPER, reason="no goods"))
    async with as_tenant(app, deal.name.key) as conn:
        by_hand = paying.Refund(id="by-hand-at-once", amount_minor=SMALL, by="clerk")
        await refund(till_of(deal, conn), f"{deal.id}-p1", by_hand)
        looking = asyncio.create_task(booking_round(deal.desk))

        async def it_waits_for_us() -> bool:
            waits = "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"
            return looking.done() or bool(await conn.fetchval(waits))

        await until(it_waits_for_us)
    await looking
    await deal.look()

    async with as_tenant(app, deal.name.key) as conn:
        kept = sum(one.kept_minor for one in await payments.of_booking(conn, deal.id))
    assert kept == sum(amount for _, amount, _ in await deal.owed()) > SMALL
    assert await deal.balance(Role.CUSTOMER_ADVANCES, Role.RECEIVABLES) == [0, 0]


async def test_a_provider_that_refuses_to_be_asked_stops_no_round(
    deal: Deal, app: AnyPool, provider: FakeProvider
) -> None:
    await deal.begin()
    payment = await ask(deal, Method.UPI)
    payment = await advance(deal.desk, deal.name, payment.id)
    provider.pay(str(payment.order))
    await advance(deal.desk, deal.name, payment.id)
    provider.refused.add("payments_of_order")
    await deal.does(asked.Cancel(by=SOMEBODY, side=Side.SHIPPER, reason="no goods"))
    await deal.look()

    async with as_tenant(app, deal.name.key) as conn:
        payment = await payments.get(conn, payment.id)
    assert [one.state for one in payment.refunds] == [RefundState.PENDING]


async def test_an_invoice_by_hand_stands_beside_those_that_come_by_themselves(
    deal: Deal, app: AnyPool
) -> None:
    await deal.begin()
    await deal.pay(ADVANCE)
    await deal.look()
    await by_hand(deal)
    await deal.look()
    assert await deal.owed() == [("advance-1", ADVANCE, ADVANCE), ("balance-1", 2_000_00, 0)]

    await deal.deliver(app)
    await deal.look()

    kinds = [kind for kind, _ in await deal.papers()]
    assert kinds.count(K.TAX_INVOICE) == 2
    assert K.CREDIT_NOTE not in kinds
    owed = sum(amount for _, amount, _ in await deal.owed())
    assert owed == sum(minor for kind, minor in await deal.papers() if kind is K.TAX_INVOICE)
    assert await deal.balance(Role.TAX_ON_ADVANCES) == [0]


async def test_what_somebody_else_is_invoiced_for_its_shipper_does_not_owe(
    deal: Deal, app: AnyPool
) -> None:
    await deal.begin()
    await deal.deliver(app)
    await by_hand(deal, "shippers/consignee")
    await deal.look()

    assert sum(amount for _, amount, _ in await deal.owed()) == TAXED


async def by_hand(deal: Deal, party: str = "shippers/acme") -> None:
    """For loading, which no booking knows of."""
    rules = deal.desk.policy_of(deal.name)
    async with deal.desk.writing(deal.name) as conn:
        seller = await seller_of(conn, deal.name, rules)
        buyer = await known(conn, deal.desk.personal, rules, party, india_day(now_ms()))
        supply = Supply(
            recipient=buyer.recipient,
            supplier_state=seller.address.state or "",
            handed_over_in=None,
            material="cement",
            day=india_day(now_ms()),
        )
        draft = freight_invoice(
            rulebook(rules),
            cause=f"manual/{deal.id}",
            seller=seller,
            buyer=buyer.block,
            supply=supply,
            charges=[Charge(head=Head.OTHER, description="Loading", amount_minor=500_00)],
            booking=deal.id,
        )
        await issue(conn, deal.name, draft, now_ms(), rules)
        await dues.look_again(conn, deal.name.key, deal.id)
