"""The port behind which every kind of broker learns of devices, and the loop that keeps it so."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import Protocol

from config.policy import Policy
from store.directory import DirectoryEntry, TruckDirectory
from store.postgres import AnyPool

# Which of these trucks have sent a fix within so many seconds.
SeenSince = Callable[[Sequence[int], float], Awaitable[set[int]]]

log = logging.getLogger(__name__)


class DeviceBroker(Protocol):
    """One kind of broker. Brokers that ask us over HTTP need only be told whom to drop."""

    def opened(self) -> AbstractAsyncContextManager[object]:
        """The connection, if it takes one, for as long as the broker is there."""
        ...

    async def apply(self, changes: Sequence[DirectoryEntry], *, is_all: bool) -> None:
        """Make the broker let in, keep out and cut off as these say, in this order.

        At first, and again after every trouble, they are all there are: whatever else the broker
        has of ours is to go.
        """
        ...

    async def tick(self) -> None:
        """Time has passed: overlaps end, connections may be lost."""
        ...


async def keep_devices(broker: DeviceBroker, system: AnyPool, policy: Callable[[], Policy]) -> None:
    """For ever; a database or a broker that is away only delays news."""
    while True:
        try:
            async with broker.opened():
                await _follow(broker, system, policy)
        except Exception as error:  # noqa: BLE001 - without it no new device is let in, ever
            log.warning("devices cannot be brought to the broker now: %s", error)
        await asyncio.sleep(policy().ingest.retry_wait_s_max)


async def _follow(broker: DeviceBroker, system: AnyPool, policy: Callable[[], Policy]) -> None:
    directory = TruckDirectory()
    await broker.apply(await directory.refresh(system), is_all=True)
    while True:
        await asyncio.sleep(policy().ingest.directory_poll_s)
        changes = await directory.refresh(system)
        if changes:
            # A fleet is created truck by truck; one change at the broker for those that come
            # together.
            await asyncio.sleep(policy().broker.users_debounce_s)
            changes += await directory.refresh(system)
            await broker.apply(changes, is_all=False)
        await broker.tick()


def utc_now() -> datetime:
    return datetime.now(UTC)


class SecretTurns:
    """Which secret a broker is told that knows one a device: of two, at first the one before."""

    def __init__(self, now: Callable[[], datetime] = utc_now) -> None:
        self._now = now
        self._held: dict[int, str] = {}
        # Who has two good secrets at the moment.
        self.overlapping: dict[str, DirectoryEntry] = {}

    def take(self, entry: DirectoryEntry) -> str | None:
        """The hash of the secret that lets this device in from now on; None keeps it out."""
        hashes = entry.hashes_at(self._now())
        earlier = self._held.pop(entry.truck_key, None)
        known = self.overlapping.get(entry.username)
        if known is not None and known.truck_key == entry.truck_key:
            del self.overlapping[entry.username]
        if not hashes:
            return None
        if len(set(hashes)) > 1:
            self.overlapping[entry.username] = entry
        held = earlier if earlier in hashes else hashes[-1]
        self._held[entry.truck_key] = held
        return held

    def other(self, username: str) -> tuple[DirectoryEntry, str] | None:
        """The other of its two secrets, which is then held; None when it has but one."""
        entry = self.overlapping.get(username)
        if entry is None:
            return None
        held = self._held[entry.truck_key]
        others = [known for known in entry.hashes_at(self._now()) if known != held]
        if not others:
            return None
        self._held[entry.truck_key] = others[0]
        return entry, others[0]

    def ended(self) -> list[DirectoryEntry]:
        """Whose overlap is over: to be taken again."""
        return [e for e in self.overlapping.values() if len(e.hashes_at(self._now())) == 1]
