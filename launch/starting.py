"""The starter process as `up` sees it: loaded early, told when to join and go, listened to."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass

from config.sections.launch import Launch
from launch.layout import REPOSITORY, Layout
from launch.leftovers import RecordedProcess
from launch.process import StartError, tail
from launch.progress import Progress

# The two orders; launch/starter.py, which loads Ray, is not imported here.
JOIN = b"join\n"
GO = b"go\n"


@dataclass
class Starter:
    layout: Layout
    limits: Launch
    environment: dict[str, str]
    progress: Progress
    changed: Callable[[], None]
    record: RecordedProcess | None = None
    _process: asyncio.subprocess.Process | None = None

    async def load(self) -> None:
        """Start the process, which spends its first seconds importing."""
        with self.layout.log_of("starter").open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "launch.starter"),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                env=self.environment,
                cwd=REPOSITORY,
                start_new_session=True,
            )
        self.record = RecordedProcess.of("starter", self._process.pid, signal.SIGKILL)
        self.changed()

    async def join(self) -> None:
        """Connect to Ray, which must run by now."""
        await self._order(JOIN)
        while (await self._next_report())["step"] != "joined":
            continue

    async def go(self) -> None:
        """Create everything; returns when every actor works and Serve answers."""
        await self._order(GO)
        process = self._running()
        while True:
            try:
                report = await self._next_report()
            except StartError:
                if await process.wait() == 0:
                    break
                raise
            self._show(report)
        self.record = None
        self.changed()

    async def stop(self) -> None:
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()
        self.record = None

    def _show(self, report: dict[str, str]) -> None:
        step, state = report["step"], report["state"]
        if state == "begin":
            self.progress.begin(step)
        elif state == "end":
            self.progress.end(step)
        else:
            self.progress.waits_for(step, report["detail"])

    async def _order(self, order: bytes) -> None:
        stdin = self._running().stdin
        if stdin is None:
            raise StartError("the starter has no input")
        stdin.write(order)
        with contextlib.suppress(ConnectionError):
            await stdin.drain()

    async def _next_report(self) -> dict[str, str]:
        """The next line that is a report; libraries may print, too."""
        stdout = self._running().stdout
        while stdout is not None and (line := await stdout.readline()):
            with contextlib.suppress(ValueError):
                report = json.loads(line)
                if isinstance(report, dict):
                    return report
        log = tail(self.layout.log_of("starter"), self.limits.log_tail_lines)
        raise StartError(f"the actors and Serve were not started\n{log}")

    def _running(self) -> asyncio.subprocess.Process:
        if self._process is None:
            raise StartError("the starter is not loaded")
        return self._process
