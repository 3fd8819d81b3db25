"""Money that is earned, or given back, before anybody has looked at its booking."""

from __future__ import annotations

import secrets

import pytest

from actors.booking_writing import TenantName
from actors.bookings import Bookings
from actors.life import now_ms
from actors.money.desk import Desk
from actors.money.payments import Till, demand, record_offline, refund, take
from config.policy import Settings, policy
from freight.invoices.documents import DocumentKind
from freight.ledger.accounts import Role
from freight.payments import commands as paying
from freight.payments.state import Method, Payment
from store.personal import PersonalData
from store.postgres import AnyConnection, AnyPool
from tests.actors.money.fake_provider import FakeProvider, FakeProviders
from tests.actors.money.story import story_policy
from tests.actors.money.test_booking_money import ADVANCE, PRICE, Deal

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
