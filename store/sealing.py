"""Sealed values: AES-256-GCM under the installation's keys, each naming the key that opens it."""

from __future__ import annotations

import os
import struct

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from store.key_file import KeyFile

# Form of what is sealed, version of the key; then nonce and ciphertext with its tag.
HEADER = struct.Struct(">BI")
FORM = 1
NONCE_BYTES = 12
TAG_BYTES = 16


class SealError(RuntimeError):
    """Not sealed by us, changed since, or moved to another place."""


class Sealer:
    """For one purpose; what it seals opens with every version of the key that the file holds."""

    def __init__(self, keys: KeyFile, purpose: str) -> None:
        self._keys = keys
        self._purpose = purpose

    def seal(self, plain: bytes, about: bytes = b"") -> bytes:
        """`about` is not kept, but must be the same when it is opened: it ties down the place."""
        version = self._keys.ring.newest
        header = HEADER.pack(FORM, version)
        nonce = os.urandom(NONCE_BYTES)
        cipher = AESGCM(self._keys.key_for(self._purpose, version))
        return header + nonce + cipher.encrypt(nonce, plain, header + about)

    def open(self, sealed: bytes, about: bytes = b"") -> bytes:
        version = key_version_of(sealed)
        header, nonce = sealed[: HEADER.size], sealed[HEADER.size : HEADER.size + NONCE_BYTES]
        cipher = AESGCM(self._keys.key_for(self._purpose, version))
        try:
            return cipher.decrypt(nonce, sealed[HEADER.size + NONCE_BYTES :], header + about)
        except InvalidTag:
            raise SealError("this was not sealed here, or was changed since") from None

    def is_current(self, sealed: bytes) -> bool:
        return key_version_of(sealed) == self._keys.ring.newest


def key_version_of(sealed: bytes) -> int:
    if len(sealed) < HEADER.size + NONCE_BYTES + TAG_BYTES or sealed[0] != FORM:
        raise SealError("this is not a sealed value")
    version: int = HEADER.unpack_from(sealed)[1]
    return version
