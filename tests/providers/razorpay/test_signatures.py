"""Signatures of Razorpay: the vectors that its documents and ours agree on, and forgeries."""

from __future__ import annotations

import pytest

from providers.razorpay.signatures import is_checkout, is_link_callback, is_webhook, signed

ORDER, PAYMENT = "order_DBJOWzybf0sJbb", "pay_DGR9wqmsKYoYkO"
CHECKOUT = "2d758776cb4e19a407c04903d4e1ce21f2ed3d63b8e49a9d13ba53397d96a7f4"
BODY = b'{"event":"payment.captured"}'
WEBHOOK = "e0bf9fa401e2a82181395bf23264860e922c6f58fdc735d4d9ab083204747858"


def test_the_checkout_vector() -> None:
    assert is_checkout(ORDER, PAYMENT, CHECKOUT, "test_secret")


@pytest.mark.parametrize(
    ("order", "payment", "signature", "secret"),
    [
        ("order_other", PAYMENT, CHECKOUT, "test_secret"),
        (ORDER, "pay_other", CHECKOUT, "test_secret"),
        (PAYMENT, ORDER, CHECKOUT, "test_secret"),
        (ORDER, PAYMENT, CHECKOUT, "other_secret"),
        (ORDER, PAYMENT, CHECKOUT[:-1], "test_secret"),
        (ORDER, PAYMENT, "", "test_secret"),
        (ORDER, PAYMENT, "größer", "test_secret"),
    ],
)
def test_a_forged_checkout_is_seen(order: str, payment: str, signature: str, secret: str) -> None:
    assert not is_checkout(order, payment, signature, secret)


def test_the_webhook_vector() -> None:
    assert is_webhook(BODY, WEBHOOK, ["whsec_rzp"])


def test_a_webhook_of_before_the_rotation_counts() -> None:
    assert is_webhook(BODY, WEBHOOK, ["whsec_new", "whsec_rzp"])


@pytest.mark.parametrize(
    ("body", "signature", "secrets"),
    [
        (b'{"event": "payment.captured"}', WEBHOOK, ["whsec_rzp"]),  # one blank more
        (BODY, WEBHOOK, ["whsec_other"]),
        (BODY, WEBHOOK, []),
        (BODY, WEBHOOK.upper(), ["whsec_rzp"]),
        (BODY, "", ["whsec_rzp"]),
        (BODY, "\u00ff" * 64, ["whsec_rzp"]),
    ],
)
def test_a_forged_webhook_is_seen(body: bytes, signature: str, secrets: list[str]) -> None:
    assert not is_webhook(body, signature, secrets)


def test_a_link_callback_is_signed_over_its_four_fields_in_order() -> None:
    query = {
        "razorpay_payment_id": "pay_1",
        "razorpay_payment_link_id": "plink_1",
        "razorpay_payment_link_reference_id": "dues/7",
        "razorpay_payment_link_status": "paid",
        "razorpay_signature": signed(b"plink_1|dues/7|paid|pay_1", "key_secret"),
    }

    assert is_link_callback(query, "key_secret")
    assert not is_link_callback({**query, "razorpay_payment_link_status": "created"}, "key_secret")
    assert not is_link_callback({**query, "razorpay_payment_id": "pay_2"}, "key_secret")
    assert not is_link_callback({}, "key_secret")
