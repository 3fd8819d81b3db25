"""Payments on the real store, with a provider whose answers may be lost."""

from __future__ import annotations

import dataclasses
import secrets

import pytest

from actors.booking_writing import TenantName
from actors.money.at_provider import advance
from actors.money.desk import Desk
from actors.money.payments import Till, demand, record_offline, refund, take
from config.policy import Settings, policy
from freight.ledger.accounts import Role
from freight.payments import commands as asked
from freight.payments.state import Method, Payment, Purpose, RefundTo, Status
from freight.refusal import Refusal
from providers.errors import ProviderAwayError
from providers.payments import PaymentStatus, RefundStatus
from store import events, ledger, payments
from store.errors import AlreadyExistsError
from store.personal import PersonalData
from store.postgres import AnyPool, as_tenant
from tests.actors.money.fake_provider import START_MS, FakeProvider, FakeProviders

AMOUNT = 1_000_000


@dataclasses.dataclass
class Shop:
    """A tenant that is paid."""

    desk: Desk
    tenant: TenantName
    provider: FakeProvider
    clock_ms: int = START_MS

    async def tell(self, payment_id: str, command: asked.Command) -> Payment:
        async with self.desk.writing(self.tenant) as conn:
            return await take(self.till(conn), payment_id, command)

    def till(self, conn: object) -> Till:
        return Till(conn, self.tenant, self.desk.policy_of(self.tenant), self.clock_ms)  # type: ignore[arg-type]

    async def demand(self, **wishes: object) -> Payment:
        wanted = asked.Demand(
            **{  # type: ignore[arg-type]
                "id": f"pay-{secrets.token_hex(6)}",
                "by": "user:u1",
                "method": Method.UPI,
                "amount_minor": AMOUNT,
                "booking": "bk-1",
                "due": "advance",
                "shipper": "s1",
                **wishes,
            }
        )
        async with self.desk.writing(self.tenant) as conn:
            return await demand(self.till(conn), wanted)

    async def advance(self, payment: Payment, *, is_fresh: bool = False) -> Payment:
        return await advance(self.desk, self.tenant, payment.id, is_fresh=is_fresh)

    async def opened(self, **wishes: object) -> Payment:
        return await self.advance(await self.demand(**wishes), is_fresh=True)

    async def balance(self, role: Role, party: str | None = None) -> int:
        async with as_tenant(self.desk.app, self.tenant.key) as conn:
            return await ledger.balance(conn, role, party)

    async def told(self, payment: Payment) -> list[str]:
        async with as_tenant(self.desk.app, self.tenant.key) as conn:
            found = await events.list_page(conn, subject=f"payments/{payment.id}", limit=100)
        return [one.type for one in found]


@pytest.fixture
def shop(app: AnyPool, system: AnyPool, name: TenantName, personal: PersonalData) -> Shop:
    provider = FakeProvider()
    shop = Shop(None, name, provider)  # type: ignore[arg-type]
    providers = FakeProviders(provider)
    shop.desk = Desk(app, system, Settings(policy()), lambda: shop.clock_ms, providers, personal)
    return shop


async def test_a_payment_through_the_provider(shop: Shop) -> None:
    payment = await shop.opened()
    assert payment.status is Status.PENDING
    assert payment.order in shop.provider.orders

    shop.provider.pay(payment.order or "")
    payment = await shop.advance(payment)

    assert (payment.status, payment.captured_minor) == (Status.CAPTURED, AMOUNT)
    assert await shop.balance(Role.PROVIDER_CLEARING) == AMOUNT
    assert await shop.balance(Role.CUSTOMER_ADVANCES, "shippers/s1") == -AMOUNT
    assert await shop.told(payment) == ["payment.created", "payment.captured"]


async def test_asking_twice_is_asking_once(shop: Shop) -> None:
    first = await shop.demand(id="pay-twice-1234")
    again = await shop.demand(id="pay-twice-1234")

    assert first == again
    with pytest.raises(Refusal, match="another payment"):
        await shop.demand(id="pay-twice-1234", amount_minor=5)


async def test_an_order_whose_answer_was_lost_is_found_by_its_receipt(shop: Shop) -> None:
    payment = await shop.demand()
    shop.provider.lost.add("create_order")
    with pytest.raises(ProviderAwayError):
        await shop.advance(payment, is_fresh=True)

    payment = await shop.advance(payment)

    assert list(shop.provider.orders) == [payment.order]


