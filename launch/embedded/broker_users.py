"""Keeps the embedded broker's device users equal to the truck directory, within a second or two."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from functools import lru_cache
from pathlib import Path

import bcrypt

from config.installation import DatabaseRole, Mqtt, Postgres
from config.policy import Settings
from freight.device_topics import may_publish, may_subscribe
from ingest.device_brokers import SecretTurns, keep_devices, utc_now
from launch.layout import write_private
from serve.identity.development import DEVICE_SECRET, TENANTS, is_development
from store.device_sealing import unseal
from store.directory import DirectoryEntry
from store.key_file import KeyFile
from store.postgres import STORE_FAILURES, open_pool
from store.sealing import SealError

log = logging.getLogger(__name__)


def device_user(entry: DirectoryEntry, password: str) -> str:
    """One line of the users file; what a device may do is the public contract, section 2."""
    publish, subscribe = (
        json.dumps([topic.replace("/", ".") for topic in topics])
        for topics in (
            may_publish(entry.tenant, entry.truck, entry.unique_id),
            may_subscribe(entry.tenant, entry.truck),
        )
    )
    return (
        f"{{user: {json.dumps(entry.username)}, "
        f"password: {json.dumps(password)}, "
        f"permissions: {{publish: {publish}, subscribe: {subscribe}}}, "
        'allowed_connection_types: ["MQTT"]}'
    )


def _password(entry: DirectoryEntry, held: str, keys: KeyFile | None) -> str:
    """As a hash, except where everybody knows the secret anyway, or where the installation wants
    it: with keys, and for devices whose secret is kept.

    The broker checks the password of every connected device again at every reload: a hash, the
    cheapest it knows, in 1.1 ms each, a secret in 0.06 ms.
    """
    if is_development() and entry.tenant in TENANTS and _is_development_secret(held):
        return DEVICE_SECRET
    sealed = entry.sealed_secret if held == entry.secret_hash else entry.previous_sealed
    if keys is None or sealed is None:
        return held
    try:
        return unseal(keys, entry.username, sealed)
    except SealError as error:
        log.warning("the secret of %s: %s", entry.username, error)
        return held


@lru_cache(maxsize=100_000)  # fixed: memory only; forgetting changes nothing
def _is_development_secret(stored: str) -> bool:
    return bcrypt.checkpw(DEVICE_SECRET.encode(), stored.encode())


def ingest_user(mqtt: Mqtt) -> str:
    return (
        f"{{user: {json.dumps(mqtt.username)}, "
        f"password: {json.dumps(mqtt.password.get_secret_value())}, "
        'allowed_connection_types: ["MQTT"]}'
    )


class UsersFile:
    """The text of the file, of which a change costs its own line only."""

    def __init__(
        self,
        mqtt: Mqtt,
        now: Callable[[], datetime] = utc_now,
        keys: KeyFile | None = None,
    ) -> None:
        self._ingest = ingest_user(mqtt)
        self._keys = keys
        self._turns = SecretTurns(now)
        self._lines: dict[int, str] = {}

    def apply(self, changes: Iterable[DirectoryEntry]) -> None:
        for entry in changes:
            held = self._turns.take(entry)
            if held is None:
                self._lines.pop(entry.truck_key, None)
            else:
                self._write(entry, held)

    def toggle(self, username: str) -> bool:
        """Let the device in with its other secret; False when it has but one."""
        turned = self._turns.other(username)
        if turned is not None:
            self._write(*turned)
        return turned is not None

    def end_overlaps(self) -> bool:
        """From the end of an overlap on only the new secret is good."""
        over = self._turns.ended()
        self.apply(over)
        return bool(over)

    def _write(self, entry: DirectoryEntry, held: str) -> None:
        self._lines[entry.truck_key] = device_user(entry, _password(entry, held, self._keys))

    def text(self) -> str:
        users = ",\n".join([self._ingest, *self._lines.values()])
        return f"authorization {{ users: [\n{users}\n] }}\n"


class BrokerUsers:
    """A task of `up`, and the port's adapter for the embedded broker; `reload` makes the broker
    read the file again."""

    def __init__(
        self,
        postgres: Postgres,
        mqtt: Mqtt,
        settings: Settings,
        file: Path,
        *,
        reload: Callable[[], None],
        keys: KeyFile | None = None,
    ) -> None:
        self._postgres = postgres
        self._mqtt = mqtt
        self._settings = settings
        self._file = file
        self._reload = reload
        self._keys = keys if settings.now.devices.embedded_knows_secrets else None
        self._users = UsersFile(mqtt)
        self._written = asyncio.Event()
        # Who was refused since the last look, and when each was given its other secret.
        self._refused: set[str] = set()
        self._toggled_s: dict[str, float] = {}

    def sign_in_refused(self, username: str) -> None:
        """The broker refused it; if it has two secrets at the moment, it is to try the other."""
        if len(self._refused) < self._settings.now.devices.refusals.waiting_max:
            self._refused.add(username)

    async def run(self, first_written: asyncio.Event) -> None:
        """Follow the directory for ever."""
        self._written = first_written
        while True:
            try:
                await self._keep()
            except STORE_FAILURES as error:
                log.warning("device users cannot be read now: %s", error)
            await asyncio.sleep(self._settings.now.ingest.retry_wait_s_max)

    async def _keep(self) -> None:
        storage = self._settings.now.storage
        pool = await open_pool(self._postgres, DatabaseRole.SYSTEM, storage.system_pool, storage)
        try:
            await keep_devices(self, pool, lambda: self._settings.now)
        finally:
            pool.terminate()  # close() would wait for a database that may be gone

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        yield

    async def apply(self, changes: Sequence[DirectoryEntry], *, is_all: bool) -> None:
        if is_all:
            self._users = UsersFile(self._mqtt, keys=self._keys)
        self._users.apply(changes)
        await self._write()
        self._written.set()

    async def tick(self) -> None:
        toggled, ended = self._toggle(), self._users.end_overlaps()
        if toggled or ended:
            await self._write()

    def _toggle(self) -> bool:
        refused, self._refused = self._refused, set()
        now_s = time.monotonic()
        soonest_s = now_s - self._settings.now.devices.secret_toggle_s_min
        self._toggled_s = {u: s for u, s in self._toggled_s.items() if s > soonest_s}
        toggled = {u for u in refused - self._toggled_s.keys() if self._users.toggle(u)}
        self._toggled_s |= dict.fromkeys(toggled, now_s)
        return bool(toggled)

    async def _write(self) -> None:
        if await asyncio.to_thread(self._replace, self._users.text()):
            self._reload()

    def _replace(self, text: str) -> bool:
        if self._file.is_file() and self._file.read_text() == text:
            return False
        write_private(self._file, text)
        return True
