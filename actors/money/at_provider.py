"""What a payment needs of its provider now: an order or link, the news, captures, refunds, an end.

Every call is made outside any transaction, for something that was committed before, and can be
made again by whoever finds it undone.
"""

from __future__ import annotations

import dataclasses

from actors.booking_writing import TenantName
from actors.money.desk import Desk
from actors.money.payments import Till, receipt_of, take
from actors.money.telling import seen_link, seen_order, seen_payment, seen_refund
from freight.money import INR
from freight.payments import commands as asked
from freight.payments.commands import Command
from freight.payments.seen import LinkState, RefundState, Seen
from freight.payments.state import Method, Payment, RefundTo
from freight.refusal import Refusal
from providers.errors import ProviderRefusedError
from providers.payments import NewLink, NewOrder, PaymentProvider
from store import payments

WHO = "bookkeeper"
DESCRIPTION_CHARS_MAX = 2048  # fixed: what providers take


@dataclasses.dataclass(frozen=True, slots=True)
class Errand:
    """One tenant's business with one provider."""

    desk: Desk
    tenant: TenantName
    provider: PaymentProvider

    async def tell(self, payment_id: str, command: Command) -> Payment:
        async with self.desk.writing(self.tenant) as conn:
            policy = self.desk.policy_of(self.tenant)
            till = Till(conn, self.tenant, policy, self.desk.now_ms())
            return await take(till, payment_id, command)

    async def saw(self, payment: Payment, seen: Seen) -> Payment:
        return await self.tell(payment.id, asked.Observe(seen, WHO))


async def advance(
    desk: Desk,
    tenant: TenantName,
    payment_id: str,
    *,
    is_fresh: bool = False,
) -> Payment:
    """Everything that is to be asked now; ProviderAwayError: some of it is left for later.

    Fresh is what was committed a moment ago by the caller: nobody can have asked for it before.
    """
    async with desk.writing(tenant) as conn:
        payment = await payments.get(conn, payment_id)
    if payment.provider is None:
        return await _end(None, desk, tenant, payment)
    errand = Errand(desk, tenant, await desk.providers.payments(tenant))
    payment = await _opened(errand, payment, is_fresh=is_fresh)
    if not is_fresh:
        payment = await looked(errand, payment)
    payment = await _captured(errand, payment)
    payment = await _refunded(errand, payment)
    return await _end(errand, desk, tenant, payment)


async def looked_at(
    desk: Desk, tenant: TenantName, payment_id: str, provider_payment: str
) -> Payment:
    """Asks how one attempt stands, and folds that in."""
    async with desk.writing(tenant) as conn:
        payment = await payments.get(conn, payment_id)
    provider = await desk.providers.payments(tenant)
    found = seen_payment(await provider.fetch_payment(provider_payment))
    if found.order not in payment.orders:
        raise Refusal("unknown_provider_payment", f"{provider_payment} pays something else")
    return await Errand(desk, tenant, provider).saw(payment, found)


# --------------------------------------------------------------------------------------- opening


async def _opened(errand: Errand, payment: Payment, *, is_fresh: bool) -> Payment:
    """An order or link that was made before we died is found by our own name for it."""
    is_begun = bool(payment.orders) or payment.link is not None
    if is_begun or payment.refused is not None or not payment.is_open:
        return payment
    try:
        if payment.is_link:
            return await _linked(errand, payment, is_fresh=is_fresh)
        return await _ordered(errand, payment, is_fresh=is_fresh)
    except ProviderRefusedError as refused:
        told = asked.NoteRefused(refused.code, refused.detail, WHO)
        return await errand.tell(payment.id, told)


async def _ordered(errand: Errand, payment: Payment, *, is_fresh: bool) -> Payment:
    receipt = receipt_of(errand.tenant, payment.id)
    found = [] if is_fresh else await errand.provider.orders_by_receipt(receipt)
    if not found:
        at_once = errand.desk.policy_of(errand.tenant).payments.is_captured_at_once
        new = NewOrder(
            amount_minor=payment.amount_minor,
            currency=INR,
            receipt=receipt,
            notes=_notes(errand, payment),
            is_captured_at_once=at_once,
        )
        found = [await errand.provider.create_order(new)]
    for order in found:
        payment = await errand.saw(payment, seen_order(order))
    return payment


