"""How the whole suite is shared out among worker processes: by files, from both ends."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path

import psutil
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

ROOT = Path(__file__).parent.parent
WORKERS_MAX = 4
STACK = "the whole stack"
STACK_MARK = "mark.stack"


class Spreading(LoadScopeScheduling):  # type: ignore[misc] # untyped
    """A file's tests share fixtures and stay together; so do all that need the whole stack, which
    is started once. It comes last, and one worker begins with it, going backwards; the others
    begin with the quick news, and they meet among the files that take neither long nor much."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return STACK if needs_stack(file) else file

    def _assign_work_unit(self, node: WorkerController) -> None:
        if node is self.nodes[0]:
            self.workqueue.move_to_end(next(reversed(self.workqueue)), last=False)
        super()._assign_work_unit(node)


@functools.cache
def needs_stack(file: str) -> bool:
    """The process that shares out knows tests by their names only."""
    return STACK_MARK in (ROOT / file).read_text(encoding="utf-8")


def worker_count() -> int:
    return min(psutil.cpu_count() or 1, WORKERS_MAX)


def ports_of(worker: str, ports: range) -> Sequence[int]:
    """Its own for each worker: between one's look at a port and its server's start nobody else
    takes it."""
    number = int(worker.removeprefix("gw") or 0)
    return ports[number % WORKERS_MAX :: WORKERS_MAX]
