"""Starts an embedded broker anew that could not write, once there is room for it again."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path

import httpx

from config.sections.broker import Broker
from launch.progress import say

CANNOT_WRITE = "write error"  # so the broker's health says it, of whichever of its streams


async def keep_writing(
    monitor_url: str, store: Path, restart: Callable[[], None], limits: Broker
) -> None:
    """A task of `up`. NATS shuts a store that failed to write, on a full disk say, and keeps it
    shut when there is room again: devices could neither connect nor send until it is restarted.
    """
    async with httpx.AsyncClient(trust_env=False, timeout=limits.health_timeout_s) as client:
        while True:
            await asyncio.sleep(limits.health_look_s)
            trouble = await _trouble(client, f"{monitor_url}/healthz")
            if trouble is None or _room_bytes(store) < limits.room_bytes_min:
                continue
            say(f"broker: could not write and has room again, so it starts anew ({trouble})")
            restart()


async def _trouble(client: httpx.AsyncClient, url: str) -> str | None:
    """None also when it does not answer: then it is starting, or its death is seen elsewhere."""
    try:
        answer = await client.get(url)
    except httpx.HTTPError:
        return None
    failed = not answer.is_success and CANNOT_WRITE in answer.text
    return answer.text.strip() if failed else None


def _room_bytes(store: Path) -> int:
    try:
        return shutil.disk_usage(store).free
    except OSError:
        return 0
