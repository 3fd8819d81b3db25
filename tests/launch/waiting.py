"""Waits for a condition, never for a time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable


async def until(
    condition: Callable[[], bool | Awaitable[bool]], within_s: float = 20.0, poll_s: float = 0.05
) -> float:
    """How long it took until the condition held."""
    started = time.monotonic()
    while True:
        holds = condition()
        if await holds if isinstance(holds, Awaitable) else holds:
            return time.monotonic() - started
        assert time.monotonic() - started < within_s, "the awaited condition did not come true"
        await asyncio.sleep(poll_s)
