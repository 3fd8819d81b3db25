"""Answers lost, letters shuffled, twice or dropped, processes killed: the same books in the end."""

from __future__ import annotations

import contextlib
import json
import random
import secrets
from typing import Any

import pytest

from actors.money.letters import refs_of, work_on
from actors.money.payments import refund
from actors.money.payments_round import payments_round
from freight.ledger.accounts import Role
from freight.payments import commands as asked
from freight.payments.state import Payment, Status
from providers.errors import ProviderAwayError
from providers.payments import PaymentStatus, ProviderPayment, ProviderRefund, RefundStatus
from providers.razorpay.webhooks import read
from store import payments, provider_inbox
from store.postgres import as_tenant
from store.provider_inbox import Letter
from tests.actors.money.fake_provider import START_MS
from tests.actors.money.test_payments import AMOUNT, Shop, shop

__all__ = ["shop"]
HOUR_MS = 3_600_000
CALLS = ("create_order", "refund", "capture")


def told(one: ProviderPayment | ProviderRefund) -> bytes:
    """As Razorpay would tell it."""
    common = {"id": one.id, "amount": one.amount_minor, "currency": "INR", "notes": []}
    common |= {"status": one.status.value, "created_at": one.created_ms // 1000}
    if isinstance(one, ProviderRefund):
        kind, body = "refund", {**common, "payment_id": one.payment, "receipt": one.receipt}
    else:
        kind = "payment"
        body = {**common, "order_id": one.order, "captured": one.is_captured, "method": "upi"}
        body |= {"amount_refunded": one.refunded_minor, "fee": one.fee_minor, "tax": one.tax_minor}
    payload = {kind: {"entity": body}}
    envelope = {"event": f"{kind}.{one.status}", "created_at": START_MS // 1000}
    return json.dumps({**envelope, "payload": payload}).encode()


async def deliver(shop: Shop, body: bytes, event: str) -> None:
    letter = Letter(
        received_ms=shop.clock_ms,
        told_ms=None,
        provider="razorpay",
        event=event,
        type="x",
        refs=refs_of(read(body)),
        digest=secrets.token_bytes(32),
        headers={},
        body=body.decode(),
    )
    async with as_tenant(shop.desk.app, shop.tenant.key) as conn:
        kept = await provider_inbox.keep(conn, shop.tenant.key, letter)
    await work_on(shop.desk, shop.tenant, kept.nr)


async def lossy(shop: Shop, payment: Payment, chance: random.Random) -> None:
    """One go, some of whose answers never come: as if the process had died there."""
    shop.provider.lost |= {call for call in CALLS if chance.random() < 0.3}
    with contextlib.suppress(ProviderAwayError):
        await shop.advance(payment, is_fresh=chance.random() < 0.3)


async def looked_after(shop: Shop) -> None:
    shop.provider.lost.clear()
    for _ in range(6):
        shop.clock_ms += HOUR_MS // 4
        await payments_round(shop.desk)


@pytest.mark.parametrize("seed", range(8))
async def test_the_same_books_in_the_end(shop: Shop, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - the same for the same seed
    payment = await shop.demand(expires_ms=START_MS + 100 * HOUR_MS)
    for _ in range(3):
        await lossy(shop, payment, chance)
    await looked_after(shop)
    orders = list(shop.provider.orders)
    paid_twice = bool(seed % 2)
    for nr in range(1 + paid_twice):
        status = PaymentStatus.AUTHORIZED if seed % 3 == 0 else PaymentStatus.CAPTURED
        shop.provider.pay(orders[nr % len(orders)], status=status)
    letters = [told(one) for one in shop.provider.payments_made.values()]
    await some_of(shop, letters, chance)
    await lossy(shop, payment, chance)
    await looked_after(shop)

    wanted = asked.Refund(id=f"rf-{secrets.token_hex(8)}", amount_minor=AMOUNT // 4, by="u")
    async with shop.desk.writing(shop.tenant) as conn:
        await refund(shop.till(conn), payment.id, wanted)
    for _ in range(2):
        await lossy(shop, payment, chance)
    await looked_after(shop)
    for name in shop.provider.refunds:
        shop.provider.settle(name, RefundStatus.PROCESSED)
    await some_of(shop, [told(one) for one in shop.provider.refunds.values()], chance)
    await looked_after(shop)

    await same_books(shop, payment)


async def some_of(shop: Shop, letters: list[bytes], chance: random.Random) -> None:
    """In any order, some twice, some never."""
    copies = [body for body in letters for _ in range(chance.randint(0, 2))]
    chance.shuffle(copies)
    for body in copies:
        await deliver(shop, body, secrets.token_hex(8))


async def same_books(shop: Shop, payment: Payment) -> None:
    async with as_tenant(shop.desk.app, shop.tenant.key) as conn:
        now = await payments.get(conn, payment.id)
        log: list[Any] = await payments.steps(conn, payment.id, None, 1000)
    assert now.status is Status.PARTIALLY_REFUNDED
    assert now.kept_minor == AMOUNT - AMOUNT // 4
    at_provider = sum(
        one.amount_minor - one.refunded_minor
        for one in shop.provider.payments_made.values()
        if one.is_captured
    )
    assert at_provider == now.kept_minor
    assert await shop.balance(Role.PROVIDER_CLEARING) == now.kept_minor
    assert await shop.balance(Role.CUSTOMER_ADVANCES, "shippers/s1") == -now.kept_minor
    assert await shop.balance(Role.REFUNDS_IN_TRANSIT, "shippers/s1") == 0
    assert [step.version for step in log] == list(range(1, now.version + 1))


async def test_a_round_is_bounded_and_waits_longer_each_time(shop: Shop) -> None:
    payment = await shop.opened()
    waits = []
    for _ in range(3):
        before_ms = shop.clock_ms
        while "payments_of_order" not in shop.provider.calls:
            shop.clock_ms += 1000
            await payments_round(shop.desk)
        waits.append(shop.clock_ms - before_ms)
        shop.provider.calls.clear()

    assert waits == [60_000, 120_000, 240_000]
    shop.clock_ms = payment.expires_ms or 0
    await payments_round(shop.desk)
    async with as_tenant(shop.desk.app, shop.tenant.key) as conn:
        assert (await payments.get(conn, payment.id)).status is Status.EXPIRED


async def test_what_cannot_be_asked_is_put_off_with_the_reason(shop: Shop) -> None:
    payment = await shop.demand()
    shop.provider.away = True
    shop.clock_ms += 61_000

    await payments_round(shop.desk)

    async with as_tenant(shop.desk.app, shop.tenant.key) as conn:
        row = await conn.fetchrow("SELECT looks, trouble FROM payments WHERE id = $1", payment.id)
    assert row is not None
    assert (row["looks"], row["trouble"]) == (1, "ProviderAwayError: nobody answers")
