"""How the whole suite is shared out among worker processes: by files, from both ends."""

from __future__ import annotations

import dataclasses
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
# Below what systems give to outgoing connections, and below the blocks of whole instances.
PORTS = range(11_000, 19_000)


@dataclasses.dataclass
class Share:
    """What this process has for itself."""

    ports: Sequence[int] = PORTS

    def of_worker(self, name: str) -> None:
        """Between a worker's look at a port and its server's start no other worker takes it."""
        self.ports = PORTS[int(name.removeprefix("gw")) % WORKERS_MAX :: WORKERS_MAX]


SHARE = Share()


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
