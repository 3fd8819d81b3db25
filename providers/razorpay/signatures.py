"""Razorpay's signatures: hex HMAC-SHA256, compared in constant time, never by `==`."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping

# What the query of a payment link's callback is signed over, in this order.
_LINK_FIELDS = (
    "razorpay_payment_link_id",
    "razorpay_payment_link_reference_id",
    "razorpay_payment_link_status",
    "razorpay_payment_id",
)


def signed(message: bytes, secret: str) -> str:
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()


def is_checkout(order: str, payment: str, signature: str, key_secret: str) -> bool:
    """Of what a checkout brings back. `order` is the one in our books, not the one brought."""
    return _agree(signed(f"{order}|{payment}".encode(), key_secret), signature)


def is_link_callback(query: Mapping[str, str], key_secret: str) -> bool:
    message = "|".join(query.get(name, "") for name in _LINK_FIELDS)
    given = query.get("razorpay_signature", "")
    return _agree(signed(message.encode(), key_secret), given)


def is_webhook(raw_body: bytes, signature: str, webhook_secrets: Iterable[str]) -> bool:
    """Over the bytes as they came; after a rotation the secret before is good for a while."""
    # Every one is tried, so that the time taken does not tell which one fitted.
    matches = [_agree(signed(raw_body, secret), signature) for secret in webhook_secrets]
    return any(matches)


def _agree(wanted: str, given: str) -> bool:
    # Bytes: compare_digest refuses text beyond ASCII, which anybody may send.
    return hmac.compare_digest(wanted.encode(), given.encode())
