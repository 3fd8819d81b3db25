"""Keeps the embedded broker's device users equal to the truck directory, within a second or two."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

import bcrypt

from config.installation import DatabaseRole, Mqtt, Postgres
from config.policy import Policy
from launch.layout import write_private
from serve.devices.topics import may_publish, may_subscribe
from serve.identity.development import DEVICE_SECRET, TENANTS, is_development
from store.directory import DirectoryEntry, TruckDirectory
from store.postgres import AnyPool, open_pool

log = logging.getLogger(__name__)


def device_user(entry: DirectoryEntry, secret_hash: str) -> str:
    """One line of the users file; what a device may do is the public contract, section 2."""
    publish, subscribe = (
        json.dumps([topic.replace("/", ".") for topic in topics])
        for topics in (may_publish(entry), may_subscribe(entry))
    )
    return (
        f"{{user: {json.dumps(entry.username)}, "
        f"password: {json.dumps(_password(entry, secret_hash))}, "
        f"permissions: {{publish: {publish}, subscribe: {subscribe}}}, "
        'allowed_connection_types: ["MQTT"]}'
    )


def _password(entry: DirectoryEntry, stored: str) -> str:
    """As a hash, except where everybody knows the secret anyway.

    The broker checks the password of every connected device again at every reload, and the
    cheapest hash it knows costs a millisecond each.
    """
    well_known = is_development() and entry.tenant in TENANTS and _is_development_secret(stored)
    return DEVICE_SECRET if well_known else stored


@lru_cache(maxsize=100_000)
def _is_development_secret(stored: str) -> bool:
    return bcrypt.checkpw(DEVICE_SECRET.encode(), stored.encode())


def ingest_user(mqtt: Mqtt) -> str:
    return (
        f"{{user: {json.dumps(mqtt.username)}, "
        f"password: {json.dumps(mqtt.password.get_secret_value())}, "
        'allowed_connection_types: ["MQTT"]}'
    )


def _now() -> datetime:
    return datetime.now(UTC)


class UsersFile:
    """The text of the file, of which a change costs its own line only.

    The broker knows one secret a user. While two are good, the line holds one of them, at first
    the one the device had, and `toggle` changes to the other.
    """

    def __init__(self, mqtt: Mqtt, now: Callable[[], datetime] = _now) -> None:
        self._ingest = ingest_user(mqtt)
        self._now = now
        self._lines: dict[int, str] = {}
        # Who has two secrets at the moment, and which of them the line holds.
        self._overlapping: dict[str, DirectoryEntry] = {}
        self._held: dict[int, str] = {}

    def apply(self, changes: Iterable[DirectoryEntry]) -> None:
        for entry in changes:
            self._take(entry)

    def toggle(self, username: str) -> bool:
        """Let the device in with its other secret; False when it has but one."""
        entry = self._overlapping.get(username)
        if entry is None:
            return False
        held = self._held[entry.truck_key]
        others = [known for known in entry.hashes_at(self._now()) if known != held]
        if others:
            self._write(entry, others[0])
        return bool(others)

    def end_overlaps(self) -> bool:
        """From the end of an overlap on only the new secret is good."""
        over = [e for e in self._overlapping.values() if len(e.hashes_at(self._now())) < 2]
        self.apply(over)
        return bool(over)

    def text(self) -> str:
        users = ",\n".join([self._ingest, *self._lines.values()])
        return f"authorization {{ users: [\n{users}\n] }}\n"

    def _take(self, entry: DirectoryEntry) -> None:
        hashes = entry.hashes_at(self._now())
        earlier = self._held.get(entry.truck_key)
        known = self._overlapping.get(entry.username)
        if known is not None and known.truck_key == entry.truck_key:
            del self._overlapping[entry.username]
        if not hashes:
            self._lines.pop(entry.truck_key, None)
            self._held.pop(entry.truck_key, None)
            return
        if hashes[1:] and hashes[0] != hashes[1]:
            self._overlapping[entry.username] = entry
        self._write(entry, earlier if earlier in hashes else hashes[-1])

    def _write(self, entry: DirectoryEntry, secret_hash: str) -> None:
        self._held[entry.truck_key] = secret_hash
        self._lines[entry.truck_key] = device_user(entry, secret_hash)


class BrokerUsers:
    """A task of `up`; `reload` makes the broker read the file again."""

    def __init__(
        self,
        postgres: Postgres,
        mqtt: Mqtt,
        policy: Policy,
        file: Path,
        reload: Callable[[], None],
    ) -> None:
        self._postgres = postgres
        self._mqtt = mqtt
        self._policy = policy
        self._file = file
        self._reload = reload
        # Who was refused since the last look, and when each was given its other secret.
        self._refused: set[str] = set()
        self._toggled_s: dict[str, float] = {}

    def sign_in_refused(self, username: str) -> None:
        """The broker refused it; if it has two secrets at the moment, it is to try the other."""
        if len(self._refused) < self._policy.devices.refusals.waiting_max:
            self._refused.add(username)

    async def run(self, first_written: asyncio.Event) -> None:
        """Follow the directory for ever; a database that is away only delays news."""
        while True:
            try:
                await self._follow(first_written)
            except Exception as error:  # noqa: BLE001 - without it no new device is let in, ever
                log.warning("device users cannot be read now: %s", error)
            await asyncio.sleep(self._policy.ingest.retry_wait_s_max)

    async def _follow(self, first_written: asyncio.Event) -> None:
        storage = self._policy.storage
        directory, users = TruckDirectory(), UsersFile(self._mqtt)
        pool = await open_pool(self._postgres, DatabaseRole.SYSTEM, storage.system_pool, storage)
        try:
            users.apply(await directory.refresh(pool))
            await self._write(users)
            first_written.set()
            while True:
                await asyncio.sleep(self._policy.ingest.directory_poll_s)
                if await self._take_in(pool, directory, users):
                    await self._write(users)
        finally:
            pool.terminate()  # close() would wait for a database that may be gone

    async def _take_in(self, pool: AnyPool, directory: TruckDirectory, users: UsersFile) -> bool:
        """Whether anything is to be written."""
        changes = await directory.refresh(pool)
        if changes:
            # A fleet is created truck by truck; one reload for those that come together.
            await asyncio.sleep(self._policy.broker.users_debounce_s)
            users.apply(changes + await directory.refresh(pool))
        toggled, ended = self._toggle(users), users.end_overlaps()
        return bool(changes) or toggled or ended

    def _toggle(self, users: UsersFile) -> bool:
        refused, self._refused = self._refused, set()
        now_s = time.monotonic()
        soonest_s = now_s - self._policy.devices.secret_toggle_s_min
        self._toggled_s = {u: s for u, s in self._toggled_s.items() if s > soonest_s}
        toggled = {u for u in refused - self._toggled_s.keys() if users.toggle(u)}
        self._toggled_s |= dict.fromkeys(toggled, now_s)
        return bool(toggled)

    async def _write(self, users: UsersFile) -> None:
        if await asyncio.to_thread(self._replace, users.text()):
            self._reload()

    def _replace(self, text: str) -> bool:
        if self._file.is_file() and self._file.read_text() == text:
            return False
        write_private(self._file, text)
        return True
