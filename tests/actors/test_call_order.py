"""Calls of one caller: in its order, however they come, and not held up by one that never does."""

from __future__ import annotations

import asyncio
import random

import pytest

from actors.call_order import LINES_MAX, CallOrder, Nth, Numbers

LONG_S = 30.0
SHORT_S = 0.001


class Callee:
    """Notes who came to its turn, as an actor does behind its lock."""

    def __init__(self, wait_s: float = LONG_S) -> None:
        self.order = CallOrder()
        self.taken: list[Nth] = []
        self._wait_s = wait_s
        self._turn = asyncio.Lock()

    async def call(self, nth: Nth) -> None:
        await self.order.come(nth, self._wait_s)
        async with self._turn:
            await asyncio.sleep(0)
            self.taken.append(nth)


@pytest.mark.parametrize("seed", range(20))
async def test_calls_of_each_line_are_taken_in_its_order(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - the same again by its seed
    lines = [Numbers(), Numbers()]
    sent = [[line.next() for _ in range(6)] for line in lines]
    mixed = [nth for line in sent for nth in line]
    chance.shuffle(mixed)
    callee = Callee()
    tasks = []
    for nth in mixed:
        tasks.append(asyncio.create_task(callee.call(nth)))
        for _ in range(chance.randint(0, 3)):
            await asyncio.sleep(0)
    await asyncio.gather(*tasks)

    for line in sent:
        assert [nth for nth in callee.taken if nth.line == line[0].line] == line
    assert callee.order.gaps_total == 0


async def test_in_order_nobody_waits() -> None:
    callee, line = Callee(), Numbers()
    for _ in range(3):
        await callee.call(line.next())

    assert callee.order.out_of_order_total == 0


async def test_a_call_that_never_comes_holds_up_the_next_for_a_while_only() -> None:
    callee, line = Callee(SHORT_S), Numbers()
    await callee.call(line.next())
    lost = line.next()
    for _ in range(2):
        await callee.call(line.next())
    await callee.call(lost)  # later than anybody waited for it
    await callee.call(line.next())

    assert [nth.number for nth in callee.taken] == [1, 3, 4, 2, 5]
    assert callee.order.out_of_order_total == callee.order.gaps_total == 1


async def test_a_new_process_waits_once_for_what_came_to_the_one_before() -> None:
    line = Numbers()
    before = Callee()
    for _ in range(3):
        await before.call(line.next())
    after = Callee(SHORT_S)
    for _ in range(3):
        await after.call(line.next())

    assert [nth.number for nth in after.taken] == [4, 5, 6]
    assert after.order.gaps_total == 1


async def test_who_stops_waiting_leaves_no_trace() -> None:
    callee, line = Callee(), Numbers()
    first, second = line.next(), line.next()
    early = asyncio.create_task(callee.call(second))
    await asyncio.sleep(0)
    early.cancel()
    await asyncio.wait([early])
    await callee.call(first)

    assert callee.taken == [first]


async def test_callers_beyond_the_limit_are_forgotten_and_wait_once() -> None:
    callee, oldest = Callee(SHORT_S), Numbers()
    await callee.call(oldest.next())
    for _ in range(LINES_MAX):
        await callee.call(Numbers().next())
    assert callee.order.gaps_total == 0

    for _ in range(2):
        await callee.call(oldest.next())

    assert callee.order.gaps_total == 1
