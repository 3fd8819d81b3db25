"""Where allowances are counted: in Redis for all replicas, in this process while Redis is away."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import logging
import time

import redis.asyncio
from limits import RateLimitItemPerSecond
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from config.installation import Redis
from config.sections.limits import Limits, Quota

logger = logging.getLogger("ubertruck.limits")

# Redis counts in whole milliseconds: a moment later the window has surely moved on.
MARGIN_S = 0.01  # fixed: the grain of another server's clock, not a wish of anybody


@dataclasses.dataclass(frozen=True, slots=True)
class Taken:
    """`granted` may be less than was asked for; when it is 0, one is free after `retry_s`."""

    granted: int
    remaining: int
    retry_s: float = 0.0


class SharedCounter:
    """Never raises and never stalls: what Redis does not answer in time is counted here.

    One failure is enough to leave Redis alone; a task in the background looks for its return, so
    that no request pays for it.
    """

    def __init__(self, where: Redis, instance: str, limits: Limits) -> None:
        self._limits = limits
        password = None if where.password is None else where.password.get_secret_value()
        self._redis = redis.asyncio.Redis(
            host=where.host,
            port=where.port,
            password=password,
            ssl=where.tls,
            socket_timeout=limits.redis_timeout_s,
            socket_connect_timeout=limits.redis_timeout_s,
            # Once: a connection that lay idle may be dead while Redis is well.
            retry=Retry(NoBackoff(), 1),
        )
        storage = RedisStorage(
            "async+redis://",  # the pool knows the address
            implementation="redispy",
            key_prefix=f"ubertruck:{instance}:limits",
            connection_pool=self._redis.connection_pool,  # type: ignore[arg-type] # too narrow
        )
        self._shared = SlidingWindowCounterRateLimiter(storage)
        self._local = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._turns = asyncio.Semaphore(limits.redis_in_flight_max)
        self._looking: asyncio.Task[None] | None = None

    @property
    def is_away(self) -> bool:
        return self._looking is not None

    async def take(self, quota: Quota, name: str, cost: int) -> Taken:
        if not self.is_away:
            try:
                return await self._take_shared(quota, name, cost)
            except (RedisError, OSError, TimeoutError) as failed:
                self._lose(failed)
        requests = max(1, int(quota.requests * self._limits.local_share))
        item = RateLimitItemPerSecond(requests, quota.window_s)
        return await _take(self._local, item, name, min(cost, requests))

    async def close(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._looking
        await self._redis.aclose()

    async def _take_shared(self, quota: Quota, name: str, cost: int) -> Taken:
        async with self._turns:
            if self.is_away:
                raise TimeoutError("found away by another request")
            async with asyncio.timeout(self._limits.redis_timeout_s):
                item = RateLimitItemPerSecond(quota.requests, quota.window_s)
                return await _take(self._shared, item, name, cost)

    def _lose(self, failed: Exception) -> None:
        if self._looking is None:
            logger.warning("limits are counted in this process, for Redis is away: %s", failed)
            self._looking = asyncio.create_task(self._look(), name="limits-redis")

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(self._limits.redis_retry_s)
            with contextlib.suppress(RedisError, OSError, TimeoutError):
                async with asyncio.timeout(self._limits.redis_timeout_s):
                    await self._redis.connection_pool.disconnect()
                    await self._redis.ping()
                break
        self._looking = None
        logger.info("limits are counted in Redis again")


async def _take(
    limiter: SlidingWindowCounterRateLimiter, item: RateLimitItemPerSecond, name: str, cost: int
) -> Taken:
    """The whole chunk, else what is left of the quota, else when one will be free."""
    if await limiter.hit(item, name, cost=cost):
        stats = await limiter.get_window_stats(item, name)
        return Taken(cost, stats.remaining)
    stats = await limiter.get_window_stats(item, name)
    part = min(cost, stats.remaining)
    if part > 0 and await limiter.hit(item, name, cost=part):
        return Taken(part, stats.remaining - part)
    return Taken(0, 0, max(0.0, stats.reset_time - time.time()) + MARGIN_S)
