"""Says line by line what `up` has done, how long it took, and what it waits for."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from config.policy import policy

NAME_WIDTH = 10


def say(text: str) -> None:
    """A line for the human; a terminal that is gone must not stop the servers' clean end."""
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.write(text + "\n")
        sys.stdout.flush()


class Progress:
    def __init__(self) -> None:
        self.timings_s: dict[str, float] = {}
        self._started = time.monotonic()
        self._running: dict[str, float] = {}
        self._details: dict[str, str] = {}
        self._reminder: asyncio.Task[None] | None = None

    @property
    def elapsed_s(self) -> float:
        return time.monotonic() - self._started

    @asynccontextmanager
    async def step(self, name: str) -> AsyncIterator[None]:
        """Times one step; steps may run beside each other."""
        self.begin(name)
        try:
            yield
        except BaseException:
            self._running.pop(name, None)
            raise
        self.end(name)

    def begin(self, name: str) -> None:
        self._running[name] = time.monotonic()
        if self._reminder is None or self._reminder.done():
            self._reminder = asyncio.create_task(self._keep_reminding(), name="progress")

    def end(self, name: str) -> None:
        took_s = time.monotonic() - self._running.pop(name, time.monotonic())
        self.timings_s[name] = round(took_s, 3)
        say(f"  {name:<{NAME_WIDTH}} ... {took_s:5.1f} s")

    def waits_for(self, name: str, detail: str) -> None:
        self._details[name] = detail

    def finish(self) -> None:
        self.timings_s["total"] = round(self.elapsed_s, 3)
        if self._reminder is not None:
            self._reminder.cancel()

    async def _keep_reminding(self) -> None:
        while True:
            await asyncio.sleep(policy().launch.reminder_s)
            if self._running:
                say(f"  waiting for {', '.join(map(self._describe, list(self._running)))}")

    def _describe(self, name: str) -> str:
        since_s = time.monotonic() - self._running[name]
        detail = self._details.get(name)
        return f"{name} ({since_s:.0f} s{': ' + detail if detail else ''})"
