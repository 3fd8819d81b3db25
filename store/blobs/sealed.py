"""Contents sealed in pieces, so that any part can be read, and none left out or moved unseen."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from store.blobs.port import Blobs
from store.sealing import TAG_BYTES, SealError

HEAD = b"UTD\x01"  # the form
PIECE_BYTES = 256 * 1024  # fixed: part of the form
SEALED_BYTES = PIECE_BYTES + TAG_BYTES
KEY_BYTES = 32
# How much is asked of the store in one go.
PIECES_AT_ONCE = 16


def new_secret() -> bytes:
    """For one content only, so that a piece's number is enough of a nonce."""
    return os.urandom(KEY_BYTES)


def sealed(content: bytes, secret: bytes, about: str) -> bytes:
    """`about` is where it belongs; it opens nowhere else."""
    cipher, whole = AESGCM(secret), memoryview(content)
    parts = [HEAD]
    for number in range(pieces(len(content))):
        piece = whole[number * PIECE_BYTES : (number + 1) * PIECE_BYTES]
        is_last = number == pieces(len(content)) - 1
        parts.append(cipher.encrypt(_nonce(number, is_last=is_last), piece, about.encode()))
    return b"".join(parts)


async def opened(  # noqa: PLR0917 - what, with what, and which part of it
    blobs: Blobs, name: str, secret: bytes, bytes_all: int, start: int, end: int
) -> AsyncIterator[bytes]:
    """From `start` up to, but not with, `end` of a content of so many bytes."""
    cipher, last = AESGCM(secret), pieces(bytes_all) - 1
    first = start // PIECE_BYTES
    until = (end - 1) // PIECE_BYTES + 1
    for begin in range(first, until, PIECES_AT_ONCE):
        stop = min(begin + PIECES_AT_ONCE, until)
        raw = await blobs.read(
            name, len(HEAD) + begin * SEALED_BYTES, len(HEAD) + stop * SEALED_BYTES
        )
        for number in range(begin, stop):
            at = (number - begin) * SEALED_BYTES
            piece = raw[at : at + SEALED_BYTES]
            try:
                plain = cipher.decrypt(_nonce(number, is_last=number == last), piece, name.encode())
            except InvalidTag:
                raise SealError("this was not sealed here, or was changed since") from None
            lower = max(start - number * PIECE_BYTES, 0)
            yield plain[lower : end - number * PIECE_BYTES]


def pieces(content_bytes: int) -> int:
    return max(-(-content_bytes // PIECE_BYTES), 1)


def _nonce(number: int, *, is_last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes((is_last,))
