"""Payments at work: each step decided and written in one transaction with its postings and events.

Nothing here asks a provider: what is wanted is committed first, then actors/money/at_provider.py
asks, and what it answers is folded in by `observe`, as what comes by webhook is.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Sequence

from actors.booking_writing import TenantName
from config.policy import Policy
from config.sections.payment_work import PaymentWork
from freight.events import TruckEvent, aggregate_event_id
from freight.ledger.accounts import Role
from freight.payments import commands as asked
from freight.payments.announced import announcements
from freight.payments.commands import Command
from freight.payments.decide import decide
from freight.payments.events import PaymentEvent
from freight.payments.evolve import replayed
from freight.payments.observing import concerns
from freight.payments.postings import new_entries, party_of
from freight.payments.seen import LinkState, RefundState, Seen
from freight.payments.state import RECEIPT_CHARS_MAX, Method, Payment, RefundTo
from freight.refusal import Refusal
from store import dues, events, ledger, payments, provider_inbox
from store.errors import StaleVersionError
from store.postgres import AnyConnection

MS = 1000
DOUBLINGS_MAX = 32  # fixed: beyond it every wait is the longest
# By which name banks' own references are kept apart from those of providers.
BANK = "bank"
PAYMENT_SUBJECT = "payments"


@dataclasses.dataclass(frozen=True, slots=True)
class Till:
    """One transaction of one tenant's, and by which rules it is decided."""

    conn: AnyConnection
    tenant: TenantName
    policy: Policy
    at_ms: int


async def demand(till: Till, wanted: asked.Demand) -> Payment:
    """Asks for money; the same id with the same content is nothing new. A balance pays at once."""
    await payments.hold(till.conn, till.tenant.key, f"payments/{wanted.id}")
    payment = await take(till, wanted.id, wanted)
    if payment.method is not Method.WALLET or payment.receipts:
        return payment
    paid = asked.Record(amount_minor=payment.amount_minor, by=wanted.by, reference=payment.id)
    return await record_offline(till, payment.id, paid)


async def refund(till: Till, payment_id: str, wanted: asked.Refund) -> Payment:
    """Begins to give money back; the same id is the same refund."""
    return await take(till, payment_id, wanted)


async def record_offline(
    till: Till, payment_id: str, wanted: asked.Record, expected: int | None = None
) -> Payment:
    """Cash, a transfer, or what is taken from the shipper's balance, which is looked up."""
    payment = await payments.get(till.conn, payment_id)
    if payment.method is Method.WALLET:
        wanted = asked.Record(
            amount_minor=wanted.amount_minor,
            by=wanted.by,
            reference=wanted.reference,
            available_minor=await _available(till, payment),
        )
    return await take(till, payment_id, wanted, expected)


async def cancel(
    till: Till, payment_id: str, wanted: asked.Cancel, expected: int | None = None
) -> Payment:
    """Of one that nobody has paid yet; at the provider it ends when that is asked next."""
    return await take(till, payment_id, wanted, expected)


async def observe(till: Till, provider: str, seen: Seen, by: str) -> Payment | None:
    """Folds in what a provider says; None: it is about no payment that we know of."""
    found = await payments.named(till.conn, provider, concerns(seen))
    if found is None:
        return None
    return await take(till, found, asked.Observe(seen, by))


async def take(
    till: Till, payment_id: str, command: Command, expected: int | None = None
) -> Payment:
    """How the payment stands after the command: written, if anything follows from it."""
    before = await payments.load(till.conn, payment_id, is_to_change=True)
    if before is not None and expected not in (None, before.version):
        raise StaleVersionError("payment", payment_id, int(expected or 0), before.version)
    made = decide(before, command, till.policy.payments, till.at_ms)
    if not made:
        if before is None:
            raise Refusal("unknown_payment", "there is no such payment")
        return before
    after = replayed(made, before)
    if after is None:
        raise AssertionError("a step has at least one event")
    await _write(till, before, made, after)
    return after


async def _write(
    till: Till, before: Payment | None, made: Sequence[PaymentEvent], after: Payment
) -> None:
    conn, tenant = till.conn, till.tenant
    look_ms = next_look_ms(after, 0, till.policy.payment_work, till.at_ms)
    await payments.write(conn, tenant.key, after, made, look_ms)
    known = () if before is None else before.refunds
    changed = [one for one in after.refunds if one not in known]
    await payments.put_refunds(conn, tenant.key, after, changed)
    refs = names(tenant, after) - (set() if before is None else names(tenant, before))
    for provider in sorted({provider for provider, _ in refs}):
        new = sorted(ref for of, ref in refs if of == provider)
        await payments.name(conn, tenant.key, provider, new, after.id)
        await provider_inbox.wake(conn, new, till.at_ms)
    if after.booking is not None:
        await dues.look_again(conn, tenant.key, after.booking)
    await ledger.post(conn, tenant.key, new_entries(before, after))
    await events.insert(conn, _announced(till, before, made, after))


