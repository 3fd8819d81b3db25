"""Passwords of users: Argon2id, a bounded number at a time and off the event loop."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from config.sections.identity import Passwords
from serve.identity.secret_text import drawn_secret

LENGTH_MAX = 200  # fixed: bounds the work of hashing; part of the published API
GENERATED_BYTES = 18  # fixed: 144 bits: nobody may choose a weaker one


def new_password() -> str:
    return drawn_secret(GENERATED_BYTES)


@functools.lru_cache(maxsize=8)  # fixed: memory only; forgetting changes nothing
def _hasher(time_cost: int, memory_kib: int, parallelism: int) -> PasswordHasher:
    return PasswordHasher(time_cost, memory_kib, parallelism)


@functools.lru_cache(maxsize=8)  # fixed: memory only; forgetting changes nothing
def _nobodys(hasher: PasswordHasher) -> str:
    """The hash of a password that nobody has, as costly to check as anybody's."""
    return hasher.hash(new_password())


class PasswordBook:
    """Hashes and checks as the configuration says at that moment."""

    def __init__(self, limits: Callable[[], Passwords]) -> None:
        self._limits = limits
        self._slots = asyncio.Semaphore(limits().checks_at_once)
        # Made now, or the first sign-in of somebody unknown would take twice as long.
        _nobodys(self._hasher())

    async def hash(self, password: str) -> str:
        async with self._slots:
            return await asyncio.to_thread(self._hasher().hash, password)

    async def check(self, password: str, stored: str | None) -> bool:
        """Somebody who does not exist takes the same time as a wrong password."""
        hasher = self._hasher()
        async with self._slots:
            found = await asyncio.to_thread(_verify, hasher, password, stored)
        return found and stored is not None

    def is_outdated(self, stored: str) -> bool:
        """Hashed as an older configuration wanted it."""
        return self._hasher().check_needs_rehash(stored)

    def refusal_of(self, password: str) -> str | None:
        least = self._limits().length_min
        if not least <= len(password) <= LENGTH_MAX:
            return f"a password has from {least} to {LENGTH_MAX} characters"
        if len(set(password)) < least // 2:
            return "too few different characters"
        return None

    def _hasher(self) -> PasswordHasher:
        limits = self._limits()
        return _hasher(limits.time_cost, limits.memory_kib, limits.parallelism)


def _verify(hasher: PasswordHasher, password: str, stored: str | None) -> bool:
    try:
        return hasher.verify(stored or _nobodys(hasher), password)
    except (VerificationError, InvalidHashError):
        return False
