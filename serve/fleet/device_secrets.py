"""Secrets of devices: made with their truck, stored hashed as brokers check them."""

from __future__ import annotations

from functools import lru_cache

import bcrypt

from serve.identity.development import DEVICE_SECRET, TENANTS, is_development
from serve.identity.secret_text import drawn_secret

SECRET_BYTES = 24  # fixed: 192 bits: nobody may choose a weaker secret
# The least there is: the secret is random, and a broker checks thousands when it restarts.
COST = 4
# The prefix that Go's bcrypt knew first; later ones mean the same.
PREFIX = b"2a"


def new_secret(tenant: str) -> tuple[str, str]:
    """Of a new device: a secret and its hash."""
    if is_development() and tenant in TENANTS:
        return DEVICE_SECRET, _development_hash()
    return fresh_secret()


def fresh_secret() -> tuple[str, str]:
    """One that nobody knows yet, and its hash."""
    secret = drawn_secret(SECRET_BYTES)
    return secret, hash_secret(secret)


def hash_secret(secret: str) -> str:
    return bcrypt.hashpw(secret.encode(), bcrypt.gensalt(COST, prefix=PREFIX)).decode()


@lru_cache(maxsize=1)
def _development_hash() -> str:
    return hash_secret(DEVICE_SECRET)
