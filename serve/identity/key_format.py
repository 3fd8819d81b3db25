"""How API keys look: a prefix that scanners find, random characters, and a checksum."""

from __future__ import annotations

import hashlib
import re
import secrets
import string
import zlib

PREFIX = "ubt_"
ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
RANDOM_CHARS = 40  # 238 bits
CHECKSUM_CHARS = 6
_FORM = re.compile(f"{PREFIX}[0-9A-Za-z]{{{RANDOM_CHARS + CHECKSUM_CHARS}}}")


def new_key() -> str:
    body = "".join(secrets.choice(ALPHABET) for _ in range(RANDOM_CHARS))
    return PREFIX + body + _checksum(body)


def is_well_formed(key: str) -> bool:
    """A mistyped key, or something that only looks like one, is known without a look-up."""
    if _FORM.fullmatch(key) is None:
        return False
    body = key[len(PREFIX) : -CHECKSUM_CHARS]
    return key.endswith(_checksum(body))


def hash_of(key: str) -> bytes:
    """Keys are random: a fast hash cannot be turned back by guessing."""
    return hashlib.sha256(key.encode()).digest()


def _checksum(body: str) -> str:
    number = zlib.crc32(body.encode())
    digits = ""
    for _ in range(CHECKSUM_CHARS):
        number, digit = divmod(number, len(ALPHABET))
        digits = ALPHABET[digit] + digits
    return digits
