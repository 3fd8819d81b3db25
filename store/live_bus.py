"""Last positions and events over Redis: what is passed on live and may be lost without harm."""

from __future__ import annotations

import asyncio
import logging
import re
import struct
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass

import numpy as np
import redis.asyncio
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from config.installation import Redis
from config.policy import policy
from config.sections.storage import Bus
from freight.tracking.columns import LAST_DTYPE, LastArray

log = logging.getLogger(__name__)

# The rows on the wire are the shards' own.
LIVE_DTYPE = LAST_DTYPE
# One message stays far below Redis' buffer for a slow subscriber.
ROWS_PER_MESSAGE = 10_000
RECONNECT_WAIT_S_MIN = 0.05  # fixed: the first look; the longest is a key
KEY_PARTS = re.compile(r"[:/]")
EVENT_HEAD = struct.Struct("<q")


@dataclass(frozen=True, slots=True)
class Positions:
    tenant_key: int
    rows: LastArray


@dataclass(frozen=True, slots=True)
class Event:
    tenant_key: int
    seq: int
    body: bytes  # the CloudEvent as JSON


@dataclass(frozen=True, slots=True)
class Reconnected:
    """From here on nothing is missed, but before it something may have been: load what is stored.

    Comes first in every subscription and again after each break.
    """


@dataclass(frozen=True, slots=True)
class Traced:
    """Positions that come next are part of this trace."""

    tenant_key: int
    header: str


Message = Positions | Event | Reconnected | Traced


class LiveBus:
    """One process's way to and from the live channels of an installation."""

    def __init__(self, where: Redis, instance: str, limits: Bus | None = None) -> None:
        self._limits = limits or policy().storage.bus
        # The format's version: processes of two releases must not read each other's rows.
        self._all_keys = f"ubertruck:{instance}:"
        self._prefix = f"{self._all_keys}live:1"
        self._in_flight = 0
        self.published = 0
        self.failed = 0
        self._redis = redis.asyncio.Redis(
            host=where.host,
            port=where.port,
            password=None if where.password is None else where.password.get_secret_value(),
            ssl=where.tls,
            socket_timeout=self._limits.timeout_s,
            socket_connect_timeout=self._limits.timeout_s,
            socket_keepalive=True,
            retry=Retry(NoBackoff(), 0),
        )

    async def publish_positions(self, tenant_key: int, rows: LastArray) -> bool:
        """Best effort: False when Redis did not take it; never raises, never waits long."""
        channel = f"{self._prefix}:positions:{tenant_key}"
        parts = range(0, len(rows), ROWS_PER_MESSAGE)
        return await self._publish(
            [(channel, rows[start : start + ROWS_PER_MESSAGE].tobytes()) for start in parts]
        )

    async def publish_trace(self, tenant_key: int, header: str) -> bool:
        """Before the positions that somebody wants to see arrive."""
        return await self._publish([(f"{self._prefix}:traces:{tenant_key}", header.encode())])

    async def publish_event(self, tenant_key: int, event_seq: int, body: bytes) -> bool:
        return await self.publish_events([Event(tenant_key, event_seq, body)])

    async def publish_events(self, events: Sequence[Event]) -> bool:
        """All in one round trip; False when any of them may not have been taken."""
        return await self._publish(
            [
                (
                    f"{self._prefix}:events:{event.tenant_key}",
                    EVENT_HEAD.pack(event.seq) + event.body,
                )
                for event in events
            ]
        )

    async def forget_tenant(self, tenant: str) -> None:
        """Drops every key of the installation that names the tenant; best effort, for every key
        of ours also expires."""
        try:
            async for key in self._redis.scan_iter(match=f"{self._all_keys}*"):
                if tenant in KEY_PARTS.split(key.decode(errors="replace")):
                    await self._redis.delete(key)
        except (RedisError, OSError, TimeoutError) as error:
            log.warning("keys of a tenant that left expire by themselves: %s", error)

    async def ping(self) -> bool:
        """For readiness: raises what Redis raises."""
        return bool(await self._redis.ping())

    async def subscribe(self) -> AsyncGenerator[Message, None]:
        """Everything published for this installation from now on, through any outage of Redis."""
        wait_s = RECONNECT_WAIT_S_MIN
        while True:
            try:
                async with self._redis.pubsub() as pubsub:
                    await pubsub.psubscribe(f"{self._prefix}:*")
                    async for message in self._messages(pubsub):
                        wait_s = RECONNECT_WAIT_S_MIN
                        yield message
            except (RedisError, OSError, TimeoutError) as error:
                log.warning("the live bus lost Redis: %s", error)
            await asyncio.sleep(wait_s)
            wait_s = min(wait_s * 2, self._limits.reconnect_wait_s_max)

    async def close(self) -> None:
        await self._redis.aclose()

    async def _publish(self, messages: list[tuple[str, bytes]]) -> bool:
        if self._in_flight >= self._limits.publishes_in_flight_max:
            self.failed += 1
            return False
        self._in_flight += 1
        try:
            async with self._redis.pipeline(transaction=False) as pipeline:
                for channel, payload in messages:
                    pipeline.publish(channel, payload)
                await pipeline.execute()
        except (RedisError, OSError, TimeoutError):
            self.failed += 1
            return False
        finally:
            self._in_flight -= 1
        self.published += 1
        return True

    async def _messages(self, pubsub: PubSub) -> AsyncGenerator[Message, None]:
        """Ends with an error when the connection is gone, also when it only fell silent."""
        awaiting_pong = False
        while True:
            heard = await pubsub.get_message(timeout=self._limits.ping_s)
            if heard is None:
                if awaiting_pong:
                    raise RedisConnectionError("no answer to a ping")
                await pubsub.ping()
                awaiting_pong = True
                continue
            awaiting_pong = False
            if heard["type"] == "psubscribe":
                yield Reconnected()
            elif heard["type"] == "pmessage":
                yield self._decode(heard["channel"].decode(), heard["data"])

    def _decode(self, channel: str, payload: bytes) -> Message:
        kind, _, tenant = channel.removeprefix(self._prefix + ":").partition(":")
        if kind == "positions":
            return Positions(int(tenant), np.frombuffer(payload, LIVE_DTYPE))
        if kind == "traces":
            return Traced(int(tenant), payload.decode())
        (seq,) = EVENT_HEAD.unpack_from(payload)
        return Event(int(tenant), seq, payload[EVENT_HEAD.size :])
