"""Personal data in columns: sealed, and found again by blind indexes."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable

from freight.personal import PersonalKind, normalised
from store.key_file import KeyFile
from store.sealing import Sealer

PURPOSE = "personal"


class PersonalData:
    """What is sealed today opens after any rotation; `resealed` moves it to the newest key."""

    def __init__(self, keys: KeyFile) -> None:
        self._keys = keys
        self._sealer = Sealer(keys, PURPOSE)

    def seal(self, text: str) -> bytes:
        """Never twice the same, so equal values cannot be seen to be equal."""
        return self._sealer.seal(text.encode())

    def open(self, sealed: bytes) -> str:
        return self._sealer.open(bytes(sealed)).decode()

    def blind_index(self, kind: PersonalKind | str, text: str) -> bytes:
        """Equal for equal values of one kind, however they are written; says nothing else."""
        kind = PersonalKind(kind)
        message = kind.encode() + b"\0" + normalised(kind, text).encode()
        return hmac.digest(self._keys.ring.index_key, message, hashlib.sha256)

    def is_current(self, sealed: bytes) -> bool:
        return self._sealer.is_current(bytes(sealed))

    def resealed(self, sealed: Iterable[bytes]) -> list[bytes | None]:
        """Each under the newest key, None for those that already are."""
        return [None if self.is_current(one) else self.seal(self.open(one)) for one in sealed]
