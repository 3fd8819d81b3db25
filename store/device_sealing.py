"""Secrets of devices for brokers that must be told them: sealed, and tied to their device."""

from __future__ import annotations

from store.key_file import KeyFile
from store.sealing import Sealer

PURPOSE = "device-secrets"


def seal(keys: KeyFile, username: str, secret: str) -> bytes:
    return Sealer(keys, PURPOSE).seal(secret.encode(), username.encode())


def unseal(keys: KeyFile, username: str, sealed: bytes) -> str:
    return Sealer(keys, PURPOSE).open(sealed, username.encode()).decode()
