"""A stream of fixes of plain clients, while processes are killed; afterwards, the account."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import Awaitable, Callable
from functools import partial

from bench import load_process
from bench.board import Board, Slot
from bench.chaos_kills import Recovery, Victim, kill, until
from bench.chaos_truth import EventAccount, event_account
from bench.evidence import Account, CommitWatch
from bench.fleet import Fleet
from bench.live import EVERYTHING, start_viewers, viewer_spec
from bench.load_process import LoadProcess

VIEWERS = 8  # more than replicas, so that each replica has some


@dataclasses.dataclass(frozen=True)
class StreamResult:
    account: Account
    events: EventAccount
    recoveries: list[Recovery]
    seconds: float


async def with_kills(
    ready: Fleet, victims: list[Victim], *, fixes: int, seconds: float, say: Callable[[str], None]
) -> StreamResult:
    """Publishes at least so many fixes, and goes on until every victim was killed."""
    spec = viewer_spec(ready.folder, ready.stack, [EVERYTHING] * VIEWERS, slow=0)
    live, viewers = start_viewers(spec)
    try:
        with load_process.load(ready.load_spec(rate=fixes / seconds)) as load:
            async with CommitWatch(ready.reader) as watch:
                started = time.monotonic()
                load.go()
                await _first_drawn(live)
                recoveries = []
                for number, victim in enumerate(victims):
                    due = (number + 1) * fixes // (len(victims) + 1)
                    await until(partial(_has_acked, load, due), "no PUBACKs")
                    recoveries.append(await kill(ready.stack, victim, watch, live))
                    say(_line(recoveries[-1], load.acked))
                await until(partial(_has_acked, load, fixes), "no PUBACKs")
            published = await asyncio.to_thread(load.finish)
    finally:
        live.set(Slot.STOP, 1)
        load_process.end(viewers)
    account = await ready.settled(published)
    async with ready.reading() as conn:
        events = await event_account(conn, ready.ground, list(ready.keys.values()))
    return StreamResult(account, events, recoveries, time.monotonic() - started)


async def _first_drawn(live: Board) -> None:
    await until(lambda: live.get(Slot.RECEIVED) > 0, "the live feed shows nothing")


def _has_acked(load: LoadProcess, fixes: int) -> bool:
    return load.acked >= fixes


def _line(recovery: Recovery, acked: int) -> str:
    return (
        f"{recovery.victim} killed at {acked:,} fixes: process back after "
        f"{recovery.process_s:.1f} s, commits {recovery.commits_s:.1f} s, "
        f"live feed {recovery.live_s:.1f} s"
    )


async def broker_loss(
    ready: Fleet,
    kill_broker: Callable[[], Awaitable[None]],
    *,
    fixes: int,
    rate: float,
    kills: int,
    quiet_s: float,
) -> Account:
    """What plain clients lose: the broker dies, several times, in the middle of their stream."""
    with load_process.load(ready.load_spec(rate=rate, messages_max=fixes)) as load:
        load.go()
        for number in range(kills):
            goal = (number + 1) * fixes // (kills + 1)
            await until(partial(_has_acked, load, goal), "no PUBACKs")
            await kill_broker()
        published = await asyncio.to_thread(load.finish_when_sent)
    return await ready.settled(published, quiet_s=quiet_s)
