"""Signatures of Standard Webhooks 1.0.0: made with one secret or, while it changes, with two."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Mapping, Sequence

PREFIX = "whsec_"
VERSION = "v1"
ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
SECRET_BYTES = range(24, 65)  # fixed: of the standard


class NotASecretError(ValueError):
    """It does not have the form that the standard gives to secrets."""


def secret_of(key: bytes) -> str:
    """As it is given to people: `whsec_` and the key in base64."""
    if len(key) not in SECRET_BYTES:
        raise NotASecretError("a secret is of 24 to 64 bytes")
    return PREFIX + base64.b64encode(key).decode()


def key_of(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error as failed:
        raise NotASecretError("a secret is base64 behind whsec_") from failed
    if len(key) not in SECRET_BYTES:
        raise NotASecretError("a secret is of 24 to 64 bytes")
    return key


def signature(secret: str, message_id: str, at_s: int, body: bytes) -> str:
    said = f"{message_id}.{at_s}.".encode() + body
    mac = hmac.digest(key_of(secret), said, "sha256")
    return f"{VERSION},{base64.b64encode(mac).decode()}"


def signed_headers(
    secrets: Sequence[str], message_id: str, at_s: int, body: bytes
) -> dict[str, str]:
    """With a signature by each secret: a receiver that knows any of them is content."""
    made = " ".join(signature(secret, message_id, at_s, body) for secret in secrets)
    return {ID: message_id, TIMESTAMP: str(at_s), SIGNATURE: made}


def is_signed(
    secret: str, headers: Mapping[str, str], body: bytes, *, now_s: float, tolerance_s: float
) -> bool:
    """As a receiver looks at it; who sends checks by this that it would be believed."""
    at, message_id = headers.get(TIMESTAMP, ""), headers.get(ID, "")
    if not (at.isdecimal() and message_id) or abs(now_s - int(at)) > tolerance_s:
        return False
    right = signature(secret, message_id, int(at), body)
    given = headers.get(SIGNATURE, "").split(" ")
    return any(hmac.compare_digest(right.encode(), one.encode()) for one in given)
