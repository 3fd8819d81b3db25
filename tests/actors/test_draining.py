"""Before a stop no round begins any more, and the one under way is waited for."""

from __future__ import annotations

import asyncio

import pytest

from actors.making_rounds import MakingRounds
from config.policy import defaults
from config.sections.pace import Pace


async def test_the_step_under_way_is_finished_and_none_follows() -> None:
    pace: Pace = defaults().watch
    name = next(iter(pace.every_s))
    begun, go_on, done = asyncio.Event(), asyncio.Event(), []
    rounds = MakingRounds(lambda: pace)

    async def step() -> int:
        begun.set()
        await go_on.wait()
        done.append(1)
        return 1

    going = asyncio.create_task(rounds.go({name: step}))
    await begun.wait()
    draining = asyncio.create_task(rounds.drain())
    await asyncio.sleep(0)
    assert not draining.done()
    go_on.set()
    await draining

    going.cancel()
    with pytest.raises(asyncio.CancelledError):
        await going
    assert done == [1]
    assert rounds.trouble == "drain: draining"
