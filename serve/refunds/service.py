"""What can be done with refunds: begun, recorded when paid by hand, looked at."""

from __future__ import annotations

import secrets

from actors.money import payments as engine
from actors.money.payments import Till
from freight.payments import commands as asked
from freight.payments.seen import RefundState
from freight.payments.state import Payment, RefundTo
from serve.bookings.service import command_key
from serve.gateway import Gateway
from serve.identity.principal import Principal
from serve.paging import ListOf, Page, number_of
from serve.payments.changing import at_provider, changed, visible
from serve.payments.wire import RefundOut
from serve.problems import InvalidError
from serve.refunds.wire import NewRefund, PaidOut
from store import payments
from store.errors import NotFoundError as UnknownError


async def create(gateway: Gateway, who: Principal, new: NewRefund) -> RefundOut:
    """Committed before the provider is asked; of several parts the first is shown."""
    try:
        await visible(gateway, who, new.payment)
    except UnknownError as missing:
        raise InvalidError.at("/payment", str(missing)) from missing
    wanted = asked.Refund(
        id=f"rf-{command_key() or secrets.token_hex(12)}",
        amount_minor=None if new.amount is None else new.amount.amount_minor,
        by=who.name,
        reason=new.reason,
        to=new.to,
    )

    async def work(till: Till) -> Payment:
        return await engine.refund(till, new.payment, wanted)

    payment = await changed(gateway, who, "refunds.create", new.payment, work)
    made = payment.refund(wanted.id)
    if made is not None and made.to is RefundTo.SOURCE and made.state is RefundState.PENDING:
        payment = await at_provider(gateway, who, payment, is_fresh=True)
    return _shown(payment, wanted.id)


async def get(gateway: Gateway, who: Principal, refund_id: str) -> RefundOut:
    async with gateway.as_tenant(who) as conn:
        found = await payments.get_refund(conn, refund_id)
    return RefundOut.of_payment(found.payment, found.refund)


async def list_page(
    gateway: Gateway, who: Principal, page: Page, payment: str | None, booking: str | None
) -> ListOf[RefundOut]:
    before = number_of(page.after)
    async with gateway.as_tenant(who) as conn:
        found = await payments.list_refunds(
            conn, before, page.one_more, payment=payment, booking=booking
        )
    kept, next_cursor = page.cut(found, lambda one: str(one.nr))
    items = [RefundOut.of_payment(one.payment, one.refund) for one in kept]
    return ListOf(items=items, next_cursor=next_cursor)


async def record(gateway: Gateway, who: Principal, refund_id: str, given: PaidOut) -> RefundOut:
    async with gateway.as_tenant(who) as conn:
        found = await payments.get_refund(conn, refund_id)
    wanted = asked.RecordRefund(refund_id, given.reference, who.name)

    async def work(till: Till) -> Payment:
        return await engine.take(till, found.payment.id, wanted)

    payment = await changed(gateway, who, "refunds.record", found.payment.id, work)
    return _shown(payment, refund_id)


def _shown(payment: Payment, refund_id: str) -> RefundOut:
    refund = payment.refund(refund_id)
    if refund is None:
        raise AssertionError("a refund that was begun stands in its payment")
    return RefundOut.of_payment(payment, refund)
