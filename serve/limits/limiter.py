"""Who may ask how often: allowances taken in chunks, spent here without asking anybody.

A replica holds at most one chunk and the one it fetches ahead, `chunk_share` of the quota each, for
`chunk_hold_s`. So across R replicas a caller is granted at most 2R chunks more than its quota in a
window, and refused at most 2R chunks early; a quota whose chunk is one request is kept to exactly
as the library counts it.
"""

from __future__ import annotations

import asyncio
import dataclasses
import math
import time
from collections import OrderedDict

from config.policy import Settings
from config.sections.limits import Limits, Quota
from serve.identity.principal import Kind, Principal
from serve.limits.counter import SharedCounter
from serve.metrics import GatewayMetrics
from serve.problems import TooManyError

RawHeaders = list[tuple[bytes, bytes]]


class Bucket:
    """What this replica may still grant of one quota to one caller."""

    __slots__ = (
        *("kind", "name", "quota", "chunk", "left", "remaining"),
        *("good_until_s", "refused_until_s", "lock", "waiting", "ahead"),
    )

    def __init__(self, kind: str, name: str, quota: Quota, chunk: int) -> None:
        self.kind = kind
        self.name = name
        self.quota = quota
        self.chunk = chunk
        self.left = 0
        self.remaining = quota.requests  # beyond what is left here, when last asked
        self.good_until_s = 0.0
        self.refused_until_s = 0.0
        self.lock = asyncio.Lock()
        self.waiting = 0
        self.ahead: asyncio.Task[None] | None = None

    def spend(self, now_s: float) -> bool:
        if self.left <= 0 or now_s >= self.good_until_s:
            return False
        self.left -= 1
        return True


@dataclasses.dataclass(frozen=True, slots=True)
class Held:
    """All quotas that one caller is held to, and how RateLimit-Policy names them."""

    buckets: tuple[Bucket, ...]
    policy: bytes


