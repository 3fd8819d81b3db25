"""Takes one caller's calls in the order in which it made them; Ray may start them in either."""

from __future__ import annotations

import asyncio
import itertools
import uuid
from collections import OrderedDict
from dataclasses import dataclass

LINES_MAX = 256  # fixed: one for each process that sends; who is forgotten waits once more


@dataclass(frozen=True, slots=True)
class Nth:
    """Which call of its line it is, from 1 on."""

    line: str
    number: int


class Numbers:
    """One caller's line to one actor."""

    def __init__(self) -> None:
        self._line = uuid.uuid4().hex
        self._number = itertools.count(1)

    def next(self) -> Nth:
        return Nth(self._line, next(self._number))


class CallOrder:
    """Who comes too early waits for the call before it, though not for ever: that may have been
    lost on its way, or have come to a predecessor of this process."""

    def __init__(self) -> None:
        self.out_of_order_total = 0
        self.gaps_total = 0  # of these, before whom nobody came
        self._come: OrderedDict[str, int] = OrderedDict()
        self._too_early: dict[Nth, asyncio.Event] = {}

    def values(self) -> dict[str, float]:
        return {"out_of_order_total": self.out_of_order_total, "order_gaps_total": self.gaps_total}

    async def come(self, call: Nth, wait_s: float) -> None:
        if self._come.get(call.line, 0) < call.number - 1:
            self.out_of_order_total += 1
            await self._wait(call, wait_s)
        self._come[call.line] = max(call.number, self._come.get(call.line, 0))
        self._come.move_to_end(call.line)
        if len(self._come) > LINES_MAX:
            self._come.popitem(last=False)
        next_one = self._too_early.get(Nth(call.line, call.number + 1))
        if next_one is not None:
            next_one.set()

    async def _wait(self, call: Nth, wait_s: float) -> None:
        before = self._too_early[call] = asyncio.Event()
        try:
            await asyncio.wait_for(before.wait(), wait_s)
        except TimeoutError:
            self.gaps_total += 1
        finally:
            del self._too_early[call]
