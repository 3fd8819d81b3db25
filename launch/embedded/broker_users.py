"""Keeps the embedded broker's device users equal to the truck directory, within a second or two."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import bcrypt

from config.installation import DatabaseRole, Mqtt, Postgres
from config.policy import Policy
from launch.layout import write_private
from serve.identity.development import DEVICE_SECRET, TENANTS, is_development
from store.directory import DirectoryEntry, TruckDirectory
from store.postgres import open_pool

log = logging.getLogger(__name__)


def device_user(entry: DirectoryEntry) -> str:
    """One line of the users file; what a device may do is the public contract, section 2."""
    own = f"v1.{entry.tenant}.trucks.{entry.truck}"
    may_publish = [f"{own}.position", f"{own}.status", f"owntracks.{entry.tenant}.{entry.truck}"]
    may_subscribe = [f"{own}.receipts", f"{own}.commands"]
    return (
        f"{{user: {json.dumps(f'{entry.tenant}/{entry.truck}')}, "
        f"password: {json.dumps(_password(entry))}, "
        f"permissions: {{publish: {json.dumps(may_publish)}, "
        f"subscribe: {json.dumps(may_subscribe)}}}, "
        'allowed_connection_types: ["MQTT"]}'
    )


def _password(entry: DirectoryEntry) -> str:
    """As a hash, except where everybody knows the secret anyway.

    The broker checks the password of every connected device again at every reload, and the
    cheapest hash it knows costs a millisecond each.
    """
    stored = entry.secret_hash or ""
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


class UsersFile:
    """The text of the file, of which a change costs its own line only."""

    def __init__(self, mqtt: Mqtt) -> None:
        self._ingest = ingest_user(mqtt)
        self._devices: dict[int, str] = {}

    def apply(self, changes: Iterable[DirectoryEntry]) -> None:
        for entry in changes:
            if entry.deleted or not entry.secret_hash:
                self._devices.pop(entry.truck_key, None)
            else:
                self._devices[entry.truck_key] = device_user(entry)

    def text(self) -> str:
        users = ",\n".join([self._ingest, *self._devices.values()])
        return f"authorization {{ users: [\n{users}\n] }}\n"


@dataclass(frozen=True, slots=True)
class BrokerUsers:
    """A task of `up`; `reload` makes the broker read the file again."""

    postgres: Postgres
    mqtt: Mqtt
    policy: Policy
    file: Path
    reload: Callable[[], None]

    async def run(self, first_written: asyncio.Event) -> None:
        """Follow the directory for ever; a database that is away only delays news."""
        while True:
            try:
                await self._follow(first_written)
            except Exception as error:  # noqa: BLE001 - without it no new device is let in, ever
                log.warning("device users cannot be read now: %s", error)
            await asyncio.sleep(self.policy.ingest.retry_wait_s_max)

    async def _follow(self, first_written: asyncio.Event) -> None:
        storage = self.policy.storage
        directory, users = TruckDirectory(), UsersFile(self.mqtt)
        pool = await open_pool(self.postgres, DatabaseRole.SYSTEM, storage.system_pool, storage)
        try:
            await self._take_in(await directory.refresh(pool), users)
            first_written.set()
            while True:
                await asyncio.sleep(self.policy.ingest.directory_poll_s)
                changes = await directory.refresh(pool)
                if not changes:
                    continue
                # A fleet is created truck by truck; one reload for those that come together.
                await asyncio.sleep(self.policy.broker.users_debounce_s)
                changes += await directory.refresh(pool)
                await self._take_in(changes, users)
        finally:
            pool.terminate()  # close() would wait for a database that may be gone

    async def _take_in(self, changes: list[DirectoryEntry], users: UsersFile) -> None:
        if await asyncio.to_thread(self._replace, changes, users):
            self.reload()

    def _replace(self, changes: list[DirectoryEntry], users: UsersFile) -> bool:
        users.apply(changes)
        text = users.text()
        if self.file.is_file() and self.file.read_text() == text:
            return False
        write_private(self.file, text)
        return True