class Limiter:
    def __init__(self, settings: Settings, counter: SharedCounter, metrics: GatewayMetrics) -> None:
        self._settings = settings
        self._counter = counter
        self._metrics = metrics
        self._buckets: OrderedDict[tuple[str, str, Quota], Bucket] = OrderedDict()
        self._held: OrderedDict[tuple[str, ...], Held] = OrderedDict()
        # Callers are held to changed quotas at once; the counts under unchanged ones stay.
        settings.when_swapped(self._held.clear)

    async def close(self) -> None:
        ahead = [bucket.ahead for bucket in self._buckets.values() if bucket.ahead is not None]
        for task in ahead:
            task.cancel()
        await asyncio.gather(*ahead, return_exceptions=True)
        await self._counter.close()

    def of_address(self, address: str, *, at_token_endpoint: bool) -> Held:
        kind = "token" if at_token_endpoint else "anonymous"
        held = self._held.get((kind, address))
        if held is None:
            limits = self._settings.now.limits
            quota = limits.token if at_token_endpoint else limits.anonymous
            held = self._remember((kind, address), [self._bucket(kind, address, quota, limits)])
        return held

    def of_principal(self, who: Principal) -> Held:
        key = (who.tenant, who.name, *who.roles)
        held = self._held.get(key)
        if held is None:
            limits = self._settings.of(who.tenant).limits
            wanted = [(who.kind.value, who.name, _own_quota(limits, who.kind))]
            wanted += [
                ("role", role, limits.roles[role]) for role in who.roles if role in limits.roles
            ]
            wanted.append(("tenant", "", limits.tenant))
            held = self._remember(
                key,
                [
                    self._bucket(kind, f"{who.tenant}:{name}", quota, limits)
                    for kind, name, quota in wanted
                ],
            )
        return held

    async def admit(self, held: Held) -> RawHeaders:
        """Takes one of each quota, or raises; gives the headers that say how much is left."""
        now_s = time.monotonic()
        scarcest, share = held.buckets[0], math.inf
        for bucket in held.buckets:
            if not bucket.spend(now_s) and not await self._draw(bucket):
                self._give_back(held.buckets, bucket)
                raise self._refusal(held, bucket)
            if bucket.left == bucket.chunk // 2 and bucket.ahead is None and bucket.left:
                bucket.ahead = asyncio.create_task(self._fetch_ahead(bucket), name="limits-ahead")
            bucket_share = (bucket.left + bucket.remaining) / bucket.quota.requests
            if bucket_share < share:
                scarcest, share = bucket, bucket_share
        remaining = scarcest.left + scarcest.remaining
        said = f'"{scarcest.kind}";r={remaining};t={scarcest.quota.window_s}'
        return [(b"ratelimit", said.encode()), (b"ratelimit-policy", held.policy)]

    async def _draw(self, bucket: Bucket) -> bool:
        bucket.waiting += 1
        try:
            async with bucket.lock:
                now_s = time.monotonic()
                if bucket.spend(now_s):  # of what the one before brought for all
                    return True
                if now_s < bucket.refused_until_s:
                    return False
                await self._fetch(bucket, max(bucket.chunk, bucket.waiting))
                return bucket.spend(time.monotonic())
        finally:
            bucket.waiting -= 1

    async def _fetch(self, bucket: Bucket, cost: int) -> None:
        taken = await self._counter.take(
            bucket.quota, f"{bucket.kind}:{bucket.name}", min(cost, bucket.quota.requests)
        )
        limits, now_s = self._settings.now.limits, time.monotonic()
        if now_s >= bucket.good_until_s:
            bucket.left = 0
        bucket.remaining = taken.remaining
        if taken.granted:
            bucket.left += taken.granted
            bucket.good_until_s = now_s + limits.chunk_hold_s
        else:
            bucket.refused_until_s = now_s + max(taken.retry_s, limits.refused_hold_s)

    async def _fetch_ahead(self, bucket: Bucket) -> None:
        try:
            async with bucket.lock:
                await self._fetch(bucket, bucket.chunk)
        finally:
            bucket.ahead = None

    @staticmethod
    def _give_back(buckets: tuple[Bucket, ...], refused: Bucket) -> None:
        """A refused request costs nothing of the quotas that would have granted it."""
        for bucket in buckets:
            if bucket is refused:
                return
            bucket.left += 1

    def _refusal(self, held: Held, bucket: Bucket) -> TooManyError:
        self._metrics.rate_limited.labels(bucket.kind).inc()
        wait_s = max(1, math.ceil(bucket.refused_until_s - time.monotonic()))
        quota = bucket.quota
        return TooManyError(
            f"the limit of this {_SAID[bucket.kind]} is {quota.requests} requests in "
            f"{quota.window_s} s",
            headers={
                "Retry-After": str(wait_s),
                "RateLimit": f'"{bucket.kind}";r=0;t={wait_s}',
                "RateLimit-Policy": held.policy.decode(),
            },
        )

    def _bucket(self, kind: str, name: str, quota: Quota, limits: Limits) -> Bucket:
        bucket = self._buckets.get((kind, name, quota))
        if bucket is None:
            chunk = max(1, int(quota.requests * limits.chunk_share))
            bucket = self._buckets[kind, name, quota] = Bucket(kind, name, quota, chunk)
            if len(self._buckets) > limits.subjects_max:
                self._buckets.popitem(last=False)
        else:
            self._buckets.move_to_end((kind, name, quota))
        return bucket

    def _remember(self, key: tuple[str, ...], buckets: list[Bucket]) -> Held:
        said = (f'"{b.kind}";q={b.quota.requests};w={b.quota.window_s}' for b in buckets)
        held = self._held[key] = Held(tuple(buckets), ", ".join(said).encode())
        if len(self._held) > self._settings.now.limits.subjects_max:
            self._held.popitem(last=False)
        return held


_SAID = {
    "anonymous": "address without a valid token",
    "token": "address at the token endpoint",
    "client": "client",
    "user": "user",
    "api_key": "API key",
    "service": "service",
    "device": "device",
    "role": "role",
    "tenant": "tenant",
}


def _own_quota(limits: Limits, kind: Kind) -> Quota:
    if kind is Kind.USER:
        return limits.user
    if kind is Kind.DEVICE:
        return limits.device
    return limits.api_key if kind is Kind.API_KEY else limits.client
