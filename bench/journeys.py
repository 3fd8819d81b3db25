"""Puts trucks on their ways and rules in force, through the public API, before the clock starts."""

from __future__ import annotations

import asyncio

import httpx
import numpy as np

from bench.seeding import TENANT
from bench.stack import Stack
from bench.world import STEP_M, Floats, World
from freight.cloudevents import rfc3339
from geo.polyline import encode

AT_ONCE = 8
TIMEOUT_S = 60.0
RULES = f"/v1/config/{TENANT}/services/tracking/*/business"
# The load's clocks run through days in a minute, ours does not: silence is not asked about.
NEVER_SILENT_S = 30 * 86_400
# Out and back again and again; each way out and each way back drawn with so many points.
POINTS_A_WAY = 25
LENGTH_KM = 1_500.0


async def hold_to_rules(running: Stack, bearer: str, *, in_use: bool) -> None:
    wanted = {"in_use": in_use, "signal": {"silence_s_min": NEVER_SILENT_S}}
    async with _client(running, bearer) as client:
        answer = await client.put(RULES, json={"value": wanted, "reason": "a benchmark"})
        answer.raise_for_status()


async def follow(running: Stack, bearer: str, ground: World, from_ms: int) -> None:
    """Each truck a route of its own, along the way that the load drives."""
    turns, from_time = asyncio.Semaphore(AT_ONCE), rfc3339(from_ms)
    async with _client(running, bearer) as client, asyncio.TaskGroup() as group:
        for truck, lat, lon in zip(ground.trucks, ground.lat, ground.lon, strict=True):
            group.create_task(_put(client, turns, truck, way(lat, lon), from_time))


async def let_go(running: Stack, bearer: str, trucks: list[str]) -> None:
    """The loads of other modes drive as no truck can, which no route allows for."""
    turns = asyncio.Semaphore(AT_ONCE)
    async with _client(running, bearer) as client, asyncio.TaskGroup() as group:
        for truck in trucks:
            group.create_task(_end(client, turns, truck))


async def _end(client: httpx.AsyncClient, turns: asyncio.Semaphore, truck: str) -> None:
    async with turns:
        (await client.delete(f"/v1/trucks/{truck}/journey")).raise_for_status()


def way(lat: Floats, lon: Floats) -> Floats:
    """What a truck drives for as long as a run lasts: its track, over and over."""
    half = len(lat) // 2
    out = np.linspace(0, half, POINTS_A_WAY).round().astype(np.int64)
    turn = np.concatenate([out[:-1], (2 * half - out)[:-1] % len(lat)])
    track = np.column_stack([lat, lon])
    times = max(1, round(LENGTH_KM * 1000.0 / (2 * half * STEP_M)))
    return np.tile(track[turn], (times, 1))


async def _put(
    client: httpx.AsyncClient,
    turns: asyncio.Semaphore,
    truck: str,
    points: Floats,
    from_time: str,
) -> None:
    async with turns:
        drawn = {"id": truck, "name": truck, "polyline": encode(points, 6), "precision": 6}
        (await client.post("/v1/routes", json=drawn)).raise_for_status()
        path = f"/v1/trucks/{truck}/journey"
        journey = {"route": {"id": truck}, "from": from_time}
        (await client.put(path, json=journey)).raise_for_status()


def _client(running: Stack, bearer: str) -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {bearer}"}
    return httpx.AsyncClient(base_url=running.http, headers=headers, timeout=TIMEOUT_S)
