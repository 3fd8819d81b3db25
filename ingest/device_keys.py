"""Whether a key is a device's secret; guessing is slow and soon refused unheard."""

from __future__ import annotations

import asyncio
import hmac
import secrets
from collections import Counter, OrderedDict
from datetime import UTC, datetime

import bcrypt

from config.policy import policy
from store.directory import DirectoryEntry

SECRET_BYTES_MAX = 72  # fixed: bcrypt takes no more


class DeviceKeys:
    """Remembers what was found good, under a key that dies with the process."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._verified: OrderedDict[tuple[str, bytes], None] = OrderedDict()
        self._failures: Counter[int] = Counter()
        self._minute = -1
        self._checking = asyncio.Semaphore(policy().devices.door.checks_at_once)

    async def is_good(self, entry: DirectoryEntry, given: str) -> bool:
        secret = given.encode()
        proof = hmac.digest(self._key, secret, "sha256")
        hashes = entry.hashes_at(datetime.now(UTC))
        if any((known, proof) in self._verified for known in hashes):
            return True
        if self._failed_too_often(entry.truck_key) or not 0 < len(secret) <= SECRET_BYTES_MAX:
            return False
        for known in hashes:
            async with self._checking:
                found = await asyncio.to_thread(bcrypt.checkpw, secret, known.encode())
            if found:
                self._remember(known, proof)
                return True
        self._failures[entry.truck_key] += 1
        return False

    def _remember(self, known: str, proof: bytes) -> None:
        self._verified[known, proof] = None
        if len(self._verified) > policy().devices.door.verified_max:
            self._verified.popitem(last=False)

    def _failed_too_often(self, truck_key: int) -> bool:
        minute = int(datetime.now(UTC).timestamp()) // 60
        if minute != self._minute:
            self._minute = minute
            self._failures.clear()
        return self._failures[truck_key] >= policy().doors.osmand.failures_per_minute_max
