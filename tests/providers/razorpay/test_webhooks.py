"""What Razorpay tells, in the forms of its documentation, and what of it is kept."""

from __future__ import annotations

import json
from typing import Any

import pytest

from providers.payments import LinkStatus, PaymentStatus, RefundStatus
from providers.payouts import PayoutStatus
from providers.razorpay.webhooks import UnreadableError, kept, read

PAYMENT: dict[str, Any] = {
    "id": "pay_DESlfW9H8K9uqM",
    "entity": "payment",
    "amount": 100,
    "currency": "INR",
    "base_amount": 100,
    "status": "captured",
    "order_id": "order_DESlLckIVRkHWj",
    "international": False,
    "method": "card",
    "amount_refunded": 0,
    "refund_status": None,
    "captured": True,
    "card_id": "card_1",
    "card": {
        "id": "card_1",
        "name": "Gaurav Kumar",
        "last4": "1111",
        "iin": "411111",
        "network": "Visa",
        "type": "credit",
        "issuer": "HDFC",
    },
    "vpa": None,
    "email": "gaurav.kumar@example.com",
    "contact": "+919876543210",
    "notes": [],
    "fee": 2,
    "tax": 0,
    "acquirer_data": {"rrn": "012345678901"},
    "created_at": 1567674599,
}
LINK: dict[str, Any] = {
    "id": "plink_QflcnnZqCekuvL",
    "amount": 1000,
    "amount_paid": 1000,
    "currency": "INR",
    "customer": {"name": "Asha", "contact": "+919876543210"},
    "order_id": "order_QflczVVaNJciLq",
    "reference_id": "23",
    "short_url": "https://rzp.io/rzp/twH5w1Y",
    "status": "paid",
    "notes": None,
    "expire_by": 0,
    "created_at": 1567674599,
}
ORDER: dict[str, Any] = {
    "id": "QflczVVaNJciLq",
    "entity": "order",
    "amount": 1000,
    "amount_paid": 1000,
    "amount_due": 0,
    "currency": "INR",
    "receipt": "23",
    "status": "paid",
    "attempts": 1,
    "notes": [],
    "created_at": 1567674599,
}


def envelope(event: str, **entities: dict[str, Any]) -> bytes:
    payload = {name: {"entity": entity} for name, entity in entities.items()}
    told = {"entity": "event", "account_id": "acc_BFQ7uQEaa7j2z7", "event": event}
    return json.dumps(
        {**told, "contains": list(entities), "payload": payload, "created_at": 1567674606}
    ).encode()


def test_a_captured_payment() -> None:
    told = read(envelope("payment.captured", payment=PAYMENT))

    (payment,) = told.payments
    assert (told.kind, told.told_ms) == ("payment.captured", 1567674606000)
    assert (payment.id, payment.status) == ("pay_DESlfW9H8K9uqM", PaymentStatus.CAPTURED)
    assert (payment.amount_minor, payment.fee_minor, payment.notes) == (100, 2, {})
    assert payment.reference == "012345678901"


def test_a_paid_link_names_its_order_in_two_ways() -> None:
    told = read(envelope("payment_link.paid", payment_link=LINK, order=ORDER, payment=PAYMENT))

    assert told.links[0].status is LinkStatus.PAID
    assert told.orders[0].id == told.links[0].order == "order_QflczVVaNJciLq"


def test_refunds_and_payouts() -> None:
    refund = {
        "id": "rfnd_FP8QHiV938haTz",
        "entity": "refund",
        "amount": 500100,
        "currency": "INR",
        "payment_id": "pay_29QQoUBi66xm2f",
        "notes": [],
        "receipt": None,
        "acquirer_data": {"arn": None},
        "status": "processed",
        "created_at": 1597078866,
    }
    payout = {
        "id": "pout_00000000000001",
        "fund_account_id": "fa_00000000000001",
        "amount": 1000000,
        "currency": "INR",
        "fees": 0,
        "tax": 0,
        "status": "reversed",
        "utr": None,
        "mode": "IMPS",
        "reference_id": "Acme Transaction ID 12345",
        "notes": [],
        "created_at": 1545383037,
    }

    assert read(envelope("refund.processed", refund=refund)).refunds[0].status is (
        RefundStatus.PROCESSED
    )
    assert read(envelope("payout.reversed", payout=payout)).payouts[0].status is (
        PayoutStatus.REVERSED
    )


def test_what_is_not_followed_has_no_entities() -> None:
    told = read(envelope("payment.dispute.created", dispute={"id": "disp_1"}))

    assert (told.payments, told.refunds, told.orders, told.links) == ((), (), (), ())


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"{", b"[]", b'{"event": "x"}', b"\xff", envelope("x", payment={"id": "pay_1"})),
        b'{"event": "x", "created_at": 99999999999999999999}',
        b'{"event": "a\\u0000b", "created_at": 1}',
    ],
)
def test_what_it_never_sends(body: bytes) -> None:
    with pytest.raises(UnreadableError):
        read(body)


def test_of_cards_and_people_nothing_is_kept_but_network_and_last_digits() -> None:
    body = kept(envelope("payment_link.paid", payment=PAYMENT, payment_link=LINK), 100_000)

    for private in ("Gaurav", "411111", "@example", "9876543210", "Asha"):
        assert private not in body
    card = json.loads(body)["payload"]["payment"]["entity"]["card"]
    assert card == {"last4": "1111", "network": "Visa", "type": "credit"}
    # What is kept says as much as what came.
    assert read(body) == read(envelope("payment_link.paid", payment=PAYMENT, payment_link=LINK))


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("4111 1111 1111 1111", "(removed)"),
        ("card 4111-1111-1111-1111!", "card (removed)!"),
        ("order 4111111111111112", "order 4111111111111112"),
        ("1234567890", "1234567890"),
        ("a\x00b", "a\N{REPLACEMENT CHARACTER}b"),
    ],
)
def test_numbers_of_cards_are_found_anywhere(given: str, shown: str) -> None:
    assert kept(given.encode(), 100) == shown
    if "\x00" not in given:
        noted = kept(json.dumps({"notes": {"said": given}}).encode(), 1000)
        assert json.loads(noted) == {"notes": {"said": shown}}


def test_a_number_of_a_card_that_is_no_text() -> None:
    assert kept(b'{"x":4111111111111111}', 100) == '{"x":"(removed)"}'
    assert kept(b'{"created_at":1567674606,"amount":100}', 100) == (
        '{"created_at":1567674606,"amount":100}'
    )
