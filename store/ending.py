"""Ends background tasks for sure."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

ASK_AGAIN_S = 0.1  # fixed: a look at what was asked to end, no wait of its own


async def end(tasks: Collection[asyncio.Task[None]]) -> None:
    """Asks more than once: a client library that is just connecting may swallow a cancellation."""
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=ASK_AGAIN_S)
