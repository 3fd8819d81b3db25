"""Brings commands to devices: at least once, until they are answered or their time is over."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable

import msgspec

from config.policy import policy
from config.sections.doors import Commands
from config.sections.ingest import Receipts
from freight.device_topics import commands_topic
from ingest.mqtt_client import BrokerAwayError, Session
from store import device_commands
from store.device_commands import Due
from store.postgres import STORE_FAILURES, AnyPool

log = logging.getLogger(__name__)

_encode = msgspec.json.Encoder().encode


def message_of(command: Due) -> bytes:
    """As the device gets it: `id` tells it a repetition, and goes into its answer."""
    return _encode(
        {
            "id": str(command.id),
            "kind": command.kind,
            "payload": command.payload,
            "created_at": command.created_at,
            "expires_at": command.expires_at,
        }
    )


def _nowhere(_: Due) -> None:
    return None


class CommandSender:
    """One in an installation; what it did not write down it sends again."""

    def __init__(
        self,
        system: AnyPool,
        session: Callable[[], Session | None],
        limits: Receipts,
        counts: Counter[str],
        over_tcp: Callable[[Due], bool | None] = _nowhere,
    ) -> None:
        self._system = system
        self._session = session
        self._limits = limits
        self._counts = counts
        # To a device that is connected to a port of ours; None: it is not.
        self._over_tcp = over_tcp

    @property
    def _rules(self) -> Commands:
        return policy().doors.commands

    async def run(self) -> None:
        forgotten_s = time.monotonic()
        while True:
            await asyncio.sleep(self._rules.poll_s)
            try:
                while await self.send_some() == self._rules.batch_max:
                    pass
                if time.monotonic() - forgotten_s > self._rules.purge_s:
                    forgotten_s = time.monotonic()
                    async with self._system.acquire() as conn:
                        await device_commands.forget(conn, self._rules.kept_days)
            except (BrokerAwayError, *STORE_FAILURES) as error:
                log.warning("commands wait: %s", error)

    async def send_some(self) -> int:
        """How many were sent: nothing is written down that the broker has not confirmed."""
        session = self._session()
        async with self._system.acquire() as conn:
            found = await device_commands.due(conn, self._rules.batch_max)
        ways = [self._over_tcp(command) for command in found]
        sent = [command for command, way in zip(found, ways, strict=True) if way]
        if session is not None:
            others = [command for command, way in zip(found, ways, strict=True) if way is None]
            for command in others:
                topic = commands_topic(command.tenant, command.truck)
                await session.publish(topic, message_of(command), self._limits)
            if others:
                await session.until_confirmed(self._limits)
            sent += others
        if sent:
            async with self._system.acquire() as conn:
                ids = [command.id for command in sent]
                await device_commands.note_sent(conn, ids, self._rules.resend_s)
        self._counts["commands_sent_total"] += len(sent)
        return len(sent)
