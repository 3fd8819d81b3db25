"""Keeps a slow service from taking everything: so many calls at a time, so many that wait."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from config.sections.providers import Patience
from providers.errors import ProviderUndoneError


class Bulkhead:
    def __init__(self, name: str, patience: Callable[[], Patience]) -> None:
        self._name = name
        self._patience = patience
        self._inside = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Raises ProviderUndoneError at once when too many wait already."""
        await self._enter()
        try:
            yield
        finally:
            self._inside -= 1
            self._let_in()

    async def _enter(self) -> None:
        patience = self._patience()
        if self._inside < patience.at_once_max and not self._waiting:
            self._inside += 1
            return
        if len(self._waiting) >= patience.waiting_max:
            raise ProviderUndoneError(f"{len(self._waiting)} calls of {self._name} wait already")
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._inside -= 1  # the place came in the same moment: the next one gets it
            elif turn in self._waiting:  # else it gave up in the moment in which it was passed over
                self._waiting.remove(turn)
            self._let_in()
            raise

    def _let_in(self) -> None:
        while self._waiting and self._inside < self._patience().at_once_max:
            turn = self._waiting.popleft()
            if not turn.done():
                self._inside += 1
                turn.set_result(None)
