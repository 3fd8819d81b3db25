"""Over Redis: the news that some configuration changed, so that nobody has to wait for a poll."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator

import redis.asyncio
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from config.installation import Redis
from config.sections.storage import Bus

log = logging.getLogger("ubertruck.config")

RECONNECT_WAIT_S_MIN = 0.05  # fixed: the first look; the longest is a key
FAILURES = (RedisError, OSError, TimeoutError)


class ConfigBus:
    """Best effort: what it says only makes a process look into the store sooner."""

    def __init__(self, where: Redis, instance: str, limits: Bus) -> None:
        self._limits = limits
        self._channel = f"ubertruck:{instance}:config:1"
        self._redis = redis.asyncio.Redis(
            host=where.host,
            port=where.port,
            password=None if where.password is None else where.password.get_secret_value(),
            ssl=where.tls,
            socket_timeout=limits.timeout_s,
            socket_connect_timeout=limits.timeout_s,
            socket_keepalive=True,
            retry=Retry(NoBackoff(), 0),
        )

    async def tell(self) -> bool:
        """After the commit; False when Redis did not take it. Never raises, never waits long."""
        try:
            await self._redis.publish(self._channel, b"changed")
        except FAILURES:
            return False
        return True

    async def heard(self) -> AsyncGenerator[None, None]:
        """One for each change told from now on, through any outage of Redis, and one whenever
        some may have been missed."""
        wait_s = RECONNECT_WAIT_S_MIN
        while True:
            with contextlib.suppress(*FAILURES):
                async with self._redis.pubsub() as pubsub:
                    await pubsub.subscribe(self._channel)
                    async for _ in self._messages(pubsub):
                        wait_s = RECONNECT_WAIT_S_MIN
                        yield
            await asyncio.sleep(wait_s)
            wait_s = min(wait_s * 2, self._limits.reconnect_wait_s_max)

    async def close(self) -> None:
        await self._redis.aclose()

    async def _messages(self, pubsub: PubSub) -> AsyncGenerator[None, None]:
        awaiting_pong = False
        while True:
            heard = await pubsub.get_message(timeout=self._limits.ping_s)
            if heard is not None:
                awaiting_pong = False
                if heard["type"] in {"subscribe", "message"}:
                    yield
            elif awaiting_pong:
                raise RedisConnectionError("no answer to a ping")
            else:
                await pubsub.ping()
                awaiting_pong = True
