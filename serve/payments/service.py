"""What can be done with payments: asked for, paid past any provider, cancelled, looked at."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from actors.money import payments as engine
from actors.money.at_provider import looked_at
from actors.money.payments import Till
from freight.payments import commands as asked
from freight.payments.state import Payment, Purpose, Status
from freight.refusal import Refusal
from providers.errors import ProviderAwayError, ProviderRefusedError
from serve.bookings.reading import standing
from serve.bookings.service import command_key
from serve.gateway import Gateway
from serve.identity.principal import Principal
from serve.paging import ListOf, Page, number_of
from serve.payments.changing import (
    at_provider,
    changed,
    desk_of,
    problem_of,
    shown,
    tenant_of,
    visible,
)
from serve.payments.wire import (
    Cancellation,
    Deposit,
    NewPayment,
    PaymentOut,
    PaymentStepOut,
    Recording,
    Verification,
)
from serve.problems import BadGatewayError, ConflictError, InvalidError, UnavailableError
from store import payments
from store.errors import NotFoundError as UnknownError
from store.postgres import epoch_ms


async def create(gateway: Gateway, who: Principal, new: NewPayment) -> PaymentOut:
    """Committed before the provider is asked; when that is away, the order comes later."""
    shipper = await _payer(gateway, who, new)
    # The same request again, though its answer was lost, is about the same payment.
    wanted = asked.Demand(
        id=f"pay-{command_key() or secrets.token_hex(8)}",
        by=who.name,
        method=new.method,
        amount_minor=new.amount.amount_minor,
        purpose=new.purpose,
        booking=new.booking,
        due=new.due,
        shipper=shipper,
        description=new.description,
        is_link=new.link,
        expires_ms=None if new.expires_at is None else epoch_ms(new.expires_at),
    )

    async def work(till: Till) -> Payment:
        return await engine.demand(till, wanted)

    payment = await changed(gateway, who, "payments.create", wanted.id, work)
    if payment.provider is not None:
        payment = await at_provider(gateway, who, payment, is_fresh=True)
    return await shown(gateway, who, payment)


async def _payer(gateway: Gateway, who: Principal, new: NewPayment) -> str | None:
    """Who speaks for one shipper pays its own; a booking's freight is paid by its shipper."""
    if who.shipper is not None and new.shipper not in (None, who.shipper):
        raise InvalidError.at("/shipper", f"you pay for {who.shipper}")
    shipper = who.shipper or new.shipper
    if new.booking is None:
        return shipper
    if new.purpose is Purpose.TOP_UP:
        raise InvalidError.at("/booking", "a balance is topped up for no booking")
    async with gateway.as_tenant(who) as conn:
        try:
            booked = (await standing(conn, new.booking)).shipper
        except UnknownError as missing:
            raise InvalidError.at("/booking", str(missing)) from missing
    if shipper is not None and shipper != booked:
        # Its papers name whom it is booked for, and take up that one's payments.
        whose = "nobody's in particular" if booked is None else f"{booked}'s"
        raise InvalidError.at("/shipper", f"{new.booking} is {whose}")
    return booked


async def get(gateway: Gateway, who: Principal, payment_id: str) -> PaymentOut:
    return await shown(gateway, who, await visible(gateway, who, payment_id))


async def list_page(  # noqa: PLR0917 - which, and from where
    gateway: Gateway,
    who: Principal,
    page: Page,
    statuses: Sequence[Status],
    booking: str | None,
    shipper: str | None,
    *,
    is_troubled: bool,
) -> ListOf[PaymentOut]:
    before = number_of(page.after)
    async with gateway.as_tenant(who) as conn:
        found = await payments.list_page(
            conn,
            before,
            page.one_more,
            statuses=statuses,
            booking=booking,
            shipper=shipper,
            is_troubled=is_troubled,
        )
    kept, next_cursor = page.cut(found, lambda one: str(one.nr))
    return ListOf(items=[PaymentOut.of(one.payment) for one in kept], next_cursor=next_cursor)


async def timeline(
    gateway: Gateway, who: Principal, payment_id: str, page: Page
) -> ListOf[PaymentStepOut]:
    after = number_of(page.after)
    async with gateway.as_tenant(who) as conn:
        await payments.get(conn, payment_id)
        found = await payments.steps(conn, payment_id, after, page.one_more)
    kept, next_cursor = page.cut(found, lambda one: str(one.version))
    return ListOf(items=[PaymentStepOut.of(one) for one in kept], next_cursor=next_cursor)


async def cancel(
    gateway: Gateway,
    who: Principal,
    payment_id: str,
    given: Cancellation,
    expected: int | None,
) -> PaymentOut:
    await visible(gateway, who, payment_id)
    wanted = asked.Cancel(who.name, given.reason)

    async def work(till: Till) -> Payment:
        return await engine.cancel(till, payment_id, wanted, expected)

    payment = await changed(gateway, who, "payments.cancel", payment_id, work)
    if payment.link is not None:
        payment = await at_provider(gateway, who, payment)
    return PaymentOut.of(payment)


async def verify(
    gateway: Gateway, who: Principal, payment_id: str, given: Verification
) -> PaymentOut:
    """A genuine signature is only a reason to ask: what counts is what the provider says."""
    payment = await visible(gateway, who, payment_id)
    if not payment.orders:
        raise ConflictError("it has no order at a provider that a checkout could have paid")
    tenant, desk = tenant_of(who), desk_of(gateway)
    try:
        provider = await gateway.providers.payments(tenant)
        genuine = any(
            provider.is_checkout_genuine(order, given.payment, given.signature)
            for order in payment.orders
        )
        if not genuine:
            detail = "the signature is not the provider's for an order of this payment"
            raise InvalidError.at("/signature", detail)
        payment = await looked_at(desk, tenant, payment_id, given.payment)
    except ProviderAwayError as away:
        retry_s = gateway.policy.edge.overloaded_retry_s
        detail = "the provider does not answer now"
        raise UnavailableError(detail, retry_after_s=retry_s) from away
    except Refusal as refusal:
        raise problem_of(refusal) from refusal
    except ProviderRefusedError as refused:
        raise BadGatewayError(f"the provider says: {refused.detail}") from refused
    return await shown(gateway, who, payment)


async def record(
    gateway: Gateway, who: Principal, payment_id: str, given: Recording, expected: int | None
) -> PaymentOut:
    wanted = asked.Record(
        amount_minor=given.amount.amount_minor,
        by=who.name,
        at_ms=None if given.at is None else epoch_ms(given.at),
        reference=given.reference,
        proof=given.proof,
        holder=given.holder,
    )

    async def work(till: Till) -> Payment:
        return await engine.record_offline(till, payment_id, wanted, expected)

    return PaymentOut.of(await changed(gateway, who, "payments.record", payment_id, work))


async def hand_in(
    gateway: Gateway, who: Principal, payment_id: str, given: Deposit, expected: int | None
) -> PaymentOut:
    wanted = asked.HandIn(by=who.name, reference=given.reference, nr=given.receipt)

    async def work(till: Till) -> Payment:
        return await engine.take(till, payment_id, wanted, expected)

    return PaymentOut.of(await changed(gateway, who, "payments.hand-in", payment_id, work))