async def _available(till: Till, payment: Payment) -> int:
    """What the shipper's balance holds; until this transaction ends nobody else spends of it."""
    if payment.shipper is None:
        return 0
    await payments.hold(till.conn, till.tenant.key, f"balances/{payment.shipper}")
    return -await ledger.balance(till.conn, Role.WALLETS, party_of(payment))


# ----------------------------------------------------------------------------------------- names


def receipt_of(tenant: TenantName, payment_id: str) -> str:
    """Our name for it at the provider, whose account several tenants may share."""
    plain = f"{tenant.id}/{payment_id}"
    if len(plain) <= RECEIPT_CHARS_MAX:
        return plain
    return "ut-" + hashlib.blake2b(plain.encode(), digest_size=16).hexdigest()


def names(tenant: TenantName, payment: Payment) -> set[tuple[str, str]]:
    """(provider, name) of everything that it is known by."""
    found: set[tuple[str, str]] = set()
    if payment.provider is not None:
        refs = {receipt_of(tenant, payment.id), *payment.orders}
        refs |= {one.id for one in payment.seen} | ({payment.link} if payment.link else set())
        for one in payment.refunds:
            if one.to is RefundTo.SOURCE:
                refs |= {one.receipt} | ({one.provider_refund} if one.provider_refund else set())
        found |= {(payment.provider, ref) for ref in refs}
    if payment.method is Method.BANK_TRANSFER:
        found |= {(BANK, one.reference) for one in payment.receipts if one.reference}
    return found | {
        (BANK, one.reference)
        for one in payment.refunds
        if one.to is RefundTo.BANK and one.reference
    }


# ----------------------------------------------------------------------------------------- looks


def next_look_ms(payment: Payment, looks: int, work: PaymentWork, now_ms: int) -> int | None:
    """When it is to be looked at again after so many looks in vain; None: never by itself."""
    wait_ms = backoff_ms(looks, work.look_first_s, work.look_s_max)
    ends_ms = payment.expires_ms if payment.is_open else None
    if not is_unfinished(payment, work, now_ms):
        return ends_ms
    look_ms = now_ms + wait_ms
    return look_ms if ends_ms is None else min(look_ms, max(ends_ms, now_ms + MS))


def backoff_ms(tries: int, first_s: float, most_s: float) -> int:
    """Doubled after each try, up to the most."""
    doublings = min(tries, DOUBLINGS_MAX)
    return round(min(first_s * (1 << doublings), most_s) * MS)


def is_unfinished(payment: Payment, work: PaymentWork, now_ms: int) -> bool:
    """Whether the provider may have something to say that we do not know."""
    if payment.provider is None:
        return False
    on_its_way = any(
        one.state is RefundState.PENDING and one.to is RefundTo.SOURCE for one in payment.refunds
    )
    if on_its_way or any(payment.unexplained_minor(one) > 0 for one in payment.seen):
        return True
    if payment.is_open:
        return True
    if payment.refused is not None or payment.captured_minor >= payment.amount_minor:
        return False
    # A link that has ended takes no more money, an order may.
    if payment.link_state in (LinkState.PAID, LinkState.EXPIRED, LinkState.CANCELLED):
        return payment.link_state is LinkState.PAID
    return payment.closed is not None and now_ms - payment.closed.at_ms < work.late_watch_s * MS


def _announced(
    till: Till, before: Payment | None, made: Sequence[PaymentEvent], after: Payment
) -> list[TruckEvent]:
    tenant, subject = till.tenant, f"{PAYMENT_SUBJECT}/{after.id}"
    told = announcements(before, made, after)
    return [
        TruckEvent(
            id=aggregate_event_id(tenant.key, subject, after.version, nr),
            type=kind,
            tenant_key=tenant.key,
            truck_key=None,
            tenant=tenant.id,
            subject=subject,
            time_ms=time_ms,
            known_at_ms=till.at_ms,
            data=data,
        )
        for nr, (kind, time_ms, data) in enumerate(told)
    ]
