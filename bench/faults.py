"""What is done to a running stack in a fault drill, each for the length of a block."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import signal
import subprocess
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psutil

from bench.chaos_kills import Victim
from bench.stack import Stack

STOPPED_S, RUNNING_S = 0.4, 0.1  # of every half second Postgres gets a fifth
LOOK_EVERY_S = 0.1
RESTART_EVERY_S = 6.0
BALLAST_PIECE = 1 << 20


class NoSmallDiskError(RuntimeError):
    """Whoever runs this may not mount a file system."""


@asynccontextmanager
async def slow_postgres(running: Stack) -> AsyncIterator[None]:
    """All of the server's processes stand still four fifths of the time."""

    async def stutter() -> None:
        while True:
            with contextlib.suppress(IndexError, StopIteration, psutil.Error):
                await _stand_still(Victim("postgres").pid(running))
            await asyncio.sleep(RUNNING_S)

    async with _doing(stutter()):
        yield


async def _stand_still(pid: int) -> None:
    parent = psutil.Process(pid)
    parent.suspend()  # first: it then starts no child that would escape
    stopped = [parent, *parent.children(recursive=True)]
    try:
        for process in stopped[1:]:
            with contextlib.suppress(psutil.Error):
                process.suspend()
        await asyncio.sleep(STOPPED_S)
    finally:
        for process in stopped:
            with contextlib.suppress(psutil.Error):
                process.resume()


@asynccontextmanager
async def gone(running: Stack, role: str) -> AsyncIterator[None]:
    """Killed as often as it comes back."""

    async def kill_again() -> None:
        while True:
            _send(running, role, signal.SIGKILL)
            await asyncio.sleep(LOOK_EVERY_S)

    async with _doing(kill_again()):
        yield


@asynccontextmanager
async def restarting(running: Stack, role: str) -> AsyncIterator[None]:
    """Asked to end, again and again, and started anew by `up`."""

    async def restart() -> None:
        while True:
            _send(running, role, signal.SIGTERM)
            await asyncio.sleep(RESTART_EVERY_S)

    async with _doing(restart()):
        yield


def _send(running: Stack, role: str, number: signal.Signals) -> None:
    for pid in running.pids()[role]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


@asynccontextmanager
async def _doing(what: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    task = asyncio.create_task(what, name="fault")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def full_disk(folder: Path, left_bytes: int) -> AsyncIterator[None]:
    """Only so much is left; nothing else of the machine is on this disk."""
    ballast = folder / "ballast"
    await asyncio.to_thread(_fill, ballast, left_bytes)
    try:
        yield
    finally:
        ballast.unlink()


def _fill(ballast: Path, left_bytes: int) -> None:
    piece = secrets.token_bytes(BALLAST_PIECE)
    with ballast.open("wb") as file:
        while free_bytes(ballast.parent) > left_bytes + BALLAST_PIECE:
            file.write(piece)
            file.flush()


def free_bytes(folder: Path) -> int:
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize


@contextlib.contextmanager
def small_disk(folder: Path, size_bytes: int) -> Iterator[None]:
    """A file system of its own, in memory; only root may mount one."""
    folder.mkdir(parents=True)
    words = ["mount", "-t", "tmpfs", "-o", f"size={size_bytes},mode=0755", "tmpfs", str(folder)]
    mounted = subprocess.run(words, capture_output=True, text=True, check=False)
    if mounted.returncode != 0:
        raise NoSmallDiskError(f"none can be mounted here: {mounted.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["/bin/umount", "--lazy", str(folder)], check=False)
