"""One supervised child: started in a session of its own, watched, restarted, stopped whole."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import psutil

from config.sections.launch import Launch
from launch.layout import REPOSITORY
from launch.leftovers import RecordedProcess, session_members
from launch.progress import say

POLL_S = 0.05  # fixed: a look, no wait of its own


class StartError(RuntimeError):
    """A child did not come up; the message carries the cause and the end of its log."""


async def _nothing() -> None:
    """For children that are ready once they run."""


@dataclass(frozen=True, slots=True)
class ChildPlan:
    """How to run one child; `prepare` runs before every start, also after a crash."""

    name: str
    log: Path
    command: Callable[[], list[str]]
    environment: Callable[[], dict[str, str]]
    prepare: Callable[[], None] = lambda: None
    wait_ready: Callable[[], Awaitable[None]] = _nothing
    stop_signal: signal.Signals = signal.SIGTERM
    stop_grace_s: float = 5.0  # fixed: for plans whose child has no key of its own
    # Other files that tell why it failed, newest last.
    more_logs: Callable[[], list[Path]] = list


class Child:
    """Keeps one child alive until `stop`."""

    def __init__(self, plan: ChildPlan, limits: Launch, changed: Callable[[], None]) -> None:
        self.plan = plan
        self.record: RecordedProcess | None = None
        self.ready = asyncio.Event()
        # Told after every restart of the process, once it is ready again.
        self.on_restarted: Callable[[], Awaitable[None]] = _nothing
        self._limits = limits
        self._changed = changed
        self._process: asyncio.subprocess.Process | None = None
        self._watcher: asyncio.Task[None] | None = None
        self._stopping = False

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    async def start(self) -> None:
        """Return once the child is ready; raise StartError with the cause when it is not."""
        await self._start_once()
        self._watcher = asyncio.create_task(self._watch(), name=f"watch-{self.plan.name}")

    def send_signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(number)

    async def stop(self) -> None:
        """End the child and everything in its session; safe to call in any state."""
        self._stopping = True
        if self._watcher is not None:
            self._watcher.cancel()
            await asyncio.gather(self._watcher, return_exceptions=True)
        process = self._process
        if process is not None:
            self.send_signal(self.plan.stop_signal)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), self.plan.stop_grace_s)
            await self._end_session()
        self.ready.clear()

    async def _start_once(self) -> None:
        plan = self.plan
        await asyncio.to_thread(plan.prepare)
        self._turn_log_over()
        process = await self._spawn()
        self._process = process
        self.record = RecordedProcess.of(plan.name, process.pid, plan.stop_signal)
        self._changed()
        ended = asyncio.create_task(process.wait())
        ready = asyncio.ensure_future(plan.wait_ready())
        try:
            await asyncio.wait({ended, ready}, return_when=asyncio.FIRST_COMPLETED)
            if ended.done():
                raise StartError(self._explain(f"ended at once with code {ended.result()}"))
            try:
                await ready
            except Exception as error:
                raise StartError(self._explain(str(error))) from error
            self.ready.set()
        finally:
            for task in (ended, ready):
                task.cancel()
            await asyncio.gather(ended, ready, return_exceptions=True)

    async def _spawn(self) -> asyncio.subprocess.Process:
        plan = self.plan
        with plan.log.open("ab") as log:
            try:
                return await asyncio.create_subprocess_exec(
                    *plan.command(),
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    env=plan.environment(),
                    cwd=REPOSITORY,
                    start_new_session=True,  # the terminal's Ctrl-C is for `up` alone
                )
            except OSError as error:
                raise StartError(f"{plan.name} cannot be started: {error}") from error

    async def _watch(self) -> None:
        """Start the child again whenever it ends, waiting longer while it keeps ending early."""
        wait_s = self._limits.restart_wait_s_min
        while True:
            started = time.monotonic()
            if self._process is not None:
                code = await self._process.wait()
                self.ready.clear()
                self._note(f"ended unexpectedly with code {code}")
                await self._end_session()
            if time.monotonic() - started > self._limits.restart_calm_s:
                wait_s = self._limits.restart_wait_s_min
            await asyncio.sleep(wait_s)
            wait_s = min(wait_s * 2, self._limits.restart_wait_s_max)
            try:
                await self._start_once()
                self._note("restarted")
                await self.on_restarted()
            except Exception as error:  # noqa: BLE001 - whatever it is, the next try may do better
                self._note(f"could not be restarted: {error}")
                self.send_signal(signal.SIGKILL)

    async def _end_session(self) -> None:
        """Kill what the child leaves behind, which is in the session that it led."""
        if self.record is None:
            return
        deadline = time.monotonic() + self._limits.stop_grace_s
        while time.monotonic() < deadline:
            left = await asyncio.to_thread(session_members, self.record)
            if not left:
                break
            for process in left:
                with contextlib.suppress(psutil.Error):
                    process.kill()
            await asyncio.sleep(POLL_S)
        if self._process is not None:
            await self._process.wait()
        self._process = None
        self.record = None
        self._changed()

    def _turn_log_over(self) -> None:
        log = self.plan.log
        if log.is_file() and log.stat().st_size > self._limits.log_bytes_max:
            log.replace(log.with_suffix(".log.1"))

    def _note(self, says: str) -> None:
        say(f"{time.strftime('%H:%M:%S')} {self.plan.name}: {says}")

    def _explain(self, cause: str) -> str:
        logs = (self.plan.log, *self.plan.more_logs())
        tails = (tail(log, self._limits.log_tail_lines) for log in logs)
        parts = [f"{self.plan.name} did not start: {cause}", *tails]
        return "\n".join(part for part in parts if part)


def tail(log: Path, lines: int) -> str:
    """The end of a log for a human who wants the cause, with its path."""
    try:
        with log.open(errors="replace") as file:
            last = deque(file, maxlen=lines)
    except OSError:
        return ""
    if not last:
        return ""
    return f"--- the end of {log}\n" + "".join(last).rstrip()


def inherited(names: tuple[str, ...] = ("PATH", "HOME", "LANG", "TMPDIR")) -> dict[str, str]:
    """What a child may know of the caller's shell."""
    # fixed: a child process gets what we were given
    return {name: os.environ[name] for name in names if name in os.environ}
