"""How a caller's wish changes a payment: one audited transaction, then what its provider is for."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Awaitable, Callable

from actors.booking_writing import TenantName
from actors.life import now_ms
from actors.money.at_provider import advance
from actors.money.desk import Desk
from actors.money.payments import Till
from freight.payments.state import Payment
from freight.refusal import Refusal
from providers.errors import ProviderAwayError, ProviderRefusedError
from serve.gateway import Gateway
from serve.identity.principal import Principal
from serve.payments.wire import PaymentOut
from serve.problems import ConflictError, InvalidError, NotFoundError, ProblemError
from store import payments
from store.errors import AlreadyExistsError, StaleVersionError

logger = logging.getLogger("ubertruck.payments")

# What a request says that cannot be, by how its code begins; and where it most likely stands.
_MISSING = frozenset({"unknown_payment", "unknown_refund"})
_POINTERS = {
    "invalid_amount": "/amount",
    "invalid_method": "/method",
    "invalid_shipper": "/shipper",
    "invalid_expires_at": "/expires_at",
    "invalid_reference": "/reference",
    "invalid_proof": "/proof",
    "invalid_to": "/to",
    "more_than_captured": "/amount",
}
Work = Callable[[Till], Awaitable[Payment]]


def desk_of(gateway: Gateway) -> Desk:
    return Desk(
        app=gateway.app_pool,
        system=gateway.system_pool,
        settings=gateway.settings,
        now_ms=now_ms,
        providers=gateway.providers,
        personal=gateway.personal,
    )


def tenant_of(who: Principal) -> TenantName:
    return TenantName(who.tenant_key, who.tenant)


async def visible(gateway: Gateway, who: Principal, payment_id: str) -> Payment:
    """Of those that the caller may see."""
    async with gateway.as_tenant(who) as conn:
        return await payments.get(conn, payment_id)


async def changed(
    gateway: Gateway, who: Principal, action: str, payment_id: str, work: Work
) -> Payment:
    """In one transaction with its audit row. The books are the whole tenant's: what a shipper may
    see was looked up before, and here it speaks for its tenant."""
    teller = dataclasses.replace(who, shipper=None)
    try:
        async with gateway.changing(teller, action, f"payments/{payment_id}") as change:
            before = await payments.load(change.conn, payment_id)
            change.before = None if before is None else PaymentOut.of(before)
            policy = gateway.policy_of(who)
            payment = await work(Till(change.conn, tenant_of(who), policy, now_ms()))
            change.after = PaymentOut.of(payment)
            return payment
    except Refusal as refusal:
        raise problem_of(refusal) from refusal


async def at_provider(
    gateway: Gateway, who: Principal, payment: Payment, *, is_fresh: bool = False
) -> Payment:
    """What there is to ask now is asked; what cannot be is left to the bookkeeper."""
    try:
        return await advance(desk_of(gateway), tenant_of(who), payment.id, is_fresh=is_fresh)
    except (ProviderAwayError, ProviderRefusedError, Refusal) as later:
        logger.warning("payment %s is gone on with later: %s", payment.id, later)
    except (StaleVersionError, AlreadyExistsError) as raced:
        logger.info("payment %s was changed meanwhile: %s", payment.id, raced)
    return await visible(gateway, dataclasses.replace(who, shipper=None), payment.id)


async def shown(gateway: Gateway, who: Principal, payment: Payment) -> PaymentOut:
    """With what a checkout wants, while there is something to pay."""
    if payment.provider is None or not payment.is_open:
        return PaymentOut.of(payment)
    try:
        provider = await gateway.providers.payments(tenant_of(who))
    except ProviderAwayError:
        return PaymentOut.of(payment)
    return PaymentOut.of(payment, provider.key_id)


def problem_of(refusal: Refusal) -> ProblemError:
    if refusal.code in _MISSING:
        return NotFoundError(refusal.detail)
    pointer = _POINTERS.get(refusal.code, "")
    if refusal.code.startswith(("invalid_", "unknown_")):
        return InvalidError.at(pointer, refusal.detail, code=refusal.code)
    error = {"pointer": pointer, "detail": refusal.detail, "code": refusal.code}
    return ConflictError(refusal.detail, errors=[error])
