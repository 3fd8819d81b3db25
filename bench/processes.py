"""What the processes of a running stack cost: CPU seconds and memory by role, and profiles."""

from __future__ import annotations

import contextlib
import dataclasses
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

import psutil

PROFILE_RATE_HZ = 100
TOP_FUNCTIONS = 8
# `up` itself, Ray's own servers and HAProxy have children that are listed under their own roles.
OWN_CHILDREN = frozenset({"postgres", "redis", "broker"})

Pids = Mapping[str, list[int]]


@dataclasses.dataclass(frozen=True)
class Usage:
    """CPU seconds and private memory of each role since its processes began."""

    cpu_s: dict[str, float]
    memory_mb: dict[str, float]

    def cpu_since(self, earlier: Usage) -> dict[str, float]:
        return {role: s - earlier.cpu_s.get(role, 0.0) for role, s in self.cpu_s.items()}


def usage(pids: Pids) -> Usage:
    cpu_s: dict[str, float] = {}
    memory_mb: dict[str, float] = {}
    for role, own in pids.items():
        for process in _with_children(own, role in OWN_CHILDREN):
            with contextlib.suppress(psutil.NoSuchProcess):
                times = process.cpu_times()
                # A finished backend's time is in its parent's children times.
                finished = times.children_user + times.children_system
                whole = times.user + times.system + (finished if role in OWN_CHILDREN else 0.0)
                cpu_s[role] = cpu_s.get(role, 0.0) + whole
                memory_mb[role] = memory_mb.get(role, 0.0) + process.memory_info().rss / 2**20
    return Usage(cpu_s, memory_mb)


def _with_children(pids: Iterable[int], children: bool) -> list[psutil.Process]:
    found: dict[int, psutil.Process] = {}
    for pid in pids:
        with contextlib.suppress(psutil.NoSuchProcess):
            process = psutil.Process(pid)
            found[pid] = process
            if children:
                found |= {child.pid: child for child in process.children(recursive=True)}
    return list(found.values())


def first_of(pids: Iterable[int]) -> int:
    """The one that started the others: a server's own process among its children."""
    known = set(pids)
    return next(pid for pid in sorted(known) if psutil.Process(pid).ppid() not in known)


class Profiler:
    """py-spy on some processes at once, from now until it is asked what it saw."""

    def __init__(self, pids: Mapping[str, int], folder: Path, seconds: float) -> None:
        self._outputs = {name: folder / f"profile-{name}.txt" for name in pids}
        tool = shutil.which("py-spy", path=str(Path(sys.executable).parent)) or "py-spy"
        self._tools = [
            subprocess.Popen(
                [
                    *(tool, "record", "--pid", str(pid), "--rate", str(PROFILE_RATE_HZ)),
                    *(
                        "--duration",
                        str(int(seconds)),
                        "--format",
                        "raw",
                        "--function",
                        "--nonblocking",
                    ),
                    *("--output", str(self._outputs[name])),
                ],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            for name, pid in pids.items()
        ]

    def top(self) -> dict[str, list[tuple[str, float]]]:
        """By process: its functions by own time, as shares of the samples."""
        for tool in self._tools:
            tool.wait()
        return {name: top_functions(path) for name, path in self._outputs.items() if path.exists()}


def print_profile(top: Mapping[str, list[tuple[str, float]]]) -> None:
    for process, functions in top.items():
        print(f"\n  {process}, own time:")
        for function, share in functions:
            print(f"    {share:6.1%}  {function}")


def top_functions(collapsed: Path) -> list[tuple[str, float]]:
    """From py-spy's raw form, one line a stack: `outer;...;inner count`."""
    own: Counter[str] = Counter()
    for line in collapsed.read_text().splitlines():
        stack, _, count = line.rpartition(" ")
        own[stack.rpartition(";")[2]] += int(count)
    total = sum(own.values())
    return [(name, count / total) for name, count in own.most_common(TOP_FUNCTIONS)]
