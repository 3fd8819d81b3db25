"""Razorpay's payments through the adapter, against the sandbox's real HTTP."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from providers.errors import ProviderAwayError, ProviderRefusedError
from providers.payments import (
    Customer,
    LinkStatus,
    NewLink,
    NewOrder,
    Order,
    OrderStatus,
    PaymentStatus,
    RefundStatus,
)
from providers.razorpay.client import Credentials, RazorpayClient
from providers.razorpay.payments import RazorpayPayments
from providers.razorpay.wire import LinkEntity, OrderEntity, PaymentEntity, RefundEntity
from tests.providers.sandbox import KEY_ID, SandboxServer

_numbers = itertools.count(1)


def reference() -> str:
    return f"dues/{next(_numbers)}"


async def ordered(
    payments: RazorpayPayments, amount: int = 50_000, *, manual: bool = False
) -> Order:
    return await payments.create_order(
        NewOrder(
            amount_minor=amount,
            currency="INR",
            receipt=reference(),
            notes={"booking": "bookings/7"},
            is_captured_at_once=not manual,
        )
    )


async def test_an_order_is_found_by_id_and_by_our_receipt(payments: RazorpayPayments) -> None:
    order = await ordered(payments)

    assert order.status is OrderStatus.CREATED
    assert (order.amount_minor, order.due_minor, order.paid_minor) == (50_000, 50_000, 0)
    assert order.notes == {"booking": "bookings/7"}
    assert await payments.fetch_order(order.id) == order
    assert await payments.orders_by_receipt(order.receipt or "") == [order]
    assert await payments.orders_by_receipt("no such receipt") == []


async def test_a_paid_order_has_its_payment_and_fee(
    payments: RazorpayPayments, sandbox: SandboxServer
) -> None:
    order = await ordered(payments, 100_000)
    made = sandbox.act(f"orders/{order.id}/pay", method="card")

    [payment] = await payments.payments_of_order(order.id)
    assert payment.status is PaymentStatus.CAPTURED
    assert (payment.method, payment.is_captured) == ("card", True)
    # 2 % of 1 000 rupees, and 18 % GST on that.
    assert (payment.fee_minor, payment.tax_minor) == (2_360, 360)
    assert (await payments.fetch_order(order.id)).status is OrderStatus.PAID
    checkout = made["checkout"]
    signature = checkout["razorpay_signature"]
    assert payments.is_checkout_genuine(order.id, checkout["razorpay_payment_id"], signature)
    assert not payments.is_checkout_genuine(order.id, "pay_other", signature)


async def test_a_failed_attempt_says_why_and_another_may_work(
    payments: RazorpayPayments, sandbox: SandboxServer
) -> None:
    order = await ordered(payments)
    sandbox.act(f"orders/{order.id}/pay", outcome="fail", reason="insufficient_funds")
    [failed] = await payments.payments_of_order(order.id)

    assert failed.status is PaymentStatus.FAILED
    assert failed.failure is not None
    assert failed.failure.reason == "insufficient_funds"
    assert (await payments.fetch_order(order.id)).status is OrderStatus.ATTEMPTED

    sandbox.act(f"orders/{order.id}/pay", method="upi")
    assert (await payments.fetch_order(order.id)).paid_minor == 50_000


async def test_what_is_authorised_is_captured_once(
    payments: RazorpayPayments, sandbox: SandboxServer
) -> None:
    order = await ordered(payments, manual=True)
    payment = sandbox.act(f"orders/{order.id}/pay")["payment"]["id"]
    assert (await payments.fetch_payment(payment)).status is PaymentStatus.AUTHORIZED

    with pytest.raises(ProviderRefusedError, match="must be equal"):
        await payments.capture(payment, 49_999, "INR")
    first = await payments.capture(payment, 50_000, "INR")
    again = await payments.capture(payment, 50_000, "INR")

    assert first == again
    assert first.status is PaymentStatus.CAPTURED


async def test_a_lost_answer_to_a_capture_is_found_out(
    payments: RazorpayPayments, sandbox: SandboxServer
) -> None:
    order = await ordered(payments, manual=True)
    payment = sandbox.act(f"orders/{order.id}/pay")["payment"]["id"]
    sandbox.act("faults", path=f"/payments/{payment}/capture", status=502, is_done=True)

    captured = await payments.capture(payment, 50_000, "INR")

    assert captured.is_captured


async def test_two_payments_of_one_order_are_not_both_captured(
    payments: RazorpayPayments, sandbox: SandboxServer
) -> None:
    order = await ordered(payments)
    slow = sandbox.act(f"orders/{order.id}/pay", outcome="pending")["payment"]["id"]
    sandbox.act(f"orders/{order.id}/pay")
    sandbox.act(f"payments/{slow}/authorize")

    assert (await payments.fetch_payment(slow)).status is PaymentStatus.AUTHORIZED
    with pytest.raises(ProviderRefusedError, match="already been paid"):
        await payments.capture(slow, 50_000, "INR")


async def test_refunds_never_exceed_what_was_captured(
    payments: RazorpayPayments, sandbox: SandboxServer
) -> None:
    order = await ordered(payments)
    payment = sandbox.act(f"orders/{order.id}/pay")["payment"]["id"]
    part = await payments.refund(payment, 20_000, f"{order.id}-a", receipt="refunds/1")

    assert part.status is RefundStatus.PENDING
    with pytest.raises(ProviderRefusedError, match="greater than"):
        await payments.refund(payment, 30_001, f"{order.id}-b")
    rest = await payments.refund(payment, 30_000, f"{order.id}-c")
    with pytest.raises(ProviderRefusedError, match="fully refunded"):
        await payments.refund(payment, 100, f"{order.id}-d")

    found = await payments.fetch_payment(payment)
    assert (found.status, found.refunded_minor) == (PaymentStatus.REFUNDED, 50_000)
    assert await payments.refunds_of_payment(payment) == [rest, part]
    sandbox.act(f"refunds/{part.id}/process")
    assert (await payments.fetch_refund(part.id)).status is RefundStatus.PROCESSED
    sandbox.act(f"refunds/{rest.id}/fail")
    assert (await payments.fetch_payment(payment)).refunded_minor == 20_000


async def test_a_refund_is_known_by_its_key(
    payments: RazorpayPayments, sandbox: SandboxServer
) -> None:
    order = await ordered(payments)
    payment = sandbox.act(f"orders/{order.id}/pay")["payment"]["id"]
    sandbox.act("faults", path=f"/payments/{payment}/refund", status=504, is_done=True)

    first = await payments.refund(payment, 20_000, f"{order.id}-key")
    again = await payments.refund(payment, 20_000, f"{order.id}-key")

    assert first.id == again.id
    assert (await payments.fetch_payment(payment)).refunded_minor == 20_000
    with pytest.raises(ProviderRefusedError, match="same idempotency key"):
        await payments.refund(payment, 20_001, f"{order.id}-key")
    with pytest.raises(ProviderRefusedError, match="not valid"):
        await payments.refund(payment, 100, "short")


async def test_a_link_is_paid_and_its_callback_is_signed(
    payments: RazorpayPayments, sandbox: SandboxServer
) -> None:
    new = NewLink(
        amount_minor=1_234_500,
        currency="INR",
        reference=reference(),
        description="Advance of booking 7",
        customer=Customer(name="Mehta Traders", phone="+919876543210"),
        callback_url="http://127.0.0.1:9/paid",
    )
    link = await payments.create_link(new)
    assert (link.status, link.expires_ms, link.payments) == (LinkStatus.CREATED, None, ())
    assert await payments.links_by_reference(new.reference) == [link]
    with pytest.raises(ProviderRefusedError, match="already exists"):
        await payments.create_link(new)

    made = sandbox.act(f"links/{link.id}/pay", method="netbanking")

    paid = await payments.fetch_link(link.id)
    assert (paid.status, paid.paid_minor) == (LinkStatus.PAID, 1_234_500)
    assert paid.payments == (made["payment"]["id"],)
    _, _, query = made["callback_url"].partition("?")
    given = dict(pair.split("=") for pair in query.replace("%2F", "/").split("&"))
    assert payments.is_link_callback_genuine(given)
    assert not payments.is_link_callback_genuine({**given, "razorpay_payment_id": "pay_x"})
    with pytest.raises(ProviderRefusedError, match="cannot be cancelled"):
        await payments.cancel_link(link.id)


async def test_a_link_that_is_cancelled_cannot_be_paid(
    payments: RazorpayPayments, sandbox: SandboxServer
) -> None:
    link = await payments.create_link(
        NewLink(amount_minor=5_000, currency="INR", reference=reference(), description="Balance")
    )
    await payments.cancel_link(link.id)

    assert (await payments.cancel_link(link.id)).status is LinkStatus.CANCELLED
    assert link.order is not None
    with pytest.raises(AssertionError):
        _paid(sandbox, link.id)


def _paid(sandbox: SandboxServer, link: str) -> None:
    try:
        sandbox.act(f"links/{link}/pay")
    except Exception as refused:
        raise AssertionError(str(refused)) from refused


async def test_settlements_are_payments_less_fees_and_refunds(
    payments: RazorpayPayments, sandbox: SandboxServer
) -> None:
    sandbox.act("settle")  # what other tests left
    order = await ordered(payments, 200_000)
    payment = sandbox.act(f"orders/{order.id}/pay", method="card")["payment"]["id"]
    refund = await payments.refund(payment, 50_000, f"{order.id}-back")
    sandbox.act(f"refunds/{refund.id}/process")
    made = sandbox.act("settle")["settlement"]
    at_ms = made["created_at"] * 1000

    found = await payments.settlements(at_ms - 60_000, at_ms + 60_000)

    [settlement] = [each for each in found if each.id == made["id"]]
    # 2 000 rupees less a fee of 40 and 18 % on it, less 500.
    assert (settlement.amount_minor, settlement.fees_minor, settlement.tax_minor) == (
        145_280,
        4_720,
        720,
    )
    day = (datetime.fromtimestamp(made["created_at"], UTC) + timedelta(minutes=330)).date()
    items = [i for i in await payments.settled_items(day) if i.settlement == made["id"]]
    assert [(i.kind, i.payment, i.credit_minor, i.debit_minor) for i in items] == [
        ("payment", payment, 195_280, 0),
        ("refund", payment, 0, 50_000),
    ]
    assert {i.utr for i in items} == {settlement.utr}
    assert await payments.settled_items(day - timedelta(days=40)) == []


async def test_lists_are_read_to_their_end(
    payments: RazorpayPayments, client: RazorpayClient
) -> None:
    made = [await ordered(payments) for _ in range(5)]

    found = await client.all_of("orders.list", "/orders", OrderEntity, {}, page_items=2)

    assert {order.id for order in made} <= {order.id for order in found}
    assert len({order.id for order in found}) == len(found)


async def test_what_is_unknown_or_too_little_is_refused(payments: RazorpayPayments) -> None:
    with pytest.raises(ProviderRefusedError) as unknown:
        await payments.fetch_order("order_DoesNotExist0")
    with pytest.raises(ProviderRefusedError) as too_little:
        await ordered(payments, 99)

    assert unknown.value.code == "BAD_REQUEST_ERROR"
    assert too_little.value.detail == "The amount must be at least INR 1.00"
    assert too_little.value.reason == "input_validation_failed"


async def test_a_wrong_key_is_not_the_requests_fault(client: RazorpayClient) -> None:
    """Else a typo of an operator would turn every payment away for good."""
    wrong = Credentials(client.credentials.base_url, KEY_ID, "not the secret")

    with pytest.raises(ProviderAwayError, match="key is refused"):
        await ordered(RazorpayPayments(RazorpayClient(client.caller, wrong)))


REAL_ORDER = (
    b'{"id":"order_RB58MiP5SPFYyM","entity":"order","amount":5000,"amount_due":5000,'
    b'"amount_paid":0,"attempts":0,"currency":"INR","receipt":"receipt#1","offer_id":null,'
    b'"status":"created","notes":{"key1":"value3"},"created_at":1756455561}'
)
REAL_REFUND = (
    b'{"id":"rfnd_FP8QHiV938haTz","entity":"refund","amount":500100,"currency":"INR",'
    b'"payment_id":"pay_29QQoUBi66xm2f","notes":[],"receipt":null,"acquirer_data":{"arn":null},'
    b'"batch_id":null,"status":"processed","speed_requested":"normal",'
    b'"speed_processed":"normal","created_at":1597078866}'
)
REAL_LINK = (
    b'{"id":"plink_QflcnnZqCekuvL","amount":1000,"amount_paid":1000,"accept_partial":false,'
    b'"first_min_partial_amount":0,"currency":"INR","customer":{},"description":"Test Payment",'
    b'"expire_by":0,"expired_at":0,"cancelled_at":0,"notes":null,"order_id":"order_QflczVVaNJciLq",'
    b'"reference_id":"23","reminder_enable":false,"short_url":"https://rzp.io/rzp/twH5w1Y",'
    b'"status":"paid","upi_link":false,"created_at":1750000000,"updated_at":1750000001}'
)


def test_captured_answers_are_understood() -> None:
    order = msgspec.json.decode(REAL_ORDER, type=OrderEntity).plain()
    refund = msgspec.json.decode(REAL_REFUND, type=RefundEntity).plain()
    link = msgspec.json.decode(REAL_LINK, type=LinkEntity).plain()

    assert (order.notes, order.created_ms) == ({"key1": "value3"}, 1_756_455_561_000)
    assert (refund.notes, refund.reference) == ({}, None)  # empty notes come as a list
    assert refund.status is RefundStatus.PROCESSED
    assert (link.notes, link.expires_ms, link.order) == ({}, None, "order_QflczVVaNJciLq")


def test_numbers_may_come_as_text_and_never_as_fractions() -> None:
    whole = b'{"id":"pay_1","amount":"5000","currency":"INR","status":"created","created_at":"1"}'
    broken = whole.replace(b'"5000"', b"5000.5")

    assert msgspec.json.decode(whole, type=PaymentEntity, strict=False).plain().amount_minor == 5000
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(broken, type=PaymentEntity, strict=False)
