"""Kills one process of a running stack with SIGKILL and watches the work go on without it."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import signal
import time
from collections.abc import Callable

import psutil

from bench.board import Board, Slot
from bench.evidence import CommitWatch
from bench.processes import first_of
from bench.stack import Stack

RECOVERY_S_MAX = 120.0
LOOK_EVERY_S = 0.1
# Roles whose whole process tree is one server: its first process is the one to kill.
SERVERS = frozenset({"postgres", "redis", "broker"})


class NotRecoveredError(RuntimeError):
    """Something that was killed, or what depends on it, did not come back."""


@dataclasses.dataclass(frozen=True)
class Victim:
    role: str
    index: int = 0

    @property
    def name(self) -> str:
        return self.role if self.role in SERVERS else f"{self.role}-{self.index}"

    def pid(self, stack: Stack) -> int:
        pids = stack.pids()[self.role]
        return first_of(pids) if self.role in SERVERS else pids[self.index]


@dataclasses.dataclass(frozen=True)
class Recovery:
    """Seconds from the kill until each part of the work was seen going on."""

    victim: str
    process_s: float
    commits_s: float
    live_s: float


def everyone(stack: Stack) -> list[Victim]:
    """Each truck shard, each ingest worker, the relay, a Serve replica, Redis and Postgres."""
    pids = stack.pids()
    return [
        *(Victim("truck_shard", i) for i in range(len(pids["truck_shard"]))),
        *(Victim("ingest_worker", i) for i in range(len(pids["ingest_worker"]))),
        Victim("outbox_relay"),
        Victim("serve_replica"),
        Victim("redis"),
        Victim("postgres"),
    ]


async def kill(stack: Stack, victim: Victim, watch: CommitWatch, live: Board) -> Recovery:
    """SIGKILL, then wait for the process, for commits of every shard, and for the live feed."""
    pids = stack.pids()[victim.role]
    shards = range(len(stack.pids()["truck_shard"]))
    pid = victim.pid(stack)
    os.kill(pid, signal.SIGKILL)
    killed = time.monotonic()

    def is_back() -> bool:
        now = stack.pids()[victim.role]
        return pid not in now and (victim.role in SERVERS or len(now) >= len(pids)) and bool(now)

    process_s = await until(is_back, f"{victim.name} did not come back", killed)
    batches = [watch.newest(shard) for shard in shards]
    mark = live.get(Slot.MARK) + 1
    live.set(Slot.MARK, mark)
    commits_s = await until(
        lambda: all(watch.newest(shard) > batches[shard] for shard in shards),
        f"no commits of every shard after {victim.name} was killed",
        killed,
    )
    live_s = await until(
        lambda: live.get(Slot.REACHED) == mark,
        f"the live feed stayed silent after {victim.name} was killed",
        killed,
    )
    return Recovery(victim.name, process_s, commits_s, live_s)


async def until(condition: Callable[[], bool], otherwise: str, since: float | None = None) -> float:
    """Seconds since `since` (now, if not given) when the condition was first seen to hold."""
    asked = time.monotonic()
    since = asked if since is None else since
    while not condition():
        if time.monotonic() - asked > RECOVERY_S_MAX:
            raise NotRecoveredError(otherwise)
        await asyncio.sleep(LOOK_EVERY_S)
    return time.monotonic() - since


class Frozen:
    """Stops every process of a server with SIGSTOP for the length of a block."""

    def __init__(self, stack: Stack, role: str) -> None:
        self._pids = list(stack.pids()[role])

    def __enter__(self) -> Frozen:
        parent = psutil.Process(first_of(self._pids))
        # The parent first: it then starts no child that would escape.
        parent.suspend()
        self._stopped = [parent, *parent.children(recursive=True)]
        for process in self._stopped[1:]:
            process.suspend()
        return self

    def __exit__(self, *_error: object) -> None:
        for process in self._stopped:
            process.resume()
