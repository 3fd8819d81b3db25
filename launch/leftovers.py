"""What a killed `up` left running: found by the record it kept, ended exactly, and nothing else."""

from __future__ import annotations

import contextlib
import json
import os
import signal
from collections.abc import Iterable
from dataclasses import asdict, dataclass

import psutil

from config.policy import policy
from launch.layout import Layout, write_private

# fixed: the exactness of the moment at which a machine was started
SAME_BOOT_S = 8.0
# Creation times come from clock ticks; two readings of the same process may differ by rounding.
SAME_MOMENT_S = 0.1  # fixed: the exactness of the system's process table


@dataclass(frozen=True, slots=True)
class RecordedProcess:
    """A child as it was when started; a process number alone may belong to another by now."""

    name: str
    pid: int
    created: float
    stop_signal: int

    @classmethod
    def of(
        cls, name: str, pid: int, stop_signal: signal.Signals = signal.SIGTERM
    ) -> RecordedProcess | None:
        try:
            return cls(name, pid, psutil.Process(pid).create_time(), stop_signal.value)
        except psutil.Error:
            return None

    def find(self) -> psutil.Process | None:
        """The very same process, if it still lives."""
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.created) < SAME_MOMENT_S
            return process if same and process.status() != psutil.STATUS_ZOMBIE else None
        except psutil.Error:
            return None


@dataclass(frozen=True, slots=True)
class Record:
    boot_time: float
    up: RecordedProcess
    children: tuple[RecordedProcess, ...]


def write_record(layout: Layout, up: RecordedProcess, children: Iterable[RecordedProcess]) -> None:
    record = Record(psutil.boot_time(), up, tuple(children))
    write_private(layout.processes_file, json.dumps(asdict(record), indent=1))


def read_record(layout: Layout) -> Record | None:
    try:
        raw = json.loads(layout.processes_file.read_text())
        children = tuple(RecordedProcess(**child) for child in raw["children"])
        return Record(raw["boot_time"], RecordedProcess(**raw["up"]), children)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def living(record: Record) -> list[psutil.Process]:
    """The recorded children, their descendants, and who else is in the sessions they lead."""
    if abs(psutil.boot_time() - record.boot_time) > SAME_BOOT_S:
        return []  # the machine was started anew: every number means something else now
    found: dict[int, psutil.Process] = {}
    sessions: dict[int, float] = {}
    for child in record.children:
        process = child.find()
        if process is not None:
            found[process.pid] = process
            with contextlib.suppress(psutil.Error):
                found.update({p.pid: p for p in process.children(recursive=True)})
        if process is not None or not psutil.pid_exists(child.pid):
            sessions[child.pid] = child.created
    found.update(_members(sessions))
    return list(found.values())


def session_members(leader: RecordedProcess) -> list[psutil.Process]:
    """Everything alive in the session that this child led, whether or not it lives itself."""
    return list(_members({leader.pid: leader.created}).values())


def _members(sessions: dict[int, float]) -> dict[int, psutil.Process]:
    """Children lead sessions of their own; the kernel gives away no number a session still has."""
    found = {}
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            led_since = sessions.get(os.getsid(process.pid))
            if led_since is None or process.create_time() < led_since - SAME_MOMENT_S:
                continue
            if process.status() != psutil.STATUS_ZOMBIE:
                found[process.pid] = process
    return found


def kill(processes: Iterable[psutil.Process]) -> None:
    alive = list(processes)
    for process in alive:
        with contextlib.suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(alive, timeout=policy().launch.leftover_kill_s)


def end_leftovers(layout: Layout) -> int:
    """End what an earlier `up` on this data directory left; how many processes that were."""
    record = read_record(layout)
    if record is None:
        return 0
    processes = living(record)
    leaders = [(child, child.find()) for child in record.children]
    asked = []
    for child, process in leaders:
        with contextlib.suppress(psutil.Error):
            if process is not None:
                process.send_signal(child.stop_signal)
                asked.append(process)
    psutil.wait_procs(asked, timeout=policy().launch.leftover_ask_s)
    kill(processes)
    # What was started while the first ones were ending.
    kill(living(record))
    layout.processes_file.unlink(missing_ok=True)
    return len(processes)