async def test_a_refund_whose_answer_was_lost_is_made_once(shop: Shop) -> None:
    payment = await shop.opened()
    shop.provider.pay(payment.order or "")
    payment = await shop.advance(payment)
    wanted = asked.Refund(id="rf-half-1234", amount_minor=AMOUNT // 2, by="user:u1")
    async with shop.desk.writing(shop.tenant) as conn:
        payment = await refund(shop.till(conn), payment.id, wanted)
    assert await shop.balance(Role.REFUNDS_IN_TRANSIT, "shippers/s1") == -AMOUNT // 2

    shop.provider.lost.add("refund")
    with pytest.raises(ProviderAwayError):
        await shop.advance(payment)
    payment = await shop.advance(payment)
    shop.provider.settle(next(iter(shop.provider.refunds)), RefundStatus.PROCESSED)
    payment = await shop.advance(payment)

    assert len(shop.provider.refunds) == 1
    assert (payment.status, payment.refunded_minor) == (Status.PARTIALLY_REFUNDED, AMOUNT // 2)
    assert await shop.balance(Role.PROVIDER_CLEARING) == AMOUNT // 2
    assert await shop.balance(Role.REFUNDS_IN_TRANSIT, "shippers/s1") == 0
    told = await shop.told(payment)
    assert told[2:] == ["refund.created", "refund.processed"]


async def test_a_refund_with_a_long_name_is_found_by_it(shop: Shop) -> None:
    payment = await shop.opened()
    shop.provider.pay(payment.order or "")
    await shop.advance(payment)
    name = "rf-" + "long-" * 11
    await shop.tell(payment.id, asked.Refund(id=name, amount_minor=5, by="user:u1"))

    payment = await shop.advance(payment)
    payment = await shop.advance(payment)

    (made,) = shop.provider.refunds.values()
    assert made.receipt is not None
    assert len(made.receipt) <= 40
    assert [one.provider_refund for one in payment.refunds] == [made.id]


async def test_money_that_comes_after_the_end_is_given_back(shop: Shop) -> None:
    payment = await shop.opened()
    await shop.tell(payment.id, asked.Cancel("user:u1", "booked elsewhere"))
    shop.provider.pay(payment.order or "")

    payment = await shop.advance(payment)
    payment = await shop.advance(payment)

    assert payment.refunds[0].cause == "late"
    assert payment.status is Status.CAPTURED
    shop.provider.settle(next(iter(shop.provider.refunds)), RefundStatus.PROCESSED)
    payment = await shop.advance(payment)
    assert payment.status is Status.REFUNDED
    assert await shop.balance(Role.PROVIDER_CLEARING) == 0
    assert await shop.balance(Role.CUSTOMER_ADVANCES, "shippers/s1") == 0


async def test_what_is_authorised_is_captured_once(shop: Shop) -> None:
    payment = await shop.opened()
    for _ in range(2):
        shop.provider.pay(payment.order or "", status=PaymentStatus.AUTHORIZED)

    payment = await shop.advance(payment)

    assert shop.provider.calls.count("capture") == 1
    assert payment.captured_minor == AMOUNT


async def test_a_link_that_nobody_has_paid_is_closed_in_time(shop: Shop) -> None:
    payment = await shop.opened(is_link=True)
    assert payment.link_url == "https://rzp.example/l"

    shop.clock_ms = payment.expires_ms or 0
    payment = await shop.advance(payment)

    assert payment.status is Status.CANCELLED or payment.status is Status.EXPIRED
    assert shop.provider.links[payment.link or ""].status == "cancelled"


async def test_what_the_provider_never_takes_has_failed(shop: Shop) -> None:
    shop.provider.refused.add("create_order")

    payment = await shop.opened()

    assert payment.status is Status.FAILED
    assert await shop.told(payment) == ["payment.created", "payment.failed"]


async def test_a_balance_is_filled_and_spent_but_never_overdrawn(shop: Shop) -> None:
    top_up = await shop.opened(purpose=Purpose.TOP_UP, booking=None, due=None)
    shop.provider.pay(top_up.order or "")
    await shop.advance(top_up)
    assert await shop.balance(Role.WALLETS, "shippers/s1") == -AMOUNT

    paid = await shop.demand(method=Method.WALLET, amount_minor=AMOUNT - 1)
    assert paid.status is Status.CAPTURED
    with pytest.raises(Refusal, match="1 paise are there"):
        await shop.demand(method=Method.WALLET, amount_minor=2)

    back = asked.Refund(id="rf-back-1234", amount_minor=None, by="user:u1")
    async with shop.desk.writing(shop.tenant) as conn:
        paid = await refund(shop.till(conn), paid.id, back)
    assert paid.status is Status.REFUNDED
    assert await shop.balance(Role.WALLETS, "shippers/s1") == -AMOUNT


async def test_cash_is_collected_and_then_handed_in(shop: Shop) -> None:
    payment = await shop.demand(method=Method.COD)
    collected = asked.Record(
        amount_minor=AMOUNT, by="user:driver", proof="doc-1", holder="carriers/c1"
    )
    async with shop.desk.writing(shop.tenant) as conn:
        payment = await record_offline(shop.till(conn), payment.id, collected)
    assert payment.status is Status.CAPTURED
    assert await shop.balance(Role.CASH, "carriers/c1") == AMOUNT

    await shop.tell(payment.id, asked.HandIn(by="user:cashier", reference="slip 7"))

    assert await shop.balance(Role.CASH, "carriers/c1") == 0
    assert await shop.balance(Role.BANK) == AMOUNT


async def test_a_transfer_is_recorded_once_for_all_payments(shop: Shop) -> None:
    utr = f"UTR{secrets.token_hex(6)}"
    wanted = asked.Record(amount_minor=AMOUNT, by="user:u1", reference=utr)
    for _ in range(2):
        payment = await shop.demand(id="pay-transfer-1", method=Method.BANK_TRANSFER)
        async with shop.desk.writing(shop.tenant) as conn:
            payment = await record_offline(shop.till(conn), payment.id, wanted)
    assert await shop.balance(Role.BANK) == AMOUNT

    other = await shop.demand(method=Method.BANK_TRANSFER)
    with pytest.raises(AlreadyExistsError):
        async with shop.desk.writing(shop.tenant) as conn:
            await record_offline(shop.till(conn), other.id, wanted)

    back = asked.Refund(id="rf-bank-1234", amount_minor=None, by="u", to=RefundTo.BANK)
    await shop.tell(payment.id, back)
    payment = await shop.tell(payment.id, asked.RecordRefund("rf-bank-1234", "UTR-OUT", "u"))
    assert payment.status is Status.REFUNDED
    assert await shop.balance(Role.BANK) == 0


async def test_a_bookings_payments_are_found(shop: Shop) -> None:
    booking = f"bk-{secrets.token_hex(4)}"
    made = [await shop.demand(booking=booking) for _ in range(2)]

    async with as_tenant(shop.desk.app, shop.tenant.key) as conn:
        assert await payments.of_booking(conn, booking) == made