async def _linked(errand: Errand, payment: Payment, *, is_fresh: bool) -> Payment:
    reference = receipt_of(errand.tenant, payment.id)
    found = [] if is_fresh else await errand.provider.links_by_reference(reference)
    if not found:
        new = NewLink(
            amount_minor=payment.amount_minor,
            currency=INR,
            reference=reference,
            description=payment.description[:DESCRIPTION_CHARS_MAX] or payment.id,
            expires_ms=payment.expires_ms,
            is_upi_only=payment.method is Method.UPI,
            notes=_notes(errand, payment),
        )
        found = [await errand.provider.create_link(new)]
    return await errand.saw(payment, seen_link(found[0]))


def _notes(errand: Errand, payment: Payment) -> dict[str, str]:
    """What a person sees beside it at the provider."""
    notes = {"tenant": errand.tenant.id, "payment": payment.id}
    return notes if payment.booking is None else {**notes, "booking": payment.booking}


# --------------------------------------------------------------------------------------- looking


async def looked(errand: Errand, payment: Payment) -> Payment:
    """Asks how everything of it stands, and folds that in."""
    provider = errand.provider
    if payment.link is not None:
        payment = await errand.saw(payment, seen_link(await provider.fetch_link(payment.link)))
    for order in payment.orders:
        for found in await provider.payments_of_order(order):
            payment = await errand.saw(payment, seen_payment(found))
    for one in payment.seen:
        on_its_way = any(
            each.of == one.id and each.state is RefundState.PENDING and each.provider_refund
            for each in payment.refunds
        )
        if on_its_way or payment.unexplained_minor(one) > 0:
            for refund in await provider.refunds_of_payment(one.id):
                payment = await errand.saw(payment, seen_refund(refund))
    return payment


# ----------------------------------------------------------------------------- captures, refunds


async def _captured(errand: Errand, payment: Payment) -> Payment:
    """Takes what was authorised; what would be too much is let go by the provider."""
    for one in payment.seen:
        if not one.is_authorized or not payment.is_open:
            continue
        try:
            payment = await errand.tell(payment.id, asked.Capture(one.id, WHO))
            taken = await errand.provider.capture(one.id, one.amount_minor, one.currency)
        except (Refusal, ProviderRefusedError):
            continue  # the next look tells what became of it
        payment = await errand.saw(payment, seen_payment(taken))
    return payment


async def _refunded(errand: Errand, payment: Payment) -> Payment:
    for one in payment.refunds:
        is_begun = one.state is not RefundState.PENDING or one.provider_refund is not None
        if is_begun or one.to is not RefundTo.SOURCE or one.of is None:
            continue
        try:
            made = await errand.provider.refund(
                one.of,
                one.amount_minor,
                one.receipt,
                receipt=one.receipt,
                notes=_notes(errand, payment),
            )
        except ProviderRefusedError as refused:
            says = f"{refused.code}: {refused.detail}"
            payment = await errand.tell(payment.id, asked.NoteRefundRefused(one.id, says, WHO))
        else:
            payment = await errand.saw(payment, seen_refund(made))
    return payment


# ---------------------------------------------------------------------------------------- ending


async def _end(errand: Errand | None, desk: Desk, tenant: TenantName, payment: Payment) -> Payment:
    """What has expired is waited for no more; a link that we do not wait for is closed."""
    now_ms = desk.now_ms()
    is_over = payment.expires_ms is not None and payment.expires_ms <= now_ms and payment.is_open
    if errand is not None and (is_over or payment.closed is not None):
        payment = await _unlinked(errand, payment)
    if not (is_over and payment.is_open):
        return payment
    async with desk.writing(tenant) as conn:
        till = Till(conn, tenant, desk.policy_of(tenant), now_ms)
        return await take(till, payment.id, asked.Expire(WHO))


async def _unlinked(errand: Errand, payment: Payment) -> Payment:
    if payment.link is None or payment.link_state not in (LinkState.CREATED, None):
        return payment
    try:
        ended = await errand.provider.cancel_link(payment.link)
    except ProviderRefusedError:
        # Somebody has paid it meanwhile, or it has ended by itself.
        return await looked(errand, payment)
    return await errand.saw(payment, seen_link(ended))
