"""Who of the devices is let in and what each may do, for brokers that ask; answered from memory."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache

import bcrypt

from config.installation import Mqtt
from config.sections.devices import Devices
from freight.device_topics import (
    INGEST_PUBLISHES,
    INGEST_SUBSCRIBES,
    covers,
    may_publish,
    may_subscribe,
)
from serve.devices.refusal_log import RefusalLog
from serve.fleet.device_secrets import hash_secret
from store.device_refusals import Reason
from store.directory import TruckDirectory

SHARED = "$share/"
SECRET_BYTES_MAX = 72  # fixed: bcrypt takes no more


class Act(StrEnum):
    PUBLISH = "publish"
    SUBSCRIBE = "subscribe"
    READ = "read"  # a message is about to be handed over; only some brokers ask


@dataclass(frozen=True, slots=True)
class Client:
    """Who stands at the broker's door, in its own words."""

    username: str
    client_id: str = ""
    origin: str = ""


class DeviceDoor:
    """One a replica. What it knows is the directory; a change there holds from the next question.

    Who fails too often is refused unheard, but not whose secret was found good before: nobody can
    lock a device out by guessing.
    """

    def __init__(
        self,
        directory: TruckDirectory,
        mqtt: Mqtt,
        limits: Callable[[], Devices],
        refusals: RefusalLog,
    ) -> None:
        self._directory = directory
        self._mqtt = mqtt
        self._limits = limits
        self._refusals = refusals
        self._key = secrets.token_bytes(32)
        self._verified: OrderedDict[tuple[str, bytes], None] = OrderedDict()
        self._failures: Counter[tuple[str, str]] = Counter()
        self._minute = -1
        self._checking = asyncio.Semaphore(limits().door.checks_at_once)

    async def sign_in(self, client: Client, secret: str) -> bool:
        if self._is_ingest(client.username):
            known = self._mqtt.password.get_secret_value()
            is_in = hmac.compare_digest(secret.encode(), known.encode())
        else:
            is_in = await self._device_signs_in(client, secret)
        if not is_in:
            self._note(client, Reason.SIGN_IN)
        return is_in

    def may(self, client: Client, act: Act, topic: str) -> bool:
        if self._is_ingest(client.username):
            return _ingest_may(act, topic)
        entry = self._directory.of_username(client.username)
        allowed: list[str] = []
        if entry is not None and entry.hashes_at(datetime.now(UTC)):
            allowed = (
                may_publish(entry.tenant, entry.truck, entry.unique_id)
                if act is Act.PUBLISH
                else may_subscribe(entry.tenant, entry.truck)
            )
        if topic in allowed:
            return True
        self._note(client, Reason.PUBLISH if act is Act.PUBLISH else Reason.SUBSCRIBE, topic)
        return False

    def _is_ingest(self, username: str) -> bool:
        return hmac.compare_digest(username.encode(), self._mqtt.username.encode())

    async def _device_signs_in(self, client: Client, secret: str) -> bool:
        entry = self._directory.of_username(client.username)
        given = secret.encode()
        hashes = () if entry is None else entry.hashes_at(datetime.now(UTC))
        proof = hmac.digest(self._key, given, "sha256")
        for known in hashes:
            if (known, proof) in self._verified:
                self._verified.move_to_end((known, proof))
                return True
        if self._failed_too_often(client) or not 0 < len(given) <= SECRET_BYTES_MAX:
            return False
        # A name that is nobody's costs the same time as a wrong secret.
        for known in hashes or (_nobodys(),):
            async with self._checking:
                found = await asyncio.to_thread(bcrypt.checkpw, given, known.encode())
            if found and hashes:
                self._remember(known, proof)
                return True
        self._failures[client.username, client.origin] += 1
        return False

    def _remember(self, known: str, proof: bytes) -> None:
        self._verified[known, proof] = None
        if len(self._verified) > self._limits().door.verified_max:
            self._verified.popitem(last=False)

    def _failed_too_often(self, client: Client) -> bool:
        minute = int(datetime.now(UTC).timestamp()) // 60
        limits = self._limits()
        if minute != self._minute or len(self._failures) > limits.refusals.waiting_max:
            self._minute = minute
            self._failures.clear()
        failures = self._failures[client.username, client.origin]
        return failures >= limits.door.failures_per_minute_max

    def _note(self, client: Client, reason: Reason, topic: str = "") -> None:
        self._refusals.note(
            client.username,
            reason,
            topic=topic,
            client_id=client.client_id,
            origin=client.origin,
        )


def _ingest_may(act: Act, topic: str) -> bool:
    if act is Act.PUBLISH:
        return any(covers(allowed, topic) for allowed in INGEST_PUBLISHES)
    if topic.startswith(SHARED):
        _, _, topic = topic.removeprefix(SHARED).partition("/")
    return any(covers(allowed, topic) for allowed in INGEST_SUBSCRIBES)


@lru_cache(maxsize=1)
def _nobodys() -> str:
    """The hash of a secret that nobody holds."""
    return hash_secret(secrets.token_urlsafe(24))


def is_one_of(given: str, known: tuple[str, ...]) -> bool:
    """In the same time whichever it is, and however long it is."""
    digest = hashlib.sha256(given.encode()).digest()
    found = [hmac.compare_digest(digest, hashlib.sha256(k.encode()).digest()) for k in known]
    return any(found)
