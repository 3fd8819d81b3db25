"""Client secrets: made, hashed and checked, a bounded number at a time and off the event loop."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import os
from functools import lru_cache

from serve.identity.secret_text import drawn_secret

# scrypt at 16 MiB and some 50 ms: secrets are random, so this is depth, not the first wall.
COST = 2**14
BLOCK = 8
PARALLEL = 1
SALT_BYTES = 16
SECRET_BYTES = 32  # fixed: 256 bits: nobody may choose a weaker secret
AT_ONCE = 2


def new_secret() -> str:
    return drawn_secret(SECRET_BYTES)


def hash_secret(secret: str) -> str:
    salt = os.urandom(SALT_BYTES)
    digest = _scrypt(secret, salt, COST, BLOCK, PARALLEL)
    encoded = (base64.b64encode(part).decode() for part in (salt, digest))
    return "$".join(("scrypt", str(COST), str(BLOCK), str(PARALLEL), *encoded))


def matches(secret: str, stored: str) -> bool:
    scheme, cost, block, parallel, salt, digest = stored.split("$")
    if scheme != "scrypt":
        return False
    found = _scrypt(secret, base64.b64decode(salt), int(cost), int(block), int(parallel))
    return hmac.compare_digest(found, base64.b64decode(digest))


def _matches_or_nobody(secret: str, stored: str | None) -> bool:
    return matches(secret, stored or _nobody())


def _scrypt(secret: str, salt: bytes, cost: int, block: int, parallel: int) -> bytes:
    # Some OpenSSL builds refuse more than 32 MiB unless told; twice the need is enough.
    return hashlib.scrypt(
        secret.encode(), salt=salt, n=cost, r=block, p=parallel, maxmem=256 * cost * block
    )


@lru_cache(maxsize=1)
def _nobody() -> str:
    """The hash of a secret that nobody holds."""
    return hash_secret(new_secret())


class SecretChecker:
    """Checks secrets in threads; an unknown client costs the same time as a wrong secret."""

    def __init__(self) -> None:
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def check(self, secret: str, stored: str | None) -> bool:
        async with self._slots:
            found = await asyncio.to_thread(_matches_or_nobody, secret, stored)
        return found and stored is not None
