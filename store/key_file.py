"""The installation's keys, in a file that only its owner can read and no database ever holds.

Every version of the master key stays in the file, because what it sealed must still open. A key
for one purpose (personal data, secrets, audit) is derived from it, so that they cannot be mixed up.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import secrets
import stat
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32
PRIVATE_MODE = 0o600
OTHERS_MAY = stat.S_IRWXG | stat.S_IRWXO


class KeyFileError(RuntimeError):
    """The key file is missing, open to others or not a key file; the message says what to do."""


@dataclass(frozen=True)
class KeyRing:
    """One reading of the file."""

    masters: dict[int, bytes]  # by version, from 1
    # Blind indexes must find what an older key indexed, so this one does not rotate.
    index_key: bytes

    @cached_property
    def newest(self) -> int:
        return max(self.masters)

    def key_for(self, purpose: str, version: int) -> bytes | None:
        """None when the file that was read does not have this version."""
        master = self.masters.get(version)
        return None if master is None else _derived(master, purpose)

    def newer(self) -> KeyRing:
        """With one more version, which seals from now on."""
        added = {self.newest + 1: secrets.token_bytes(KEY_BYTES)}
        return KeyRing({**self.masters, **added}, self.index_key)


@lru_cache(maxsize=64)  # fixed: memory only; forgetting changes nothing
def _derived(master: bytes, purpose: str) -> bytes:
    info = b"ubertruck/" + purpose.encode()
    return HKDF(hashes.SHA256(), KEY_BYTES, salt=None, info=info).derive(master)


class KeyFile:
    """The ring as this process knows it; read again when the file has changed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen: tuple[int, int, int] | None = None
        self.ring = self._read()

    def refresh(self) -> bool:
        """Whether there was something new; a file that cannot be used is an error, not a no."""
        if self._identity() == self._seen:
            return False
        self.ring = self._read()
        return True

    def key_for(self, purpose: str, version: int) -> bytes:
        """Also of a version that another process added a moment ago."""
        key = self.ring.key_for(purpose, version)
        if key is None and self.refresh():
            key = self.ring.key_for(purpose, version)
        if key is None:
            raise KeyFileError(f"{self.path} has no key {version}; it was made by another one")
        return key

    def rotate(self) -> int:
        """Adds a version and returns its number; what older ones sealed still opens."""
        self.refresh()
        write_key_ring(self.path, self.ring.newer())
        self.refresh()
        return self.ring.newest

    def _identity(self) -> tuple[int, int, int]:
        try:
            found = self.path.stat()
        except OSError as failed:
            raise KeyFileError(f"cannot read the key file {self.path}: {failed}") from failed
        return found.st_ino, found.st_mtime_ns, found.st_size

    def _read(self) -> KeyRing:
        self._seen = self._identity()
        return read_key_ring(self.path)


def create_key_ring(path: Path) -> bool:
    """Makes a first key, readable by its owner only; False when the file is already there."""
    if path.exists():
        return False
    fresh = KeyRing({1: secrets.token_bytes(KEY_BYTES)}, secrets.token_bytes(KEY_BYTES))
    path.parent.mkdir(parents=True, exist_ok=True)
    write_key_ring(path, fresh)
    return True


def write_key_ring(path: Path, ring: KeyRing) -> None:
    """Replaces the file at once: whoever reads it sees all of it."""
    content = {
        "keys": {str(version): _text(key) for version, key in ring.masters.items()},
        "index_key": _text(ring.index_key),
    }
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    draft.touch(mode=PRIVATE_MODE)
    draft.write_text(json.dumps(content, indent=1))
    draft.rename(path)


def read_key_ring(path: Path) -> KeyRing:
    require_private(path)
    try:
        content = json.loads(path.read_text())
        masters = {int(version): _key(text) for version, text in content["keys"].items()}
        ring = KeyRing(masters, _key(content["index_key"]))
    except OSError as failed:
        raise KeyFileError(f"cannot read the key file {path}: {failed}") from failed
    except (ValueError, KeyError, TypeError, AttributeError) as failed:
        raise KeyFileError(f"{path} is not a key file: {failed}") from failed
    if not masters:
        raise KeyFileError(f"{path} holds no key")
    return ring


def require_private(path: Path) -> None:
    """A key that others can read protects nothing from them."""
    try:
        found = path.stat()
    except OSError as failed:
        raise KeyFileError(f"cannot read the key file {path}: {failed}") from failed
    if not stat.S_ISREG(found.st_mode):
        raise KeyFileError(f"the key file {path} is not a regular file")
    if found.st_uid != os.geteuid():
        raise KeyFileError(
            f"the key file {path} belongs to user {found.st_uid}, not to us ({os.geteuid()}); "
            f"give it to us: chown {os.geteuid()} {path}"
        )
    if found.st_mode & OTHERS_MAY:
        mode = stat.S_IMODE(found.st_mode)
        raise KeyFileError(
            f"the key file {path} is open to others (mode {mode:04o}); close it: chmod 600 {path}"
        )


def _key(text: str) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except binascii.Error as failed:
        raise ValueError("a key is not base64") from failed
    if len(key) != KEY_BYTES:
        raise ValueError(f"a key has {len(key)} bytes instead of {KEY_BYTES}")
    return key


def _text(key: bytes) -> str:
    return base64.b64encode(key).decode()
