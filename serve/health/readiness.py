"""Whether everything this gateway depends on answers, asked rarely however often it is read."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from actors.stats import ActorStats
from config.installation import Mqtt
from config.sections.api import Api
from store.live_bus import LiveBus
from store.postgres import AnyPool, ping

ACTOR_ROLES = {
    "shards": "truck_shard",
    "ingest": "ingest_worker",
    "relay": "outbox_relay",
    "bookings": "booking_shard",
    "dispatcher": "dispatcher",
    "bookkeeper": "bookkeeper",
    "watch": "watch",
    "messenger": "messenger",
}


@dataclasses.dataclass(frozen=True, slots=True)
class Finding:
    ok: bool
    latency_ms: float
    detail: str | None = None


class KnowsStats(Protocol):
    async def stats(self) -> list[ActorStats]: ...


class Readiness:
    """One look serves everybody for a moment, so that probes cannot become load."""

    def __init__(
        self, *, api: Api, system_pool: AnyPool, bus: LiveBus, broker: Mqtt, actors: KnowsStats
    ) -> None:
        self._api = api
        self._system_pool = system_pool
        self._bus = bus
        self._broker = broker
        self._actors = actors
        self._looked_s = float("-inf")
        self._findings: dict[str, Finding] = {}
        self._looking = asyncio.Lock()

    async def findings(self) -> dict[str, Finding]:
        async with self._looking:
            if time.monotonic() - self._looked_s > self._api.readiness_cache_s:
                self._findings = await self._look()
                self._looked_s = time.monotonic()
        return self._findings

    def is_ready(self, findings: dict[str, Finding]) -> bool:
        return all(findings[name].ok for name in self._api.readiness_needs)

    async def _look(self) -> dict[str, Finding]:
        checks: dict[str, Callable[[], Awaitable[Any]]] = {
            "postgres": lambda: ping(self._system_pool),
            "redis": self._bus.ping,
            "broker": self._reach_broker,
        }
        servers = await asyncio.gather(*(self._timed(check) for check in checks.values()))
        return {**dict(zip(checks, servers, strict=True)), **await self._look_at_actors()}

    async def _timed(self, check: Callable[[], Awaitable[Any]]) -> Finding:
        started_s = time.perf_counter()
        try:
            async with asyncio.timeout(self._api.readiness_deadline_s):
                await check()
        except Exception as failed:  # noqa: BLE001 - whatever is wrong is the finding
            detail = f"{type(failed).__name__}: {failed}".rstrip(": ")
            return Finding(False, _since_ms(started_s), detail)
        return Finding(True, _since_ms(started_s))

    async def _reach_broker(self) -> None:
        _, writer = await asyncio.open_connection(self._broker.host, self._broker.port)
        writer.close()
        await writer.wait_closed()

    async def _look_at_actors(self) -> dict[str, Finding]:
        found: list[ActorStats] = []

        async def ask() -> None:
            found.extend(await self._actors.stats())

        asked = await self._timed(ask)
        if not asked.ok:
            return dict.fromkeys(ACTOR_ROLES, asked)
        return {name: _of_role(found, role, asked) for name, role in ACTOR_ROLES.items()}


def _of_role(stats: list[ActorStats], role: str, asked: Finding) -> Finding:
    mine = [each for each in stats if each.role == role]
    troubles = [f"{each.name}: {each.trouble}" for each in mine if each.trouble is not None]
    if not mine:
        troubles = ["there is none"]
    return Finding(not troubles, asked.latency_ms, "; ".join(troubles) or None)


def _since_ms(started_s: float) -> float:
    return round((time.perf_counter() - started_s) * 1000.0, 2)
